import type { Step } from '../../host/step.js'
import { hasPassword, needsCertificate } from '../account.js'
import { channelSsl, removeChannel } from '../channel.js'
import { optionsSql, type ChannelOptions } from '../channel-options.js'
import type { InstancePicture, ReplicationChannel } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import type { AuthType, SslMode, Statement } from '../step.js'
import type { Server } from '../topology.js'
import { replicationPassword, replicationUser } from './account.js'
import { CHANNEL, channelOf, isReadOnly } from './replicaset.js'

/** How a ReplicaSet's channels are secured. */
export interface Security {
  readonly sslMode: SslMode
  readonly authType: AuthType
}

type Configuration = Pick<
  ReplicationChannel,
  | 'name'
  | 'host'
  | 'port'
  | 'user'
  | 'ssl'
  | 'sslCa'
  | 'sslCert'
  | 'sslKey'
  | 'verifyServerCert'
  | 'autoFailover'
  | 'autoPosition'
>

/** The configuration that a member's channel shall have, apart from its options. */
export function wantedChannel(of: Server, source: Server, { sslMode, authType }: Security): Configuration {
  const { variables, serverId } = of.picture
  const verified = sslMode.startsWith('VERIFY')
  const certificate = sslMode !== 'DISABLED' && needsCertificate(authType)
  return {
    name: CHANNEL,
    host: source.picture.host,
    port: source.picture.port,
    user: replicationUser(serverId),
    ssl: sslMode !== 'DISABLED',
    sslCa: verified ? (variables['ssl_ca'] ?? '') : '',
    sslCert: certificate ? (variables['ssl_cert'] ?? '') : '',
    sslKey: certificate ? (variables['ssl_key'] ?? '') : '',
    verifyServerCert: sslMode === 'VERIFY_IDENTITY',
    autoFailover: false,
    autoPosition: true,
  }
}

/** Why a member's channel is not configured as it shall be; undefined: it is. */
export function channelDiffers(of: Server, source: Server, security: Security): string | undefined {
  const channel = channelOf(of)
  if (channel === undefined) return 'it has no replication channel'
  const wanted = wantedChannel(of, source, security)
  if (channel.host !== wanted.host || channel.port !== wanted.port)
    return `its source is ${channel.host}:${channel.port}, not ${wanted.host}:${wanted.port}`
  if (channel.user !== wanted.user) return `it logs in as ${channel.user}, not ${wanted.user}`
  const keys = [
    'ssl',
    'sslCa',
    'sslCert',
    'sslKey',
    'verifyServerCert',
    'autoPosition',
    'autoFailover',
  ] as const
  const wrong = keys.find((key) => channel[key] !== wanted[key])
  return wrong === undefined
    ? undefined
    : `its channel has ${wrong} "${String(channel[wrong])}", not "${String(wanted[wrong])}"`
}

/** Whether receiver and applier of a member run. */
export function isRunning(of: Server): boolean {
  const channel = channelOf(of)
  return channel !== undefined && channel.receiver === 'ON' && channel.applier === 'ON'
}

/** Whether a member was started just now: its receiver has neither connected nor failed yet. Whoever needs it waits for it. */
export function isConnecting(of: Server): boolean {
  const channel = channelOf(of)
  return channel?.receiver === 'CONNECTING' && channel.errorNumber === 0 && channel.applier === 'ON'
}

export const stopChannel: Statement = {
  text: 'STOP REPLICA FOR CHANNEL ?',
  values: [CHANNEL],
  tolerate: [3074, 1617],
}
/** The target of a failover applies nothing more; its receiver is forgotten with the channel, in the end. */
export const stopApplier: Statement = {
  text: 'STOP REPLICA SQL_THREAD FOR CHANNEL ?',
  values: [CHANNEL],
  tolerate: [3074, 1617],
}
/** Of a channel that is stopped. */
export const forgetChannel: Statement = {
  text: 'RESET REPLICA ALL FOR CHANNEL ?',
  values: [CHANNEL],
  tolerate: [3074, 1617],
}
export const startChannel: Statement = { text: 'START REPLICA FOR CHANNEL ?', values: [CHANNEL] }

/** Points a channel to another source; everything else stays: the heartbeat only if it is said again. */
export function repoint(
  { heartbeatPeriod }: ReplicationChannel,
  { host, port }: { readonly host: string; readonly port: number },
): Statement {
  return {
    text: 'CHANGE REPLICATION SOURCE TO SOURCE_HOST=?, SOURCE_PORT=?, SOURCE_HEARTBEAT_PERIOD=? FOR CHANNEL ?',
    values: [host, port, heartbeatPeriod, CHANNEL],
  }
}

/** Configures a member's channel from nothing, so that no option of an older one stays. */
export function configureStatements(
  of: Server,
  source: Server,
  security: Security,
  options: ChannelOptions,
): readonly Statement[] {
  const ssl = channelSsl(security.sslMode, security.authType, of.picture.variables)
  const more = optionsSql(options)
  return [
    ...removeChannel(CHANNEL),
    {
      text: `CHANGE REPLICATION SOURCE TO SOURCE_HOST=?, SOURCE_PORT=?, SOURCE_USER=?, SOURCE_PASSWORD=?, SOURCE_AUTO_POSITION=1${ssl.text}${more.text} FOR CHANNEL ?`,
      values: [
        source.picture.host,
        source.picture.port,
        replicationUser(of.picture.serverId),
        hasPassword(security.authType) ? replicationPassword(of) : '',
        ...ssl.values,
        ...more.values,
        CHANNEL,
      ],
    },
  ]
}

/** Closes a server for writes, for good: it stays so after a restart. */
export const FENCE: readonly Statement[] = [{ text: 'SET PERSIST super_read_only = ON' }]
/** Opens a server for writes, for good. */
export const UNFENCE: readonly Statement[] = [
  { text: 'SET PERSIST super_read_only = OFF' },
  { text: 'SET PERSIST read_only = OFF' },
]

/** Statements that give both read-only variables back what they were, persisted values too. */
export function restoreReadOnly(picture: InstancePicture): readonly Statement[] {
  return (['super_read_only', 'read_only'] as const).flatMap((name): readonly Statement[] => {
    const persisted = picture.persisted[name]
    return [
      persisted === undefined
        ? { text: `RESET PERSIST IF EXISTS ${name}` }
        : { text: `SET PERSIST ${name} = ?`, values: [persisted] },
      { text: `SET GLOBAL ${name} = ?`, values: [picture.variables[name] ?? 'OFF'] },
    ]
  })
}

/** Closes a member for writes before it follows another. */
export function fenceStep(of: Server, login: MysqlLogin): readonly Step[] {
  if (isReadOnly(of) && of.picture.persisted['super_read_only'] === 'ON') return []
  const { host, picture } = of
  return [
    {
      do: 'sql',
      host,
      login,
      statements: FENCE,
      undo: [{ do: 'sql', host, login, statements: restoreReadOnly(picture) }],
      note: `make ${host} read-only`,
    },
  ]
}

/** Opens the primary for writes. */
export function unfenceStep(of: Server, login: MysqlLogin): readonly Step[] {
  const { host, picture } = of
  const open = picture.variables['super_read_only'] === 'OFF' && picture.variables['read_only'] === 'OFF'
  const stays = ['super_read_only', 'read_only'].every((name) => picture.persisted[name] === 'OFF')
  if (open && stays) return []
  return [
    {
      do: 'sql',
      host,
      login,
      statements: UNFENCE,
      undo: [{ do: 'sql', host, login, statements: restoreReadOnly(picture) }],
      note: `let ${host} take writes`,
    },
  ]
}
