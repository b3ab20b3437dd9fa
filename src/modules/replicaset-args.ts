import type { ChannelOptions } from '../mysql/channel-options.js'

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

/** The options that were given. */
export function givenOptions(args: {
  readonly replication_connect_retry?: number
  readonly replication_retry_count?: number
  readonly replication_heartbeat_period?: number
  readonly replication_compression_algorithms?: string
  readonly replication_zstd_compression_level?: number
  readonly replication_bind?: string
  readonly replication_network_namespace?: string
}): ChannelOptions {
  const all = {
    connectRetry: args.replication_connect_retry,
    retryCount: args.replication_retry_count,
    heartbeatPeriod: args.replication_heartbeat_period,
    compressionAlgorithms: args.replication_compression_algorithms,
    zstdCompressionLevel: args.replication_zstd_compression_level,
    bind: args.replication_bind,
    networkNamespace: args.replication_network_namespace,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

export const MEMBERS_ARG = {
  members: {
    type: 'strings',
    description: 'Inventory names of the servers to look at (default: all hosts of the play).',
  },
} as const
