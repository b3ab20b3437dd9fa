import type { Server } from '../topology.js'
import { applierStatusOf, receiverStatusOf } from '../views/channel-status.js'
import { channelOf, detailsOf, errantOf, isReadOnly, type Member, type ReplicaSet } from './replicaset.js'

/** AdminAPI's words for the state of a member. */
export type MemberState =
  'ONLINE' | 'OFFLINE' | 'CONNECTING' | 'ERROR' | 'INCONSISTENT' | 'UNREACHABLE' | 'INVALIDATED'

/** Whether a server's receiver stopped for an error. */
const receiverFailed = (server: Server): boolean => {
  const channel = channelOf(server)
  return channel?.receiver === 'OFF' && channel.errorNumber !== 0
}
const applierFailed = (server: Server): boolean => (detailsOf(server)?.applierErrorNumber ?? 0) !== 0

/** `ON`, `OFF`, `CONNECTING` or `ERROR`. */
export function receiverStatus(server: Server): string | null {
  const channel = channelOf(server)
  return channel === undefined ? null : receiverStatusOf(channel)
}

/** `APPLYING`, `APPLIED_ALL`, `OFF` or `ERROR`. */
export function applierStatus(server: Server): string | null {
  const channel = channelOf(server)
  return channel === undefined ? null : applierStatusOf(channel, detailsOf(server))
}

/** How a member stands, from its own picture and the primary's. Pure. */
export function stateOf(member: Member, set: ReplicaSet): MemberState {
  const { server, role } = member
  if (role === 'INVALIDATED') return 'INVALIDATED'
  if (server === undefined) return 'UNREACHABLE'
  const channel = channelOf(server)
  if (role === 'PRIMARY') return isReadOnly(server) || channel !== undefined ? 'ERROR' : 'ONLINE'
  if (channel === undefined || wrongSource(server, set)) return 'ERROR'
  if (receiverFailed(server) || applierFailed(server)) return 'ERROR'
  if (channel.receiver === 'OFF' || channel.applier !== 'ON') return 'OFFLINE'
  if (channel.receiver === 'CONNECTING') return 'CONNECTING'
  const primary = set.primary?.server
  if (primary !== undefined && errantOf(server, primary).size > 0) return 'INCONSISTENT'
  return isReadOnly(server) ? 'ONLINE' : 'ERROR'
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
    : { status: 'UNAVAILABLE', statusText: 'No instances are available or reachable.' }
}
