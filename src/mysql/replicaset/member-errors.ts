import { CHANNEL_OPTIONS, optionsThatDiffer } from '../channel-options.js'
import { countOf } from '../gtid-set.js'
import type { ReplicationChannel } from '../instance.js'
import { parallelApplierErrors } from '../requirements.js'
import { attribute, type Server } from '../topology.js'
import { channelAt, channelError, channelSslMode } from '../views/channel-status.js'
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
import { fencesOf, foreignChannels, wrongSource } from './state.js'

/** Everything that is wrong with a member: what AdminAPI reports under instanceErrors. Pure. */
export function memberErrors(member: Member, server: Server, set: ReplicaSet): readonly string[] {
  const channel = channelOf(server)
  return [
    ...roleErrors(member, server, set),
    ...channelErrors(member, server, set),
    ...identityErrors(member, server),
    ...(parallelApplierErrors(server.picture).length > 0
      ? [
          `NOTE: ${parallelApplierErrors(server.picture)
            .map(({ option, required }) => `${option} has to be ${required}`)
            .join(', ')}, so that transactions are applied in parallel: innodb_instance sets it.`,
        ]
      : []),
    ...(channel === undefined
      ? []
      : [
          ...settingErrors(member, channel, set),
          ...accountErrors(member, server, channel),
          ...certificateErrors(member, channel, set),
        ]),
  ]
}

/** Who may write, and who wrote what nobody else has. */
function roleErrors({ role }: Member, server: Server, set: ReplicaSet): readonly string[] {
  const primary = set.primary?.server
  const errant = primary === undefined || primary === server ? 0 : countOf(errantOf(server, primary))
  const fences = fencesOf(server)
  return [
    ...(role === 'INVALIDATED'
      ? ['WARNING: Instance was INVALIDATED and must be rejoined or removed from the replicaset.']
      : []),
    ...(role === 'PRIMARY' && fences.length > 0
      ? [`ERROR: Instance is a PRIMARY but is READ-ONLY: ${fences.map((name) => `${name}=ON`).join(', ')}`]
      : []),
    ...(role === 'PRIMARY' && channelOf(server) !== undefined
      ? ['ERROR: Instance is a PRIMARY but is replicating from another instance.']
      : []),
    ...(role !== 'PRIMARY' && !isReadOnly(server)
      ? [
          'ERROR: Instance is NOT a PRIMARY but super_read_only option is OFF. Accidental updates to this instance are possible and will cause inconsistencies in the replicaset.',
        ]
      : []),
    ...(errant > 0
      ? [
          `ERROR: ${errant} errant transaction(s) detected. Topology changes will not be possible until the instance is removed from the replicaset to have the inconsistency repaired.`,
        ]
      : []),
  ]
}

function channelErrors({ role }: Member, server: Server, set: ReplicaSet): readonly string[] {
  if (role === 'PRIMARY') return []
  const found = channelAt(server, CHANNEL)
  const wanted = set.primary?.row.name ?? '?'
  return [
    ...(found === undefined ? [] : stateErrors(server, found.state)),
    ...(role === 'INVALIDATED'
      ? []
      : found === undefined
        ? [`ERROR: Replication source channel is not configured, should be ${wanted}.`]
        : wrongSource(server, set)
          ? [
              `ERROR: Replication source misconfigured. Expected ${wanted} but is ${sourceAddress(found.channel)}.`,
            ]
          : []),
    ...foreignChannels(server).map(
      ({ channel, state }) =>
        `ERROR: The channel "${channel.name}" from ${sourceAddress(channel)} (${state}) belongs to no ReplicaSet: members must replicate from the primary only.`,
    ),
  ]
}

function stateErrors(server: Server, state: string): readonly string[] {
  switch (state) {
    case 'CONNECTION_ERROR':
      return [
        `ERROR: Replication I/O thread (receiver) has stopped with an error: ${channelError(server, CHANNEL)}.`,
      ]
    case 'APPLIER_ERROR':
      return [
        `ERROR: Replication SQL thread (applier) has stopped with an error: ${channelError(server, CHANNEL)}.`,
      ]
    case 'OFF':
      return ['ERROR: Replication is stopped: let the instance rejoin (innodb_replicaset_instance).']
    case 'RECEIVER_OFF':
      return [
        'ERROR: Replication I/O thread (receiver) is stopped: let the instance rejoin (innodb_replicaset_instance).',
      ]
    case 'APPLIER_OFF':
      return [
        'ERROR: Replication SQL thread (applier) is stopped: let the instance rejoin (innodb_replicaset_instance).',
      ]
    case 'CONNECTING':
      return [reconnecting(channelError(server, CHANNEL))]
    default:
      return []
  }
}

const reconnecting = (error: string): string =>
  error === ''
    ? 'NOTE: Replication I/O thread is reconnecting.'
    : `NOTE: Replication I/O thread is reconnecting: ${error}. signet cluster verify looks for the cause.`

function identityErrors({ row }: Member, server: Server): readonly string[] {
  const { uuid, serverId } = server.picture
  const recorded = attribute(row.attributes, 'server_id')
  return [
    ...(uuid === row.uuid
      ? []
      : [
          `WARNING: server_uuid is ${uuid}, but ${row.uuid} is recorded: innodb_replicaset_rescan corrects the record of a member.`,
        ]),
    ...(recorded === '' || recorded === String(serverId)
      ? []
      : [
          `WARNING: server_id is ${serverId}, but ${recorded} is recorded: innodb_replicaset_rescan corrects it.`,
        ]),
  ]
}

function settingErrors(member: Member, channel: ReplicationChannel, set: ReplicaSet): readonly string[] {
  const mode = channelSslMode(channel)
  // null: the option was taken back, but the channel was not set anew since.
  const reset = CHANNEL_OPTIONS.filter(({ attribute: key }) => member.row.attributes[key] === null)
  const differ = [
    ...Object.keys(optionsThatDiffer(optionsOf(member), channel)),
    ...reset.map(({ key }) => key),
  ]
  return [
    ...(mode === set.sslMode
      ? []
      : [
          `WARNING: The channel is secured as ${mode}, but replicationSslMode is ${set.sslMode}: let the instance rejoin.`,
        ]),
    ...(differ.length === 0
      ? []
      : [
          `WARNING: The channel is not set as recorded (${differ.join(', ')}): let the instance rejoin; options() shows both values.`,
        ]),
  ]
}

function accountErrors({ row }: Member, server: Server, { user }: ReplicationChannel): readonly string[] {
  const own = replicationUser(server.picture.serverId)
  const recorded = attribute(row.attributes, 'replicationAccountUser')
  return [
    ...(recorded === '' || attribute(row.attributes, 'replicationAccountHost') === ''
      ? ['ERROR: The account that this instance replicates with is not recorded: let the instance rejoin.']
      : []),
    ...(user === own
      ? []
      : [
          `WARNING: Incorrect recovery account (${user}) being used, should be ${own}: let the instance rejoin.`,
        ]),
    ...(recorded === '' || recorded === user
      ? []
      : [
          `WARNING: The account ${recorded} is recorded, but the channel uses ${user}: let the instance rejoin.`,
        ]),
  ]
}

/** Whether record and account demand what the type of authentication means. */
function certificateErrors(
  { row }: Member,
  { user }: ReplicationChannel,
  set: ReplicaSet,
): readonly string[] {
  const account = set.primary?.server?.picture.accounts.find((each) => each.user === user)
  const bySubject = set.authType.includes('SUBJECT')
  const is = `WARNING: memberAuthType is ${set.authType}, but`
  return [
    ...(bySubject && attribute(row.attributes, 'opt_certSubject') === ''
      ? [`${is} no certSubject is recorded for this instance.`]
      : []),
    ...(account !== undefined && set.authType.startsWith('CERT') && account.issuer === ''
      ? [`${is} ${user} demands no issuer.`]
      : []),
    ...(account !== undefined && bySubject && account.subject === ''
      ? [`${is} ${user} demands no subject.`]
      : []),
    ...(account !== undefined && set.authType.endsWith('PASSWORD') !== account.hasPassword
      ? [`${is} ${user} has ${account.hasPassword ? 'a' : 'no'} password.`]
      : []),
  ]
}
