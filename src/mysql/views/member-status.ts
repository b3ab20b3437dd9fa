import type { ValueMap } from '../../value/value.js'
import { ownState, type Cluster, type InstanceRow, type Server, type Topology } from '../topology.js'
import { applierStatusOf } from './channel-status.js'
import type { Extended } from './extended.js'
import { seenBy, type ListedMember } from './listed-members.js'
import { memberErrors } from './member-errors.js'
import { readReplicas } from './read-replicas.js'
import { applierChannel, recoveryStatus } from './recovery-status.js'
import { silenceOf, type Silence } from './silence.js'

const APPLIER = 'group_replication_applier'
const MISSING = '(MISSING)'

/** What the servers were asked beyond their pictures, by inventory name, and how much is shown. */
export interface Detail {
  /** 0 to 3, as AdminAPI's option `extended`. */
  readonly level: number
  readonly extended: ReadonlyMap<string, Extended>
  /** Why the others could not be read. */
  readonly silent?: Silence
}

/** What AdminAPI's cluster.status() says of a member. Pure. @param first whether it is the (first) primary */
export function memberStatus(
  member: ListedMember,
  first: boolean,
  cluster: Cluster,
  topology: Topology,
  detail: Detail,
): ValueMap {
  const { level, extended } = detail
  const { row, seen, server } = member
  const status = seen?.state ?? MISSING
  const own = server === undefined ? undefined : extended.get(server.host)
  const errors = memberErrors(member, cluster, topology, own)
  const self = server === undefined ? MISSING : stateOfItself(server)
  const version = numbersOf(server?.picture.version ?? seen?.version ?? '')
  return {
    address: member.address,
    ...(row !== undefined && isHidden(row) ? { hiddenFromRouter: true } : {}),
    ...(errors.length === 0 ? {} : { instanceErrors: errors }),
    memberRole: seen?.role ?? '',
    ...(level > 0
      ? { fenceSysVars: server === undefined ? [] : fencesOf(server), memberId: member.uuid }
      : {}),
    ...(level > 0 || self !== status ? { memberState: self } : {}),
    readReplicas: readReplicas(member, first, cluster, topology, detail),
    role: 'HA',
    status,
    ...(row === undefined ? {} : tagsOf(row.attributes)),
    ...(version === '' ? {} : { version }),
    ...(server === undefined
      ? { mode: 'n/a', shellConnectError: silenceOf(member.address, detail.silent) }
      : ofServer(member, server, cluster, topology, { level, extended })),
  }
}

/** What only the server itself can tell. */
function ofServer(
  { row, uuid, seen }: ListedMember,
  server: Server,
  cluster: Cluster,
  topology: Topology,
  { level, extended }: Detail,
): ValueMap {
  const { variables } = server.picture
  const status = seen?.state ?? MISSING
  const workers = Number(variables['replica_parallel_workers'] ?? 0)
  const readOnly = cluster.primary === undefined || variables['super_read_only'] === 'ON'
  const own = extended.get(server.host)
  const source = seenBy(cluster)
  const counters =
    level < 2 || source === undefined
      ? undefined
      : extended.get(source.host)?.statistics.get(row?.uuid ?? uuid)
  const transactions = { ...counters?.transactions, ...own?.applier }
  const recovering = status === 'RECOVERING'
  return {
    ...(level > 0 && workers > 0 ? { applierWorkerThreads: workers } : {}),
    ...applierChannel(server, level),
    ...(own?.autoRejoins === true ? { autoRejoinRunning: true } : {}),
    mode: status !== 'ONLINE' || variables['offline_mode'] === 'ON' ? 'n/a' : readOnly ? 'R/O' : 'R/W',
    ...recoveryStatus(server, row, {
      recovering,
      level,
      clone: own?.clone,
      more: { ...counters?.recovery, ...(recovering ? own?.recovery : {}) },
    }),
    ...(status === 'ONLINE' ? lagOf(server, cluster, topology) : {}),
    ...(Object.keys(transactions).length === 0 ? {} : { transactions }),
  }
}

/** The state of a server in its own eyes; without the plugin it has none. */
function stateOfItself(server: Server): string {
  const { picture } = server
  return picture.members.length === 0 && !picture.plugins.includes('group_replication')
    ? MISSING
    : ownState(server).state
}

/** `9.7.4` of `9.7.4-2`. */
const numbersOf = (version: string): string => /^\d+(\.\d+)*/.exec(version)?.[0] ?? version

const fencesOf = ({ picture }: Server): readonly string[] =>
  ['read_only', 'super_read_only', 'offline_mode'].filter((name) => picture.variables[name] === 'ON')

const tags = (attributes: InstanceRow['attributes']): Readonly<Record<string, unknown>> => {
  const found = attributes['tags']
  return typeof found === 'object' && found !== null ? (found as Readonly<Record<string, unknown>>) : {}
}

/** The tags, when there are any. */
export function tagsOf(attributes: InstanceRow['attributes']): ValueMap {
  const found = tags(attributes)
  return Object.keys(found).length === 0 ? {} : { tags: found as ValueMap }
}

/** Whether Routers are to pass over a member. */
export const isHidden = (row: InstanceRow): boolean => tags(row.attributes)['_hidden'] === true

/** How far a member is behind; in a ClusterSet behind the original and behind its own source. */
function lagOf(server: Server, cluster: Cluster, topology: Topology): ValueMap {
  const { clusterset } = topology
  const inSet = clusterset !== undefined && cluster.row.clustersetId !== null
  const isPrimary = ownState(server).role === 'PRIMARY'
  if (!inSet) {
    const channel = server.picture.channels.find(({ name }) => name === APPLIER)
    const details = server.picture.channelDetails[APPLIER]
    const runs = channel?.receiver === 'ON' && applierStatusOf(channel, details) !== 'OFF'
    const lag = details?.lagFromImmediate ?? ''
    return { replicationLag: runs ? (lag === '' ? 'applier_queue_applied' : lag) : null }
  }
  if (isPrimary && cluster.row.id === clusterset.primaryClusterId) return {}
  const details = server.picture.channelDetails[isPrimary ? 'clusterset_replication' : APPLIER]
  return {
    replicationLagFromImmediateSource: details?.lagFromImmediate ?? null,
    replicationLagFromOriginalSource: details?.lagFromOriginal ?? null,
  }
}
