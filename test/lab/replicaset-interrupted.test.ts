import assert from 'node:assert/strict'
import { CRASH_WHILE_COPYING } from './clone-operations.js'
import { ReplicaSetHosts } from './replicaset-hosts.js'
import { shell, sql, stopLab, testLab } from './servers.js'

const LAB = testLab('rs-killed')

/** The next statement to be killed after: closer together at the beginning, where more is at stake; or every one. */
const later = (point: number): number =>
  process.env['SIGNET_TEST_KILL_POINTS'] === 'all' ? point + 1 : Math.ceil(point * 1.5)

describe('a controller that dies while it changes a ReplicaSet: the next run completes what it began', () => {
  let set: ReplicaSetHosts
  before(async () => {
    set = await ReplicaSetHosts.start(LAB)
  })
  after(() => stopLab(LAB))

  it('a removal, killed after one statement after the other', async () => {
    const remove = ['remove.yml', '-e', 'gone=s3'] as const
    let deaths = 0
    for (let point = 1; await set.diesAfter(point, ...remove); point = later(point)) {
      deaths += 1
      await set.succeeds(set.run(...remove))
      await isRemoved(`killed after statement ${point}`)
      assert.deepEqual(await set.succeeds(set.run('member.yml')), ['s3: Member'])
    }
    assert.ok(deaths > 3, `${deaths} deaths`)
    await isRemoved('not killed')
    assert.deepEqual(await set.succeeds(set.run(...remove)), [])
  })

  /** s3 has neither record nor account nor channel, and is closed for writes. */
  async function isRemoved(when: string): Promise<void> {
    const [members, left, gone] = await Promise.all([
      set.members(),
      sql(
        LAB,
        's1',
        "SELECT User FROM mysql.user WHERE User LIKE 'mysql\\_innodb\\_%' UNION SELECT address FROM mysql_innodb_cluster_metadata.instances",
      ),
      sql(
        LAB,
        's3',
        'SELECT @@global.super_read_only, COUNT(*) FROM performance_schema.replication_connection_configuration',
      ),
    ])
    assert.deepEqual(members, ['s1:PRIMARY:ONLINE', 's2:SECONDARY:ONLINE'], when)
    assert.deepEqual(left, ['mysql_innodb_rs_1', 'mysql_innodb_rs_2', 's1:3306', 's2:3306'], when)
    assert.deepEqual(gone, ['1\t0'], when)
  }

  it('a member that comes back', async () => {
    for (const moment of [
      'make the replication account of s3',
      'let s3 follow s1',
      'record s3 in ReplicaSet',
    ])
      await set.dies('member.yml', moment)
    await set.succeeds(set.run('member.yml'))
    await set.isWhole('s1')
    assert.deepEqual(await set.succeeds(set.run('member.yml')), [])
  })

  it('a clone: its server goes on alone, and the next run waits for it', async () => {
    await startsClone()
    const begun = await cloneBegun()
    assert.deepEqual(await set.succeeds(set.run('member.yml', '-e', 'how=clone')), ['s3: Member'])
    assert.deepEqual(await cloneBegun(), begun, 'it is not cloned again')
    await isCloned()
  })

  const cloneBegun = (): Promise<readonly string[]> =>
    sql(LAB, 's3', 'SELECT BEGIN_TIME FROM performance_schema.clone_status')

  it('a clone whose server crashes, too: it is cloned anew', async () => {
    await startsClone()
    await shell(LAB, 's3', CRASH_WHILE_COPYING)
    assert.deepEqual(await set.succeeds(set.run('member.yml', '-e', 'how=clone')), ['s3: Member'])
    await isCloned()
  })

  /** s3, no member any more, is being cloned when the controller dies: slowly enough to be met by the next run. */
  async function startsClone(): Promise<void> {
    await set.succeeds(set.run('remove.yml', '-e', 'gone=s3'))
    await shell(
      LAB,
      's3',
      `set -e; mysql -e 'SET GLOBAL super_read_only = OFF; SET SESSION sql_log_bin = 0; CREATE DATABASE old'
      mysql -NBe 'SHOW PLUGINS' | grep -q '^clone' || mysql -e "INSTALL PLUGIN clone SONAME 'mysql_clone.so'"
      mysql -e 'SET GLOBAL clone_max_data_bandwidth = 1; SET GLOBAL super_read_only = ON'`,
    )
    await set.diesWhen(
      () =>
        shell(
          LAB,
          's3',
          'until mysql -NBe "SELECT STATE FROM performance_schema.clone_status" | grep -q Progress; do sleep 0.1; done',
        ),
      'member.yml',
      '-e',
      'how=clone',
    )
  }

  /** Nothing of what s3 was, nor of the clone, is left. */
  async function isCloned(): Promise<void> {
    await set.isWhole('s1')
    assert.deepEqual(
      await sql(
        LAB,
        's3',
        "SHOW DATABASES LIKE 'old'; SELECT VARIABLE_NAME FROM performance_schema.persisted_variables ORDER BY 1",
      ),
      ['super_read_only'],
    )
    assert.deepEqual(await set.succeeds(set.run('member.yml')), [])
  }

  it('a change of the primary', async () => {
    const turns = [
      ['s3', 'record s3 as the primary'],
      ['s2', 'make s3 read-only'],
      ['s1', 'stop replication on s1'],
      ['s3', 'let s1 follow s3'],
      ['s1', 'let s1 take writes'],
    ] as const
    for (const [to, moment] of turns) {
      await set.dies('primary.yml', moment, '-e', `to=${to}`)
      await set.succeeds(set.run('primary.yml', '-e', `to=${to}`))
      assert.deepEqual(
        await set.members(),
        set.lab.hosts.map((host) => `${host}:${host === to ? 'PRIMARY' : 'SECONDARY'}:ONLINE`),
        moment,
      )
    }
    await shell(LAB, 's1', 'mysql -e "CREATE DATABASE app"')
    await set.isWhole('s1')
    assert.deepEqual(await set.succeeds(set.build()), [])
  })

  it('a change of the primary, killed after one statement after the other', async () => {
    let deaths = 0
    for (let point = 1, died = true; died; point = later(point), deaths++) {
      const to = `s${((deaths + 1) % 3) + 1}`
      const change = ['primary.yml', '-e', `to=${to}`] as const
      died = await set.diesAfter(point, ...change)
      await set.succeeds(set.run(...change))
      await set.isWhole(to)
    }
    assert.ok(deaths > 5, `${deaths} deaths`)
    await set.succeeds(set.run('primary.yml', '-e', 'to=s1'))
    await set.isWhole('s1')
  })

  it('a failover, killed after one statement after the other', async () => {
    let [from, to] = ['s1', 's2'] as [string, string]
    let deaths = 0
    for (let point = 2; ; point = later(point)) {
      const force = ['primary.yml', '-e', `to=${to}`, '-e', 'force=true', '-l', `${to},s3`] as const
      const when = `killed after statement ${point}`
      await set.stopServer(from)
      const died = await set.diesAfter(point, ...force)
      await set.succeeds(set.run(...force))
      assert.deepEqual(
        await set.members(),
        [`${from}:null:INVALIDATED`, `${to}:PRIMARY:ONLINE`, 's3:SECONDARY:ONLINE'].sort(),
        when,
      )
      assert.deepEqual(
        await sql(
          LAB,
          to,
          "SELECT @@global.super_read_only, @@global.read_only, COUNT(*) FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME = ''",
        ),
        ['0\t0\t0'],
        when,
      )
      await set.startServer(from)
      assert.deepEqual(await set.succeeds(set.run('member.yml')), [`${from}: Member`], when)
      await set.isWhole(to)
      ;[from, to] = [to, from]
      if (!died) break
      deaths += 1
    }
    assert.ok(deaths > 3, `${deaths} deaths`)
  })
})
