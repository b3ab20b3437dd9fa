import { SignetError } from '../errors.js'
import { connectionTarget, type ConnectionSettings, type ConnectionTarget } from '../connection/target.js'
import { Hosts } from '../host/hosts.js'
import { Overlay } from '../host/overlay.js'
import type { VarsDirectory, VarsSource } from '../inventory/inventory.js'
import type { Play, Playbook, RoleUse, Task } from '../playbook/play.js'
import type { HostRecap, Status, TaskResult } from '../report/events.js'
import { resolve, type TemplateScope } from '../template/template.js'
import type { ValueMap } from '../value/value.js'
import type { ScopeContext, Variables } from '../variables/variables.js'
import type { RunOptions } from './options.js'

type Counts = { -readonly [K in Exclude<keyof HostRecap, 'traffic'>]: number }

/** What lives as long as a whole run: hosts, variables, the overlay of check mode, and what became of each host. */
export class Run {
  readonly options: RunOptions
  readonly variables: Variables
  readonly hosts: Hosts
  readonly overlay = new Overlay()
  readonly failed = new Set<string>()
  readonly unreachable = new Set<string>()
  readonly #counts = new Map<string, Counts>()
  readonly #settings: ConnectionSettings
  /** The play that is running: connections are made with its variables. */
  current: PlayRun | undefined
  started: boolean

  constructor(options: RunOptions, variables: Variables, settings: ConnectionSettings) {
    this.options = options
    this.variables = variables
    this.#settings = settings
    this.started = options.startAtTask === undefined
    this.hosts = new Hosts({
      targetOf: (host) => this.#targetOf(host),
      signal: options.environment.signal,
      now: options.environment.now,
      onOutput: (host, stream, text) => options.emit({ event: 'output', host, stream, text }),
      onNote: (host, text) => options.emit({ event: 'note', host, text }),
      onStalled: (host, text) => options.emit({ event: 'warning', text: `${host}: ${text}` }),
    })
  }

  #targetOf(host: string): ConnectionTarget {
    const play = this.current
    if (play === undefined) throw new Error('no play is running')
    const inventory = this.variables.inventory()
    if (!inventory.hosts.has(host) && !['localhost', '127.0.0.1'].includes(host)) {
      throw new SignetError('invalid-inventory', `There is no host "${host}" in the inventory.`, {
        host,
        hint: 'delegate_to and instances name hosts of the inventory, or localhost.',
      })
    }
    const scope = this.variables.scope(host, play.context())
    const own: ValueMap = {
      ...(play.play.remoteUser === undefined ? {} : { ansible_user: play.play.remoteUser }),
      ...(play.play.port === undefined ? {} : { ansible_port: play.play.port }),
      ...(play.play.connection === undefined ? {} : { ansible_connection: play.play.connection }),
    }
    const delegated = !play.hosts.includes(host)
    return connectionTarget(
      host,
      (name) => {
        const variable = scope.find(name)
        if (variable !== undefined) return variable.template ? resolve(variable.value, scope) : variable.value
        return delegated || own[name] === undefined ? undefined : resolve(own[name], scope)
      },
      this.#settings,
    )
  }

  /** Counts a result for the recap. */
  count(host: string, result: TaskResult): void {
    const counts = this.#countsOf(host)
    const column: Readonly<Record<Status, keyof Counts>> = {
      ok: 'ok',
      changed: 'changed',
      skipped: 'skipped',
      failed: 'failed',
      unreachable: 'unreachable',
      unknown: 'unknown',
    }
    if (result.status === 'failed' && result.ignored) {
      counts.ignored++
      counts.ok++
      if (result.values['changed'] === true) counts.changed++
      return
    }
    counts[column[result.status]]++
    if (result.status === 'changed') counts.ok++
  }

  /** A failure that a rescue section is to take care of does not count as one. */
  rescued(host: string): void {
    const counts = this.#countsOf(host)
    counts.rescued++
    counts.failed = Math.max(0, counts.failed - 1)
  }

  recap(): Readonly<Record<string, HostRecap>> {
    return Object.fromEntries(
      [...this.#counts].map(([host, counts]) => [host, { ...counts, traffic: this.hosts.traffic(host) }]),
    )
  }

  #countsOf(host: string): Counts {
    const known = this.#counts.get(host)
    if (known) return known
    const made: Counts = {
      ok: 0,
      changed: 0,
      unreachable: 0,
      failed: 0,
      skipped: 0,
      rescued: 0,
      ignored: 0,
      unknown: 0,
    }
    this.#counts.set(host, made)
    return made
  }
}

/** What lives as long as one play on one batch of hosts. */
export class PlayRun {
  readonly run: Run
  readonly playbook: Playbook
  readonly play: Play
  readonly playbookVars: VarsDirectory
  readonly playVars: readonly VarsSource[]
  /** All hosts of the play, over all batches. */
  readonly hosts: readonly string[]
  batch: readonly string[] = []
  /** Hosts that take no further part in the batch: end_host, end_batch, end_play. */
  readonly ended = new Set<string>()
  /** Hosts of the batch that failed for good; they count for `max_fail_percentage` before their section ends. */
  readonly gone = new Set<string>()
  /** Failed hosts that clear_host_errors lets take part in the next play again. */
  readonly pardoned = new Set<string>()
  /** end_play: no further batch follows. */
  over = false
  readonly notified = new Map<Task, Set<string>>()
  readonly handlers: Task[]
  readonly roles: RoleUse[]
  /** Tasks in the order of the play, for looking ahead. */
  order: readonly Task[] = []

  constructor(
    run: Run,
    playbook: Playbook,
    play: Play,
    hosts: readonly string[],
    playbookVars: VarsDirectory,
    playVars: readonly VarsSource[],
  ) {
    this.run = run
    this.playbook = playbook
    this.play = play
    this.hosts = hosts
    this.playbookVars = playbookVars
    this.playVars = playVars
    this.handlers = [...play.handlers]
    this.roles = [...play.roles]
  }

  alive(host: string): boolean {
    return !this.run.failed.has(host) && !this.run.unreachable.has(host) && !this.ended.has(host)
  }

  /** Whether a host failed for good, or can't be reached. */
  lost(host: string): boolean {
    return this.run.failed.has(host) || this.run.unreachable.has(host) || this.gone.has(host)
  }

  context(task?: Task, local?: ValueMap): ScopeContext {
    return {
      play: this.play,
      roles: this.roles,
      playbookDirectory: this.playbook.directory,
      playbookVars: this.playbookVars,
      playVars: this.playVars,
      playHostsAll: this.hosts,
      playHosts: this.hosts.filter((host) => this.alive(host) && !this.gone.has(host)),
      batch: this.batch.filter((host) => !this.lost(host)),
      ...(task === undefined ? {} : { task }),
      ...(local === undefined ? {} : { local }),
    }
  }

  scope(host: string, task?: Task, local?: ValueMap): TemplateScope {
    return this.run.variables.scope(host, this.context(task, local))
  }
}
