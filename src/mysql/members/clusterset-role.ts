import type { Metadata } from '../instance.js'
import { hasQuorum, isOnline, type Cluster, type Topology } from '../topology.js'

/** `none`: in no ClusterSet; `unknown`: primary by all that is known, but not every other cluster can be asked. */
export type ClusterSetRole = 'none' | 'primary' | 'replica' | 'invalidated' | 'unknown'

/**
 * What a cluster is in its ClusterSet by the newest record that any server has: a cluster that was down while another
 * was made primary does not know of it.
 */
export function roleInClusterSet(cluster: Cluster, topology: Topology): ClusterSetRole {
  const { clustersetId } = cluster.row
  if (clustersetId === null) return 'none'
  const records = topology.servers.flatMap(({ picture: { metadata } }) =>
    metadata?.clustersets.some(({ id }) => id === clustersetId) === true ? [metadata] : [],
  )
  const newest = records.reduce<Metadata | undefined>(
    (best, one) => (best === undefined || viewOf(one) > viewOf(best) ? one : best),
    undefined,
  )
  const row = newest?.clustersetMembers.find(({ clusterId }) => clusterId === cluster.row.id)
  if (newest === undefined || row === undefined) return 'invalidated'
  if (!row.primary) return 'replica'
  const others = newest.clustersetMembers.filter(({ clusterId }) => clusterId !== cluster.row.id)
  return others.every(({ clusterId }) => isHeard(clusterId, newest, topology)) ? 'primary' : 'unknown'
}

/**
 * Whether a cluster would have told by now that it was made primary: a member that runs with quorum knows it, and of
 * those that do not run any may be the only one that does.
 */
function isHeard(clusterId: string, { instances }: Metadata, { servers }: Topology): boolean {
  const members = instances
    .filter((row) => row.clusterId === clusterId && row.type !== 'read-replica')
    .map(({ uuid }) => servers.find(({ picture }) => picture.uuid === uuid))
  return (
    members.every((server) => server !== undefined) ||
    members.some((server) => server !== undefined && isOnline(server) && hasQuorum(server))
  )
}

/** The number of a record's newest view; forced changes add 2^32. */
const viewOf = (metadata: Metadata): bigint =>
  metadata.clustersetMembers.reduce((most, { viewId }) => {
    const view = BigInt(viewId === '' ? 0 : viewId)
    return view > most ? view : most
  }, 0n)
