import type { Value, ValueMap } from '../../value/value.js'
import { CHANNEL_OPTIONS, recordedOptions } from '../channel-options.js'
import { attribute } from '../topology.js'
import { tagOptions } from '../views/tag-options.js'
import { channelOf, type ReplicaSet } from './replicaset.js'

/** Settings of the parallel applier that options() shows. */
export const APPLIER_VARIABLES = [
  'binlog_transaction_dependency_tracking',
  'replica_parallel_type',
  'replica_parallel_workers',
  'replica_preserve_commit_order',
  'transaction_write_set_extraction',
] as const

/** What AdminAPI's replicaSet.options() returns. Of a channel's option, `value` is in use and `variable` is recorded. Pure. */
export function replicasetOptions(set: ReplicaSet): ValueMap {
  const { attributes } = set.row
  return {
    replicaSet: {
      globalOptions: [
        { option: 'replicationAllowedHost', value: set.allowedHost },
        { option: 'memberAuthType', value: set.authType },
        { option: 'certIssuer', value: attribute(attributes, 'opt_certIssuer') },
        { option: 'replicationSslMode', value: set.sslMode },
      ],
      name: set.name,
      tags: tagOptions(
        attributes,
        set.members.map(({ row }) => row),
      ),
      topology: Object.fromEntries(
        set.members.map(({ row, server }): readonly [string, Value] => {
          if (server === undefined)
            return [row.name, { connectError: 'not among the servers that were read, or it does not answer' }]
          const channel = channelOf(server)
          const recorded = recordedOptions(row.attributes)
          return [
            row.name,
            [
              ...APPLIER_VARIABLES.flatMap((name) => {
                const value = server.picture.variables[name]
                return value === undefined ? [] : [{ value, variable: name }]
              }),
              { option: 'certSubject', value: attribute(row.attributes, 'opt_certSubject') },
              ...CHANNEL_OPTIONS.map(({ key }): ValueMap => ({
                option: `replication${key.charAt(0).toUpperCase()}${key.slice(1)}`,
                value: channel?.[key] ?? null,
                variable: recorded[key] ?? null,
              })),
            ],
          ]
        }),
      ),
    },
  }
}
