import assert from 'node:assert/strict'
import { wishedAttributes, withWish } from '../../../src/mysql/channel-options.js'

describe('options of a channel', () => {
  const wish = { set: { connectRetry: 5 }, reset: ['heartbeatPeriod', 'bind'] } as const

  it('what is asked for goes over what is recorded; what is reset is no more', () => {
    assert.deepEqual(withWish({ heartbeatPeriod: 4.5, retryCount: 7 }, wish), {
      connectRetry: 5,
      retryCount: 7,
    })
  })

  it('what is reset loses its attribute', () => {
    assert.deepEqual(wishedAttributes(wish), {
      opt_replConnectRetry: 5,
      opt_replHeartbeatPeriod: undefined,
      opt_replBind: undefined,
    })
  })
})
