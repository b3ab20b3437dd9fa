import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { arrived } from './arrived.js'
import { SERVERS, tearDown } from './cluster-hosts.js'
import { differences } from './cluster-state.js'
import { describedState } from './described-state.js'
import { badReport, failing, sentStatements } from './failed-run.js'
import { changes, play, PROJECT, results, transcript, type Run } from './signet.js'
import { serverState, shell, sql, startLab, type TestLab } from './servers.js'
import type { TaskArguments } from './task.js'

/**
 * How many admin statements of each operation fail, each in a run of its own, besides one after which the server refuses
 * everything. SIGNET_TEST_UNDO_POINTS=all takes hours and is for changes of the admin part; it may be done in parts, such
 * as SIGNET_TEST_UNDO_POINTS=1-20. SIGNET_TEST_UNDO_FAULTS says how they fail (fault-at.mjs), SIGNET_TEST_UNDO_LOG=yes
 * shows each.
 */
const POINTS = process.env['SIGNET_TEST_UNDO_POINTS'] ?? '1'
const FAULTS = (process.env['SIGNET_TEST_UNDO_FAULTS'] ?? 'refuse,lose-answer,lose').split(',')

/** Milliseconds that a test of the operations may take; no limit when more than some statements fail. */
export const LIMIT = /^\d$/.test(POINTS) ? 900_000 : 0

/** A module with its arguments, on one host. */
export interface Task {
  readonly host: string
  readonly module: string
  readonly args: TaskArguments
}

/** What is done between operations: a task, SQL, a shell command, or a wait until changes have arrived everywhere. */
export type Action =
  | Task
  | 'arrived'
  | { readonly host: string; readonly sql: string }
  | { readonly host: string; readonly shell: string }

/** An operation of AdminAPI, or of a module for accounts, as one task. */
export interface Operation extends Task {
  readonly name: string
  /** What has to be done first. */
  readonly prepare?: readonly Action[]
  /** What leads back to the state before `prepare`, once it could not be undone. */
  readonly back?: readonly Action[]
  /** What has to be done after it, for the operations that follow. */
  readonly after?: readonly Action[]
  /** Hosts whose servers are down meanwhile. */
  readonly away?: readonly string[]
  /** It changes something every time. */
  readonly always?: true
}

/** An operation that nothing disturbed: what came of it, and how many statements it took. */
interface Whole {
  readonly state: string
  readonly statements: number
}

/** Lets operations fail at single statements, on servers of a lab, and looks at what they say and leave. */
export class BrokenOperations {
  private constructor(readonly lab: TestLab) {}

  /** Boots hosts and makes servers with certificates of them. */
  static async start(name: string, count: number): Promise<BrokenOperations> {
    const lab = await startLab(name, count)
    const operations = new BrokenOperations(lab)
    await writeFile(operations.#file('servers.yml'), SERVERS)
    const servers = await operations.#run('servers.yml')
    assert.equal(servers.code, 0, transcript(servers))
    return operations
  }

  /** Makes the servers again what they were first. */
  async tearDown(): Promise<void> {
    await tearDown(this.lab, this.lab.hosts)
    for (const host of this.lab.hosts) {
      const plugins = await sql(
        this.lab.name,
        host,
        "SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE PLUGIN_NAME IN ('clone', 'group_replication')",
      )
      const statements = [
        'SET SESSION sql_log_bin = 0',
        'DROP USER IF EXISTS app, boss, router',
        ...plugins.map((plugin) => `UNINSTALL PLUGIN ${plugin}`),
      ]
      await sql(this.lab.name, host, statements.join('; '))
    }
  }

  async do(actions: readonly Action[] = []): Promise<void> {
    for (const action of actions)
      if (action === 'arrived') await arrived(this.lab)
      else if ('sql' in action) await sql(this.lab.name, action.host, action.sql)
      else if ('shell' in action) await shell(this.lab.name, action.host, action.shell)
      else {
        const done = await this.#perform(action)
        assert.equal(done.code, 0, transcript(done))
      }
  }

  /** Prepares an operation and performs it as it is. */
  async whole(operation: Operation): Promise<Whole> {
    await this.do(operation.prepare)
    await this.do([operation])
    const statements = (await sentStatements(this.lab)).length
    await this.#staysSo(operation)
    return { state: await this.#settled(operation), statements }
  }

  /** Lets it fail at some of its statements, then at one and all after it; a last run completes it, for good. */
  async breaks(operation: Operation, order: number, whole: Whole): Promise<void> {
    await this.do(operation.prepare)
    const problems: string[] = []
    for (const [index, point] of pointsOf(POINTS, whole.statements, order).entries()) {
      const fault = `${FAULTS[(order + index) % FAULTS.length] ?? 'refuse'}:${point}`
      const { found, stays } = await this.#fails(operation, fault)
      problems.push(...found.map((problem) => `${fault} of ${whole.statements}: ${problem}`))
      if (!stays) continue
      if (operation.back === undefined && operation.prepare === undefined) break
      await this.do([operation])
      await this.#comesTo(operation, whole.state, fault)
      await this.do(operation.back)
      await this.do(operation.prepare)
    }
    problems.push(...(await this.#failsForGood(operation, Math.ceil((whole.statements * 2) / 3))))
    await this.do([operation])
    await this.#comesTo(operation, whole.state, 'after all')
    await this.#staysSo(operation)
    assert.deepEqual(problems, [])
  }

  /** An operation disturbed and undisturbed, in turn. */
  async test(operation: Operation, order: number): Promise<void> {
    const whole = await this.whole(operation)
    await this.do(operation.back)
    await this.breaks(operation, order, whole)
    await this.do(operation.after)
  }

  #file(name: string): string {
    return join(this.lab.directory, name)
  }

  #run(playbook: string, fault?: string): Promise<Run> {
    return play([this.#file(playbook), '-i', this.lab.inventory, '--roles-path', join(PROJECT, 'roles')], {
      env: failing(this.lab, fault),
    })
  }

  async #perform({ host, module, args }: Task, fault?: string): Promise<Run> {
    const members = module.startsWith('innodb') ? { members: this.lab.hosts } : {}
    const tasks = [{ name: 'Operation', [module]: { ...members, ...args } }]
    await writeFile(
      this.#file('task.yml'),
      JSON.stringify([{ hosts: host, gather_facts: false, become: true, tasks }]),
    )
    return this.#run('task.yml', fault)
  }

  /** Once more, it finds nothing to do. */
  async #staysSo(operation: Operation): Promise<void> {
    if (operation.always === true) return
    const again = await this.#perform(operation)
    assert.equal(again.code, 0, transcript(again))
    assert.deepEqual(changes(again), [], transcript(again))
  }

  #hosts({ away = [] }: Operation): readonly string[] {
    return this.lab.hosts.filter((host) => !away.includes(host))
  }

  #described(operation: Operation): Promise<string> {
    return describedState({ ...this.lab, hosts: this.#hosts(operation) })
  }

  /** The state when all changes have arrived everywhere. */
  async #settled(operation: Operation): Promise<string> {
    for (let state = await this.#described(operation); ;) {
      const next = await this.#described(operation)
      if (next === state) return state
      state = next
    }
  }

  /** Changes arrive at replicas when they arrive. */
  async #comesTo(operation: Operation, wanted: string, label: string): Promise<void> {
    const deadline = Date.now() + 60_000
    for (;;) {
      const differ = differences(wanted, await this.#described(operation))
      if (differ.length === 0) return
      if (Date.now() > deadline) assert.deepEqual(differ, [], `${operation.name}, ${label}`)
    }
  }

  async #states(operation: Operation): Promise<ReadonlyMap<string, string>> {
    const hosts = this.#hosts(operation)
    await arrived({ ...this.lab, hosts })
    const states = await Promise.all(hosts.map((host) => serverState(this.lab.name, host)))
    return new Map(hosts.map((host, at) => [host, states[at] ?? '']))
  }

  /** What is wrong about a failure: its report, and what it left. @returns stays: it says that nothing was undone */
  async #fails(
    operation: Operation,
    fault: string,
  ): Promise<{ readonly found: readonly string[]; readonly stays: boolean }> {
    const before = await this.#states(operation)
    const done = await this.#perform(operation, fault)
    if (done.code === 0) {
      // It waited less than the first time, and was over before.
      const isOver = (await sentStatements(this.lab)).length < Number(fault.split(':')[1])
      return { found: isOver ? [] : ['it goes on as if nothing had happened'], stays: true }
    }
    const message = messageOf(done)
    const stays = isCommitted(message)
    const left = stays ? [] : await this.#left(operation, before, message)
    const found = [...(await badReport(this.lab, operation.host, done, fault)), ...left]
    log(fault, operation, done, found)
    return { found, stays }
  }

  /** In what the servers differ from before, besides what the message says. */
  async #left(
    operation: Operation,
    before: ReadonlyMap<string, string>,
    message: string,
  ): Promise<readonly string[]> {
    const after = await this.#states(operation)
    return [...before].flatMap(([host, old]) =>
      differences(told(old, host, message), told(after.get(host) ?? '', host, message)).map(
        (line) => `${host}: ${line}`,
      ),
    )
  }

  /** The server refuses a statement and all that come after it: whatever would undo. */
  async #failsForGood(operation: Operation, point: number): Promise<readonly string[]> {
    const fault = `refuse-from:${point}`
    const before = await this.#states(operation)
    const done = await this.#perform(operation, fault)
    const message = messageOf(done)
    const isTold = /these steps are not taken back:(\n {2}\S.* \(s\d\): .*injected)+/.test(message)
    const found = [
      ...(await badReport(this.lab, operation.host, done, fault)),
      ...(message.includes('was undone') || message.includes('had changed was')
        ? [`it tells of success: ${message}`]
        : []),
      // Whoever says nothing has done nothing.
      ...(isTold || isCommitted(message) ? [] : await this.#left(operation, before, message)),
    ]
    log(fault, operation, done, found)
    return found
  }
}

const messageOf = (run: Run): string => results(run)[0]?.result.message ?? ''
const isCommitted = (message: string): boolean => message.includes('What was done so far stays. Run again')

function log(fault: string, { name }: Operation, done: Run, found: readonly string[]): void {
  if (process.env['SIGNET_TEST_UNDO_LOG'] === undefined) return
  const text = messageOf(done).replaceAll('\n', '\n     ')
  const problems = found.map((line) => `  !! ${line}\n`).join('')
  process.stderr.write(
    `${new Date().toISOString().slice(11, 19)} ${done.elapsed.toFixed(1)} ${found.length === 0 ? 'GREEN' : 'RED'} ${name} ${fault}\n     ${text}\n${problems}`,
  )
}

/** A server's state (servers.ts) without what the message says can't be undone. */
function told(state: string, host: string, message: string): string {
  const [, left = ''] = /What can not be undone: (.*)\.$/m.exec(message) ?? []
  // Persisted variables, channels, group and read-only flags: what a server has that did not come by replication.
  const own = left.includes(`${host} keeps the transactions`) ? [4, 5, 6, 7] : undefined
  const channels = left.includes(`the old replication channel of ${host} is gone`) ? [5, 9] : []
  const lines = state
    .split(/^--$/m)
    .filter((_, at) => own?.includes(at) !== false && !channels.includes(at))
    .join('--')
  return / account (of s\d|mysql_innodb_\w+) is (gone|altered|made)/.test(left)
    ? lines
        .split('\n')
        .filter((line) => !/^'?mysql_innodb_/.test(line))
        .join('\n')
    : lines
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
