import type { Metadata } from '../instance.js'
import type { Cluster, Topology } from '../topology.js'

/** `none`: in no ClusterSet; `unknown`: primary by its own record, and nobody of the other clusters to ask. */
export type ClusterSetRole = 'none' | 'primary' | 'replica' | 'invalidated' | 'unknown'

/**
 * What a cluster is in its ClusterSet by the newest record that any server has: a cluster that was down while another
 * was made primary does not know of it.
 */
export function roleInClusterSet(cluster: Cluster, topology: Topology): ClusterSetRole {
  if (cluster.row.clustersetId === null) return 'none'
  const records = topology.servers.flatMap(({ picture }) => picture.metadata ?? [])
  const newest = records.reduce<Metadata | undefined>(
    (best, one) => (best === undefined || viewOf(one) > viewOf(best) ? one : best),
    undefined,
  )
  const row = newest?.clustersetMembers.find(({ clusterId }) => clusterId === cluster.row.id)
  if (row === undefined) return 'invalidated'
  if (!row.primary) return 'replica'
  const own = new Set(cluster.instances.map(({ uuid }) => uuid))
  const alone = newest?.clustersetMembers.length === 1
  const others = topology.servers.some(
    ({ picture }) => picture.metadata !== undefined && !own.has(picture.uuid),
  )
  return alone || others ? 'primary' : 'unknown'
}

/** The number of a record's newest view; forced changes add 2^32. */
const viewOf = (metadata: Metadata): bigint =>
  metadata.clustersetMembers.reduce((most, { viewId }) => {
    const view = BigInt(viewId === '' ? 0 : viewId)
    return view > most ? view : most
  }, 0n)
