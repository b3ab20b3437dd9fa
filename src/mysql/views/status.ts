import type { Value, ValueMap } from '../../value/value.js'
import { isReplicaCluster } from '../members/members.js'
import { addressOf, ownState, type Cluster, type Topology } from '../topology.js'
import { clusterErrors } from './cluster-errors.js'
import { replicationStatus, stateOf } from './cluster-state.js'
import { informantOf, listMembers, seenBy } from './listed-members.js'
import { memberStatus, type Detail } from './member-status.js'

/** Nothing beyond the pictures of the servers. */
export const BRIEF: Detail = { level: 0, extended: new Map() }

/** `Single-Primary` or `Multi-Primary`, as AdminAPI writes it. */
export const topologyMode = (cluster: Cluster): string =>
  cluster.row.primaryMode === 'mm' ? 'Multi-Primary' : 'Single-Primary'

/** What AdminAPI's cluster.status() returns. Pure. */
export function clusterStatus(cluster: Cluster, topology: Topology, detail: Detail = BRIEF): ValueMap {
  const { clusterset, metadata, globalPrimary } = topology
  const inSet = clusterset !== undefined && cluster.row.clustersetId !== null
  const isReplica = isReplicaCluster(cluster, topology)
  const source = informantOf(cluster, topology)
  const replication = replicationStatus(cluster, topology)
  return {
    clusterName: cluster.row.name,
    ...(inSet ? { clusterRole: isReplica ? 'REPLICA' : 'PRIMARY', domainName: clusterset.domainName } : {}),
    ...(isReplica || (inSet && replication !== 'MISSING' && replication !== 'STOPPED')
      ? { clusterSetReplicationStatus: replication }
      : {}),
    defaultReplicaSet: groupStatus(cluster, topology, detail),
    ...(source === undefined ? {} : { groupInformationSourceMember: addressOf(source) }),
    ...(globalPrimary !== undefined && globalPrimary !== source
      ? { metadataServer: addressOf(globalPrimary) }
      : {}),
    ...(detail.level > 0 && source !== undefined ? { metadataVersion: metadata?.version ?? null } : {}),
  }
}

/** The part of cluster.status() that tells of the group. */
export function groupStatus(cluster: Cluster, topology: Topology, detail: Detail): ValueMap {
  const running = seenBy(cluster)
  const source = informantOf(cluster, topology)
  const variables = source?.picture.variables ?? {}
  const extended = source === undefined ? undefined : detail.extended.get(source.host)
  const errors = clusterErrors(cluster, topology, extended)
  const members = listMembers(cluster, topology)
  const first = members.find(({ seen }) => seen?.role === 'PRIMARY')
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
              }),
          ...(running === undefined ? {} : { groupViewId: extended?.viewId ?? '' }),
          groupName: cluster.groupName,
        }
      : {}),
    ...(errors.length === 0 ? {} : { clusterErrors: errors }),
    name: 'default',
    ...(cluster.row.primaryMode === 'mm' || running === undefined ? {} : { primary: first?.address ?? '?' }),
    ...(source === undefined ? {} : { ssl: variables['group_replication_ssl_mode'] ?? null }),
    ...stateOf(cluster, topology),
    topology: Object.fromEntries(
      members.map((member): readonly [string, Value] => [
        member.name,
        memberStatus(member, member === first, cluster, topology, detail),
      ]),
    ),
    topologyMode: topologyMode(cluster),
    ...(source === undefined || source === running
      ? {}
      : {
          warning: `This comes from ${addressOf(source)}, which is ${ownState(source).state}: it may be out of date.`,
        }),
  }
}
