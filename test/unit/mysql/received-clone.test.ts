import assert from 'node:assert/strict'
import type { ReceivedClone } from '../../../src/mysql/received-clone.js'
import { waitForClone } from '../../../src/mysql/received-clone.js'
import { chooseRecovery } from '../../../src/mysql/recovery-method.js'
import type { Server } from '../../../src/mysql/topology.js'
import { waitsFor } from '../../../src/mysql/goes-on.js'
import { alone, inGroup, LOGIN, uuid } from './pictures.js'

const MARKED = { clone_valid_donor_list: 's1:3306', skip_replica_start: 'ON' }
const DONE: ReceivedClone = { state: 'Completed', underWay: false, marked: true, source: 's1:3306' }
const WHOLE = { within: true, complete: true }

describe('how data come to a server that a run was cloning when it died', () => {
  const chosen = (server: Server, gtid = WHOLE) => chooseRecovery('clone', server, alone(1), gtid, false)

  it('is not cloned again when that clone came to its end, and what it gave is enough', () => {
    const server = alone(2, { persisted: MARKED, clone: DONE })
    assert.deepEqual(chosen(server), { method: 'incremental' })
    assert.deepEqual(chosen(server, { within: true, complete: false }), { method: 'clone' })
    assert.deepEqual(chosen(server, { within: false, complete: true }), { method: 'clone' })
  })

  it('is cloned again when it was another clone, when it ended half-way, and when there was none', () => {
    for (const clone of [{ ...DONE, marked: false }, { ...DONE, state: 'In Progress' }, undefined])
      assert.deepEqual(chosen(alone(2, { persisted: MARKED, ...(clone === undefined ? {} : { clone }) })), {
        method: 'clone',
      })
    assert.deepEqual(chosen(alone(2, { clone: DONE })), { method: 'clone' })
  })

  it('is what the clone gives that goes on, whatever it was before', () => {
    const clone = { ...DONE, state: 'In Progress', underWay: true }
    assert.deepEqual(chosen(alone(2, { clone }), { within: false, complete: false }), {
      method: 'incremental',
    })
  })
})

describe('the wait for a clone', () => {
  const wait = waitForClone(alone(2), alone(1), LOGIN)
  const answer = (row: Readonly<Record<string, string | number>>) => ({ kind: 'rows', rows: [row] }) as const
  const hopeless = (row: Readonly<Record<string, string | number>>): string =>
    (wait.do === 'wait' ? wait.hopeless?.(answer(row)) : undefined) ?? ''

  it('ends with this clone, not with one from before', () => {
    assert.ok(wait.do === 'wait')
    assert.equal(wait.until(answer({ state: 'Completed', marked: 1 })), true)
    assert.equal(wait.until(answer({ state: 'Completed', marked: 0 })), false)
    assert.match(hopeless({ state: 'Completed', marked: 0 }), /did not begin: the connection was lost/)
  })

  it('says what became of the data of the server', () => {
    const failed = { state: 'Failed', marked: 1, number: 3862, message: 'Donor gone' }
    assert.match(hopeless({ ...failed, dropped: 1 }), /Donor gone \(3862\)\. What s2 had is gone\./)
    assert.doesNotMatch(hopeless({ ...failed, dropped: 0 }), /is gone/)
    assert.match(
      hopeless({ state: 'In Progress', marked: 1, under_way: 0, dropped: 1 }),
      /ended while it was cloned\. What s2 had is gone\./,
    )
  })

  it('goes on while it is under way, and while nobody starts the server again', () => {
    assert.equal(hopeless({ state: 'In Progress', marked: 1, under_way: 1 }), '')
    assert.equal(hopeless({ state: 'Failed', marked: 1, number: 3707 }), '')
  })
})

describe('what goes on by itself on a server that is to become a member', () => {
  const noted = (server: Server): string =>
    waitsFor(server, LOGIN)
      .map(({ note = '' }) => note)
      .join()

  it('is a clone, its recovery, and the start of its group after that of the server', () => {
    const clone = { ...DONE, state: 'In Progress', underWay: true }
    const me = { uuid: uuid(2), host: 's2', port: 3306, role: 'SECONDARY' }
    assert.match(noted(alone(2, { clone })), /the clone of s1:3306 to s2/)
    assert.match(noted(alone(2, { members: [{ ...me, state: 'RECOVERING' }] })), /joins its group by itself/)
    assert.match(noted(alone(2, { startsGroup: true })), /joins its group by itself/)
  })

  it('is nothing when it is at rest', () => {
    assert.equal(noted(alone(2, { clone: DONE, startsGroup: false })), '')
    assert.equal(noted(inGroup(2, 'north', [1, 2])), '')
  })
})
