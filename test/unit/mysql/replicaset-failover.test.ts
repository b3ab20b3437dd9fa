import assert from 'node:assert/strict'
import type { Step } from '../../../src/host/step.js'
import type { Metadata, ReplicationChannel } from '../../../src/mysql/instance.js'
import type { Plan } from '../../../src/modules/module.js'
import { planMember } from '../../../src/mysql/replicaset/plan-instance.js'
import { planPrimary } from '../../../src/mysql/replicaset/plan-primary.js'
import { replicasetsOf } from '../../../src/mysql/replicaset/replicaset.js'
import { alone, channelTo1, LOGIN, record, uuid } from './pictures.js'

const SET: Metadata = {
  ...record({ trio: [1, 2, 3] }),
  clusters: [{ id: 'trio', name: 'trio', type: 'ar', primaryMode: 'pm', attributes: {}, clustersetId: null }],
  replicasetViews: [{ clusterId: 'trio', viewId: 3 }],
  replicasetMembers: [1, 2, 3].map((instanceId) => ({
    clusterId: 'trio',
    instanceId,
    masterInstanceId: instanceId === 1 ? null : 1,
    primary: instanceId === 1,
  })),
}

const channel = (receiver: string): ReplicationChannel =>
  channelTo1('', { autoFailover: false, received: `${uuid(1)}:1-5`, receiver })

/** All steps of a failover to s2 that s3 is to follow, those side by side one after another. */
function failover(receiver: string): readonly Step[] {
  const servers = [2, 3].map((id) =>
    alone(id, {
      metadata: SET,
      gtidExecuted: `${uuid(1)}:1-5`,
      channels: [channel(receiver)],
      variables: { super_read_only: 'ON', read_only: 'ON' },
    }),
  )
  const [s2] = servers
  assert.ok(s2)
  const wanted = { replicaset: 'trio', force: true, invalidate: false, timeout: 60, primaryListens: false }
  const plan = planPrimary(wanted, s2, replicasetsOf(servers), LOGIN, () => undefined)
  assert.equal(plan.failure, undefined)
  const flat = (steps: readonly Step[]): readonly Step[] =>
    steps.flatMap((step) => (step.do === 'parallel' ? step.branches.flatMap(flat) : [step]))
  return flat(plan.steps)
}

const told = (steps: readonly Step[]): readonly string[] =>
  steps.map((step) => (step.do === 'sql' ? step.statements.map(({ text }) => text).join('; ') : step.do))
const isStop = (text: string): boolean => /STOP REPLICA (IO_THREAD )?FOR CHANNEL/.test(text)

describe('a failover in a ReplicaSet', () => {
  it('lets clients write before it waits for receivers that are about to connect to what is lost', () => {
    const steps = told(failover('CONNECTING'))
    const open = steps.findIndex((text) => text.includes('SET PERSIST super_read_only = OFF'))
    assert.ok(open > 0, steps.join('\n'))
    assert.ok(steps.findIndex(isStop) > open, steps.join('\n'))
  })

  it('lets receivers that run receive nothing more, before what was received is counted', () => {
    const steps = told(failover('ON'))
    const stops = steps.flatMap((text, index) => (text.includes('STOP REPLICA IO_THREAD') ? [index] : []))
    assert.equal(stops.length, 2)
    assert.ok(Math.max(...stops) < steps.lastIndexOf('catch_up'))
    assert.ok(Math.max(...stops) < steps.findIndex((text) => text.includes('super_read_only = OFF')))
  })

  it('turns no member that the lost primary told more, when it was back for a moment', () => {
    const steps = failover('CONNECTING')
    const look = steps.find((step) => step.do === 'wait')
    assert.ok(look?.do === 'wait' && look.host === 's3')
    const after = (gtidExecuted: string): boolean =>
      look.until(alone(3, { gtidExecuted, channels: [channel('OFF')] }).picture)
    assert.equal(after(`${uuid(1)}:1-5`), true)
    assert.equal(after(`${uuid(1)}:1-6`), false)
    const turn = told(steps).findIndex((text) => text.startsWith('CHANGE REPLICATION SOURCE'))
    assert.ok(turn > steps.indexOf(look))
  })

  it('takes nothing back once clients may have written', () => {
    const steps = failover('CONNECTING')
    const open = steps.find((step) => step.note === 'let s2 take writes')
    assert.equal(open?.pointOfNoReturn, 'end')
  })
})

describe('a change of the primary of a ReplicaSet', () => {
  /** A change to s2, while the receiver of s3 is so. */
  const change = (changes: Partial<ReplicationChannel>, metadata = SET): Plan => {
    const executed = { metadata, gtidExecuted: `${uuid(1)}:1-5` }
    const closed = { super_read_only: 'ON', read_only: 'ON' }
    const servers = [
      alone(1, executed),
      alone(2, { ...executed, channels: [channel('ON')], variables: closed }),
      alone(3, { ...executed, channels: [{ ...channel('ON'), ...changes }], variables: closed }),
    ]
    const [, s2] = servers
    assert.ok(s2)
    const wanted = { replicaset: 'trio', force: false, invalidate: false, timeout: 60, primaryListens: false }
    return planPrimary(wanted, s2, replicasetsOf(servers), LOGIN, () => undefined)
  }
  const waits = (steps: readonly Step[], host: string): number =>
    steps.findIndex((step) =>
      step.do === 'parallel'
        ? step.branches.some((branch) => waits(branch, host) >= 0)
        : step.do === 'catch_up' && step.host === host,
    )

  it('waits for a member that is just connecting, before the old primary is closed', () => {
    const { failure, steps } = change({ receiver: 'CONNECTING' })
    assert.equal(failure, undefined)
    const closed = (each: readonly Step[]): number =>
      each.findIndex(({ note }) => note === 'make s1 read-only')
    assert.ok(waits(steps, 's3') >= 0 && waits(steps, 's3') < closed(steps))
    const usual = change({})
    assert.ok(waits(usual.steps, 's3') > closed(usual.steps))
  })

  it('is refused when a member can not connect', () => {
    assert.match(
      change({ receiver: 'CONNECTING', errorNumber: 2003, error: "Can't connect" }).failure ?? '',
      /s3 does not replicate: receiver CONNECTING, applier ON Can't connect/,
    )
  })

  it('that was cut short starts the members again that were stopped to be turned', () => {
    const begun = {
      ...SET,
      replicasetMembers: SET.replicasetMembers.map((row) => ({
        ...row,
        masterInstanceId: row.instanceId === 2 ? null : 2,
        primary: row.instanceId === 2,
      })),
    }
    const { failure, steps } = change({ receiver: 'OFF', applier: 'OFF' }, begun)
    assert.equal(failure, undefined)
    const start = steps.findIndex(
      (step) => step.do === 'parallel' && step.branches.flat()[0]?.note === 'start replication on s3 again',
    )
    assert.ok(start >= 0 && start < waits(steps, 's3'))
    assert.match(change({ receiver: 'OFF', applier: 'OFF' }).failure ?? '', /s3 does not replicate/)
  })
})

describe('a member of a ReplicaSet that shall follow', () => {
  /** The reasons to bring s2 back, while its channel is so. */
  const reasons = (changes: Partial<ReplicationChannel>): string => {
    const executed = { metadata: SET, gtidExecuted: `${uuid(1)}:1-5` }
    const account = { user: 'mysql_innodb_rs_2', host: '%', hasPassword: true, issuer: '', subject: '' }
    const servers = [
      alone(1, {
        ...executed,
        accounts: [{ ...account, sslType: 'ANY' }],
        variables: { read_only: 'OFF', offline_mode: 'OFF' },
      }),
      alone(2, {
        ...executed,
        channels: [{ ...channel('ON'), user: 'mysql_innodb_rs_2', ssl: false, ...changes }],
        variables: { super_read_only: 'ON', read_only: 'ON' },
      }),
    ]
    const [, s2] = servers
    assert.ok(s2)
    const wanted = {
      replicaset: 'trio',
      subject: '',
      recoveryMethod: 'auto',
      cloneDonor: undefined,
      options: {},
      resets: [],
      label: undefined,
      tags: undefined,
      timeout: 60,
    } as const
    const { failure, diff } = planMember(wanted, s2, replicasetsOf(servers), LOGIN, () => undefined)
    assert.equal(failure, undefined)
    return diff.map(({ before }) => before).join()
  }

  it('is left alone when its receiver is just connecting', () => {
    const stopped = /replication is stopped/
    assert.doesNotMatch(reasons({ receiver: 'ON' }), stopped)
    assert.doesNotMatch(reasons({ receiver: 'CONNECTING' }), stopped)
    assert.match(reasons({ receiver: 'OFF' }), stopped)
  })
})
