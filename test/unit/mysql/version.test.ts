import assert from 'node:assert/strict'
import { atLeast, binaryLogStatus, needsViewChangeUuid, resetBinaryLogs } from '../../../src/mysql/version.js'

describe('statements by version', () => {
  it('versions are compared as numbers', () => {
    assert.equal(atLeast('8.0.4', '8.0.31'), false)
    assert.equal(atLeast('10.1.0', '9.7.0'), true)
    assert.equal(atLeast('9.7.4-2-log', '9.7.4'), true)
    assert.equal(atLeast('8.4', '8.4.0'), true)
  })
  it('8.0 has its own names', () => {
    assert.equal(resetBinaryLogs('8.0.33').text, 'RESET MASTER')
    assert.equal(resetBinaryLogs('8.4.0').text, 'RESET BINARY LOGS AND GTIDS')
    assert.equal(binaryLogStatus('8.1.0'), 'SHOW MASTER STATUS')
    assert.equal(binaryLogStatus('9.7.4'), 'SHOW BINARY LOG STATUS')
  })
  it('view changes have a UUID of their own before 8.3', () => {
    assert.deepEqual(['8.0.26', '8.0.33', '8.2.0', '8.3.0', '9.7.4'].map(needsViewChangeUuid), [
      false,
      true,
      true,
      false,
      false,
    ])
  })
})
