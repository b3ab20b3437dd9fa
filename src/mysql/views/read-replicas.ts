import type { Value, ValueMap } from '../../value/value.js'
import { needsCertificate } from '../account.js'
import { attribute, type Cluster, type InstanceRow, type Server, type Topology } from '../topology.js'
import { channelAt, channelError, channelStatus, liveTls, type ChannelState } from './channel-status.js'
import type { Extended } from './extended.js'
import type { ListedMember } from './listed-members.js'

const CHANNEL = 'read_replica_replication'
const ACCOUNT = 'readReplicaReplicationAccountUser'

/** What is shown of a read replica's channel, by the level from which it is. */
const SHOWN: readonly (readonly string[])[] = [
  [],
  [
    'applierStatus',
    'applierThreadState',
    'applierWorkerThreads',
    'receiverStatus',
    'receiverThreadState',
    'replicationLag',
  ],
  [
    'applierQueuedTransactionSet',
    'applierQueuedTransactionSetSize',
    'coordinatorState',
    'coordinatorThreadState',
    'receiverTimeSinceLastMessage',
  ],
  ['options'],
]

/** What a level of detail tells of the servers. */
interface Detail {
  readonly level: number
  readonly extended: ReadonlyMap<string, Extended>
}

/**
 * The read replicas that follow a member; the primary also has those that follow nobody. signet leaves their upkeep to
 * MySQL Shell. Pure. @param first whether the member is the first primary
 */
export function readReplicas(
  member: ListedMember,
  first: boolean,
  cluster: Cluster,
  topology: Topology,
  detail: Detail,
): ValueMap {
  const recorded = new Set(cluster.instances.map(({ uuid }) => uuid))
  return Object.fromEntries(
    cluster.readReplicas.flatMap((row): readonly (readonly [string, Value])[] => {
      const server = topology.servers.find(({ picture }) => picture.uuid === row.uuid)
      const source =
        server === undefined || sourcesOf(server, detail).length === 0
          ? ''
          : (server.picture.channelDetails[CHANNEL]?.sourceUuid ?? '')
      const here = recorded.has(source) ? source === member.uuid : first
      return here ? [[row.name, readReplica(row, server, first, cluster, topology, detail)]] : []
    }),
  )
}

const sourcesOf = (server: Server, { extended }: Detail): NonNullable<Extended['sources']> =>
  extended.get(server.host)?.sources ?? []

function readReplica(
  row: InstanceRow,
  server: Server | undefined,
  ofPrimary: boolean,
  cluster: Cluster,
  topology: Topology,
  detail: Detail,
): ValueMap {
  const wanted = row.attributes['replicationSources']
  const errors =
    server === undefined
      ? ['ERROR: The read replica does not answer, or is not among the servers that were read.']
      : problems(row, server, ofPrimary, cluster, topology, detail)
  return {
    address: row.address,
    ...(errors.length === 0 ? {} : { instanceErrors: errors }),
    role: 'READ_REPLICA',
    status: server === undefined ? 'UNREACHABLE' : STATES[channelAt(server, CHANNEL)?.state ?? 'OFF'],
    ...(server === undefined ? {} : { version: server.picture.version }),
    ...(detail.level === 0 ? {} : { replicationSources: shownSources(wanted, server, detail) }),
    ...(detail.level === 0 || server === undefined ? {} : ofChannel(row, server, topology, detail.level)),
  }
}

const STATES: Readonly<Record<ChannelState, string>> = {
  ON: 'ONLINE',
  CONNECTING: 'CONNECTING',
  OFF: 'OFFLINE',
  RECEIVER_OFF: 'OFFLINE',
  APPLIER_OFF: 'OFFLINE',
  CONNECTION_ERROR: 'ERROR',
  APPLIER_ERROR: 'ERROR',
}

function shownSources(wanted: unknown, server: Server | undefined, detail: Detail): Value {
  if (typeof wanted === 'string' && detail.level < 2) return [wanted]
  const sources = server === undefined ? [] : sourcesOf(server, detail)
  return sources.map(({ address, weight }) => (detail.level < 2 ? address : { address, weight }))
}

function ofChannel(row: InstanceRow, server: Server, topology: Topology, level: number): ValueMap {
  const tls = liveTls(attribute(row.attributes, ACCOUNT), topology.servers)
  const ssl = tls === null ? {} : { replicationSsl: tls }
  if (channelAt(server, CHANNEL) === undefined) return ssl
  const all = channelStatus(server, CHANNEL, { details: level, source: false, lag: true })
  const keys = SHOWN.slice(0, level + 1).flat()
  return {
    ...ssl,
    ...Object.fromEntries(Object.entries(all).filter(([key]) => keys.includes(key))),
  }
}

function problems(
  row: InstanceRow,
  server: Server,
  ofPrimary: boolean,
  cluster: Cluster,
  topology: Topology,
  detail: Detail,
): readonly string[] {
  const { picture } = server
  const shell = 'rejoinInstance() of MySQL Shell mends it.'
  const wanted = row.attributes['replicationSources']
  const found = channelAt(server, CHANNEL)
  const sources = sourcesOf(server, detail)
  const list = [
    ...(picture.variables['super_read_only'] === 'ON'
      ? []
      : [`WARNING: super_read_only is OFF on this read replica: ${shell}`]),
    ...certificateProblems(row, cluster, topology),
    ...(wanted === undefined || wanted === null || (Array.isArray(wanted) && wanted.length === 0)
      ? ['WARNING: No replicationSources are recorded: nobody knows what this read replica is to follow.']
      : []),
  ]
  if (found === undefined) return [...list, `WARNING: The channel ${CHANNEL} is missing: ${shell}`]
  const addresses = sources.map(({ address }) => address)
  const differs = Array.isArray(wanted)
    ? wanted.length !== addresses.length || wanted.some((one) => !addresses.includes(String(one)))
    : String(wanted).toUpperCase() === 'PRIMARY' && !ofPrimary
  return [
    ...list,
    ...(found.channel.autoFailover
      ? []
      : [`WARNING: The channel does not turn to another source by itself: ${shell}`]),
    ...(sources.length === 0 ? [`WARNING: The channel has no sources to choose from: ${shell}`] : []),
    ...(differs ? [`WARNING: The channel's sources are not the recorded replicationSources: ${shell}`] : []),
    ...(['OFF', 'RECEIVER_OFF', 'APPLIER_OFF'].includes(found.state)
      ? [`WARNING: The channel ${CHANNEL} is stopped: ${shell}`]
      : []),
    ...(['CONNECTION_ERROR', 'APPLIER_ERROR'].includes(found.state)
      ? [`WARNING: The channel ${CHANNEL} stopped: ${channelError(server, CHANNEL)}. ${shell}`]
      : []),
  ]
}

function certificateProblems(row: InstanceRow, cluster: Cluster, topology: Topology): readonly string[] {
  const { authType } = cluster
  const user = attribute(row.attributes, ACCOUNT)
  const account = topology.globalPrimary?.picture.accounts.find((each) => each.user === user)
  const is = `WARNING: memberAuthType is ${authType}, but`
  return [
    ...(authType.includes('SUBJECT') && attribute(row.attributes, 'opt_certSubject') === ''
      ? [`${is} no certSubject is recorded for this read replica.`]
      : []),
    ...(account !== undefined && needsCertificate(authType) && account.issuer === ''
      ? [`${is} ${user} demands no issuer.`]
      : []),
    ...(account !== undefined && authType.includes('SUBJECT') && account.subject === ''
      ? [`${is} ${user} demands no subject.`]
      : []),
  ]
}
