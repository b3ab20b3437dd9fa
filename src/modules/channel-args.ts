import type { ChannelOptions } from '../mysql/channel-options.js'

/** Options of the channel between clusters; AdminAPI's clusterSetReplication… in snake_case. */
export const CHANNEL_ARGS = {
  cluster_set_replication_connect_retry: {
    type: 'integer',
    minimum: 1,
    description: 'Seconds between two attempts of the channel to connect (default: 3).',
  },
  cluster_set_replication_retry_count: {
    type: 'integer',
    minimum: 0,
    description: 'Attempts before the channel turns to another member of the source (default: 10).',
  },
  cluster_set_replication_heartbeat_period: {
    type: 'number',
    minimum: 0,
    maximum: 4294967,
    description: 'Seconds of silence after which the source sends a heartbeat.',
  },
  cluster_set_replication_compression_algorithms: {
    type: 'string',
    description: 'Algorithms that the channel may use, such as zstd,uncompressed.',
  },
  cluster_set_replication_zstd_compression_level: {
    type: 'integer',
    minimum: 1,
    maximum: 22,
    description: 'Level of compression by zstd.',
  },
  cluster_set_replication_bind: {
    type: 'string',
    description: 'Network interface of the replica that the channel is bound to.',
  },
  cluster_set_replication_network_namespace: {
    type: 'string',
    description: 'Network namespace of the connection to the source.',
  },
} as const

/** Options of the channel that were given. */
export function channelOptions(args: {
  readonly cluster_set_replication_connect_retry?: number
  readonly cluster_set_replication_retry_count?: number
  readonly cluster_set_replication_heartbeat_period?: number
  readonly cluster_set_replication_compression_algorithms?: string
  readonly cluster_set_replication_zstd_compression_level?: number
  readonly cluster_set_replication_bind?: string
  readonly cluster_set_replication_network_namespace?: string
}): ChannelOptions {
  const all = {
    connectRetry: args.cluster_set_replication_connect_retry,
    retryCount: args.cluster_set_replication_retry_count,
    heartbeatPeriod: args.cluster_set_replication_heartbeat_period,
    compressionAlgorithms: args.cluster_set_replication_compression_algorithms,
    zstdCompressionLevel: args.cluster_set_replication_zstd_compression_level,
    bind: args.cluster_set_replication_bind,
    networkNamespace: args.cluster_set_replication_network_namespace,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}
