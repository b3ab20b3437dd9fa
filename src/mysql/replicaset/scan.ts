import type { ManagedAccount } from '../instance.js'
import { addressOf, attribute, type Server } from '../topology.js'
import { replicationUser } from './account.js'
import { follows } from './primary-steps.js'
import type { Member, ReplicaSet } from './replicaset.js'

/** A record that names a server by an identity or address that it no longer has. */
export interface Moved {
  readonly member: Member
  readonly server: Server
}

/** How the record of a ReplicaSet differs from the servers that replicate. */
export interface ReplicaSetScan {
  /** Servers that follow the primary without a record. */
  readonly discovered: readonly Server[]
  /** Members that do not answer, or do not follow the primary. */
  readonly unavailable: readonly Member[]
  /** Members with another server_uuid, address or server_id than recorded. */
  readonly moved: readonly Moved[]
  /** Accounts of no member. */
  readonly unused: readonly ManagedAccount[]
}

/** Compares the record of a ReplicaSet with all servers that were read. Pure. */
export function scanReplicaSet(set: ReplicaSet, primary: Server, servers: readonly Server[]): ReplicaSetScan {
  const strangers = servers.filter(
    (server) => follows(server, primary) && !set.members.some(({ row }) => row.uuid === server.picture.uuid),
  )
  const moved = set.members.flatMap((member): readonly Moved[] => {
    const server = member.server ?? strangers.find((one) => addressOf(one) === member.row.address)
    return server === undefined || isAsRecorded(member, server) ? [] : [{ member, server }]
  })
  const found = (member: Member): Server | undefined =>
    member.server ?? moved.find((one) => one.member === member)?.server
  const discovered = strangers.filter((server) => !moved.some((one) => one.server === server))
  const ids = new Set(
    set.members.map((member) =>
      String(found(member)?.picture.serverId ?? attribute(member.row.attributes, 'server_id')),
    ),
  )
  return {
    discovered,
    moved,
    unavailable: set.members.filter((member) => {
      const server = found(member)
      return member.role !== 'PRIMARY' && (server === undefined || !follows(server, primary))
    }),
    // A server without a record may use an account that no record names.
    unused:
      discovered.length > 0
        ? []
        : primary.picture.accounts.filter(
            ({ user }) =>
              user.startsWith(replicationUser(0).slice(0, -1)) &&
              ![...ids].some((id) => user === replicationUser(Number(id))),
          ),
  }
}

function isAsRecorded({ row }: Member, server: Server): boolean {
  return (
    row.uuid === server.picture.uuid &&
    row.address === addressOf(server) &&
    attribute(row.attributes, 'server_id') === String(server.picture.serverId)
  )
}
