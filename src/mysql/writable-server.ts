import type { Server, Topology } from './topology.js'

/**
 * The server that takes writes for everything: the primary of the primary cluster; in a ReplicaSet, or with no
 * metadata at all, the recorded server (or else the task's own) that is not read-only. Undefined: there is none.
 */
export function writableServer(topology: Topology, own: Server): Server | undefined {
  if (topology.globalPrimary !== undefined) return topology.globalPrimary
  const writable = (server: Server): boolean => server.picture.variables['super_read_only'] === 'OFF'
  const instances = topology.metadata?.instances ?? []
  if (instances.length === 0) return writable(own) ? own : undefined
  return topology.servers.find(
    (server) => writable(server) && instances.some(({ uuid }) => uuid === server.picture.uuid),
  )
}
