import type { Value, ValueMap } from '../../value/value.js'
import { countOf, gtidText } from '../gtid-set.js'
import type { Server } from '../topology.js'
import { channelSslMode, channelStatus, liveTls } from '../views/channel-status.js'
import type { Extended } from '../views/extended.js'
import { isHidden, tagsOf, type Detail } from '../views/member-status.js'
import { silenceOf } from '../views/silence.js'
import { BRIEF } from '../views/status.js'
import { memberErrors } from './member-errors.js'
import { CHANNEL, channelOf, errantOf, sourceAddress, type Member, type ReplicaSet } from './replicaset.js'
import {
  availabilityOf,
  fencesOf,
  foreignChannels,
  stateOf,
  withServersAtAddress,
  wrongSource,
} from './state.js'

/** What AdminAPI's replicaSet.status() returns; of level 2 at most. Pure. @param servers all that were read */
export function replicasetStatus(
  recorded: ReplicaSet,
  servers: readonly Server[] = [],
  detail: Detail = BRIEF,
): ValueMap {
  const set = withServersAtAddress(recorded, servers)
  return {
    replicaSet: {
      name: set.name,
      primary: set.primary?.row.name ?? null,
      ...availabilityOf(set),
      topology: Object.fromEntries(
        set.members.map((member): readonly [string, Value] => [
          member.row.name,
          memberStatus(member, set, detail),
        ]),
      ),
      type: 'ASYNC',
    },
    ...(detail.level > 0 ? { metadataVersion: set.metadata.version } : {}),
  }
}

function memberStatus(
  member: Member,
  set: ReplicaSet,
  { level: extended, extended: more, silent }: Detail,
): ValueMap {
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
      connectError: silenceOf(row.address, silent),
      fenced: null,
      mode: null,
    }
  const fences = fencesOf(server)
  const fenced = fences.length > 0
  const errors = memberErrors(member, server, set)
  const errant = set.primary?.server === undefined ? undefined : errantOf(server, set.primary.server)
  const inconsistent = errant !== undefined && errant.size > 0
  const follower = !isPrimary || channelOf(server) !== undefined
  return {
    ...common,
    mode: status === 'INVALIDATED' ? null : fenced ? 'R/O' : 'R/W',
    ...(extended > 0 || status !== 'ONLINE' || fenced === isPrimary ? { fenced } : {}),
    ...(extended > 0
      ? {
          fenceSysVars: fences,
          serverUuid: server.picture.uuid,
          ...unmanaged(server, set, more.get(server.host)),
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

/** Channels and replicas that belong to no ReplicaSet; nothing where there are none. */
function unmanaged(server: Server, set: ReplicaSet, extended: Extended | undefined): ValueMap {
  const channels = foreignChannels(server).map(({ channel }) => ({
    channel: channel.name,
    source: sourceAddress(channel),
  }))
  const own = new Set(set.members.flatMap(({ row, server: at }) => [row.uuid, at?.picture.uuid]))
  const replicas = (extended?.replicas ?? []).filter(({ uuid }) => !own.has(uuid))
  return {
    ...(channels.length === 0 ? {} : { unknownChannels: channels }),
    ...(replicas.length === 0 ? {} : { unknownReplicas: replicas.map(({ address }) => address) }),
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
