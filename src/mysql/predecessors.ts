import { addressOf, type InstanceRow, type Server, type Topology } from './topology.js'

/** Rows of servers that were at a server's address before: it was set up anew since, and has another server_uuid. */
export function predecessors(server: Server, topology: Topology): readonly InstanceRow[] {
  const address = addressOf(server)
  return (topology.metadata?.instances ?? []).filter(
    (row) => row.address === address && row.uuid !== server.picture.uuid,
  )
}

/** A topology without some rows of its metadata. */
export function withoutRows(topology: Topology, rows: readonly InstanceRow[]): Topology {
  if (rows.length === 0) return topology
  const gone = new Set(rows.map(({ id }) => id))
  const stays = ({ id }: InstanceRow): boolean => !gone.has(id)
  return {
    ...topology,
    metadata:
      topology.metadata === undefined
        ? undefined
        : { ...topology.metadata, instances: topology.metadata.instances.filter(stays) },
    clusters: topology.clusters.map((cluster) => ({
      ...cluster,
      instances: cluster.instances.filter(stays),
    })),
  }
}
