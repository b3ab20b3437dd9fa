import type { Step } from '../../host/step.js'
import { needsCertificate } from '../account.js'
import { clustersetPassword } from '../bootstrap.js'
import { channelSsl, removeChannel, type SqlPart } from '../channel.js'
import {
  defaultOptions,
  hasOptions,
  NO_WISH,
  optionsSql,
  optionsThatDiffer,
  recordedOptions,
  withWish,
  type ChannelOptions,
  type ChannelWish,
} from '../channel-options.js'
import type { ReplicationChannel } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import type { AuthType, SslMode, Statement } from '../step.js'
import {
  clusterOfServer,
  ownState,
  type Cluster,
  type ClusterSet,
  type Server,
  type Topology,
  hostPort,
} from '../topology.js'
import { channelAccount, channelOf, CLUSTERSET_CHANNEL } from './members.js'

/** ER_REPLICA_CHANNEL_DOES_NOT_EXIST and ER_REPLICA_CONFIGURATION: there is nothing to stop. */
const NO_CHANNEL = [3074, 1617]
export const STOP_CHANNEL: Statement = {
  text: 'STOP REPLICA FOR CHANNEL ?',
  values: [CLUSTERSET_CHANNEL],
  tolerate: NO_CHANNEL,
}
/**
 * What was received is applied no more. The receiver may run on: where the source is lost it is often about to connect,
 * and stopping it waits until that is over, up to replica_net_timeout (60 s).
 */
export const STOP_APPLIER: Statement = {
  text: 'STOP REPLICA SQL_THREAD FOR CHANNEL ?',
  values: [CLUSTERSET_CHANNEL],
  tolerate: NO_CHANNEL,
}
export const START_CHANNEL: Statement = {
  text: 'START REPLICA FOR CHANNEL ?',
  values: [CLUSTERSET_CHANNEL],
}

/** What AdminAPI sets for the channel between clusters when nothing is asked for. */
export const CHANNEL_DEFAULTS: ChannelOptions = { connectRetry: 3, retryCount: 10 }

/**
 * All options that the channel of a member shall have: those recorded and asked for, over what AdminAPI sets, over what
 * the server takes by itself. So an option that is recorded no more is taken back wherever it still is.
 */
export function optionsOfChannel(
  { picture }: Server,
  cluster: Cluster | undefined,
  given: ChannelWish = NO_WISH,
): ChannelOptions {
  return {
    ...defaultOptions(picture),
    ...CHANNEL_DEFAULTS,
    ...withWish(recordedOptions(cluster?.row.attributes ?? {}), given),
  }
}

/**
 * The options that CHANGE REPLICATION SOURCE names: those that differ, and always the period, whatever it does by itself.
 * @param channel the options that it has, or what the server gives a new one
 */
export function optionsToName(wanted: ChannelOptions, channel: ChannelOptions): ChannelOptions {
  const { heartbeatPeriod } = wanted
  return {
    ...optionsThatDiffer(wanted, channel),
    ...(heartbeatPeriod === undefined ? {} : { heartbeatPeriod }),
  }
}

/** Where the channel of a member shall lead, and how. */
export interface WantedChannel {
  readonly source: Server
  /** All addresses of the source's cluster: failover inside it moves the channel among them. */
  readonly addresses: readonly string[]
  readonly user: string
  readonly sslMode: SslMode
  readonly authType: AuthType
  readonly options: ChannelOptions
}

/** The channel that a member of a replica cluster shall have to the primary cluster of a source. */
export function wantedChannel(
  member: Server,
  cluster: Cluster | undefined,
  source: Server,
  topology: Topology,
  clusterset: ClusterSet,
  given: ChannelWish = NO_WISH,
): WantedChannel {
  return {
    source,
    addresses: (clusterOfServer(topology, source)?.instances ?? []).map(({ address }) => address),
    user: channelAccount(member, topology, clusterset).user,
    sslMode: clusterset.sslMode as SslMode,
    authType: clusterset.authType,
    options: optionsOfChannel(member, cluster, given),
  }
}

/** Whether the channel of a server is as it shall be, its threads aside. */
export function isConfigured(server: Server, wanted: WantedChannel): boolean {
  const channel = channelOf(server)
  return (
    channel !== undefined &&
    channel.user === wanted.user &&
    wanted.addresses.includes(hostPort(channel.host, channel.port)) &&
    // A running secondary gets it from its primary.
    (channel.autoFailover || ownState(server).role === 'SECONDARY') &&
    channel.autoPosition &&
    hasOptions(channel, wanted.options) &&
    isSecured(channel, server, wanted)
  )
}

function isSecured(channel: ReplicationChannel, { picture }: Server, wanted: WantedChannel): boolean {
  const own = (name: string): string => picture.variables[name] ?? ''
  const verified = wanted.sslMode === 'VERIFY_CA' || wanted.sslMode === 'VERIFY_IDENTITY'
  const certificate = needsCertificate(wanted.authType)
  return (
    channel.ssl === (wanted.sslMode !== 'DISABLED') &&
    channel.verifyServerCert === (wanted.sslMode === 'VERIFY_IDENTITY') &&
    (!verified || channel.sslCa === own('ssl_ca')) &&
    (!certificate || (channel.sslCert === own('ssl_cert') && channel.sslKey === own('ssl_key')))
  )
}

/**
 * CHANGE REPLICATION SOURCE for the channel of a server, which must be stopped. The group's primary tells the others to
 * follow the source's failover: they refuse to be told so directly (4049), and one without the channel would leave the group.
 * @param renewed its account has a new password in this run; otherwise the password that the channel has is kept
 */
export function changeSource(server: Server, wanted: WantedChannel, renewed: boolean): Statement {
  const { source, user, sslMode, authType, options } = wanted
  const ssl = channelSsl(sslMode, authType, server.picture.variables)
  const optional = optionsSql(optionsToName(options, channelOf(server) ?? defaultOptions(server.picture)))
  const secret = authType.endsWith('PASSWORD')
  const password: SqlPart = { text: secret && !renewed ? '' : ', SOURCE_PASSWORD=?', values: [] }
  const unverified =
    channelOf(server)?.verifyServerCert === true && sslMode !== 'VERIFY_IDENTITY'
      ? ', SOURCE_SSL_VERIFY_SERVER_CERT=0'
      : ''
  return {
    text: `CHANGE REPLICATION SOURCE TO SOURCE_HOST=?, SOURCE_PORT=?, SOURCE_USER=?${password.text}${optional.text}${ownState(server).role === 'SECONDARY' ? '' : ', SOURCE_CONNECTION_AUTO_FAILOVER=1'}, SOURCE_AUTO_POSITION=1${ssl.text}${unverified} FOR CHANNEL ?`,
    values: [
      source.picture.host,
      source.picture.port,
      user,
      // A type without a password stays without: an old one is taken away.
      ...(secret ? (renewed ? [clustersetPassword(server)] : []) : ['']),
      ...optional.values,
      ...ssl.values,
      CLUSTERSET_CHANNEL,
    ],
  }
}

/** Removes a group from the managed sources of the channel. 3200: it is not among them. */
export function forgetGroup(group: string): Statement {
  return {
    text: 'SELECT asynchronous_connection_failover_delete_managed(?, ?)',
    values: [CLUSTERSET_CHANNEL, group],
    tolerate: [3200],
  }
}

/** Adds a group to the managed sources of the channel, with the weights of AdminAPI. */
export function addGroup(group: string, host: string, port: number): Statement {
  return {
    text: "SELECT asynchronous_connection_failover_add_managed(?, 'GroupReplication', ?, ?, ?, '', 80, 60)",
    values: [CLUSTERSET_CHANNEL, group, host, port],
  }
}

/** The members of one group become the managed sources of the channel, and no others. */
export function manageSources(server: Server, wanted: WantedChannel): readonly Statement[] {
  const { picture } = wanted.source
  const group = picture.variables['group_replication_group_name'] ?? ''
  return [...forgetSources(server), forgetGroup(group), addGroup(group, picture.host, picture.port)]
}

/** Removes all managed sources of the channel. */
export function forgetSources(server: Server): readonly Statement[] {
  return server.picture.managedSources
    .filter(({ channel }) => channel === CLUSTERSET_CHANNEL)
    .map(({ group }) => forgetGroup(group))
}

/** Makes the channel of a server that has none to the primary cluster; only the primary of a cluster starts it. */
export function channelSteps(
  server: Server,
  topology: Topology,
  login: MysqlLogin,
  options: { readonly start: boolean; readonly cluster?: Cluster; readonly given?: ChannelWish },
): readonly Step[] {
  const { globalPrimary: source, clusterset } = topology
  if (source === undefined || clusterset === undefined) return []
  const { host } = server
  const wanted = wantedChannel(server, options.cluster, source, topology, clusterset, options.given)
  return [
    {
      do: 'sql',
      host,
      login,
      note: `configure the channel to ${source.host} on ${host}`,
      undo: [{ do: 'sql', host, login, statements: removeChannel(CLUSTERSET_CHANNEL) }],
      ...(options.start
        ? { leaves: `${host} keeps the transactions that it received from ${source.host}` }
        : {}),
      statements: [
        STOP_CHANNEL,
        changeSource(server, wanted, true),
        ...(options.start ? [...manageSources(server, wanted), START_CHANNEL] : []),
      ],
    },
  ]
}
