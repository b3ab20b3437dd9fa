import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { arrived } from './arrived.js'
import { members as membersSeen, SERVERS, tearDown } from './cluster-hosts.js'
import { differences } from './cluster-state.js'
import { describedState } from './described-state.js'
import { counted, counting, killedAfter, pointsOf } from './killed.js'
import { serverState, shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { changes, play, PROJECT, transcript, type Run } from './signet.js'
import { seen } from './status-view.js'
import { checkRunRerun, resultOf, runTask, type TaskArguments } from './task.js'

const LAB = testLab('removals')

/** How many statements of each removal the controller is killed after, spread evenly; `all` takes most of an hour. */
const POINTS = process.env['SIGNET_TEST_KILL_POINTS']

const PRIMARY = `
- hosts: s1,s2
  become: true
  gather_facts: false
  roles: [{role: innodb_cluster, innodb_cluster_name: east}]
- hosts: s1
  become: true
  gather_facts: false
  tasks:
    - name: ClusterSet
      innodb_clusterset: {name: globe, cluster_set_replication_ssl_mode: VERIFY_IDENTITY, members: [s1, s2, s3, s4]}
`
const REPLICA = `
- hosts: s1,s2,s3,s4
  become: true
  gather_facts: false
  tasks:
    - name: Replica cluster
      innodb_replica_cluster: {name: west, cert_subject: /CN=s3}
      when: inventory_hostname == 's3'
    - name: Its second member
      innodb_cluster_instance: {cluster: west, cert_subject: /CN=s4}
      when: inventory_hostname == 's4'
`
const member = (host: string, cluster: string, state: string): string => `
- hosts: ${host}
  become: true
  gather_facts: false
  tasks:
    - name: Member
      innodb_cluster_instance: {cluster: ${cluster}, cert_subject: /CN=${host}, state: ${state}, members: [s1, s2, s3, s4]}
`
const REMOVE_CLUSTER = `
- hosts: s1
  become: true
  gather_facts: false
  tasks:
    - name: No replica cluster
      innodb_replica_cluster: {name: west, state: absent, members: [s1, s2, s3, s4]}
`
const DISSOLVE = `
- hosts: s1
  become: true
  gather_facts: false
  tasks:
    - name: No ClusterSet
      innodb_clusterset: {name: globe, state: absent, members: [s1, s2]}
    - name: No cluster
      innodb_cluster: {name: east, state: absent, members: [s1, s2]}
`

describe('a controller that is killed while it removes something: the next run completes it', function () {
  this.timeout(POINTS === undefined ? 600_000 : 0)
  let lab: TestLab
  const file = (name: string): string => join(lab.directory, name)
  const run = async (text: string, env: Record<string, string> = {}, ...words: string[]): Promise<Run> => {
    await writeFile(file('play.yml'), text)
    return play([file('play.yml'), '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles'), ...words], {
      env,
    })
  }
  const done = async (text: string, ...words: string[]): Promise<Run> => {
    const ended = await run(text, {}, ...words)
    assert.equal(ended.code, 0, transcript(ended))
    return ended
  }

  before(async () => {
    lab = await startLab(LAB, 4)
    await done(SERVERS)
    await done(PRIMARY)
    await done(REPLICA)
  })
  after(() => stopLab(LAB))

  /** Changes arrive at the replica cluster when they arrive. */
  async function comesTo(wanted: string, label: string): Promise<void> {
    const deadline = Date.now() + 60_000
    for (;;) {
      const differ = differences(wanted, await describedState(lab))
      if (differ.length === 0) return
      if (Date.now() > deadline) assert.deepEqual(differ, [], label)
    }
  }

  /**
   * The removal in one go, as check mode said it; then, each time from the beginning, killed after some of its
   * statements and run again: all end the same.
   */
  async function completes(removal: string, points: string, restore: () => Promise<unknown>): Promise<void> {
    // So that each time begins alike.
    await done(removal)
    await restore()
    const before = await describedState(lab)
    const checked = await done(removal, '--check', '--diff')
    await comesTo(before, 'check mode changed something')
    const whole = await run(removal, counting(file('count')))
    assert.equal(whole.code, 0, transcript(whole))
    assert.ok(changes(whole).length > 0, transcript(whole))
    assert.deepEqual(changes(whole), changes(checked))
    assert.deepEqual(changes(await done(removal)), [])
    const wanted = await describedState(lab)
    const total = await counted(file('count'))
    for (const point of pointsOf(POINTS ?? points, total)) {
      const label = `killed after statement ${point} of ${total}`
      await restore()
      const killed = await run(removal, killedAfter(point), '-v')
      assert.equal(killed.signal, 'SIGKILL', `${label}\n${transcript(killed)}`)
      const completed = await run(removal, {}, '-v')
      assert.equal(completed.code, 0, `${label}\n${transcript(killed)}\n${transcript(completed)}`)
      await comesTo(wanted, `${label}\n${transcript(killed)}\n${transcript(completed)}`)
      assert.deepEqual(changes(await done(removal)), [], label)
    }
    await restore()
  }

  it('a member of a replica cluster is removed', () =>
    completes(member('s4', 'west', 'absent'), '2', () => done(member('s4', 'west', 'present'))))

  it('the primary of the primary cluster is removed', async () => {
    await completes(member('s1', 'east', 'absent'), '2', async () => {
      await done(member('s1', 'east', 'present'))
      await done(`
- hosts: s1
  become: true
  gather_facts: false
  tasks:
    - name: The primary again
      innodb_cluster_primary: {members: [s1, s2, s3, s4]}
`)
    })
  })

  it('a replica cluster is removed from its ClusterSet', () =>
    completes(REMOVE_CLUSTER, '3', () => done(REPLICA)))

  it('a ClusterSet and its cluster are dissolved', async () => {
    await done(REMOVE_CLUSTER)
    await completes(DISSOLVE, '3', async () => {
      await tearDown(lab, ['s1', 's2'])
      await done(PRIMARY)
    })
    assert.deepEqual(await sql(LAB, 's1', 'SELECT @@super_read_only'), ['0'])
  })

  it('a cluster of which a member is gone is dissolved by force only; the member follows when it is back', async () => {
    const members = ['s1', 's2']
    const gone = await runTask(lab, 's1', 'innodb_clusterset', { name: 'globe', state: 'absent', members })
    assert.equal(gone.code, 0, transcript(gone))
    // In good order: of two members one that loses the other has no quorum.
    await arrived(lab)
    await shell(LAB, 's2', 'systemctl stop mysql')
    await seen(
      () => membersSeen(lab, 's1'),
      (found) => {
        assert.deepEqual(found, ['s1\tONLINE\tPRIMARY'])
      },
    )
    const absent = { name: 'east', state: 'absent', members }
    const before = await serverState(LAB, 's1')
    for (const words of [['--check'], []]) {
      const refused = await runTask(lab, 's1', 'innodb_cluster', absent, ...words)
      assert.equal(refused.code, 2, transcript(refused))
      assert.match(
        resultOf(refused).message ?? '',
        /members of cluster "east" do not answer: s2:3306\. .*force: true.*No answer from s2/s,
      )
    }
    assert.equal(await serverState(LAB, 's1'), before)
    const converges = async (args: TaskArguments): Promise<Run> => {
      const { check, run: once, changed } = await checkRunRerun(lab, 's1', 'innodb_cluster', args)
      assert.deepEqual(changed, [1, 1, 0], `${transcript(check)}\n${transcript(once)}`)
      return once
    }
    const dissolved = await converges({ ...absent, force: true })
    assert.match(
      resultOf(dissolved).warnings.join(),
      /s2:3306 does not answer and was left as it is\. When it is back, run the task once more/,
    )
    const remains = (host: string): Promise<readonly string[]> =>
      sql(
        LAB,
        host,
        "SELECT COUNT(*) FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_%'; SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'mysql_innodb%'; SELECT @@group_replication_start_on_boot, @@super_read_only",
      )
    assert.deepEqual(await remains('s1'), ['0', '0', '0\t0'])
    await shell(LAB, 's2', 'systemctl start mysql')
    // It clears the one that is back, and leaves the other as it is: open.
    await converges(absent)
    assert.deepEqual(await remains('s1'), ['0', '0', '0\t0'])
    assert.deepEqual(await remains('s2'), ['0', '0', '0\t1'])
  })
})
