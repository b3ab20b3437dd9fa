import { openTransport } from '../connection/open-transport.js'
import type { ConnectionTarget } from '../connection/target.js'
import type { BecomeUser, Traffic, Transport } from '../connection/transport.js'
import { MysqlPool } from '../mysql/pool.js'
import { SignetError } from '../errors.js'
import { isShellQuestion, parseAnswer, PRELUDE, scriptOf, type ShellKind } from './answer.js'
import type { HostReader, HostWriter } from './host.js'
import { changedBy, REPLICATED } from './invalidation.js'
import { performSteps } from './perform-step.js'
import type { AnswerTo, Question, QuestionKind, Questions } from './question.js'
import type { Outcome, Step } from './step.js'

export interface HostsOptions {
  /** How to reach a host. @throws SignetError for a host that does not exist */
  readonly targetOf: (host: string) => ConnectionTarget
  readonly signal?: AbortSignal
  readonly now: () => Date
  readonly onOutput?: (host: string, stream: 'stdout' | 'stderr', text: string) => void
  readonly onNote?: (host: string, text: string) => void
  /** A step that takes a moment as a rule hangs; what it waits for. */
  readonly onStalled?: (host: string, text: string) => void
}

/** Milliseconds after which a port that does not answer is taken for closed. */
const PORT_PATIENCE = 5000

const NO_TRAFFIC: Traffic = { roundTrips: 0, bytesSent: 0, bytesReceived: 0, statements: 0, connectTime: 0 }

/** The hosts of a run: connections opened at the first need, answers kept, questions of one tick asked together. */
export class Hosts {
  readonly #options: HostsOptions
  readonly #hosts = new Map<string, LiveHost>()

  constructor(options: HostsOptions) {
    this.#options = options
  }

  reader(host: string, as?: BecomeUser): HostReader {
    return new LiveReader(this, this.live(host), as)
  }

  /** @param quiet nothing that a command prints, and no note of a step, is told while it goes on */
  writer(host: string, as?: BecomeUser, { quiet = false } = {}): HostWriter {
    return new LiveWriter(this, this.live(host), as, quiet)
  }

  live(host: string): LiveHost {
    const known = this.#hosts.get(host)
    if (known) return known
    const made = new LiveHost(host, this.#options, (step) => this.performed(host, step))
    this.#hosts.set(host, made)
    return made
  }

  /** Drops kept answers of a host: all of them, or some kinds. */
  forget(host: string, kinds: readonly QuestionKind[] | 'everything' = 'everything'): void {
    this.#hosts.get(host)?.forget(kinds)
  }

  /** Ends the connection to a host, with its shells and MySQL sessions: the next task logs in anew. */
  async disconnect(host: string): Promise<void> {
    await this.#hosts.get(host)?.disconnect()
  }

  /** Drops what a step on a host may have changed, on all hosts where it may have. */
  performed(host: string, step: Step): void {
    this.forget(host, changedBy(step))
    const more = ['sql', 'copy_accounts', 'check_connectivity', 'catch_up', 'service', 'run'].includes(
      step.do,
    )
    if (more || (step.do === 'wait' && step.byThemselves === true))
      for (const other of this.#hosts.values()) other.forget(REPLICATED)
  }

  traffic(host: string): Traffic {
    return this.#hosts.get(host)?.traffic ?? NO_TRAFFIC
  }

  async close(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.close()))
  }
}

interface Asked {
  readonly question: Questions[ShellKind]['question']
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: unknown) => void
}

/** One host: its transport, its MySQL sessions and the answers that are kept. */
export class LiveHost {
  readonly host: string
  readonly options: HostsOptions
  readonly performed: (step: Step) => void
  readonly #answers = new Map<string, { readonly kind: QuestionKind; readonly answer: Promise<unknown> }>()
  readonly #waiting = new Map<string, { readonly as: BecomeUser | undefined; readonly asked: Asked[] }>()
  readonly #pools = new Map<string, MysqlPool>()
  #transport: Promise<Transport> | undefined
  #opened: Transport | undefined
  /** What travelled over connections that broke. */
  #before = NO_TRAFFIC
  /** Statements that were sent through pools that are closed. */
  #statementsBefore = 0
  /** Aborted when the run is over: what was still being looked at in advance is given up. */
  readonly #over = new AbortController()

  constructor(host: string, options: HostsOptions, performed: (step: Step) => void) {
    this.host = host
    this.options = options
    this.performed = performed
  }

  get traffic(): Traffic {
    const statements = [...this.#pools.values()].reduce(
      (sum, pool) => sum + pool.statements,
      this.#statementsBefore,
    )
    return { ...sum(this.#before, this.#opened?.traffic ?? NO_TRAFFIC), statements }
  }

  /** The open transport; connects at the first need, and again when the connection broke (a host that rebooted). */
  transport(): Promise<Transport> {
    if (this.#opened?.isLost() === true) {
      this.#before = sum(this.#before, this.#opened.traffic)
      this.#opened = undefined
      this.#transport = undefined
      this.forget('everything')
    }
    if (this.#over.signal.aborted)
      return Promise.reject(new SignetError('interrupted', 'The run is over.', { host: this.host }))
    const { signal } = this.options
    const either = signal === undefined ? this.#over.signal : AbortSignal.any([signal, this.#over.signal])
    this.#transport ??= openTransport(this.options.targetOf(this.host), either).then(
      (transport) => (this.#opened = transport),
      (error: unknown) => {
        this.#transport = undefined
        throw error
      },
    )
    return this.#transport
  }

  ask<Q extends Question>(question: Q, as: BecomeUser | undefined): Promise<AnswerTo<Q>> {
    const key = `${as?.method ?? ''} ${as?.user ?? ''} ${identity(question)}`
    const known = this.#answers.get(key)
    if (known) return known.answer as Promise<AnswerTo<Q>>
    const answer = isShellQuestion(question) ? this.#askShell(question, as) : this.#askOther(question, as)
    this.#answers.set(key, { kind: question.ask, answer })
    answer.catch(() => {
      // A failure is no answer: the next one who asks tries again.
      if (this.#answers.get(key)?.answer === answer) this.#answers.delete(key)
    })
    return answer as Promise<AnswerTo<Q>>
  }

  pool(as: BecomeUser | undefined): MysqlPool {
    const key = as === undefined ? '' : `${as.method} ${as.user}`
    const known = this.#pools.get(key)
    if (known) return known
    const pool = new MysqlPool(
      {
        open: async (login) =>
          (await this.transport()).stream(
            login.via.kind === 'socket' ? { path: login.via.path } : login.via,
            as,
          ),
        // A host that needs more time for one login needs it for the other.
        patience: this.options.targetOf(this.host).timeout,
      },
      this.host,
    )
    this.#pools.set(key, pool)
    return pool
  }

  forget(kinds: readonly QuestionKind[] | 'everything'): void {
    for (const [key, { kind }] of this.#answers)
      if (kinds === 'everything' || kinds.includes(kind)) this.#answers.delete(key)
  }

  async disconnect(): Promise<void> {
    this.forget('everything')
    const open = this.#opened
    if (open === undefined) return
    this.#before = sum(this.#before, open.traffic)
    this.#opened = undefined
    this.#transport = undefined
    for (const pool of this.#pools.values()) {
      this.#statementsBefore += pool.statements
      pool.close()
    }
    this.#pools.clear()
    await open.close()
  }

  /** Ends it for good: a login that is under way is given up, and none is begun any more. */
  async close(): Promise<void> {
    this.#over.abort()
    for (const pool of this.#pools.values()) pool.close()
    // One that came through in this very moment is opened after all.
    await (this.#opened ?? (await this.#transport?.catch(() => undefined)))?.close()
  }

  async #askOther(
    question: Exclude<Question, Questions[ShellKind]['question']>,
    as: BecomeUser | undefined,
  ): Promise<unknown> {
    return question.ask === 'port'
      ? { open: await this.#listens(question.address, question.port) }
      : this.pool(as).ask(question)
  }

  /** Whether something accepts connections there, as this host sees it. */
  async #listens(address: string, port: number): Promise<boolean> {
    const transport = await this.transport()
    return new Promise((resolve, reject) => {
      // A host without power refuses nothing: TCP itself would go on trying for two minutes.
      const timer = setTimeout(() => resolve(false), PORT_PATIENCE)
      transport.stream({ address, port }, undefined).then(
        (stream) => {
          clearTimeout(timer)
          stream.destroy()
          resolve(true)
        },
        (error: unknown) => {
          clearTimeout(timer)
          if (error instanceof SignetError) reject(error)
          else resolve(false)
        },
      )
    })
  }

  #askShell(question: Questions[ShellKind]['question'], as: BecomeUser | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const key = as === undefined ? '' : `${as.method} ${as.user}`
      const batch = this.#waiting.get(key)
      const asked: Asked = { question, resolve, reject }
      if (batch) batch.asked.push(asked)
      else {
        this.#waiting.set(key, { as, asked: [asked] })
        // The end of this tick: everything asked until then travels together.
        setImmediate(() => void this.#send(key))
      }
    })
  }

  async #send(key: string): Promise<void> {
    const batch = this.#waiting.get(key)
    if (batch === undefined) return
    try {
      const transport = await this.transport()
      // What was asked while the connection was being opened comes along.
      this.#waiting.delete(key)
      const mark = `@${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`
      const parts = batch.asked.map(({ question }) => `(${scriptOf(question)}\n); echo; echo ${mark}`)
      const { stdout } = await transport.script(`${PRELUDE}\n${parts.join('\n')}`, batch.as)
      const answers = stdout.toString().split(`\n${mark}\n`)
      batch.asked.forEach(({ question, resolve, reject }, index) => {
        try {
          const text = answers[index]
          if (text === undefined || index >= answers.length - 1)
            throw new SignetError('task-failed', 'The host did not answer all questions.', {
              host: this.host,
            })
          resolve(parseAnswer(text.replace(/^\n/, ''), question))
        } catch (error) {
          reject(
            error instanceof SignetError && error.host === undefined
              ? new SignetError(error.code, error.message, { host: this.host, hint: error.hint })
              : error,
          )
        }
      })
    } catch (error) {
      this.#waiting.delete(key)
      for (const { reject } of batch.asked) reject(error)
    }
  }
}

function sum(a: Traffic, b: Traffic): Traffic {
  return {
    roundTrips: a.roundTrips + b.roundTrips,
    bytesSent: a.bytesSent + b.bytesSent,
    bytesReceived: a.bytesReceived + b.bytesReceived,
    statements: a.statements + b.statements,
    connectTime: a.connectTime + b.connectTime,
  }
}

/** The same question has the same text, whatever the order of its keys; secrets are told apart. */
export function identity(question: Question): string {
  const sorted = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object') return value
    if ('reveal' in value && typeof value.reveal === 'function')
      return { secret: (value.reveal as () => string)() }
    if (Array.isArray(value)) return value.map(sorted)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, each]) => each !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, each]) => [key, sorted(each)]),
    )
  }
  return JSON.stringify(sorted(question))
}

class LiveReader implements HostReader {
  readonly host: string
  readonly #hosts: Hosts
  readonly #live: LiveHost
  readonly #as: BecomeUser | undefined

  constructor(hosts: Hosts, live: LiveHost, as: BecomeUser | undefined) {
    this.host = live.host
    this.#hosts = hosts
    this.#live = live
    this.#as = as
  }

  ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>> {
    return this.#live.ask(question, this.#as)
  }

  peer(host: string): HostReader {
    return this.#hosts.reader(host, this.#as)
  }
}

class LiveWriter extends LiveReader implements HostWriter {
  readonly #all: Hosts
  readonly #become: BecomeUser | undefined
  readonly #quiet: boolean

  constructor(hosts: Hosts, live: LiveHost, as: BecomeUser | undefined, quiet: boolean) {
    super(hosts, live, as)
    this.#all = hosts
    this.#become = as
    this.#quiet = quiet
  }

  perform(steps: readonly Step[]): Promise<readonly Outcome[]> {
    return performSteps(steps, this.host, this.#all, { as: this.#become, quiet: this.#quiet })
  }

  override peer(host: string): HostWriter {
    return this.#all.writer(host, this.#become, { quiet: this.#quiet })
  }
}
