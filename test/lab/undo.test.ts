import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SERVERS, tearDown } from './cluster-hosts.js'
import { differences } from './cluster-state.js'
import { describedState } from './described-state.js'
import { play, PROJECT, results, transcript, type Run } from './signet.js'
import { serverState, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import type { TaskArguments } from './task.js'

const LAB = testLab('undo')

/**
 * How many admin statements of each operation fail, each in a run of its own, besides one after which the server refuses
 * everything. SIGNET_TEST_UNDO_POINTS=all takes hours and is for changes of the admin part; it may be done in parts, such
 * as SIGNET_TEST_UNDO_POINTS=1-20. SIGNET_TEST_UNDO_FAULTS says how they fail (fault-at.mjs), SIGNET_TEST_UNDO_LOG=yes
 * shows each.
 */
const POINTS = process.env['SIGNET_TEST_UNDO_POINTS'] ?? '1'
const FAULTS = (process.env['SIGNET_TEST_UNDO_FAULTS'] ?? 'refuse,lose-answer,lose').split(',')

const SOCKET = { login_unix_socket: '/run/mysqld/mysqld.sock' }

/** An operation of AdminAPI, or of a module for accounts, as one task. */
interface Operation {
  readonly name: string
  readonly host: string
  readonly module: string
  readonly args: TaskArguments
  /** SQL that has to be done on the host first. */
  readonly prepare?: string
  /** What leads back to the state before, once it could not be undone. */
  readonly back?: Pick<Operation, 'host' | 'module' | 'args'>
}

const CERTIFIED = { member_auth_type: 'CERT_SUBJECT', cert_issuer: '/CN=MyName' }
const member = (cluster: string, host: string): Pick<Operation, 'host' | 'module' | 'args'> => ({
  host,
  module: 'innodb_cluster_instance',
  args: { cluster, cert_subject: `/CN=${host}` },
})
const follower = (host: string): Pick<Operation, 'host' | 'module' | 'args'> => ({
  host,
  module: 'innodb_replicaset_instance',
  args: { replicaset: 'replicas', cert_subject: `/CN=${host}` },
})

/** One after the other, on the same servers. */
const CLUSTERS: readonly Operation[] = [
  {
    name: 'createCluster',
    host: 's1',
    module: 'innodb_cluster',
    args: { name: 'primary', member_ssl_mode: 'VERIFY_IDENTITY', ...CERTIFIED, cert_subject: '/CN=s1' },
  },
  { name: 'addInstance', ...member('primary', 's2') },
  {
    name: 'createClusterSet',
    host: 's1',
    module: 'innodb_clusterset',
    args: { name: 'set', cluster_set_replication_ssl_mode: 'VERIFY_IDENTITY' },
  },
  {
    name: 'createReplicaCluster',
    host: 's3',
    module: 'innodb_replica_cluster',
    args: { name: 'replica', cert_subject: '/CN=s3' },
  },
  { name: 'addInstance, replica cluster', ...member('replica', 's4') },
  {
    name: 'setupAdminAccount',
    host: 's1',
    module: 'innodb_admin_account',
    args: { user: 'boss', require_cert_issuer: '/CN=MyName', require_cert_subject: '/CN=boss' },
  },
  {
    name: 'setupRouterAccount',
    host: 's1',
    module: 'innodb_router_account',
    args: { user: 'router', password: 'Secret-4711', require_ssl: true },
  },
  {
    name: 'mysql_user, new',
    host: 's1',
    module: 'mysql_user',
    args: { name: 'app', host: '%', password: 'Secret-4712', priv: 'sys.*:SELECT', ...SOCKET },
  },
  {
    name: 'mysql_user, changed',
    host: 's1',
    module: 'mysql_user',
    args: {
      name: 'app',
      host: '%',
      password: 'Secret-4713',
      tls_requires: { SSL: null },
      priv: 'sys.*:SELECT,EXECUTE',
      ...SOCKET,
    },
  },
  {
    name: 'setOption',
    host: 's1',
    module: 'innodb_cluster',
    args: { name: 'primary', expel_timeout: 7, auto_rejoin_tries: 5, tags: { site: 'north' } },
  },
  {
    name: 'setInstanceOption',
    host: 's2',
    module: 'innodb_cluster_instance',
    args: { ...member('primary', 's2').args, member_weight: 70, label: 'two', tags: { rack: 2 } },
  },
  {
    name: 'setPrimaryInstance',
    host: 's2',
    module: 'innodb_cluster_primary',
    args: {},
    back: { host: 's1', module: 'innodb_cluster_primary', args: {} },
  },
  { name: 'rejoinInstance', ...member('primary', 's1'), prepare: 'STOP GROUP_REPLICATION' },
  {
    name: 'setPrimaryCluster',
    host: 's1',
    module: 'innodb_clusterset_primary',
    args: { cluster: 'replica' },
    back: { host: 's1', module: 'innodb_clusterset_primary', args: { cluster: 'primary' } },
  },
  {
    name: 'removeInstance',
    host: 's1',
    module: 'innodb_cluster_instance',
    args: { cluster: 'primary', state: 'absent' },
    back: member('primary', 's1'),
  },
]
const REPLICASETS: readonly Operation[] = [
  {
    name: 'createReplicaSet',
    host: 's1',
    module: 'innodb_replicaset',
    args: { name: 'replicas', replication_ssl_mode: 'VERIFY_IDENTITY', ...CERTIFIED, cert_subject: '/CN=s1' },
  },
  {
    name: 'addInstance, ReplicaSet',
    ...follower('s2'),
    back: { ...follower('s2'), args: { replicaset: 'replicas', state: 'absent' } },
  },
  {
    name: 'setPrimaryInstance, ReplicaSet',
    host: 's2',
    module: 'innodb_replicaset_primary',
    args: { replicaset: 'replicas' },
    back: { host: 's1', module: 'innodb_replicaset_primary', args: { replicaset: 'replicas' } },
  },
  {
    name: 'removeInstance, ReplicaSet',
    host: 's1',
    module: 'innodb_replicaset_instance',
    args: { replicaset: 'replicas', state: 'absent' },
    back: follower('s1'),
  },
]

interface Statement {
  readonly sql: string
  /** Of the broken one: name of its server. */
  readonly host?: string
}

describe('an operation of which a statement fails', function () {
  this.timeout(/^\d$/.test(POINTS) ? 900_000 : 0)
  let lab: TestLab
  const file = (name: string): string => join(lab.directory, name)
  const run = (playbook: string, env: Record<string, string> = {}): Promise<Run> =>
    play([file(playbook), '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles')], {
      env: {
        NODE_OPTIONS: `--import=${join(PROJECT, 'test/lab/fault-at.mjs')}`,
        SIGNET_TEST_STATEMENTS: file('statements'),
        ...env,
      },
    })

  before(async () => {
    lab = await startLab(LAB, 4)
    await writeFile(file('servers.yml'), SERVERS)
    const servers = await run('servers.yml')
    assert.equal(servers.code, 0, transcript(servers))
  })
  after(() => stopLab(LAB))

  describe('clusters and a ClusterSet', () => live(CLUSTERS))
  describe('a ReplicaSet', () => live(REPLICASETS))

  /** All operations once as they are, for their states and numbers of statements; then each with failures. */
  function live(operations: readonly Operation[]): void {
    const wanted = new Map<Operation, { readonly state: string; readonly statements: number }>()

    before(async () => {
      await tearDown(lab, lab.hosts)
      await forgetMore()
      for (const operation of operations) {
        await prepare(operation)
        await succeeds(operation)
        wanted.set(operation, {
          state: await describedState(lab),
          statements: (await sentStatements()).length,
        })
      }
      await tearDown(lab, lab.hosts)
      await forgetMore()
    })

    for (const [order, operation] of operations.entries())
      it(operation.name, async () => {
        const whole = wanted.get(operation)
        assert.ok(whole)
        await prepare(operation)
        const problems: string[] = []
        for (const [index, point] of pointsOf(POINTS, whole.statements, order).entries()) {
          const fault = `${FAULTS[(order + index) % FAULTS.length] ?? 'refuse'}:${point}`
          const { found, stays } = await fails(operation, fault)
          problems.push(...found.map((problem) => `${fault} of ${whole.statements}: ${problem}`))
          if (!stays) continue
          if (operation.back === undefined) break
          await succeeds(operation)
          await succeeds(operation.back)
        }
        problems.push(...(await failsForGood(operation, Math.ceil((whole.statements * 2) / 3))))
        await succeeds(operation)
        assert.equal(await describedState(lab), whole.state)
        assert.deepEqual(problems, [])
      })
  }

  /** What only these operations leave besides: with it gone, the servers are as they were first. */
  async function forgetMore(): Promise<void> {
    for (const host of lab.hosts) {
      const plugins = await sql(
        LAB,
        host,
        "SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE PLUGIN_NAME IN ('clone', 'group_replication')",
      )
      const statements = [
        'SET SESSION sql_log_bin = 0',
        'DROP USER IF EXISTS app, boss, router',
        ...plugins.map((plugin) => `UNINSTALL PLUGIN ${plugin}`),
      ]
      await sql(LAB, host, statements.join('; '))
    }
  }

  async function prepare({ host, prepare: statement }: Operation): Promise<void> {
    if (statement !== undefined) await sql(LAB, host, statement)
  }

  async function perform({ host, module, args }: Task, fault?: string): Promise<Run> {
    const members = module.startsWith('innodb') ? { members: lab.hosts } : {}
    const tasks = [{ name: 'Operation', [module]: { ...members, ...args } }]
    await writeFile(
      file('task.yml'),
      JSON.stringify([{ hosts: host, gather_facts: false, become: true, tasks }]),
    )
    return run('task.yml', fault === undefined ? {} : { SIGNET_TEST_FAULT: fault })
  }

  async function succeeds(task: Task): Promise<void> {
    const done = await perform(task)
    assert.equal(done.code, 0, transcript(done))
  }

  async function sentStatements(): Promise<readonly Statement[]> {
    const lines = (await readFile(file('statements'), 'utf8')).split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as Statement)
  }

  const states = (): Promise<readonly string[]> =>
    Promise.all(lab.hosts.map((host) => serverState(LAB, host)))

  /** What is wrong about a failure: its report, and what it left. @returns stays: it says that nothing was undone */
  async function fails(
    operation: Operation,
    fault: string,
  ): Promise<{ readonly found: readonly string[]; readonly stays: boolean }> {
    const before = await states()
    const done = await perform(operation, fault)
    if (done.code === 0) {
      // It waited less than the first time, and was over before.
      const isOver = (await sentStatements()).length < Number(fault.split(':')[1])
      return { found: isOver ? [] : ['it goes on as if nothing had happened'], stays: true }
    }
    const message = messageOf(done)
    const stays = message.includes('What was done so far stays. Run again')
    const after = await states()
    const left = lab.hosts.flatMap((host, at) => {
      const keeps = message.includes(`: ${host} keeps the transactions`)
      const [old, young] = [before[at] ?? '', after[at] ?? '']
      const lines = stays
        ? []
        : keeps
          ? differences(besidesData(old), besidesData(young))
          : differences(old, young)
      return lines.map((line) => `${host}: ${line}`)
    })
    const found = [...(await badReport(operation, done, fault)), ...left]
    log(fault, operation, done, found)
    return { found, stays }
  }

  /** The server refuses a statement and all that come after it: whatever would undo. */
  async function failsForGood(operation: Operation, point: number): Promise<readonly string[]> {
    const done = await perform(operation, `refuse-from:${point}`)
    const message = messageOf(done)
    const found = [
      ...(await badReport(operation, done, `refuse-from:${point}`)),
      ...(message.includes('was undone') || message.includes('had changed was')
        ? [`it tells of success: ${message}`]
        : []),
      ...(/these steps are not taken back:(\n {2}\S.* \(s\d\): .*injected)+/.test(message) ||
      message.split('\n').length === 1 ||
      message.includes('What was done so far stays')
        ? []
        : [`it does not tell what is left: ${message}`]),
    ]
    log(`refuse-from:${point}`, operation, done, found)
    return found
  }

  async function badReport(operation: Operation, done: Run, fault: string): Promise<readonly string[]> {
    const message = messageOf(done)
    const statements = await sentStatements()
    const broken = statements[Number(fault.split(':')[1]) - 1]
    const host = broken?.host ?? 'none'
    const told = fault.startsWith('refuse')
      ? /^\S.*: injected \(1644\) on: \S/
      : /^\S.*: .*(closed|lost|connection).* on: \S/i
    const all = `${done.stdout}${done.stderr}${JSON.stringify(done.events)}`
    return [
      ...(done.code === 2 ? [] : [`exit code ${done.code ?? '?'}: ${transcript(done)}`]),
      ...(told.test(message) ? [] : [`no purpose or no answer of the server: ${message}`]),
      ...(host === operation.host || new RegExp(`\\b${host}\\b`).test(message)
        ? []
        : [`${host} is not named: ${message}`]),
      ...secretsOf(statements)
        .filter((secret) => all.includes(secret))
        .map((secret) => `a secret is shown: ${secret}`),
    ]
  }
})

type Task = Pick<Operation, 'host' | 'module' | 'args'>

const messageOf = (run: Run): string => results(run)[0]?.result.message ?? ''

function log(fault: string, { name }: Operation, done: Run, found: readonly string[]): void {
  if (process.env['SIGNET_TEST_UNDO_LOG'] === undefined) return
  const text = messageOf(done).replaceAll('\n', '\n     ')
  const problems = found.map((line) => `  !! ${line}\n`).join('')
  process.stderr.write(
    `${new Date().toISOString().slice(11, 19)} ${done.elapsed.toFixed(1)} ${found.length === 0 ? 'GREEN' : 'RED'} ${name} ${fault}\n     ${text}\n${problems}`,
  )
}

/** Persisted variables, channels, group and read-only flags: what a server has that did not come by replication. */
const besidesData = (state: string): string => state.split(/^--$/m).slice(4, 8).join('--')

/** Passwords, and what they are stored as, in statements. */
function secretsOf(statements: readonly Statement[]): readonly string[] {
  const all = statements.map(({ sql: text }) => text).join('\n')
  const found = all.matchAll(/(?:IDENTIFIED BY|SOURCE_PASSWORD=|BY) ?'([^']{8,})'|\b(0x[0-9a-f]{16,})/gi)
  return [...new Set([...found].map((match) => match[1] ?? match[2] ?? ''))]
}

/** The statements that fail: all, those of a range, or some spread evenly over all, for each operation elsewhere. */
function pointsOf(points: string, total: number, order: number): readonly number[] {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(points) ?? []
  if (first !== undefined)
    return Array.from(
      { length: Math.max(0, Math.min(total, Number(last)) - Number(first) + 1) },
      (_, index) => Number(first) + index,
    )
  const count = points === 'all' ? total : Math.min(total, Number(points))
  const shift = (0.5 + order * 0.618) % 1
  return Array.from({ length: count }, (_, index) => Math.ceil(((index + shift) * total) / count) || 1)
}
