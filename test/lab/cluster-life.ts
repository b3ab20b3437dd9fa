import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hosts } from '../../src/host/hosts.js'
import { Overlay } from '../../src/host/overlay.js'
import { hostLayout, labLayout } from '../../src/lab/layout.js'
import { readArguments } from '../../src/modules/arguments.js'
import { findModule } from '../../src/modules/index.js'
import type { Module, Plan } from '../../src/modules/module.js'
import type { TaskResult } from '../../src/report/events.js'
import { arrived } from './arrived.js'
import { clusterState, differences } from './cluster-state.js'
import { contractContext, labHosts, watchedReader } from './contract-host.js'
import type { TestLab } from './servers.js'
import { play, results, transcript, type Run } from './signet.js'
import { kill, start, type TaskArguments } from './task.js'

/** What is special about a task. */
export interface Told {
  /** It only reads, or finds all as it shall be. */
  readonly reads?: true
  /** It acts every time, as its documentation says. */
  readonly everyTime?: true
  /** The hosts of its play; all hosts of the lab by default. */
  readonly play?: readonly string[]
}

/** Keys that every result has, besides those that its module documents. */
const COMMON = ['changed', 'failed', 'msg']

/**
 * Servers that live through clusters: each task of this life holds the contracts that every module has to. A probe has
 * nothing but the questions of check mode; check mode changes nothing, says what the run then does, and has the keys
 * of its result; the same task again finds nothing to do.
 */
export class Life {
  readonly #examples = new Set<string>()
  /** Where check mode expected another state after a task than the one that the task leaves. */
  readonly #surprises: string[] = []
  readonly #dead = new Set<string>()
  #hosts: Hosts
  #observer: Hosts

  /** @param aliases other inventory names of hosts of the lab */
  constructor(
    readonly lab: TestLab,
    readonly aliases: Readonly<Record<string, string>> = {},
  ) {
    this.#hosts = labHosts(lab.name, aliases)
    this.#observer = labHosts(lab.name, aliases)
  }

  /** Runs an example of a module's documentation as it stands there, and holds its contracts. */
  async example(module: string, description: string, host: string, told: Told = {}): Promise<Run> {
    const example = moduleNamed(module).examples.find((each) => each.description === description)
    assert.ok(example, `${module} has no example "${description}"`)
    const run = await this.task(module, example.args, host, told)
    this.#examples.add(`${module}: ${description}`)
    return run
  }

  /** Tasks after which check mode would do the same task again. */
  get surprises(): readonly string[] {
    return this.#surprises
  }

  /** Examples of modules that this life has not run. */
  missed(modules: readonly string[]): readonly string[] {
    return modules
      .flatMap((name) => moduleNamed(name).examples.map(({ description }) => `${name}: ${description}`))
      .filter((each) => !this.#examples.has(each))
  }

  /** Runs a task on a host and holds the contracts of its module. */
  async task(name: string, args: TaskArguments, host: string, told: Told = {}): Promise<Run> {
    const module = moduleNamed(name)
    const label = `${name} on ${host}: ${JSON.stringify(args)}`
    const before = await this.#settled()
    const probed = await this.#probe(module, args, host, told)
    const check = await this.#play(name, args, host, told, '--check', '--diff')
    assert.equal(check.code, 0, `${label}\n${transcript(check)}`)
    assert.deepEqual(differences(before, await this.#state()), [], `${label}: check mode changed something`)
    const [predicted, predictedAgain] = resultsOn(check, host)
    const run = await this.#play(name, args, host, told)
    assert.equal(run.code, 0, `${label}\n${transcript(run)}`)
    const [done, again] = resultsOn(run, host)

    const changes = told.reads === true ? 'ok' : 'changed'
    const later = told.everyTime === true ? 'changed' : 'ok'
    assert.equal(probed.plan.everyTime === true, told.everyTime === true, `${label}: acts every time`)
    assert.deepEqual(
      [probed.plan.steps.length > 0 ? 'changed' : 'ok', predicted.status, done.status],
      [changes, changes, changes],
      `${label}: plan, check, run\n${transcript(check)}\n${transcript(run)}`,
    )
    assert.equal(again.status, later, `${label}: the same task again\n${transcript(run)}`)
    if (predictedAgain.status !== later)
      this.#surprises.push(
        `${label}: again, in check mode: ${predictedAgain.status} ${predictedAgain.message ?? ''} ${predictedAgain.diff
          .map(({ what, before, after }) => `${what}: ${String(before)} -> ${String(after)}`)
          .join('; ')}`,
      )
    const documented = Object.keys(module.returns).sort()
    assert.deepEqual(probed.keys, documented, `${label}: keys of the probe`)
    for (const result of [predicted, done, again]) assert.deepEqual(keysOf(result), documented, label)
    for (const { warnings } of [done, again])
      assert.deepEqual(
        warnings.filter((text) => text.includes('did not converge')),
        [],
        label,
      )
    return run
  }

  /** Takes the power of hosts away. */
  async kill(...hosts: readonly string[]): Promise<void> {
    await Promise.all(hosts.map((host) => kill(this.lab.name, host)))
    for (const host of hosts) this.#dead.add(host)
    await this.#reconnect()
  }

  /** Gives it back. */
  async start(...hosts: readonly string[]): Promise<void> {
    await Promise.all(hosts.map((host) => start(this.lab.name, host)))
    for (const host of hosts) this.#dead.delete(host)
    await this.#reconnect()
  }

  async close(): Promise<void> {
    await Promise.all([this.#hosts.close(), this.#observer.close()])
  }

  async #reconnect(): Promise<void> {
    await this.close()
    this.#hosts = labHosts(this.lab.name, this.aliases)
    this.#observer = labHosts(this.lab.name, this.aliases)
  }

  /** Probe and plan with the reader of check mode, which notes what they use of it. */
  async #probe(
    module: Module,
    given: TaskArguments,
    host: string,
    told: Told,
  ): Promise<{ readonly plan: Plan; readonly keys: readonly string[] }> {
    const hosts = this.#hosts
    const among = told.play ?? this.lab.hosts
    for (const each of new Set([host, ...among])) hosts.forget(each)
    const used = new Set<string>()
    const args = readArguments(module, given as Readonly<Record<string, never>>, undefined)
    const controller = new Overlay().reader(hosts.reader('localhost'))
    const task = await contractContext(controller, {}, among)
    const state = await module.probe(watchedReader(hosts, host, used), args, task)
    assert.deepEqual(
      [...used].filter((name) => !['ask', 'peer', 'host', 'then'].includes(name)),
      [],
      `${module.name}: what its probe uses of its reader`,
    )
    const plan = module.plan(args, state)
    return { plan, keys: Object.keys(module.result?.(args, state, plan, undefined) ?? {}).sort() }
  }

  /** A play of all hosts in which one has the task, twice. */
  async #play(
    module: string,
    args: TaskArguments,
    host: string,
    told: Told,
    ...words: readonly string[]
  ): Promise<Run> {
    const file = join(this.lab.directory, 'life.yml')
    const task = { [module]: args, when: `inventory_hostname == '${host}'` }
    const tasks = [
      { name: 'first', ...task },
      { name: 'again', ...task },
    ]
    const hosts = (told.play ?? this.lab.hosts).join(',')
    await writeFile(file, JSON.stringify([{ hosts, gather_facts: false, become: true, tasks }]))
    return play([file, '-i', this.lab.inventory, ...(await this.#aliasInventory()), ...words])
  }

  /** Words that let a play know the aliases, too. */
  async #aliasInventory(): Promise<readonly string[]> {
    const names = Object.entries(this.aliases)
    if (names.length === 0) return []
    const layout = labLayout(this.lab.name)
    const file = join(this.lab.directory, 'aliases.yml')
    const hosts = names.map(([alias, host]) => {
      const { address, sshSocket } = hostLayout(layout, host)
      return [alias, { ansible_host: address, ansible_ssh_unix_socket: sshSocket }] as const
    })
    await writeFile(file, JSON.stringify({ all: { hosts: Object.fromEntries(hosts) } }))
    return ['-i', file]
  }

  /** Waits until changes have arrived everywhere, at the hosts that are up. */
  arrived(): Promise<void> {
    return arrived({ ...this.lab, hosts: this.#alive })
  }

  get #alive(): readonly string[] {
    return this.lab.hosts.filter((host) => !this.#dead.has(host))
  }

  #state(): Promise<string> {
    return clusterState(this.#observer, this.lab.name, this.#alive)
  }

  /** The state of the servers when what went before has come to rest. */
  async #settled(): Promise<string> {
    await this.arrived()
    let last = await this.#state()
    let changing: readonly string[] = []
    for (let tries = 0; tries < 100; tries++) {
      const now = await this.#state()
      if (now === last) return now
      changing = differences(last, now)
      last = now
    }
    throw new Error(`the servers do not come to rest\n${changing.join('\n')}`)
  }
}

function moduleNamed(name: string): Module {
  const module = findModule(name)
  assert.ok(module, `there is no module ${name}`)
  return module
}

/** The two results of the task on its host. */
function resultsOn(run: Run, host: string): readonly [TaskResult, TaskResult] {
  const [first, again] = ['first', 'again'].map(
    (name) => results(run).find((each) => each.host === host && each.task === name)?.result,
  )
  assert.ok(first && again, transcript(run))
  return [first, again]
}

const keysOf = ({ values }: TaskResult): readonly string[] =>
  Object.keys(values)
    .filter((key) => !COMMON.includes(key))
    .sort()
