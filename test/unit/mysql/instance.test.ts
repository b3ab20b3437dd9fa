import assert from 'node:assert/strict'
import { readInstance } from '../../../src/mysql/instance.js'
import type { Query } from '../../../src/mysql/pool.js'

const SETS = Array.from(
  { length: 40 },
  (_, id) => `${String(id).padStart(8, '0')}-0000-0000-0000-000000000001:1-9`,
)

/** Answers as MySQL 9.7 does to what is asked about sets of transactions; nothing else is known of it. */
const server: Query = (statement) => {
  const full = SETS.join(',\n')
  if (statement.includes('@@global.gtid_executed')) return Promise.resolve([{ executed: full, purged: full }])
  if (statement.includes('performance_schema.global_variables'))
    return Promise.resolve(['gtid_executed', 'gtid_purged'].map((n) => ({ n, v: full.slice(0, 1024) })))
  return Promise.resolve([])
}

describe('the picture of a server', () => {
  it('has the whole set of its transactions, of which performance_schema shows 1024 characters', async () => {
    const { gtidExecuted, gtidPurged } = await readInstance(server)
    assert.equal(gtidExecuted, SETS.join(','))
    assert.equal(gtidPurged, SETS.join(','))
  })
})
