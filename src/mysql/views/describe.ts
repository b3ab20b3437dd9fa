import type { ValueMap } from '../../value/value.js'
import { attribute, type Cluster, type InstanceRow, type Topology } from '../topology.js'
import { isHidden } from './member-status.js'
import { topologyMode } from './status.js'

/** What AdminAPI's cluster.describe() returns. Pure. */
export function describeCluster(cluster: Cluster): ValueMap {
  return {
    clusterName: cluster.row.name,
    defaultReplicaSet: { name: 'default', topology: members(cluster), topologyMode: topologyMode(cluster) },
  }
}

/** What AdminAPI's clusterSet.describe() returns; null without a ClusterSet. Pure. */
export function describeClusterSet(topology: Topology): ValueMap | null {
  const { clusterset } = topology
  if (clusterset === undefined) return null
  const { invalidatedIds, memberIds } = clusterset
  const clusters = topology.clusters.filter(({ row }) => [...memberIds, ...invalidatedIds].includes(row.id))
  return {
    clusters: Object.fromEntries(
      clusters.map((cluster) => [
        cluster.row.name,
        {
          clusterRole: cluster.row.id === clusterset.primaryClusterId ? 'PRIMARY' : 'REPLICA',
          ...(invalidatedIds.includes(cluster.row.id) ? { invalidated: true } : {}),
          topology: members(cluster),
        },
      ]),
    ),
    domainName: clusterset.domainName,
    primaryCluster: clusters.find(({ row }) => row.id === clusterset.primaryClusterId)?.row.name ?? null,
  }
}

const members = (cluster: Cluster): readonly ValueMap[] =>
  [...cluster.instances, ...cluster.readReplicas].map((row) => ({
    address: row.address,
    ...(isHidden(row) ? { hiddenFromRouter: true } : {}),
    label: row.name,
    ...(cluster.readReplicas.includes(row)
      ? { replicationSources: sourcesOf(row), role: 'READ_REPLICA' }
      : { role: 'HA' }),
  }))

/** What a read replica follows: PRIMARY, SECONDARY or a list of addresses. */
function sourcesOf(row: InstanceRow): readonly string[] {
  const sources = row.attributes['replicationSources']
  return Array.isArray(sources)
    ? sources.map(String)
    : [attribute(row.attributes, 'replicationSources', 'PRIMARY').toUpperCase()]
}
