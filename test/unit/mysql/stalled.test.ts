import assert from 'node:assert/strict'
import { stalledText } from '../../../src/mysql/stalled.js'

describe('what a statement waits for', () => {
  it('is told with its state, who holds what it needs, and members that are not ONLINE', () => {
    assert.equal(
      stalledText(
        [{ s: 'Waiting for acl cache lock', t: 15 }],
        [
          { id: 7, u: 'root', h: 'localhost', c: 'Query', s: 'waiting for handler commit', t: 40 },
          { id: 8, u: null, h: null, c: 'Daemon', s: null, t: 3 },
        ],
        [{ h: 's2', p: 3306, s: 'UNREACHABLE' }],
      ),
      'its state is "Waiting for acl cache lock", for 15 s; what it needs is held by session 7 of root@localhost (Query, waiting for handler commit, 40 s); what it needs is held by session 8 of the server itself (Daemon, 3 s); in its group are not ONLINE: s2:3306 (UNREACHABLE)',
    )
    assert.equal(stalledText([], [], []), 'its session is over')
  })
})
