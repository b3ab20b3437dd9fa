import type { ValueMap } from '../../value/value.js'
import type { Cluster, Topology } from '../topology.js'

/** What AdminAPI's cluster.describe() returns. Pure. */
export function describeCluster(cluster: Cluster): ValueMap {
  return {
    clusterName: cluster.row.name,
    defaultReplicaSet: { name: 'default', topology: members(cluster), topologyMode: 'Single-Primary' },
  }
}

/** What AdminAPI's clusterSet.describe() returns; null without a ClusterSet. Pure. */
export function describeClusterSet(topology: Topology): ValueMap | null {
  const { clusterset } = topology
  if (clusterset === undefined) return null
  const clusters = topology.clusters.filter(({ row }) => clusterset.memberIds.includes(row.id))
  return {
    clusters: Object.fromEntries(
      clusters.map((cluster) => [
        cluster.row.name,
        {
          clusterRole: cluster.row.id === clusterset.primaryClusterId ? 'PRIMARY' : 'REPLICA',
          topology: members(cluster),
        },
      ]),
    ),
    domainName: clusterset.domainName,
    primaryCluster: clusters.find(({ row }) => row.id === clusterset.primaryClusterId)?.row.name ?? null,
  }
}

const members = (cluster: Cluster): readonly ValueMap[] =>
  cluster.instances.map((row) => ({ address: row.address, label: row.name, role: 'HA' }))
