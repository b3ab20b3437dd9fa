import { optionsThatDiffer, CHANNEL_OPTIONS, recordedOptions } from '../channel-options.js'
import { isMultiPrimary, isReplicaCluster } from '../members/members.js'
import { addressOf, attribute, hasQuorum, type Cluster, type Topology } from '../topology.js'
import { atLeast } from '../version.js'
import { isFenced, stateOf } from './cluster-state.js'
import type { Extended } from './extended.js'
import { listMembers, seenBy } from './listed-members.js'

const OF_SET = 'clusterset_replication'

/** What is wrong with a cluster as a whole: what AdminAPI reports under clusterErrors, in signet's words. Pure. */
export function clusterErrors(
  cluster: Cluster,
  topology: Topology,
  extended: Extended | undefined,
): readonly string[] {
  const source = seenBy(cluster)
  const isReplica = isReplicaCluster(cluster, topology)
  const paxos = source?.picture.variables['group_replication_paxos_single_leader']
  return [
    ...protocolErrors(cluster, extended),
    ...viewChangeErrors(cluster),
    ...availabilityErrors(cluster, topology),
    ...((cluster.split ?? []).length > 0
      ? [
          `ERROR: split-brain: ${(cluster.split ?? []).map(addressOf).join(' and ')} are primaries of this group, and do not see each other: each may take writes that the other lacks.`,
        ]
      : []),
    ...(isFenced(cluster, topology)
      ? ['WARNING: Cluster is fenced from write traffic: innodb_cluster_fence with fenced none opens it.']
      : []),
    ...(!isReplica && cluster.row.attributes['opt_transactionSizeLimit'] === undefined
      ? [
          'WARNING: transactionSizeLimit is not recorded: innodb_cluster with transaction_size_limit records it.',
        ]
      : []),
    ...(isReplica ? channelErrors(cluster, topology) : []),
    ...(source !== undefined && isMultiPrimary(source.picture) && paxos === 'ON'
      ? ['NOTE: group_replication_paxos_single_leader is ON, but has no effect with several primaries.']
      : []),
  ]
}

/** What the oldest member could speak, by its version. */
const speaks = (version: string): string =>
  atLeast(version, '8.0.27') ? '8.0.27' : atLeast(version, '8.0.16') ? '8.0.16' : '8.0.15'

function protocolErrors(cluster: Cluster, extended: Extended | undefined): readonly string[] {
  const used = extended?.protocolVersion
  const versions = (seenBy(cluster)?.picture.members ?? []).flatMap(({ version }) =>
    version === undefined || version === '' ? [] : [speaks(version)],
  )
  const [possible] = [...versions].sort((a, b) => (atLeast(a, b) ? 1 : -1))
  return used === undefined || possible === undefined || atLeast(used, possible)
    ? []
    : [
        `NOTE: The group speaks protocol ${used}; its members could speak ${possible} (group_replication_set_communication_protocol): large transactions in fragments need 8.0.16, a single consensus leader 8.0.27.`,
      ]
}

/** Servers before 8.3 may have a UUID of their own for view changes, which has to be the same in all clusters' records. */
function viewChangeErrors(cluster: Cluster): readonly string[] {
  const used = seenBy(cluster)?.picture.variables['group_replication_view_change_uuid'] ?? ''
  if (used === '' || used === 'AUTOMATIC') return []
  const recorded = attribute(cluster.row.attributes, 'group_replication_view_change_uuid')
  return recorded === used
    ? []
    : [
        `WARNING: group_replication_view_change_uuid is ${used}, but ${recorded === '' ? 'none' : recorded} is recorded.`,
      ]
}

function availabilityErrors(cluster: Cluster, topology: Topology): readonly string[] {
  const source = seenBy(cluster)
  if (source === undefined)
    return stateOf(cluster, topology).status === 'OFFLINE'
      ? [
          'ERROR: All members answer, but Group Replication runs on none of them: innodb_cluster_reboot starts it again.',
        ]
      : listMembers(cluster, topology).some(({ server }) => server !== undefined)
        ? [
            'ERROR: The members that answer are OFFLINE; those that do not answer could be ONLINE. If they are not, innodb_cluster_reboot starts the cluster again.',
          ]
        : ['ERROR: No member answers: they could be ONLINE all the same.']
  return hasQuorum(source)
    ? []
    : [
        'ERROR: Cluster has no quorum, and takes no writes: innodb_cluster_quorum restores it from members that are alive.',
      ]
}

function channelErrors(cluster: Cluster, topology: Topology): readonly string[] {
  const { attributes } = cluster.row
  // null: the option was taken back, but the channel was not set anew since.
  const reset = CHANNEL_OPTIONS.filter(({ attribute: key }) => attributes[key] === null)
  const differ = listMembers(cluster, topology).flatMap(({ address, server }) => {
    const channel = server?.picture.channels.find(({ name }) => name === OF_SET)
    if (channel === undefined) return []
    const keys = Object.keys(optionsThatDiffer(recordedOptions(attributes), channel))
    return keys.length === 0 ? [] : [`${address}: ${keys.join(', ')}`]
  })
  return reset.length === 0 && differ.length === 0
    ? []
    : [
        `WARNING: The channel ${OF_SET} is not set as recorded (${[...differ, ...reset.map(({ key }) => key)].join('; ')}): innodb_replica_cluster sets it anew.`,
      ]
}
