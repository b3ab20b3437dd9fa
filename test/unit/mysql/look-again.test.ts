import assert from 'node:assert/strict'
import { accountChecks } from '../../../src/mysql/verify/account-checks.js'
import { check, type Check } from '../../../src/mysql/verify/evidence.js'
import { lookAgain } from '../../../src/mysql/verify/look-again.js'
import { replicasetsOf } from '../../../src/mysql/replicaset/replicaset.js'
import { replicasetChecks } from '../../../src/mysql/verify/replicaset-checks.js'
import { liveCheck } from '../../../src/mysql/verify/server-checks.js'
import { topologyOf } from '../../../src/mysql/topology.js'
import { alone, channelTo1, record, uuid } from './pictures.js'

const USER = 'mysql_innodb_cluster_2'
/** What is seen of the connections of s2 at s1. */
const live = (...versions: readonly string[]): Check =>
  liveCheck(
    alone(1, { secureThreads: versions.map((version) => ({ user: USER, version, cipher: 'c' })) }),
    USER,
  )

describe('verify, while something is on its way', () => {
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

  /** What is seen of the account of s2 at s2, which has executed so many transactions of the five of s1; s1 has the account. */
  const account = (executed: number, there: boolean): Check => {
    const is = { user: USER, host: '%', sslType: '', issuer: '', subject: '', hasPassword: true }
    const [row] = record({ one: [2] }).instances
    assert.ok(row)
    const [, seen] = accountChecks(
      row,
      'recoveryAccountUser',
      { sslMode: 'REQUIRED', authType: 'PASSWORD', issuer: '' },
      [
        alone(1, { accounts: [is], gtidExecuted: `${uuid(1)}:1-5` }),
        alone(2, { accounts: there ? [is] : [], gtidExecuted: `${uuid(1)}:1-${executed}` }),
      ],
    )
    assert.ok(seen)
    return seen
  }

  it('looks again while an account is on its way to a server', async () => {
    assert.deepEqual(await looks(account(3, false), account(4, false), account(5, true)), {
      count: 3,
      ok: true,
    })
  })

  it('looks again while a channel of a ReplicaSet connects', async () => {
    const metadata = {
      ...record({ set: [1, 2] }),
      clusters: [
        { id: 'set', name: 'set', type: 'ar', primaryMode: 'pm', attributes: {}, clustersetId: null },
      ],
      replicasetMembers: [1, 2].map((instanceId) => ({
        clusterId: 'set',
        instanceId,
        masterInstanceId: instanceId === 1 ? null : 1,
        primary: instanceId === 1,
      })),
    }
    const state = (receiver: string): Check => {
      const servers = [
        alone(1, { metadata }),
        alone(2, {
          metadata,
          channels: [channelTo1('', { receiver })],
          variables: { super_read_only: 'ON' },
        }),
      ]
      const [set] = replicasetsOf(servers)
      assert.ok(set)
      const found = replicasetChecks(set, {
        topology: topologyOf(servers),
        sets: [set],
        silent: [],
        files: new Map(),
        served: new Map(),
        attempts: [],
        now: new Date(0),
      }).find(({ where, what }) => where === 's2' && what === 'is ONLINE in its ReplicaSet')
      assert.ok(found)
      return found
    }
    assert.deepEqual(await looks(state('CONNECTING'), state('ON')), { count: 2, ok: true })
    assert.deepEqual(await looks(state('OFF')), { count: 1, ok: false })
  })

  it('does not wait for an account that will not come', async () => {
    assert.deepEqual(await looks(account(5, false)), { count: 1, ok: false })
  })

  it('does not look again for what stays, such as a connection without TLS', async () => {
    assert.deepEqual(await looks(live('TLSv1.3', '')), { count: 1, ok: false })
    assert.deepEqual(await looks(check('s1', 'speaks TLS', false, 'no')), { count: 1, ok: false })
  })
})
