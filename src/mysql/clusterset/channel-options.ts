import type { Json, ReplicationChannel } from '../instance.js'
import type { SqlPart } from '../channel.js'

/** Options of a channel between clusters; AdminAPI's clusterSetReplication… */
export interface ChannelOptions {
  readonly connectRetry?: number
  readonly retryCount?: number
  readonly heartbeatPeriod?: number
  readonly compressionAlgorithms?: string
  readonly zstdCompressionLevel?: number
  readonly bind?: string
  readonly networkNamespace?: string
}

type Key = keyof ChannelOptions

/** Each option: its attribute in the metadata of the cluster that replicates, its name in CHANGE REPLICATION SOURCE. */
const TABLE: readonly { readonly key: Key; readonly attribute: string; readonly sql: string }[] = [
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

/** What AdminAPI sets when nothing else is asked for. */
const DEFAULTS: ChannelOptions = { connectRetry: 3, retryCount: 10 }

/** The options that the metadata of a cluster records, over the defaults. */
export function recordedOptions(attributes: Json): ChannelOptions {
  const recorded = TABLE.flatMap(({ key, attribute }) => {
    const value = attributes[attribute]
    return value === undefined || value === null ? [] : [[key, value] as const]
  })
  return { ...DEFAULTS, ...(Object.fromEntries(recorded) as ChannelOptions) }
}

/** Attributes of the metadata for options that were given. */
export function optionAttributes(given: ChannelOptions): Json {
  return Object.fromEntries(
    TABLE.flatMap(({ key, attribute }) =>
      given[key] === undefined ? [] : [[attribute, given[key]] as const],
    ),
  )
}

/** Pieces of CHANGE REPLICATION SOURCE, each with a comma before it. */
export function optionsSql(options: ChannelOptions): SqlPart {
  const given = TABLE.flatMap(({ key, sql }) => {
    const value = options[key]
    return value === undefined ? [] : [{ sql, value }]
  })
  return { text: given.map(({ sql }) => `, ${sql}=?`).join(''), values: given.map(({ value }) => value) }
}

/** Whether a channel has these options; what is not among them may be anything. */
export function hasOptions(channel: ReplicationChannel, options: ChannelOptions): boolean {
  return TABLE.every(({ key }) => options[key] === undefined || options[key] === channel[key])
}
