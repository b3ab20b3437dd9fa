import { isReadOnly, type ReplicaSet } from './replicaset/replicaset.js'
import type { Server, Topology } from './topology.js'

/**
 * The server that takes writes for everything: the primary of the primary cluster, or of the ReplicaSet; with no
 * metadata at all `any`, if it is not read-only. Undefined: there is none.
 */
export function writableServer(
  topology: Topology,
  sets: readonly ReplicaSet[],
  any: Server,
): Server | undefined {
  const writable = (server: Server | undefined): Server | undefined =>
    server === undefined || isReadOnly(server) ? undefined : server
  if (topology.clusters.length > 0) return topology.globalPrimary
  const [set] = sets
  return set === undefined ? writable(any) : writable(set.primary?.server)
}
