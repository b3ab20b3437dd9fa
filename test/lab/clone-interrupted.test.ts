import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CRASH_WHILE_COPYING, JOIN, REPLICA, type Operation } from './clone-operations.js'
import { SERVERS, tearDown } from './cluster-hosts.js'
import { describedState } from './described-state.js'
import { counted, counting, killedAfter, killedBefore, pointsOf } from './killed.js'
import { shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { changes, play, PROJECT, transcript, type Run } from './signet.js'
import { resultOf, runTask, watchTask } from './task.js'

const LAB = testLab('clone')

/**
 * How many statements of each operation the controller is killed after, each in turn; spread evenly.
 * SIGNET_TEST_CLONE_POINTS=all, or a part such as 1-40, is for changes of the admin part.
 */
const POINTS = process.env['SIGNET_TEST_CLONE_POINTS'] ?? '1'

/** SIGNET_TEST_PATIENT=yes lets a server try to join its group for as long as it does, which is a minute. */
const PATIENT = process.env['SIGNET_TEST_PATIENT'] !== undefined

const CERTIFIED = { member_auth_type: 'CERT_SUBJECT', cert_issuer: '/CN=MyName' }

/** Waits until a server is being cloned. */
const COPYING =
  'until mysql -NBe "SELECT STATE FROM performance_schema.clone_status" | grep -q Progress; do sleep 0.1; done'
/** Lets a clone that was slow enough to be met come to its end. */
const UNLIMITED = "mysql -e 'SET GLOBAL clone_max_data_bandwidth = 0'"

/** What is special about a run: a shell command on its host once it says something; how many clones there were in all. */
interface Told {
  readonly when?: string
  readonly then?: string
  readonly clones?: number
}

describe('a controller that dies while a server is cloned: the next run ends in the same state', function () {
  this.timeout(/^\d$/.test(POINTS) ? 600_000 : 0)
  let lab: TestLab
  before(async () => {
    lab = await startLab(LAB, 3)
    const file = join(lab.directory, 'servers.yml')
    await writeFile(file, SERVERS)
    const servers = await play([file, '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles')])
    assert.equal(servers.code, 0, transcript(servers))
    const args = { name: 'primary', member_ssl_mode: 'VERIFY_IDENTITY', ...CERTIFIED, cert_subject: '/CN=s1' }
    await succeeds(runTask(lab, 's1', 'innodb_cluster', args))
  })
  after(() => stopLab(LAB))

  describe('a member of a cluster', () => {
    interrupted(JOIN)

    it('whose server is being restarted is waited for; check mode says that it does not know', async () => {
      await dieWhileCopying(JOIN)
      await shell(
        LAB,
        's2',
        `mkdir -p /run/systemd/system/mysql.service.d; touch /run/hold
        printf '[Service]\\nTimeoutStartSec=infinity\\nExecStartPre=/bin/sh -c "while test -e /run/hold; do sleep 0.1; done"\\n' > /run/systemd/system/mysql.service.d/slow.conf
        systemctl daemon-reload
        ${UNLIMITED}
        until [ "$(systemctl is-active mysql)" = activating ]; do sleep 0.1; done`,
      )
      const check = await run(JOIN, '--check')
      assert.equal(resultOf(check).status, 'unknown', transcript(check))
      assert.match(resultOf(check).message ?? '', /MySQL server of s2 is starting/)
      const done = await completes(JOIN, 'its server was being restarted', {
        when: 'wait until the MySQL server of s2 is restarted',
        then: 'rm /run/hold',
      })
      assert.match(done.stdout, /wait until the MySQL server of s2 is restarted/)
      await shell(LAB, 's2', 'rm -r /run/systemd/system/mysql.service.d; systemctl daemon-reload')
    })

    it('that its group clones by itself is waited for, and gets credentials of its own', async () => {
      await reset(JOIN)
      const { host, module, args } = JOIN
      const env = killedBefore('START GROUP_REPLICATION')
      const killed = await watchTask(lab, host, module, args, { env })
      assert.equal(killed.signal, 'SIGKILL', transcript(killed))
      const more = 'CREATE DATABASE more; DROP DATABASE more; '
      await sql(LAB, 's1', more.repeat(3))
      // Its group would try for a minute to take it in again with credentials that are not its own.
      await sql(
        LAB,
        's2',
        `SET GLOBAL clone_max_data_bandwidth = 1; SET GLOBAL clone_delay_after_data_drop = 10; SET GLOBAL group_replication_clone_threshold = 1;
        SET PERSIST group_replication_start_on_boot = ${PATIENT ? 'ON' : 'OFF'}; START GROUP_REPLICATION`,
      )
      if (!PATIENT) await shell(LAB, 's2', COPYING)
      const check = await run(JOIN, '--check', '--diff')
      assert.deepEqual(changes(check), ['s2: innodb_cluster_instance'], transcript(check))
      const done = await completes(JOIN, 'its group clones it', {
        when: PATIENT ? 'joins its group by itself' : 'wait for the clone',
        then: UNLIMITED,
      })
      assert.match(
        done.stdout,
        PATIENT
          ? /which joins its group by itself/
          : /wait for the clone of s1:3306 to s2 that an earlier run began/,
      )
    })
  })

  describe('the first member of a replica cluster', () => {
    before(async () => {
      await succeeds(runTask(lab, 's2', JOIN.module, JOIN.args))
      const args = { name: 'set', cluster_set_replication_ssl_mode: 'VERIFY_IDENTITY' }
      await succeeds(runTask(lab, 's1', 'innodb_clusterset', args))
    })
    interrupted(REPLICA)
  })

  const wanted = new Map<string, string>()

  /** The operation as it is, for its state; then killed. */
  function interrupted(operation: Operation): void {
    let total: number
    before(async () => {
      await reset(operation)
      const file = join(lab.directory, 'statements')
      const { host, module, args } = operation
      await succeeds(watchTask(lab, host, module, args, { env: counting(file) }))
      total = await counted(file)
      wanted.set(operation.name, await describedState(lab))
    })

    it(`killed after its statements, ${POINTS} of them in turn`, async () => {
      const { host, module, args } = operation
      for (const point of pointsOf(POINTS, total)) {
        await reset(operation)
        const killed = await watchTask(lab, host, module, args, { env: killedAfter(point) })
        assert.equal(killed.signal, 'SIGKILL', `statement ${point} of ${total}: ${transcript(killed)}`)
        await completes(operation, `killed after statement ${point} of ${total}`)
      }
    })

    it('killed while the data are copied: its server goes on alone, and the next run waits for it', async () => {
      await dieWhileCopying(operation)
      const check = await run(operation, '--check', '--diff')
      assert.deepEqual(changes(check), [`${operation.host}: ${operation.module}`], transcript(check))
      const copied = await sql(LAB, operation.host, 'SELECT STATE FROM performance_schema.clone_status')
      assert.deepEqual(copied, ['In Progress'], 'check mode waited for the clone')
      assert.match(check.stdout, /the clone of s1:3306 to s\d that an earlier run began goes on/)
      const done = await completes(operation, 'killed while the data are copied', {
        when: 'file copy',
        then: UNLIMITED,
        clones: 1,
      })
      // A look every half second may miss the files of a small server.
      assert.match(done.stdout, /clone to s\d: (file|page|redo) copy, \d+ %/)
    })

    it('killed, and the server crashes, too: it is cloned anew', async () => {
      await dieWhileCopying(operation)
      await shell(LAB, operation.host, CRASH_WHILE_COPYING)
      await completes(operation, 'the server crashed', { clones: 2 })
    })
  }

  /** The server has data of its own again, and belongs to nothing. */
  async function reset({ host, module, back }: Operation): Promise<void> {
    const plain = await sql(LAB, host, "SHOW DATABASES LIKE 'mysql\\_innodb\\_cluster\\_metadata'")
    if (plain.length > 0) await succeeds(runTask(lab, host, module, back))
    await tearDown(lab, [host])
    await sql(LAB, host, 'SET SESSION sql_log_bin = 0; CREATE DATABASE IF NOT EXISTS old')
  }

  /** The controller dies in the middle of a copy that takes long enough to be met by the next run. */
  async function dieWhileCopying(operation: Operation): Promise<void> {
    await reset(operation)
    await shell(
      LAB,
      operation.host,
      `mysql -NBe 'SHOW PLUGINS' | grep -q '^clone' || mysql -e "SET SESSION sql_log_bin = 0; INSTALL PLUGIN clone SONAME 'mysql_clone.so'"
      mysql -e 'SET GLOBAL clone_max_data_bandwidth = 1; SET GLOBAL clone_delay_after_data_drop = 10'`,
    )
    await diesWhen(operation, COPYING)
  }

  async function diesWhen({ host, module, args }: Operation, happened: string): Promise<void> {
    let die: (() => void) | undefined
    const running = watchTask(
      lab,
      host,
      module,
      args,
      {
        onOutput: (_, end) => {
          die = () => {
            end('SIGKILL')
          }
        },
      },
      '-v',
    )
    await shell(LAB, host, happened)
    die?.()
    const dead = await running
    assert.equal(dead.signal, 'SIGKILL', transcript(dead))
  }

  const run = ({ host, module, args }: Operation, ...words: readonly string[]): Promise<Run> =>
    runTask(lab, host, module, args, ...words)

  /** The next run. Once it says something, something is done on the host; of its clones it is looked at how many there were. */
  async function completes(operation: Operation, label: string, told: Told = {}): Promise<Run> {
    const { host, module, args } = operation
    const { clones } = told
    const before = clones === undefined ? '' : await cloneOf(host)
    let act: Promise<string> | undefined
    const onOutput = (text: string): void => {
      if (told.when !== undefined && text.includes(told.when)) act ??= shell(LAB, host, told.then ?? '')
    }
    const done = await watchTask(lab, host, module, args, { onOutput }, '-v')
    await act
    assert.equal(done.code, 0, `${label}: ${transcript(done)}`)
    if (clones !== undefined)
      assert.equal((await cloneOf(host)) === before, clones === 1, `${label}: cloned again or not`)
    await isAsNever(operation, label)
    return done
  }

  /** Nothing is left of what the server was, and all is as after a run that nobody killed; another changes nothing. */
  async function isAsNever(operation: Operation, when = ''): Promise<void> {
    assert.equal(await describedState(lab), wanted.get(operation.name), when)
    assert.deepEqual(await sql(LAB, operation.host, "SHOW DATABASES LIKE 'old'"), [], when)
    assert.deepEqual(changes(await run(operation)), [], when)
  }

  /** When the last clone to a host began. */
  const cloneOf = async (host: string): Promise<string> =>
    (await sql(LAB, host, 'SELECT BEGIN_TIME FROM performance_schema.clone_status')).join()

  async function succeeds(running: Promise<Run>): Promise<void> {
    const done = await running
    assert.equal(done.code, 0, transcript(done))
  }
})
