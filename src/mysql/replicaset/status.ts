import type { Value, ValueMap } from '../../value/value.js'
import { hasOptions } from '../channel-options.js'
import { countOf, gtidText } from '../gtid-set.js'
import type { Server } from '../topology.js'
import { channelSslMode, channelStatus, liveTls } from '../views/channel-status.js'
import { isHidden, tagsOf } from '../views/member-status.js'
import { replicationUser } from './account.js'
import {
  CHANNEL,
  channelOf,
  errantOf,
  isReadOnly,
  optionsOf,
  sourceAddress,
  type Member,
  type ReplicaSet,
} from './replicaset.js'
import { applierStatus, availabilityOf, receiverStatus, stateOf, wrongSource } from './state.js'

/** What AdminAPI's replicaSet.status() returns. Pure. @param extended 0 to 2 */
export function replicasetStatus(set: ReplicaSet, extended = 0): ValueMap {
  return {
    replicaSet: {
      name: set.name,
      primary: set.primary?.row.name ?? null,
      ...availabilityOf(set),
      topology: Object.fromEntries(
        set.members.map((member): readonly [string, Value] => [
          member.row.name,
          memberStatus(member, set, extended),
        ]),
      ),
      type: 'ASYNC',
    },
    ...(extended > 0 ? { metadataVersion: set.metadata.version } : {}),
  }
}

function memberStatus(member: Member, set: ReplicaSet, extended: number): ValueMap {
  const { row, role, server } = member
  const status = stateOf(member, set)
  const isPrimary = role === 'PRIMARY'
  const common = {
    address: row.address,
    ...(isHidden(row) ? { hiddenFromRouter: true } : {}),
    instanceRole: role === 'INVALIDATED' ? null : role,
    status,
    ...tagsOf(row.attributes),
  }
  if (server === undefined)
    return {
      ...common,
      connectError: 'not among the servers that were read, or it does not answer',
      fenced: null,
      mode: null,
    }
  const fenced = isReadOnly(server)
  const errors = problems(member, server, set)
  const errant = set.primary?.server === undefined ? undefined : errantOf(server, set.primary.server)
  const inconsistent = errant !== undefined && errant.size > 0
  const follower = !isPrimary || channelOf(server) !== undefined
  return {
    ...common,
    mode: status === 'INVALIDATED' ? null : fenced ? 'R/O' : 'R/W',
    ...(extended > 0 || status !== 'ONLINE' || fenced === isPrimary ? { fenced } : {}),
    ...(extended > 0
      ? {
          fenceSysVars: ['read_only', 'super_read_only', 'offline_mode'].filter(
            (name) => server.picture.variables[name] === 'ON',
          ),
          serverUuid: server.picture.uuid,
        }
      : {}),
    ...(follower && (role !== 'INVALIDATED' || channelOf(server) !== undefined)
      ? { replication: replication(server, set, isPrimary, extended) }
      : {}),
    ...(!isPrimary && (extended > 0 || status !== 'ONLINE' || inconsistent)
      ? {
          transactionSetConsistencyStatus: errant === undefined ? null : inconsistent ? 'INCONSISTENT' : 'OK',
          ...(inconsistent
            ? {
                transactionSetConsistencyStatusText: `There are ${countOf(errant)} transactions that were executed in this instance that did not originate from the PRIMARY.`,
                transactionSetErrantGtidSet: gtidText(errant),
              }
            : {}),
        }
      : {}),
    ...(errors.length === 0 ? {} : { instanceErrors: errors }),
    version: server.picture.version,
  }
}

function replication(server: Server, set: ReplicaSet, isPrimary: boolean, extended: number): ValueMap {
  const channel = channelOf(server)
  const shown = channelStatus(server, CHANNEL, {
    details: extended,
    source: false,
    lag: true,
    expectedSource: isPrimary ? null : (set.primary?.row.name ?? null),
    astray: wrongSource(server, set),
  })
  return channel === undefined
    ? shown
    : {
        ...shown,
        replicationSsl:
          set.primary?.server === undefined ? null : liveTls(channel.user, [set.primary.server]),
        replicationSslMode: channelSslMode(channel),
      }
}

/** What is wrong with a member, in AdminAPI's words where it has some. */
function problems(member: Member, server: Server, set: ReplicaSet): readonly string[] {
  const { role } = member
  const channel = channelOf(server)
  const list: string[] = []
  if (role === 'INVALIDATED')
    list.push('WARNING: Instance was INVALIDATED and must be rejoined or removed from the replicaset.')
  if (role === 'PRIMARY' && isReadOnly(server))
    list.push('ERROR: Instance is a PRIMARY but is READ-ONLY: super_read_only=ON')
  if (role === 'PRIMARY' && channel !== undefined)
    list.push('ERROR: Instance is a PRIMARY but is replicating from another instance.')
  if (role !== 'PRIMARY' && !isReadOnly(server))
    list.push(
      'ERROR: Instance is NOT a PRIMARY but super_read_only option is OFF. Accidental updates to this instance are possible and will cause inconsistencies in the replicaset.',
    )
  const primary = set.primary?.server
  const errant = primary === undefined || primary === server ? 0 : countOf(errantOf(server, primary))
  if (errant > 0)
    list.push(
      `ERROR: ${errant} errant transaction(s) detected. Topology changes will not be possible until the instance is removed from the replicaset to have the inconsistency repaired.`,
    )
  if (role !== 'SECONDARY') return list
  if (channel === undefined)
    return [
      ...list,
      `ERROR: Replication source channel is not configured, should be ${set.primary?.row.name ?? '?'}.`,
    ]
  if (receiverStatus(server) === 'ERROR')
    list.push('ERROR: Replication I/O thread (receiver) has stopped with an error.')
  else if (applierStatus(server) === 'ERROR')
    list.push('ERROR: Replication SQL thread (applier) has stopped with an error.')
  else if (channel.receiver === 'OFF' && channel.applier !== 'ON') list.push('ERROR: Replication is stopped.')
  else if (channel.receiver === 'OFF') list.push('ERROR: Replication I/O thread (receiver) is stopped.')
  else if (channel.applier !== 'ON') list.push('ERROR: Replication SQL thread (applier) is stopped.')
  else if (channel.receiver === 'CONNECTING') list.push('NOTE: Replication I/O thread is reconnecting.')
  if (wrongSource(server, set))
    list.push(
      `ERROR: Replication source misconfigured. Expected ${set.primary?.row.name ?? '?'} but is ${sourceAddress(channel)}.`,
    )
  if (channelSslMode(channel) !== set.sslMode)
    list.push(
      `WARNING: The channel is secured as ${channelSslMode(channel)}, but replicationSslMode is ${set.sslMode}: let the instance rejoin.`,
    )
  const user = replicationUser(server.picture.serverId)
  if (channel.user !== user)
    list.push(`WARNING: Incorrect recovery account (${channel.user}) being used, should be ${user}.`)
  if (!hasOptions(channel, optionsOf(member)))
    list.push(
      'WARNING: The instance replication channel is not configured as expected (to see the affected options, use options()). Let the instance rejoin to reconfigure the channel accordingly.',
    )
  return list
}

/** What AdminAPI's replicaSet.describe() returns. Pure. */
export function describeReplicaset(set: ReplicaSet): ValueMap {
  return {
    name: set.name,
    topology: set.members.map(({ row, role }) => ({
      address: row.address,
      instanceRole: role === 'INVALIDATED' ? null : role === 'PRIMARY' ? 'PRIMARY' : 'REPLICA',
      label: row.name,
    })),
  }
}
