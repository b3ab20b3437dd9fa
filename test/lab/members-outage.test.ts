import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DEFAULT_LOGIN } from '../../src/mysql/login.js'
import { arrived } from './arrived.js'
import { SERVERS } from './cluster-hosts.js'
import { labHosts } from './contract-host.js'
import { changes, play, PROJECT, transcript, type Run } from './signet.js'
import { shell, sql, startLab, stopLab, testLab, type TestLab, tryShell } from './servers.js'
import { seen } from './status-view.js'
import { checkRunRerun, kill, runTask, start, type TaskArguments } from './task.js'

const LAB = testLab('outage')
const CLUSTER = `${SERVERS}- hosts: mysql
  become: true
  gather_facts: false
  roles:
    - role: innodb_cluster
      innodb_cluster_name: one
`

describe('outages of a cluster with certificates and passwords', () => {
  let lab: TestLab
  const states = (host: string): Promise<readonly string[]> =>
    sql(
      LAB,
      host,
      'SELECT MEMBER_HOST, MEMBER_STATE FROM performance_schema.replication_group_members ORDER BY 1',
    )
  const ONLINE = ['s1\tONLINE', 's2\tONLINE', 's3\tONLINE']
  async function converges(host: string, module: string, args: TaskArguments): Promise<Run> {
    const { check, run, changed } = await checkRunRerun(lab, host, module, args)
    assert.deepEqual(changed, [1, 1, 0], `${transcript(check)}\n${transcript(run)}`)
    assert.equal(run.code, 0, transcript(run))
    // Cases look at any member.
    await arrived(lab)
    return run
  }
  async function refused(host: string, module: string, args: TaskArguments, why: RegExp): Promise<void> {
    const run = await runTask(lab, host, module, args)
    assert.equal(run.code, 2, transcript(run))
    assert.match(run.stdout, why)
  }

  before(async () => {
    lab = await startLab(LAB, 3)
    await writeFile(join(lab.directory, 'cluster.yml'), CLUSTER)
    const run = await play([
      join(lab.directory, 'cluster.yml'),
      '-i',
      lab.inventory,
      '--roles-path',
      join(PROJECT, 'roles'),
    ])
    assert.equal(run.code, 0, transcript(run))
    await sql(LAB, 's1', 'CREATE DATABASE d; CREATE TABLE d.t (n INT PRIMARY KEY)')
  })
  after(() => stopLab(LAB))

  it('passwords of recovery accounts are renewed on both sides', async () => {
    const hashes = async (): Promise<readonly string[]> =>
      sql(
        LAB,
        's2',
        "SELECT HEX(authentication_string) FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_cluster\\_%' ORDER BY user",
      )
    const before = await hashes()
    const run = await runTask(lab, 's2', 'innodb_cluster_recovery_accounts', {})
    assert.equal(run.code, 0, transcript(run))
    await arrived(lab)
    const after = await hashes()
    assert.equal(new Set([...before, ...after]).size, 6)
    const young = await runTask(lab, 's2', 'innodb_cluster_recovery_accounts', { max_age_days: 1 })
    assert.deepEqual(changes(young), [])
    // The new password is good for coming back.
    await sql(LAB, 's2', 'STOP GROUP_REPLICATION; START GROUP_REPLICATION')
    await seen(
      () => states('s1'),
      (found) => {
        assert.deepEqual(found, ONLINE)
      },
    )
  })

  it('what a statement waits for is told while it does; one that is given up does not go on', async () => {
    const lock =
      'SELECT ID FROM performance_schema.processlist WHERE INFO LIKE "%SLEEP(999)%" AND ID <> CONNECTION_ID()'
    const locked = async (): Promise<string> => {
      // As a backup does.
      await shell(
        LAB,
        's1',
        "setsid mysql -e 'FLUSH TABLES WITH READ LOCK; SELECT SLEEP(999)' </dev/null >/dev/null 2>&1 & sleep 0.1",
      )
      const [id] = await seen(
        () => sql(LAB, 's1', lock),
        (rows) => {
          assert.equal(rows.length, 1)
        },
      )
      return id ?? ''
    }
    const told = (holder: string): string =>
      `its state is "Waiting for global read lock", for \\d+ s; what it needs is held by session ${holder} of root@localhost \\(Query, User sleep, \\d+ s\\)`

    const first = await locked()
    const hosts = labHosts(LAB)
    const text = "ALTER USER 'mysql_innodb_cluster_2'@'%' COMMENT 'late'"
    await assert.rejects(
      hosts.writer('s1').perform([
        {
          do: 'sql',
          login: DEFAULT_LOGIN,
          timeout: 3,
          note: 'comment on an account',
          statements: [{ text }],
        },
      ]),
      (error: Error) => {
        assert.match(
          error.message,
          new RegExp(
            `^comment on an account: the server did not answer in time, which is 3 s: ${told(first)} \\(down\\) on: ALTER USER`,
          ),
        )
        return true
      },
    )
    await hosts.close()
    await sql(LAB, 's1', `KILL ${first}`)
    await seen(
      () =>
        sql(
          LAB,
          's1',
          "SELECT COUNT(*) FROM performance_schema.processlist WHERE INFO LIKE 'ALTER USER%'; SELECT COUNT(*) FROM mysql.user WHERE User_attributes LIKE '%late%'",
        ),
      (found) => {
        assert.deepEqual(found, ['0', '0'])
      },
    )

    const second = await locked()
    let freed: Promise<unknown> | undefined
    const file = join(lab.directory, 'renew.yml')
    await writeFile(
      file,
      JSON.stringify([
        {
          hosts: 's2',
          gather_facts: false,
          become: true,
          tasks: [{ name: 'renew', innodb_cluster_recovery_accounts: { members: lab.hosts } }],
        },
      ]),
    )
    const run = await play([file, '-i', lab.inventory], {
      onOutput: (output) => {
        if (output.includes('warning: s1: ')) freed ??= sql(LAB, 's1', `KILL ${second}`)
      },
    })
    await freed
    assert.equal(run.code, 0, transcript(run))
    assert.match(
      run.stdout + run.stderr,
      new RegExp(
        `warning: s1: renew the password of mysql_innodb_cluster_\\d: no answer for 15 s: ${told(second)}\n`,
      ),
    )
  })

  it('writes are fenced off, and let in again', async () => {
    await converges('s2', 'innodb_cluster_fence', { fenced: 'writes' })
    const write = await tryShell(LAB, 's1', 'mysql -e "INSERT INTO d.t VALUES (1)"')
    assert.match(write.text, /super-read-only/)
    await converges('s3', 'innodb_cluster_fence', { fenced: 'none' })
    await sql(LAB, 's1', 'INSERT INTO d.t VALUES (1)')
  })

  it('all traffic is fenced off; a reboot lets it in again', async () => {
    await converges('s1', 'innodb_cluster_fence', { fenced: 'all_traffic' })
    for (const host of ['s1', 's2', 's3'])
      assert.deepEqual(await sql(LAB, host, 'SELECT @@offline_mode, @@super_read_only'), ['1\t1'])
    await refused('s1', 'innodb_cluster_fence', { fenced: 'none' }, /innodb_cluster_reboot/)
    await converges('s1', 'innodb_cluster_reboot', {})
    assert.deepEqual(await states('s1'), ONLINE)
    assert.deepEqual(await sql(LAB, 's3', 'SELECT @@offline_mode'), ['0'])
  })

  it('after a power failure the member with the most transactions begins', async () => {
    // s1 misses what the others did.
    await sql(LAB, 's1', 'STOP GROUP_REPLICATION')
    const open = async (): Promise<readonly string[]> => {
      const others = ['s2', 's3'] as const
      const closed = await Promise.all(others.map((host) => sql(LAB, host, 'SELECT @@super_read_only')))
      return others.filter((_, at) => closed[at]?.[0] === '0')
    }
    // They elect another primary.
    const [primary = ''] = await seen(open, (found) => {
      assert.equal(found.length, 1)
    })
    await sql(LAB, primary, 'INSERT INTO d.t VALUES (2)')
    await Promise.all(['s1', 's2', 's3'].map((host) => kill(LAB, host)))
    await Promise.all(['s1', 's2', 's3'].map((host) => start(LAB, host)))
    await refused(
      's1',
      'innodb_cluster_instance',
      { cluster: 'one', cert_subject: '/CN=s1' },
      /innodb_cluster_reboot/,
    )
    await refused('s1', 'innodb_cluster_reboot', { members: ['s2'] }, /do not answer: s3:3306/)
    await converges('s1', 'innodb_cluster_reboot', {})
    assert.deepEqual(await states('s1'), ONLINE)
    assert.deepEqual(await sql(LAB, 's1', 'SELECT COUNT(*) FROM d.t'), ['2'])
    const [first] = await sql(
      LAB,
      's1',
      "SELECT MEMBER_HOST FROM performance_schema.replication_group_members WHERE MEMBER_ROLE = 'PRIMARY'",
    )
    assert.notEqual(first, 's1')
  })

  it('a majority is lost: the quorum is forced where nobody else runs, and the lost come back', async () => {
    // A primary of its own choice, so that s3 is the one that is left.
    const chosen = await runTask(lab, 's3', 'innodb_cluster_primary', {})
    assert.equal(chosen.code, 0, transcript(chosen))
    const idle = await runTask(lab, 's3', 'innodb_cluster_quorum', {})
    assert.deepEqual(changes(idle), [], transcript(idle))
    // When they start again they wait to be brought back: the case before this one has members that try by themselves.
    for (const host of ['s1', 's2']) await sql(LAB, host, 'SET PERSIST group_replication_start_on_boot = OFF')
    await Promise.all(['s1', 's2'].map((host) => kill(LAB, host)))
    await shell(
      LAB,
      's3',
      `until [ "$(mysql -NBe "SELECT COUNT(*) FROM performance_schema.replication_group_members WHERE MEMBER_STATE = 'UNREACHABLE'")" = 2 ]; do sleep 0.3; done`,
    )
    await refused(
      's3',
      'innodb_cluster_instance',
      { cluster: 'one', cert_subject: '/CN=s3', state: 'absent' },
      /innodb_cluster_quorum/,
    )
    await converges('s3', 'innodb_cluster_quorum', {})
    await seen(
      () => states('s3'),
      (found) => {
        assert.deepEqual(found, ['s3\tONLINE'])
      },
    )
    assert.deepEqual(await sql(LAB, 's3', "SELECT @@group_replication_force_members = ''"), ['1'])
    await sql(LAB, 's3', 'INSERT INTO d.t VALUES (3)')
    await Promise.all(['s1', 's2'].map((host) => start(LAB, host)))
    for (const host of ['s1', 's2']) {
      const back = await runTask(lab, host, 'innodb_cluster_instance', {
        cluster: 'one',
        cert_subject: `/CN=${host}`,
      })
      assert.equal(back.code, 0, transcript(back))
      assert.deepEqual(await sql(LAB, host, 'SELECT @@group_replication_start_on_boot'), ['1'])
    }
    await arrived(lab)
    assert.deepEqual(await states('s1'), ONLINE)
  })

  it('a group that was started twice is told, and not touched; the side that was stopped comes back', async () => {
    await sql(
      LAB,
      's1',
      'STOP GROUP_REPLICATION; SET GLOBAL group_replication_bootstrap_group = ON; START GROUP_REPLICATION; SET GLOBAL group_replication_bootstrap_group = OFF',
    )
    await seen(
      async () => [...(await states('s1')), '-', ...(await states('s3'))],
      (found) => {
        assert.deepEqual(found, ['s1\tONLINE', '-', 's2\tONLINE', 's3\tONLINE'])
      },
    )
    const instance = { cluster: 'one', cert_subject: '/CN=s1' }
    const twice = /runs twice: s[13] and s[13] are primaries/
    await refused('s1', 'innodb_cluster_instance', instance, twice)
    await refused('s2', 'innodb_cluster_primary', {}, twice)
    await sql(LAB, 's1', 'STOP GROUP_REPLICATION')
    const back = await runTask(lab, 's1', 'innodb_cluster_instance', instance)
    assert.equal(back.code, 0, transcript(back))
    await arrived(lab)
    assert.deepEqual(await states('s3'), ONLINE)
  })

  it('a controller that is killed while it dissolves the cluster: the next run completes the job', async () => {
    const rows = await sql(LAB, 's3', 'SELECT COUNT(*) FROM d.t')
    const args = { name: 'one', state: 'absent' }
    const file = join(lab.directory, 'dissolve.yml')
    await writeFile(
      file,
      JSON.stringify([
        {
          hosts: 's1',
          gather_facts: false,
          become: true,
          tasks: [{ name: 'dissolve', innodb_cluster: { ...args, members: lab.hosts } }],
        },
      ]),
    )
    const killed = await play([file, '-i', lab.inventory, '-v'], {
      onOutput: (text, end) => {
        if (text.includes('forget the cluster on')) end('SIGKILL')
      },
    })
    assert.equal(killed.signal, 'SIGKILL', transcript(killed))
    await converges('s1', 'innodb_cluster', args)
    for (const host of ['s1', 's2', 's3']) {
      assert.deepEqual(
        await sql(
          LAB,
          host,
          "SELECT COUNT(*) FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_%'; SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'mysql_innodb%'; SELECT @@group_replication_start_on_boot; SELECT COUNT(*) FROM d.t",
        ),
        ['0', '0', '0', ...rows],
      )
    }
    // The last primary goes on for its clients.
    assert.deepEqual(await sql(LAB, 's3', 'SELECT @@super_read_only; INSERT INTO d.t VALUES (4)'), ['0'])
  })
})
