import assert from 'node:assert/strict'
import { checkArguments, readArguments } from '../../../src/modules/arguments.js'
import { givenChannelOptions } from '../../../src/modules/channel-args.js'
import { innodb_replica_cluster } from '../../../src/modules/innodb_replica_cluster.js'
import { innodb_replicaset_instance } from '../../../src/modules/innodb_replicaset_instance.js'

describe('arguments for the options of a channel', () => {
  it('are values, or the word for what the server has', () => {
    const args = readArguments(
      innodb_replicaset_instance,
      {
        replicaset: 'r',
        replication_connect_retry: '7',
        replication_heartbeat_period: 'DEFAULT',
        replication_compression_algorithms: 'zstd',
        replication_bind: 'DEFAULT',
      },
      undefined,
    )
    assert.deepEqual(givenChannelOptions('replication', args), {
      set: { connectRetry: 7, compressionAlgorithms: 'zstd' },
      reset: ['heartbeatPeriod', 'bind'],
    })
  })

  it('refuse other words', () => {
    for (const [module, args] of [
      [innodb_replicaset_instance, { replicaset: 'r', replication_connect_retry: 'usual' }],
      [innodb_replica_cluster, { name: 'c', cluster_set_replication_connect_retry: 'usual' }],
    ] as const)
      assert.match(
        checkArguments(module, args, undefined)
          .map(({ message }) => message)
          .join(),
        /replication_connect_retry" must be a whole number from 1 or DEFAULT, not the text "usual"\.$/,
      )
  })
})
