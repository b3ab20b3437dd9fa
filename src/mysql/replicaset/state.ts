import type { ReplicationChannel } from '../instance.js'
import { addressOf, type Server } from '../topology.js'
import { channelAt } from '../views/channel-status.js'
import { CHANNEL, detailsOf, errantOf, type Member, type ReplicaSet } from './replicaset.js'

/** AdminAPI's words for the state of a member. */
export type MemberState =
  'ONLINE' | 'OFFLINE' | 'CONNECTING' | 'ERROR' | 'INCONSISTENT' | 'UNREACHABLE' | 'INVALIDATED'

/** The variables that keep a server from writing. */
export const fencesOf = ({ picture }: Server): readonly string[] =>
  ['read_only', 'super_read_only', 'offline_mode'].filter((name) => picture.variables[name] === 'ON')

/** Channels of a member that are not the ReplicaSet's. */
export function foreignChannels(
  server: Server,
): readonly { readonly channel: ReplicationChannel; readonly state: string }[] {
  return server.picture.channels
    .filter(({ name }) => name !== CHANNEL && !name.startsWith('group_replication_'))
    .flatMap(({ name }) => channelAt(server, name) ?? [])
}

/** With members found at their addresses that are another server than recorded: one that was set up anew, or lost its auto.cnf. */
export function withServersAtAddress(set: ReplicaSet, servers: readonly Server[]): ReplicaSet {
  const known = new Set(set.metadata.instances.map(({ uuid }) => uuid))
  const members = set.members.map((member): Member => {
    const { row, server } = member
    return {
      ...member,
      server:
        server ??
        servers.find(
          (one) => !known.has(one.picture.uuid) && addressOf(one).toLowerCase() === row.address.toLowerCase(),
        ),
    }
  })
  return { ...set, members, primary: members.find(({ role }) => role === 'PRIMARY') }
}

/** How a member stands, from its own picture and the primary's. Pure. */
export function stateOf(member: Member, set: ReplicaSet): MemberState {
  const { server, role } = member
  if (role === 'INVALIDATED') return 'INVALIDATED'
  if (server === undefined) return 'UNREACHABLE'
  const found = channelAt(server, CHANNEL)
  const fenced = fencesOf(server).length > 0
  if (role === 'PRIMARY') return fenced || found !== undefined ? 'ERROR' : 'ONLINE'
  if (found === undefined || wrongSource(server, set)) return 'ERROR'
  if (found.state === 'CONNECTING') return 'CONNECTING'
  if (['OFF', 'RECEIVER_OFF', 'APPLIER_OFF'].includes(found.state)) return 'OFFLINE'
  if (found.state !== 'ON') return 'ERROR'
  const primary = set.primary?.server
  if (primary !== undefined && errantOf(server, primary).size > 0) return 'INCONSISTENT'
  return fenced ? 'ONLINE' : 'ERROR'
}

/** Whether a member's channel leads to somebody else than the primary. */
export function wrongSource(server: Server, set: ReplicaSet): boolean {
  const uuid = detailsOf(server)?.sourceUuid ?? ''
  return uuid !== '' && set.primary !== undefined && uuid !== set.primary.row.uuid
}

/** AdminAPI's word and sentence for the whole. */
export function availabilityOf(set: ReplicaSet): { readonly status: string; readonly statusText: string } {
  const states = set.members.map((member) => ({ member, state: stateOf(member, set) }))
  const active = states.some(({ member, state }) => member.role === 'PRIMARY' && state === 'ONLINE')
  const online = states.filter(({ state }) => state === 'ONLINE').length
  if (active)
    return online === states.length
      ? { status: 'AVAILABLE', statusText: 'All instances available.' }
      : {
          status: 'AVAILABLE_PARTIAL',
          statusText: 'The PRIMARY instance is available, but one or more SECONDARY instances are not.',
        }
  return set.members.some(({ server }) => server !== undefined)
    ? {
        status: 'UNAVAILABLE',
        statusText:
          'PRIMARY instance is not available, but there is at least one SECONDARY that could be force-promoted.',
      }
    : { status: 'CATASTROPHIC', statusText: 'No instances are available or reachable.' }
}
