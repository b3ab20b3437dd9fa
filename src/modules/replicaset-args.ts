import type { OptionKey } from '../mysql/replicaset/channel-options.js'

/** Options of a member's channel that are written only when given; AdminAPI's names in snake_case. */
export const CHANNEL_ARGS = {
  replication_connect_retry: {
    type: 'integer',
    minimum: 0,
    description: 'Seconds between two attempts to connect to the source.',
  },
  replication_retry_count: {
    type: 'integer',
    minimum: 0,
    description: 'How often connecting to the source is tried again.',
  },
  replication_heartbeat_period: {
    type: 'number',
    minimum: 0,
    description: 'Seconds after which the source sends a heartbeat when it has nothing else to send.',
  },
  replication_compression_algorithms: {
    type: 'string',
    description: 'Compression of the connection: zlib, zstd, uncompressed, or several with commas.',
  },
  replication_zstd_compression_level: {
    type: 'integer',
    minimum: 1,
    maximum: 22,
    description: 'Level of zstd.',
  },
  replication_bind: {
    type: 'string',
    description: 'Network interface of the replica from which it connects.',
  },
  replication_network_namespace: {
    type: 'string',
    description: 'Network namespace of the connection (Linux).',
  },
} as const

interface Given {
  readonly replication_connect_retry?: number
  readonly replication_retry_count?: number
  readonly replication_heartbeat_period?: number
  readonly replication_compression_algorithms?: string
  readonly replication_zstd_compression_level?: number
  readonly replication_bind?: string
  readonly replication_network_namespace?: string
}

/** The options that were given, by the key under which metadata keeps them. */
export function givenOptions(args: Given): Readonly<Partial<Record<OptionKey, string | number>>> {
  const all: readonly (readonly [OptionKey, string | number | undefined])[] = [
    ['opt_replConnectRetry', args.replication_connect_retry],
    ['opt_replRetryCount', args.replication_retry_count],
    ['opt_replHeartbeatPeriod', args.replication_heartbeat_period],
    ['opt_replCompressionAlgorithms', args.replication_compression_algorithms],
    ['opt_replZstdCompressionLevel', args.replication_zstd_compression_level],
    ['opt_replBind', args.replication_bind],
    ['opt_replNetworkNamespace', args.replication_network_namespace],
  ]
  return Object.fromEntries(all.filter(([, value]) => value !== undefined))
}

export const MEMBERS_ARG = {
  members: {
    type: 'strings',
    description: 'Inventory names of the servers to look at (default: all hosts of the play).',
  },
} as const
