import type { ChannelOptions, OptionKey } from '../mysql/channel-options.js'
import type { ArgumentsSchema } from './schema.js'

/** The word that brings an option back to what it is when nobody sets it. */
export const DEFAULT = 'DEFAULT'

/** What the arguments of a channel's options are, whatever the prefix of their names. */
const OPTIONS = {
  connect_retry: {
    type: 'integer',
    minimum: 1,
    description: 'Seconds between two attempts of the channel to connect',
  },
  retry_count: {
    type: 'integer',
    minimum: 0,
    description: 'Attempts before the channel gives up, or turns to another member of its source',
  },
  heartbeat_period: {
    type: 'number',
    minimum: 0,
    maximum: 4294967,
    description: 'Seconds of silence after which the source sends a heartbeat',
  },
  compression_algorithms: {
    type: 'string',
    description: 'Algorithms that the channel may use, such as zstd,uncompressed',
  },
  zstd_compression_level: {
    type: 'integer',
    minimum: 1,
    maximum: 22,
    description: 'Level of compression by zstd',
  },
  bind: { type: 'string', description: 'Network interface of the replica that the channel is bound to' },
  network_namespace: { type: 'string', description: 'Network namespace of the connection to the source' },
} as const
type Name = keyof typeof OPTIONS

const KEYS: Readonly<Record<Name, OptionKey>> = {
  connect_retry: 'connectRetry',
  retry_count: 'retryCount',
  heartbeat_period: 'heartbeatPeriod',
  compression_algorithms: 'compressionAlgorithms',
  zstd_compression_level: 'zstdCompressionLevel',
  bind: 'bind',
  network_namespace: 'networkNamespace',
}

type ChannelArgs<Prefix extends string, Word extends string> = {
  readonly [N in Name as `${Prefix}_${N}`]: (typeof OPTIONS)[N] & { readonly words: readonly Word[] }
}

/**
 * Arguments for the options of a channel: AdminAPI's names in snake_case. They are written only when given.
 * @param prefix of the names, such as replication
 * @param defaults what is set where nothing is given
 * @param words that may stand instead of a value
 */
export function channelArgs<Prefix extends string, Word extends string>(
  prefix: Prefix,
  defaults: ChannelOptions,
  words: readonly Word[],
): ChannelArgs<Prefix, Word> {
  const args = Object.entries(OPTIONS).map(([name, option]) => {
    const value = defaults[KEYS[name as Name]]
    const facts = [
      ...(value === undefined ? [] : [`default: ${value}`]),
      ...words.map((word) => `${word}: ${value === undefined ? 'as the server has it' : 'that again'}`),
    ]
    const description = `${option.description}${facts.length === 0 ? '' : ` (${facts.join('; ')})`}.`
    return [`${prefix}_${name}`, { ...option, description, words }] as const
  })
  const schema: ArgumentsSchema = Object.fromEntries(args)
  return schema as ChannelArgs<Prefix, Word>
}

/** What a task wants of a channel's options. */
export interface GivenChannelOptions {
  readonly set: ChannelOptions
  /** Options that are to be as the server has them when nobody sets them. */
  readonly reset: readonly OptionKey[]
}

/** The options of a channel that were given. @param prefix that of their arguments */
export function givenChannelOptions(
  prefix: string,
  args: Readonly<Record<string, unknown>>,
): GivenChannelOptions {
  const given = Object.entries(KEYS).flatMap(([name, key]) => {
    const value = args[`${prefix}_${name}`]
    return typeof value === 'string' || typeof value === 'number' ? [[key, value] as const] : []
  })
  return {
    set: Object.fromEntries(given.filter(([, value]) => value !== DEFAULT)),
    reset: given.flatMap(([key, value]) => (value === DEFAULT ? [key] : [])),
  }
}
