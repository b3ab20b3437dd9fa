import type { Value, ValueMap } from '../../value/value.js'
import { countOf, gtidText, minus, parseGtidSet, union } from '../gtid-set.js'
import { addressOf, type Cluster, type Server, type Topology } from '../topology.js'
import { channelError, channelSslMode, channelStatus, liveTls } from './channel-status.js'
import { isFenced, replicationStatus, stateOf } from './cluster-state.js'
import { informantOf } from './listed-members.js'
import { tagsOf, type Detail } from './member-status.js'
import { BRIEF, groupStatus } from './status.js'

const CHANNEL = 'clusterset_replication'
/** The states of a primary cluster's channel that mean that it has none. */
const IDLE: readonly string[] = ['MISSING', 'STOPPED', 'UNKNOWN']

/** What AdminAPI's clusterSet.status() returns; null without a ClusterSet. Pure. */
export function clusterSetStatus(topology: Topology, detail: Detail = BRIEF): ValueMap | null {
  const { clusterset, globalPrimary } = topology
  if (clusterset === undefined) return null
  const members = topology.clusters.filter(
    ({ row }) => clusterset.memberIds.includes(row.id) || clusterset.invalidatedIds.includes(row.id),
  )
  const primary = members.find(({ row }) => row.id === clusterset.primaryClusterId)
  const states = members.map((cluster) => globalStatus(cluster, topology))
  const wrong = states.filter((state) => state !== 'OK').length
  const own = primary === undefined ? 'UNKNOWN' : globalStatus(primary, topology)
  return {
    clusters: Object.fromEntries(
      members.map((cluster): readonly [string, Value] => [
        cluster.row.name,
        memberCluster(cluster, topology, detail),
      ]),
    ),
    domainName: clusterset.domainName,
    globalPrimaryInstance: own === 'OK' && globalPrimary !== undefined ? addressOf(globalPrimary) : null,
    ...(detail.level > 0
      ? { metadataServer: globalPrimary === undefined ? null : addressOf(globalPrimary) }
      : {}),
    primaryCluster: primary?.row.name ?? null,
    ...availability(own, wrong),
  }
}

function availability(
  primary: string,
  wrong: number,
): { readonly status: string; readonly statusText: string } {
  switch (primary) {
    case 'OK':
      return wrong === 0
        ? { status: 'HEALTHY', statusText: 'All Clusters available.' }
        : {
            status: 'AVAILABLE',
            statusText: `Primary Cluster available, there are issues with ${wrong === 1 ? 'a Replica cluster' : `${wrong} Replica Clusters`}.`,
          }
    case 'OK_FENCED_WRITES':
      return { status: 'UNAVAILABLE', statusText: 'Primary Cluster is fenced from write traffic.' }
    case 'OK_MISCONFIGURED':
      return { status: 'AVAILABLE', statusText: 'Primary Cluster available but requires attention.' }
    case 'UNKNOWN':
      return {
        status: 'UNAVAILABLE',
        statusText: 'Primary Cluster does not answer: it is taken to be unavailable.',
      }
    default:
      return {
        status: 'UNAVAILABLE',
        statusText:
          'Primary Cluster is not available. ClusterSet availability may be restored by restoring the Primary Cluster or failover.',
      }
  }
}

/** AdminAPI's word for how a cluster stands in the ClusterSet. */
function globalStatus(cluster: Cluster, topology: Topology): string {
  const { clusterset } = topology
  if (clusterset?.invalidatedIds.includes(cluster.row.id) === true) return 'INVALIDATED'
  if (cluster.primary === undefined)
    return stateOf(cluster, topology).status === 'UNREACHABLE' ? 'UNKNOWN' : 'NOT_OK'
  const replication = replicationStatus(cluster, topology)
  if (clusterset?.primaryClusterId === cluster.row.id) {
    // What a primary cluster has of its time as a replica is stopped, or gone.
    if (!IDLE.includes(replication)) return 'OK_MISCONFIGURED'
    return isFenced(cluster, topology) ? 'OK_FENCED_WRITES' : 'OK'
  }
  if (replication === 'STOPPED' || replication === 'ERROR') return 'OK_NOT_REPLICATING'
  if (replication === 'MISSING' || replication === 'MISCONFIGURED') return 'OK_MISCONFIGURED'
  return gtids(cluster, topology)?.errant.size ? 'OK_NOT_CONSISTENT' : 'OK'
}

/** The server that a cluster is judged by: its primary, or whoever answers. */
const speakerOf = (cluster: Cluster, topology: Topology): Server | undefined =>
  cluster.primary ?? informantOf(cluster, topology)

/** Transactions of a replica cluster against those of the primary cluster. */
function gtids(cluster: Cluster, topology: Topology) {
  const { clusters, globalPrimary } = topology
  const primary = speakerOf(cluster, topology)
  if (primary === undefined || globalPrimary === undefined || primary === globalPrimary) return undefined
  const executed = parseGtidSet(primary.picture.gtidExecuted)
  const wanted = parseGtidSet(globalPrimary.picture.gtidExecuted)
  const channel = primary.picture.channels.find(({ name }) => name === CHANNEL)
  const received = parseGtidSet(channel?.received ?? '')
  // Servers before 8.3 log the changes of their group by themselves, under a UUID that is for nothing else.
  const ofViews = clusters.map(
    (each) => each.primary?.picture.variables['group_replication_view_change_uuid']?.toLowerCase() ?? '',
  )
  // What came by the channel is younger than the primary's picture.
  const errant = [...minus(executed, union(wanted, received))].filter(([id]) => !ofViews.includes(id))
  return { errant: new Map(errant), missing: minus(wanted, executed), received }
}

function memberCluster(cluster: Cluster, topology: Topology, detail: Detail): ValueMap {
  const { clusterset, globalPrimary } = topology
  const isPrimary = cluster.row.id === clusterset?.primaryClusterId
  const state = globalStatus(cluster, topology)
  const replication = replicationStatus(cluster, topology)
  const primary = speakerOf(cluster, topology)
  const suspicious = isPrimary && !IDLE.includes(replication)
  const group = groupStatus(cluster, topology, { ...detail, level: detail.level > 1 ? 1 : 0 })
  const sets = isPrimary ? undefined : gtids(cluster, topology)
  const errant = sets !== undefined && sets.errant.size > 0
  const errors = setErrors(cluster, topology, group['clusterErrors'], { state, errant })
  return {
    clusterRole: isPrimary ? 'PRIMARY' : 'REPLICA',
    ...(errors.length === 0 ? {} : { clusterErrors: errors }),
    ...tagsOf(cluster.row.attributes),
    ...(detail.level > 0 ? { topology: group['topology'] ?? {} } : {}),
    ...(detail.level > 1
      ? Object.fromEntries(
          ['ssl', 'groupName', 'groupViewChangeUuid', 'communicationStack', 'paxosSingleLeader'].flatMap(
            (key) => (group[key] === undefined ? [] : [[key, group[key]]]),
          ),
        )
      : {}),
    ...(detail.level > 0 || state !== 'OK' ? stateOf(cluster, topology) : {}),
    globalStatus: state,
    ...(isPrimary
      ? { primary: globalPrimary === undefined || state !== 'OK' ? null : addressOf(globalPrimary) }
      : {}),
    ...(!isPrimary || suspicious ? { clusterSetReplicationStatus: replication } : {}),
    ...(primary !== undefined && (!isPrimary || suspicious)
      ? replicationOf(cluster, topology, detail.level)
      : {}),
    ...(detail.level > 0
      ? { transactionSet: primary === undefined ? null : primary.picture.gtidExecuted }
      : {}),
    ...(detail.level > 1 && !isPrimary
      ? { receivedTransactionSet: sets === undefined ? null : gtidText(sets.received) }
      : {}),
    ...(sets !== undefined && (detail.level > 0 || errant)
      ? {
          transactionSetConsistencyStatus: errant ? 'INCONSISTENT' : 'OK',
          ...(errant
            ? {
                transactionSetConsistencyStatusText: `There are ${countOf(sets.errant)} transactions that were executed in this instance that did not originate from the PRIMARY.`,
              }
            : {}),
        }
      : {}),
    ...(sets !== undefined && detail.level > 0
      ? {
          transactionSetErrantGtidSet: gtidText(sets.errant),
          transactionSetMissingGtidSet: gtidText(sets.missing),
        }
      : {}),
  }
}

/** The ClusterSet's channel: from level 1, or empty when there is none. */
function replicationOf(cluster: Cluster, topology: Topology, level: number): ValueMap {
  const primary = speakerOf(cluster, topology)
  const channel = primary?.picture.channels.find(({ name }) => name === CHANNEL)
  if (primary === undefined) return {}
  if (channel === undefined) return { clusterSetReplication: {} }
  if (level === 0) return {}
  return {
    clusterSetReplication: {
      ...channelStatus(primary, CHANNEL, { details: level - 1, source: true, lag: false }),
      receiver: addressOf(primary),
      replicationSsl: liveTls(
        channel.user,
        topology.globalPrimary === undefined ? [] : [topology.globalPrimary],
      ),
      replicationSslMode: channelSslMode(channel),
    },
  }
}

function setErrors(
  cluster: Cluster,
  topology: Topology,
  ofGroup: Value | undefined,
  { state, errant }: { readonly state: string; readonly errant: boolean },
): readonly Value[] {
  const { clusterset, globalPrimary } = topology
  const replication = replicationStatus(cluster, topology)
  const list: Value[] = Array.isArray(ofGroup) ? [...(ofGroup as readonly Value[])] : []
  const channel = cluster.primary?.picture.channels.find(({ name }) => name === CHANNEL)
  if (cluster.primary !== undefined) {
    const stopped = channelError(cluster.primary, CHANNEL)
    if (cluster.row.id === clusterset?.primaryClusterId) {
      for (const { address, uuid } of cluster.instances)
        if (
          topology.servers
            .find(({ picture }) => picture.uuid === uuid)
            ?.picture.channels.some(({ name }) => name === CHANNEL)
        )
          list.push(
            `WARNING: ${address}, a member of the primary cluster, has a channel ${CHANNEL}, which belongs to replica clusters: innodb_clusterset removes it.`,
          )
    } else if (channel === undefined)
      list.push(
        'WARNING: The channel from the primary cluster is missing: innodb_replica_cluster sets it up.',
      )
    else if (replication === 'CONNECTING') {
      if (stopped !== '')
        list.push(
          `WARNING: ${addressOf(cluster.primary)} does not get through to the primary cluster: ${stopped}. It tries again; signet cluster verify looks for the cause.`,
        )
    } else if (replication !== 'OK') {
      list.push(
        `WARNING: Replication from the primary cluster to ${addressOf(cluster.primary)} does not run as it should: ${replication}${stopped === '' ? '' : `, ${stopped}`}: innodb_replica_cluster starts it again${stopped === '' ? '' : ' when that is mended'}.`,
      )
      const source = cluster.primary.picture.channelDetails[CHANNEL]?.sourceUuid ?? ''
      if (globalPrimary !== undefined && source !== '' && source !== globalPrimary.picture.uuid)
        list.push(
          `WARNING: It replicates from ${channel.host}:${channel.port}; the primary is ${addressOf(globalPrimary)}.`,
        )
    }
  }
  if (cluster.row.id === clusterset?.primaryClusterId && ['NOT_OK', 'UNKNOWN'].includes(state))
    list.push(
      'ERROR: The ClusterSet takes no writes. Bring this cluster back; if it is lost, innodb_clusterset_primary with force: true makes another one primary, without what only this one has.',
    )
  if (clusterset?.invalidatedIds.includes(cluster.row.id) === true)
    list.push('WARNING: Cluster was invalidated: let it rejoin (innodb_replica_cluster), or remove it.')
  if (errant) list.push('ERROR: It has transactions that the primary cluster lacks.')
  return list
}
