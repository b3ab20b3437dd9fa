import type { ReplicaSet } from '../replicaset/replicaset.js'
import type { Cluster, Topology } from '../topology.js'

/** Everything that is verified: clusters, and ReplicaSets in the same shape. Pure. */
export function clustersOf(topology: Topology, sets: readonly ReplicaSet[]): readonly Cluster[] {
  return [
    ...topology.clusters,
    ...sets.map((set): Cluster => ({
      row: set.row,
      groupName: '',
      authType: set.authType,
      issuer: set.issuer,
      allowedHost: set.allowedHost,
      instances: set.members.map(({ row }) => row),
      readReplicas: [],
      online: set.members.flatMap(({ server }) => server ?? []),
      primary: set.primary?.server,
    })),
  ]
}
