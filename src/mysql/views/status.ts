import type { Value, ValueMap } from '../../value/value.js'
import { addressOf, hasQuorum, type Cluster, type Topology } from '../topology.js'
import { isFenced, replicationStatus, stateOf } from './cluster-state.js'
import { memberStatus, seenBy, type Detail } from './member-status.js'

/** Nothing beyond the pictures of the servers. */
export const BRIEF: Detail = { level: 0, extended: new Map() }

/** `Single-Primary` or `Multi-Primary`, as AdminAPI writes it. */
export const topologyMode = (cluster: Cluster): string =>
  cluster.row.primaryMode === 'mm' ? 'Multi-Primary' : 'Single-Primary'

/** What AdminAPI's cluster.status() returns. Pure. */
export function clusterStatus(cluster: Cluster, topology: Topology, detail: Detail = BRIEF): ValueMap {
  const { clusterset, metadata, globalPrimary } = topology
  const inSet = clusterset !== undefined && cluster.row.clustersetId !== null
  const role = !inSet ? undefined : clusterset.primaryClusterId === cluster.row.id ? 'PRIMARY' : 'REPLICA'
  const source = seenBy(cluster)
  const replication = replicationStatus(cluster)
  return {
    clusterName: cluster.row.name,
    ...(role === undefined || !inSet ? {} : { clusterRole: role, domainName: clusterset.domainName }),
    ...(role === 'REPLICA' || (role === 'PRIMARY' && replication !== 'MISSING' && replication !== 'STOPPED')
      ? { clusterSetReplicationStatus: replication }
      : {}),
    defaultReplicaSet: groupStatus(cluster, topology, detail),
    ...(source === undefined ? {} : { groupInformationSourceMember: addressOf(source) }),
    ...(globalPrimary !== undefined && globalPrimary !== source
      ? { metadataServer: addressOf(globalPrimary) }
      : {}),
    ...(detail.level > 0 ? { metadataVersion: metadata?.version ?? null } : {}),
  }
}

/** The part of cluster.status() that tells of the group. */
export function groupStatus(cluster: Cluster, topology: Topology, detail: Detail): ValueMap {
  const source = seenBy(cluster)
  const variables = source?.picture.variables ?? {}
  const extended = source === undefined ? undefined : detail.extended.get(source.host)
  const errors = clusterErrors(cluster, topology)
  const several = cluster.row.primaryMode === 'mm'
  return {
    ...(detail.level > 0
      ? {
          GRProtocolVersion: extended?.protocolVersion ?? null,
          ...(source === undefined
            ? {}
            : {
                communicationStack: variables['group_replication_communication_stack'] ?? 'XCOM',
                ...(variables['group_replication_paxos_single_leader'] === undefined
                  ? {}
                  : { paxosSingleLeader: variables['group_replication_paxos_single_leader'] }),
                ...(variables['group_replication_view_change_uuid'] === undefined
                  ? {}
                  : { groupViewChangeUuid: variables['group_replication_view_change_uuid'] }),
                groupViewId: extended?.viewId ?? '',
              }),
          groupName: cluster.groupName,
        }
      : {}),
    ...(errors.length === 0 ? {} : { clusterErrors: errors }),
    name: 'default',
    ...(several || source === undefined
      ? {}
      : { primary: cluster.primary === undefined ? '?' : addressOf(cluster.primary) }),
    ...(source === undefined ? {} : { ssl: variables['group_replication_ssl_mode'] ?? null }),
    ...stateOf(cluster, topology),
    topology: Object.fromEntries(
      cluster.instances.map((row): readonly [string, Value] => [
        row.name,
        memberStatus(row, cluster, topology, detail),
      ]),
    ),
    topologyMode: topologyMode(cluster),
  }
}

/** What is wrong with a cluster as a whole. */
function clusterErrors(cluster: Cluster, topology: Topology): readonly string[] {
  const source = seenBy(cluster)
  const list: string[] = []
  if (source === undefined) return list
  if (!hasQuorum(source))
    list.push(
      'WARNING: Cluster has no quorum: innodb_cluster_quorum restores it from members that are alive.',
    )
  if (isFenced(cluster, topology))
    list.push(
      'WARNING: Cluster is fenced from write traffic: innodb_cluster_fence with state unfenced opens it.',
    )
  const isReplica =
    topology.clusterset !== undefined && topology.clusterset.primaryClusterId !== cluster.row.id
  if (!isReplica && cluster.row.attributes['opt_transactionSizeLimit'] === undefined)
    list.push('WARNING: transactionSizeLimit is not recorded: innodb_cluster_rescan records it.')
  return list
}
