import type { InstancePicture } from '../instance.js'
import {
  attribute,
  hasQuorum,
  ownState,
  type Cluster,
  type InstanceRow,
  type Server,
  type Topology,
} from '../topology.js'

/** A recorded member of a cluster as it stands. */
export interface Member {
  readonly row: InstanceRow
  /** The server, if it answers. */
  readonly server: Server | undefined
  /** Its state as the members with quorum see it; MISSING: it is not in their group. */
  readonly seen: string
}

/** All recorded members of a cluster, in the order of their rows. */
export function membersOf(cluster: Cluster, topology: Topology): readonly Member[] {
  const witness = witnessOf(cluster)
  return cluster.instances.map((row) => ({
    row,
    server: serverOf(row, topology),
    seen: witness?.picture.members.find(({ uuid }) => uuid === row.uuid)?.state ?? 'MISSING',
  }))
}

/** The member whose view of the group counts: the primary, or else any that sees the majority. */
export function witnessOf(cluster: Cluster): Server | undefined {
  return cluster.primary ?? cluster.online.find(hasQuorum)
}

/** The server of a row, if it answers. */
export function serverOf(row: InstanceRow, topology: Topology): Server | undefined {
  return topology.servers.find(({ picture }) => picture.uuid === row.uuid)
}

/** The row that an address, a label or a server's uuid stands for. */
export function rowNamed(cluster: Cluster, name: string): InstanceRow | undefined {
  return cluster.instances.find((row) => isNamed(row, name))
}

/** Whether a text is a member's address (without its port, if that is 3306), label or server_uuid. */
export function isNamed({ address, name: label, uuid }: InstanceRow, name: string): boolean {
  const names = [address, address.replace(/:3306$/, ''), label, uuid]
  return names.some((one) => one.toLowerCase() === name.toLowerCase())
}

/** What is recorded of where a member is. */
type Located = Pick<InstanceRow, 'uuid' | 'address' | 'addresses'>

/** Where a member is dialled by the group. */
export const groupAddress = (row: Located): string => attribute(row.addresses, 'grLocal') || row.address

/** What a member's group_replication_group_seeds is to be: the addresses of all others, in the order of their uuids. */
export function seedsFor(uuid: string, rows: readonly Located[]): string {
  return [...rows]
    .filter((row) => row.uuid !== uuid)
    .sort((a, b) => (a.uuid < b.uuid ? -1 : 1))
    .map(groupAddress)
    .join(',')
}

/** Whether two lists of seeds name the same addresses, whatever their order. */
export function sameSeeds(a: string, b: string): boolean {
  const sorted = (text: string): string =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .sort()
      .join(',')
  return sorted(a) === sorted(b)
}

/** Is the cluster a replica of another in a ClusterSet? */
export function isReplicaCluster(cluster: Cluster, topology: Topology): boolean {
  const { clusterset } = topology
  return (
    clusterset !== undefined &&
    cluster.row.clustersetId !== null &&
    clusterset.primaryClusterId !== cluster.row.id
  )
}

/** Is the server ONLINE in the group of this cluster, by its own account? */
export function isIn(cluster: Cluster, { picture }: Server): boolean {
  return (
    ownState({ host: '', picture }).state === 'ONLINE' &&
    picture.variables['group_replication_group_name'] === cluster.groupName
  )
}

/** Whether the group has several primaries. */
export const isMultiPrimary = (picture: InstancePicture): boolean =>
  picture.variables['group_replication_single_primary_mode'] === 'OFF'
