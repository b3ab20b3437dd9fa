import assert from 'node:assert/strict'
import { check, type Check } from '../../../src/mysql/verify/evidence.js'
import { lookAgain } from '../../../src/mysql/verify/look-again.js'
import { liveCheck } from '../../../src/mysql/verify/server-checks.js'
import { alone } from './pictures.js'

const USER = 'mysql_innodb_cluster_2'
/** What is seen of the connections of s2 at s1. */
const live = (...versions: readonly string[]): Check =>
  liveCheck(
    alone(1, { secureThreads: versions.map((version) => ({ user: USER, version, cipher: 'c' })) }),
    USER,
  )

describe('verify, at members that have just joined', () => {
  /** How often it looks when it sees one thing after another; the last one stays. */
  async function looks(...seen: readonly Check[]): Promise<{ readonly count: number; readonly ok: boolean }> {
    let count = 0
    const found = await lookAgain(
      () => {
        const one = seen[Math.min(count, seen.length - 1)]
        count++
        return Promise.resolve({ checks: one === undefined ? [] : [one] })
      },
      () => Promise.resolve(),
    )
    return { count, ok: found.checks.every(({ ok }) => ok) }
  }

  it('looks again until a connection is there', async () => {
    assert.deepEqual(await looks(live(), live(), live('TLSv1.3')), { count: 3, ok: true })
  })

  it('tells of one that does not come', async () => {
    assert.deepEqual(await looks(live()), { count: 9, ok: false })
  })

  it('does not look again for what stays, such as a connection without TLS', async () => {
    assert.deepEqual(await looks(live('TLSv1.3', '')), { count: 1, ok: false })
    assert.deepEqual(await looks(check('s1', 'speaks TLS', false, 'no')), { count: 1, ok: false })
  })
})
