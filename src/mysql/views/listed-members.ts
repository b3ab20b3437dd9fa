import type { GroupMember } from '../instance.js'
import {
  addressOf,
  hasQuorum,
  type Cluster,
  type InstanceRow,
  type Server,
  type Topology,
} from '../topology.js'

/** The server whose view of the group counts. */
export const seenBy = (cluster: Cluster): Server | undefined =>
  cluster.primary ?? cluster.online.find(hasQuorum) ?? cluster.online[0]

/** The server that speaks for a cluster: one that is ONLINE, or else any recorded one that answers. */
export function informantOf(cluster: Cluster, topology: Topology): Server | undefined {
  return (
    seenBy(cluster) ??
    topology.servers.find(({ picture }) => cluster.instances.some(({ uuid }) => uuid === picture.uuid))
  )
}

/** A member of a cluster: by its record, by its group, or by both. */
export interface ListedMember {
  /** Its label, or its address when it has no record. */
  readonly name: string
  readonly address: string
  /** undefined: it runs in the group without a record. */
  readonly row: InstanceRow | undefined
  /** As the server itself or the group says; the record's when neither does. */
  readonly uuid: string
  /** As the group sees it. */
  readonly seen: GroupMember | undefined
  /** undefined: it does not answer, or was not asked. */
  readonly server: Server | undefined
}

/**
 * All members of a cluster: recorded ones, and those of the group that are not recorded. A record belongs to the server
 * of its uuid; or else to the one that is found at its address.
 */
export function listMembers(cluster: Cluster, topology: Topology): readonly ListedMember[] {
  const group = (seenBy(cluster)?.picture.members ?? []).filter(({ state }) => state !== 'OFFLINE')
  const known = new Set((topology.metadata?.instances ?? []).map(({ uuid }) => uuid))
  const strangers = group.filter(({ uuid }) => !known.has(uuid))
  const serverOf = (uuid: string): Server | undefined =>
    topology.servers.find(({ picture }) => picture.uuid === uuid)
  const recorded = cluster.instances.map((row): ListedMember => {
    const seen =
      group.find(({ uuid }) => uuid === row.uuid) ??
      strangers.find((member) => sameAddress(memberAddress(member), row.address))
    const server =
      serverOf(seen?.uuid ?? row.uuid) ??
      topology.servers.find((one) => !known.has(one.picture.uuid) && sameAddress(addressOf(one), row.address))
    return {
      name: row.name,
      address: row.address,
      row,
      uuid: seen?.uuid ?? server?.picture.uuid ?? row.uuid,
      seen,
      server,
    }
  })
  return [
    ...recorded,
    ...strangers
      .filter((member) => !recorded.some(({ seen }) => seen === member))
      .map((seen): ListedMember => {
        const address = memberAddress(seen)
        return { name: address, address, row: undefined, uuid: seen.uuid, seen, server: serverOf(seen.uuid) }
      }),
  ]
}

const memberAddress = ({ host, port }: GroupMember): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`

/** Whether two addresses are the same; names of hosts have no case. */
export const sameAddress = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()
