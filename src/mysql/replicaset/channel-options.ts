import type { SqlPart } from '../channel.js'
import type { ReplicationChannel } from '../instance.js'
import type { InstanceRow } from '../topology.js'

/**
 * The options of a ReplicaSet's channel that AdminAPI offers: its name, the key in the member's attributes, the option
 * of CHANGE REPLICATION SOURCE, and where the server shows the value.
 */
export const CHANNEL_OPTIONS = [
  {
    option: 'replicationConnectRetry',
    key: 'opt_replConnectRetry',
    sql: 'SOURCE_CONNECT_RETRY',
    shown: 'connectRetry',
  },
  {
    option: 'replicationRetryCount',
    key: 'opt_replRetryCount',
    sql: 'SOURCE_RETRY_COUNT',
    shown: 'retryCount',
  },
  {
    option: 'replicationHeartbeatPeriod',
    key: 'opt_replHeartbeatPeriod',
    sql: 'SOURCE_HEARTBEAT_PERIOD',
    shown: 'heartbeatPeriod',
  },
  {
    option: 'replicationCompressionAlgorithms',
    key: 'opt_replCompressionAlgorithms',
    sql: 'SOURCE_COMPRESSION_ALGORITHMS',
    shown: 'compressionAlgorithms',
  },
  {
    option: 'replicationZstdCompressionLevel',
    key: 'opt_replZstdCompressionLevel',
    sql: 'SOURCE_ZSTD_COMPRESSION_LEVEL',
    shown: 'zstdCompressionLevel',
  },
  { option: 'replicationBind', key: 'opt_replBind', sql: 'SOURCE_BIND', shown: 'bind' },
  {
    option: 'replicationNetworkNamespace',
    key: 'opt_replNetworkNamespace',
    sql: 'NETWORK_NAMESPACE',
    shown: 'networkNamespace',
  },
] as const satisfies readonly {
  readonly option: string
  readonly key: string
  readonly sql: string
  readonly shown: keyof ReplicationChannel
}[]

export type OptionKey = (typeof CHANNEL_OPTIONS)[number]['key']
/** Options of a channel by the key under which metadata keeps them; what is missing is left to the server. */
export type ChannelOptions = Readonly<Partial<Record<OptionKey, string | number>>>

/** The options that metadata keeps for a member. */
export function optionsOf(row: InstanceRow | undefined): ChannelOptions {
  return Object.fromEntries(
    CHANNEL_OPTIONS.flatMap(({ key }) => {
      const value = row?.attributes[key]
      return typeof value === 'string' || typeof value === 'number' ? [[key, value] as const] : []
    }),
  )
}

/** The options as a piece of CHANGE REPLICATION SOURCE. */
export function optionsPart(options: ChannelOptions): SqlPart {
  const given = CHANNEL_OPTIONS.flatMap(({ key, sql }) => {
    const value = options[key]
    return value === undefined ? [] : [{ sql, value }]
  })
  return {
    text: given.map(({ sql }) => `, ${sql}=?`).join(''),
    values: given.map(({ value }) => value),
  }
}

/** Those of some options that a channel does not have yet. */
export function optionsThatDiffer(
  options: ChannelOptions,
  channel: ReplicationChannel | undefined,
): ChannelOptions {
  return Object.fromEntries(
    CHANNEL_OPTIONS.flatMap(({ key, shown }) => {
      const value = options[key]
      return value === undefined || (channel !== undefined && String(channel[shown]) === String(value))
        ? []
        : [[key, value] as const]
    }),
  )
}
