import type { Value, ValueMap } from '../../value/value.js'
import { hasPassword, needsCertificate, recoveryUser } from '../account.js'
import {
  attribute,
  hasQuorum,
  ownState,
  type Cluster,
  type InstanceRow,
  type Server,
  type Topology,
} from '../topology.js'
import { applierStatusOf } from './channel-status.js'
import type { Extended } from './extended.js'

const APPLIER = 'group_replication_applier'

/** What the servers were asked beyond their pictures, by inventory name, and how much is shown. */
export interface Detail {
  /** 0 to 3, as AdminAPI's option `extended`. */
  readonly level: number
  readonly extended: ReadonlyMap<string, Extended>
}

/** What AdminAPI's cluster.status() says of a member. Pure. */
export function memberStatus(
  row: InstanceRow,
  cluster: Cluster,
  topology: Topology,
  { level, extended }: Detail,
): ValueMap {
  const server = topology.servers.find(({ picture }) => picture.uuid === row.uuid)
  const seen = seenBy(cluster)?.picture.members.find((member) => member.uuid === row.uuid)
  const status = seen?.state ?? '(MISSING)'
  const errors = server === undefined ? [] : instanceErrors(row, server, cluster, topology)
  const common = {
    address: row.address,
    ...(isHidden(row) ? { hiddenFromRouter: true } : {}),
    ...(errors.length === 0 ? {} : { instanceErrors: errors }),
    memberRole: seen?.role ?? '',
    readReplicas: row === primaryRow(cluster) ? readReplicas(cluster, topology) : {},
    role: 'HA',
    ...tagsOf(row.attributes),
  }
  if (server === undefined)
    return {
      ...common,
      mode: 'n/a',
      ...(level > 0 ? { fenceSysVars: [], memberId: row.uuid, memberState: '(MISSING)' } : {}),
      shellConnectError: 'not among the servers that were read, or it does not answer',
      status,
    }
  const { variables } = server.picture
  const own = ownState(server).state
  const self = own === 'OFFLINE' ? '(MISSING)' : own
  const workers = Number(variables['replica_parallel_workers'] ?? 0)
  const readOnly = cluster.primary === undefined || variables['super_read_only'] === 'ON'
  return {
    ...common,
    ...(level > 0
      ? {
          ...(workers > 0 ? { applierWorkerThreads: workers } : {}),
          fenceSysVars: ['read_only', 'super_read_only', 'offline_mode'].filter(
            (name) => variables[name] === 'ON',
          ),
          memberId: row.uuid,
        }
      : {}),
    ...(level > 0 || self !== status ? { memberState: own } : {}),
    mode: status !== 'ONLINE' || variables['offline_mode'] === 'ON' ? 'n/a' : readOnly ? 'R/O' : 'R/W',
    ...(status === 'ONLINE' ? lagOf(server, cluster, topology) : {}),
    ...transactions(row, server, cluster, level, extended),
    status,
    version: server.picture.version,
  }
}

const primaryRow = ({ instances, primary }: Cluster): InstanceRow | undefined =>
  instances.find(({ uuid }) => uuid === primary?.picture.uuid)

/** The read replicas, which signet leaves to MySQL Shell: what metadata and their channels say. */
function readReplicas({ readReplicas: rows }: Cluster, { servers }: Topology): ValueMap {
  return Object.fromEntries(
    rows.map((row): readonly [string, ValueMap] => {
      const server = servers.find(({ picture }) => picture.uuid === row.uuid)
      const channel = server?.picture.channels.find(({ name }) => name === 'read_replica_replication')
      const runs = channel?.receiver === 'ON' && channel.applier === 'ON'
      return [
        row.name,
        {
          address: row.address,
          role: 'READ_REPLICA',
          status:
            server === undefined
              ? 'UNREACHABLE'
              : runs
                ? 'ONLINE'
                : channel?.receiver === 'CONNECTING'
                  ? 'CONNECTING'
                  : 'OFFLINE',
          ...(server === undefined ? {} : { version: server.picture.version }),
        },
      ]
    }),
  )
}

/** The server whose view of the group counts. */
export const seenBy = (cluster: Cluster): Server | undefined =>
  cluster.primary ?? cluster.online.find(hasQuorum) ?? cluster.online[0]

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

/** Counters of level 2 and the threads of level 3. */
function transactions(
  row: InstanceRow,
  server: Server,
  cluster: Cluster,
  level: number,
  extended: Detail['extended'],
): ValueMap {
  const source = seenBy(cluster)
  const counters =
    level < 2 || source === undefined ? undefined : extended.get(source.host)?.statistics.get(row.uuid)
  const own = extended.get(server.host)
  const recovering = ownState(server).state === 'RECOVERING'
  const merged = { ...counters?.transactions, ...own?.applier }
  const recovery = { ...counters?.recovery, ...(recovering ? own?.recovery : {}) }
  return {
    ...(Object.keys(recovery).length === 0 ? {} : { recovery }),
    ...(Object.keys(merged).length === 0 ? {} : { transactions: merged }),
  }
}

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

/** What is wrong with a member that answers. */
function instanceErrors(
  row: InstanceRow,
  server: Server,
  cluster: Cluster,
  topology: Topology,
): readonly Value[] {
  const { picture } = server
  const { state, role } = ownState(server)
  const source = seenBy(cluster)
  const list: string[] = []
  if (state === 'OFFLINE') list.push('NOTE: Group Replication does not run on this instance.')
  if (state === 'ERROR') list.push('ERROR: Group Replication has stopped with an error: see the error log.')
  if (state === 'ONLINE' && role === 'SECONDARY' && picture.variables['super_read_only'] === 'OFF')
    list.push('WARNING: A secondary with super_read_only OFF: writes to it would break the cluster.')
  if (
    source !== undefined &&
    state === 'ONLINE' &&
    !source.picture.members.some(({ uuid }) => uuid === row.uuid)
  )
    list.push('ERROR: split-brain: this instance is ONLINE in a group that the others do not know.')
  if (picture.variables['offline_mode'] === 'ON') list.push('WARNING: offline_mode is ON: nobody can log in.')
  if (cluster.authType.includes('SUBJECT') && attribute(row.attributes, 'opt_certSubject') === '')
    list.push(
      `WARNING: memberAuthType is ${cluster.authType}, but no certSubject is recorded for this instance.`,
    )
  const user = attribute(row.attributes, 'recoveryAccountUser')
  const account = (topology.globalPrimary ?? source)?.picture.accounts.find((each) => each.user === user)
  if (user === '')
    list.push('WARNING: No recovery account is recorded for this instance: innodb_cluster_rescan repairs it.')
  else if (user !== recoveryUser(picture.serverId))
    list.push(
      `WARNING: The recovery account ${user} is that of another server_id; ${recoveryUser(picture.serverId)} would be its own.`,
    )
  if (account !== undefined && needsCertificate(cluster.authType) && account.issuer === '')
    list.push(`WARNING: memberAuthType is ${cluster.authType}, but ${user} demands no issuer.`)
  if (account !== undefined && cluster.authType.includes('SUBJECT') && account.subject === '')
    list.push(`WARNING: memberAuthType is ${cluster.authType}, but ${user} demands no subject.`)
  if (account !== undefined && hasPassword(cluster.authType) !== account.hasPassword)
    list.push(
      `WARNING: memberAuthType is ${cluster.authType}, but ${user} has ${account.hasPassword ? 'a' : 'no'} password.`,
    )
  return list
}
