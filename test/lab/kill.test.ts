import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SERVERS, tearDown } from './cluster-hosts.js'
import { changes, play, PROJECT, transcript, type Run } from './signet.js'
import { describedState } from './described-state.js'
import { startLab, stopLab, testLab, type TestLab } from './servers.js'

const LAB = testLab('kill')

/**
 * How many of the flagship's admin statements the controller is killed after, each in turn on plain servers; spread
 * evenly. SIGNET_TEST_KILL_POINTS=all takes hours and is for changes of the admin part; it may be done in parts,
 * such as SIGNET_TEST_KILL_POINTS=1-100.
 */
const POINTS = process.env['SIGNET_TEST_KILL_POINTS'] ?? '3'

const ADMIN = `
- hosts: primary_cluster
  become: true
  gather_facts: false
  roles: [{role: innodb_cluster, innodb_cluster_name: primary}]
- hosts: primary_cluster:replica_cluster
  become: true
  gather_facts: false
  roles: [innodb_clusterset]
`

describe('a controller that dies after any statement: the next run ends in the same state', function () {
  this.timeout(/^\d$/.test(POINTS) ? 900_000 : 0)
  let lab: TestLab
  let wanted: string
  let total: number
  const file = (name: string): string => join(lab.directory, name)
  const run = (playbook: string, env: Record<string, string> = {}): Promise<Run> =>
    play([file(playbook), '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles'), '-v'], {
      env: { NODE_OPTIONS: `--import=${join(PROJECT, 'test/lab/fault-at.mjs')}`, ...env },
    })

  before(async () => {
    lab = await startLab(LAB, 4)
    await writeFile(file('servers.yml'), SERVERS)
    await writeFile(file('admin.yml'), ADMIN)
    const servers = await run('servers.yml')
    assert.equal(servers.code, 0, transcript(servers))
    const whole = await run('admin.yml', { SIGNET_TEST_STATEMENTS: file('statements') })
    assert.equal(whole.code, 0, transcript(whole))
    total = (await readFile(file('statements'), 'utf8')).split('\n').length - 1
    wanted = await describedState(lab)
  })
  after(() => stopLab(LAB))

  it(`killed after ${POINTS} of its statements, in turn`, async () => {
    assert.ok(total > 100, `only ${total} statements`)
    for (const point of pointsOf(POINTS, total)) {
      await tearDown(lab, lab.hosts)
      const killed = await run('admin.yml', { SIGNET_TEST_FAULT: `kill:${point}` })
      assert.equal(killed.signal, 'SIGKILL', `statement ${point} of ${total}: ${transcript(killed)}`)
      const completed = await run('admin.yml')
      assert.equal(
        completed.code,
        0,
        `killed after statement ${point}:\n${transcript(killed)}\n${transcript(completed)}`,
      )
      assert.equal(await describedState(lab), wanted, `killed after statement ${point}`)
    }
    assert.deepEqual(changes(await run('admin.yml')), [])
  })

  it('killed again and again, a little later each time', async () => {
    await tearDown(lab, lab.hosts)
    let runs = 0
    for (let point = 2; ; point = Math.ceil(point * 1.5)) {
      const killed = await run('admin.yml', { SIGNET_TEST_FAULT: `kill:${point}` })
      runs += 1
      if (killed.signal === null) {
        assert.equal(killed.code, 0, transcript(killed))
        break
      }
    }
    assert.ok(runs > 4, `${runs} runs`)
    assert.equal(await describedState(lab), wanted)
  })
})

/** The statements to kill after: those of a range, or spread evenly over all. */
function pointsOf(points: string, total: number): readonly number[] {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(points) ?? []
  if (first !== undefined)
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index)
  const count = points === 'all' ? total : Number(points)
  return Array.from({ length: count }, (_, index) => Math.round(((index + 0.5) * total) / count) || 1)
}
