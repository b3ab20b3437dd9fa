import assert from 'node:assert/strict'
import { readArguments } from '../../../src/modules/arguments.js'
import { innodb_instance } from '../../../src/modules/innodb_instance.js'
import type { InstancePicture } from '../../../src/mysql/instance.js'

/** A member of a group whose server has a setting that takes effect at its next start. */
function member(startOnBoot: string, running: Readonly<Record<string, string>> = {}): InstancePicture {
  return {
    kind: 'up',
    version: '8.0.36',
    uuid: 'a',
    serverId: 1,
    host: 's1',
    port: 3306,
    variables: {
      transaction_write_set_extraction: 'OFF',
      group_replication_start_on_boot: startOnBoot,
      ...running,
    },
    persisted: {},
    tls: true,
    plugins: ['group_replication'],
    members: [{ uuid: 'a', host: 's1', port: 3306, state: 'ONLINE', role: 'SECONDARY' }],
    memberActions: {},
    channels: [],
    channelDetails: {},
    managedSources: [],
    accounts: [],
    gtidExecuted: '',
    gtidPurged: '',
    secureThreads: [],
  }
}

describe('innodb_instance restarts a member', () => {
  const none = { kind: 'rows', rows: [] } as const
  const plan = (picture: InstancePicture) =>
    innodb_instance.plan(readArguments(innodb_instance, { restart: true }, undefined), {
      host: 's1',
      picture,
      serverIdSource: none,
      tables: none,
      privileges: { kind: 'down', message: '' },
      binaryLog: none,
      filters: none,
      pluginStates: none,
      hosts: '',
    })
  const back = member('', { transaction_write_set_extraction: 'XXHASH64' })
  const offline = {
    ...back,
    members: [{ uuid: 'a', host: 's1', port: 3306, state: 'OFFLINE', role: '' }],
  }
  const isOver = (startOnBoot: string, answer: InstancePicture): readonly boolean[] =>
    plan(member(startOnBoot)).steps.flatMap((step) => (step.do === 'wait' ? [step.until(answer)] : []))

  it('that starts its group by itself: waits until it is ONLINE', () => {
    assert.deepEqual(isOver('ON', offline), [false])
    assert.deepEqual(isOver('ON', back), [true])
    assert.deepEqual(plan(member('ON')).warnings, [])
  })
  it('that does not: waits until the server answers, and says what is left to do', () => {
    assert.deepEqual(isOver('OFF', offline), [true])
    assert.match(
      plan(member('OFF')).warnings?.join() ?? '',
      /s1 is not in its group.*innodb_cluster_instance/,
    )
  })
})
