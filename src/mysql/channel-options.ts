import type { SqlPart } from './channel.js'
import type { InstancePicture, Json, ReplicationChannel } from './instance.js'
import { atLeast } from './version.js'

/** Options of a channel between clusters or between members of a ReplicaSet; what is missing is left to the server. */
export interface ChannelOptions {
  readonly connectRetry?: number
  readonly retryCount?: number
  readonly heartbeatPeriod?: number
  readonly compressionAlgorithms?: string
  readonly zstdCompressionLevel?: number
  readonly bind?: string
  readonly networkNamespace?: string
}

export type OptionKey = keyof ChannelOptions

/**
 * Each option: its name where the server's picture shows it, its attribute in the metadata of the cluster or member
 * that replicates, its name in CHANGE REPLICATION SOURCE.
 */
export const CHANNEL_OPTIONS: readonly {
  readonly key: OptionKey
  readonly attribute: string
  readonly sql: string
}[] = [
  { key: 'connectRetry', attribute: 'opt_replConnectRetry', sql: 'SOURCE_CONNECT_RETRY' },
  { key: 'retryCount', attribute: 'opt_replRetryCount', sql: 'SOURCE_RETRY_COUNT' },
  { key: 'heartbeatPeriod', attribute: 'opt_replHeartbeatPeriod', sql: 'SOURCE_HEARTBEAT_PERIOD' },
  {
    key: 'compressionAlgorithms',
    attribute: 'opt_replCompressionAlgorithms',
    sql: 'SOURCE_COMPRESSION_ALGORITHMS',
  },
  {
    key: 'zstdCompressionLevel',
    attribute: 'opt_replZstdCompressionLevel',
    sql: 'SOURCE_ZSTD_COMPRESSION_LEVEL',
  },
  { key: 'bind', attribute: 'opt_replBind', sql: 'SOURCE_BIND' },
  { key: 'networkNamespace', attribute: 'opt_replNetworkNamespace', sql: 'NETWORK_NAMESPACE' },
]

/** What a server gives a channel for which nothing else is said. */
export function defaultOptions({ variables, version }: InstancePicture): Required<ChannelOptions> {
  return {
    connectRetry: 60,
    retryCount: atLeast(version, '8.4.0') ? 10 : 86_400,
    heartbeatPeriod: Number(variables['replica_net_timeout'] ?? 60) / 2,
    compressionAlgorithms: 'uncompressed',
    zstdCompressionLevel: 3,
    bind: '',
    networkNamespace: '',
  }
}

/** The options that the metadata of a cluster or member records. */
export function recordedOptions(attributes: Json): ChannelOptions {
  return Object.fromEntries(
    CHANNEL_OPTIONS.flatMap(({ key, attribute }) => {
      const value = attributes[attribute]
      return typeof value === 'string' || typeof value === 'number' ? [[key, value] as const] : []
    }),
  )
}

/** The attribute of the metadata that records an option. */
export const optionAttribute = (option: OptionKey): string =>
  CHANNEL_OPTIONS.find(({ key }) => key === option)?.attribute ?? option

/** Attributes of the metadata for options that were given. */
export function optionAttributes(given: ChannelOptions): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    CHANNEL_OPTIONS.flatMap(({ key, attribute }) => {
      const value = given[key]
      return value === undefined ? [] : [[attribute, value] as const]
    }),
  )
}

/** What is asked for a channel: values, and options that shall be recorded no more. */
export interface ChannelWish {
  readonly set: ChannelOptions
  readonly reset: readonly OptionKey[]
}

/** Nothing is asked for. */
export const NO_WISH: ChannelWish = { set: {}, reset: [] }

/** Attributes of the metadata as they are asked for; undefined: none of this name. */
export function wishedAttributes({
  set,
  reset,
}: ChannelWish): Readonly<Record<string, string | number | undefined>> {
  return {
    ...optionAttributes(set),
    ...Object.fromEntries(reset.map((option) => [optionAttribute(option), undefined])),
  }
}

/** Recorded options, and what is asked for now. */
export function withWish(recorded: ChannelOptions, { set, reset }: ChannelWish): ChannelOptions {
  return otherOptions({ ...recorded, ...set }, reset)
}

/** Some of the options. */
export function chosenOptions(options: ChannelOptions, keys: readonly OptionKey[]): ChannelOptions {
  return Object.fromEntries(Object.entries(options).filter(([key]) => keys.some((each) => each === key)))
}

/** The options without some. */
export function otherOptions(options: ChannelOptions, without: readonly OptionKey[]): ChannelOptions {
  return Object.fromEntries(Object.entries(options).filter(([key]) => !without.some((each) => each === key)))
}

/** Pieces of CHANGE REPLICATION SOURCE, each with a comma before it. */
export function optionsSql(options: ChannelOptions): SqlPart {
  const given = CHANNEL_OPTIONS.flatMap(({ key, sql }) => {
    const value = options[key]
    return value === undefined ? [] : [{ sql, value }]
  })
  return { text: given.map(({ sql }) => `, ${sql}=?`).join(''), values: given.map(({ value }) => value) }
}

/** Those of some options that a channel does not have; what is not among them may be anything. */
export function optionsThatDiffer(
  options: ChannelOptions,
  channel: ChannelOptions | undefined,
): ChannelOptions {
  return Object.fromEntries(
    CHANNEL_OPTIONS.flatMap(({ key }) => {
      const value = options[key]
      return value === undefined || String(channel?.[key]) === String(value) ? [] : [[key, value] as const]
    }),
  )
}

/** The options that a channel has. */
export function optionsIn(channel: ReplicationChannel): ChannelOptions {
  return Object.fromEntries(CHANNEL_OPTIONS.map(({ key }) => [key, channel[key]]))
}

/** Whether a channel has these options. */
export function hasOptions(channel: ReplicationChannel, options: ChannelOptions): boolean {
  return Object.keys(optionsThatDiffer(options, channel)).length === 0
}
