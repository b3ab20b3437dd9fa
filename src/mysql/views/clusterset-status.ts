import type { Value, ValueMap } from '../../value/value.js'
import { countOf, gtidText, minus, parseGtidSet, union } from '../gtid-set.js'
import { addressOf, type Cluster, type Topology } from '../topology.js'
import { channelSslMode, channelStatus, liveTls } from './channel-status.js'
import { isFenced, replicationStatus, stateOf } from './cluster-state.js'
import { tagsOf, type Detail } from './member-status.js'
import { BRIEF, groupStatus } from './status.js'

const CHANNEL = 'clusterset_replication'

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
    globalPrimaryInstance: globalPrimary === undefined ? null : addressOf(globalPrimary),
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
  if (clusterset?.primaryClusterId === cluster.row.id)
    return isFenced(cluster, topology) ? 'OK_FENCED_WRITES' : 'OK'
  if (gtids(cluster, topology)?.errant.size) return 'OK_NOT_CONSISTENT'
  const replication = replicationStatus(cluster)
  return replication === 'OK' || replication === 'CONNECTING' ? 'OK' : 'OK_NOT_REPLICATING'
}

/** Transactions of a replica cluster against those of the primary cluster. */
function gtids(cluster: Cluster, { globalPrimary }: Topology) {
  const { primary } = cluster
  if (primary === undefined || globalPrimary === undefined || primary === globalPrimary) return undefined
  const executed = parseGtidSet(primary.picture.gtidExecuted)
  const wanted = parseGtidSet(globalPrimary.picture.gtidExecuted)
  const channel = primary.picture.channels.find(({ name }) => name === CHANNEL)
  const received = parseGtidSet(channel?.received ?? '')
  // What came by the channel is younger than the primary's picture.
  return { errant: minus(executed, union(wanted, received)), missing: minus(wanted, executed), received }
}

function memberCluster(cluster: Cluster, topology: Topology, detail: Detail): ValueMap {
  const { clusterset, globalPrimary } = topology
  const isPrimary = cluster.row.id === clusterset?.primaryClusterId
  const state = globalStatus(cluster, topology)
  const replication = replicationStatus(cluster)
  const { primary } = cluster
  const suspicious = isPrimary && replication !== 'MISSING' && replication !== 'STOPPED'
  const group = groupStatus(cluster, topology, { ...detail, level: detail.level > 1 ? 1 : 0 })
  const sets = isPrimary ? undefined : gtids(cluster, topology)
  const errant = sets !== undefined && sets.errant.size > 0
  const errors = setErrors(cluster, topology, group['clusterErrors'], errant)
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
  const { primary } = cluster
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
  { clusterset, globalPrimary }: Topology,
  ofGroup: Value | undefined,
  errant: boolean,
): readonly Value[] {
  const list: Value[] = Array.isArray(ofGroup) ? [...(ofGroup as readonly Value[])] : []
  const channel = cluster.primary?.picture.channels.find(({ name }) => name === CHANNEL)
  if (cluster.primary !== undefined) {
    if (cluster.row.id === clusterset?.primaryClusterId) {
      if (channel !== undefined)
        list.push(`WARNING: The primary cluster has a channel ${CHANNEL}, which belongs to replica clusters.`)
    } else if (channel === undefined) list.push('WARNING: The channel from the primary cluster is missing.')
    else if (!['OK', 'CONNECTING'].includes(replicationStatus(cluster))) {
      list.push('WARNING: Replication from the primary cluster does not run as it should.')
      const source = cluster.primary.picture.channelDetails[CHANNEL]?.sourceUuid ?? ''
      if (globalPrimary !== undefined && source !== '' && source !== globalPrimary.picture.uuid)
        list.push(
          `WARNING: It replicates from ${channel.host}:${channel.port}; the primary is ${addressOf(globalPrimary)}.`,
        )
    }
  }
  if (clusterset?.invalidatedIds.includes(cluster.row.id) === true)
    list.push('WARNING: Cluster was invalidated: let it rejoin (innodb_replica_cluster), or remove it.')
  if (errant) list.push('ERROR: It has transactions that the primary cluster lacks.')
  return list
}
