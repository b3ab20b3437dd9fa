import assert from 'node:assert/strict'
import type { ChannelDetails } from '../../../src/mysql/channel-details.js'
import type { ReplicationChannel } from '../../../src/mysql/instance.js'
import { channelState, withoutQuery, type ChannelState } from '../../../src/mysql/views/channel-status.js'
import { cloneProgressOf } from '../../../src/mysql/views/recovery-status.js'

/** Nothing but what the state of a channel depends on. */
type Threads = Partial<ReplicationChannel & ChannelDetails>

const ERROR = { error: 'e', errorNumber: 1007, errorTimestamp: '' }

describe('the state of a channel', () => {
  const cases: readonly (readonly [state: ChannelState, threads: Threads])[] = [
    ['ON', {}],
    ['OFF', { receiver: 'OFF', workersOff: 4, coordinatorState: 'OFF' }],
    ['RECEIVER_OFF', { receiver: 'OFF' }],
    ['APPLIER_OFF', { workersOff: 4, coordinatorState: 'OFF' }],
    ['APPLIER_OFF', { receiver: 'CONNECTING', workersOff: 4, coordinatorState: 'OFF' }],
    ['CONNECTING', { receiver: 'CONNECTING', errorNumber: 2003 }],
    ['CONNECTION_ERROR', { receiver: 'OFF', errorNumber: 1045 }],
    ['APPLIER_ERROR', { workersOff: 4, coordinatorState: 'OFF', workerErrors: [ERROR] }],
    ['APPLIER_ERROR', { workersOff: 4, coordinatorState: 'OFF', coordinatorError: ERROR }],
    ['APPLIER_ERROR', { workersOff: 1 }],
    ['APPLIER_ERROR', { receiver: 'OFF', errorNumber: 1045, workersOff: 1, workerErrors: [ERROR] }],
  ]
  for (const [state, threads] of cases)
    it(`${state}: ${JSON.stringify(threads)}`, () => {
      const channel = { receiver: 'ON', errorNumber: 0, applier: 'ON', ...threads } as ReplicationChannel
      const details = {
        applierWorkers: 4,
        workersOff: 0,
        workerErrors: [],
        coordinatorState: 'ON',
        coordinatorError: undefined,
        ...threads,
      } as unknown as ChannelDetails
      assert.equal(channelState(channel, details), state)
    })

  it('is told without the statement that failed, which may hold a hash', () => {
    assert.equal(
      withoutQuery(
        "Worker 1 failed executing transaction 'u:7'; Error 'exists' on query. Default database: 'd'. Query: 'CREATE USER a IDENTIFIED WITH x AS 'hash''",
      ),
      "Worker 1 failed executing transaction 'u:7'; Error 'exists' on query",
    )
  })
})

describe('the progress of a clone', () => {
  it('has the stages of the last clone only; without one there is none', () => {
    const stages = [1, 2].map((ID) => ({
      ID,
      STAGE: 'FILE COPY',
      STATE: 'In Progress',
      ESTIMATE: '10',
      DATA: '5',
    }))
    const status = { ID: 2, STATE: 'Failed', BEGIN_TIME: 't', ERROR_NO: 3862, ERROR_MESSAGE: 'no' }
    assert.deepEqual(cloneProgressOf([status], stages), {
      state: 'Failed',
      beginTime: 't',
      errorNumber: 3862,
      error: 'no',
      stages: [{ stage: 'FILE COPY', state: 'In Progress', estimate: 10, data: 5 }],
    })
    assert.equal(cloneProgressOf([], stages), undefined)
  })
})
