import type { HostReader } from '../host/host.js'
import type { Plan } from '../host/plan.js'
import type { Outcome } from '../host/step.js'
import type { Secret } from '../value/secret.js'
import type { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'
import type { ArgumentRules, Arguments, ArgumentsSchema } from './schema.js'

export type { Difference, Plan, Prediction } from '../host/plan.js'

/** What a module may look at on the controller's side of a task. */
export interface TaskContext {
  /** Reads on the controller; in check mode through the overlay, like any host. */
  readonly controller: HostReader
  /**
   * Absolute path of a file beside the role or playbook, looked up as Ansible does (`files/`, `templates/`).
   * @throws SignetError file-not-found, naming all places that were tried.
   */
  find(directory: 'files' | 'templates', name: string): Promise<string>
  /** Renders the text of a Jinja template with the task's variables. `file` is named in errors. */
  render(text: string, file: string): string | Secret | Unknown
  /** Inventory names of the hosts of this play, and of all hosts of a group. */
  readonly playHosts: readonly string[]
  group(name: string): readonly string[]
  /** ansible_host or the inventory name: how other hosts name this one. */
  readonly now: () => Date
}

/** An example of a module's documentation: validated and run by the contract test. */
export interface Example {
  readonly description: string
  readonly args: Readonly<Record<string, Value>>
}

/**
 * What the contract test does with a module on the lab. Modules for clusters have none: their examples are run on
 * servers that live through clusters, with the same contracts.
 */
export interface Contract {
  /** Arguments to apply on a lab host; applied, the same probe must plan nothing. */
  readonly args: Readonly<Record<string, Value>>
  /** Shell lines that prepare the host for it, and that clean up after it. */
  readonly before?: string
  readonly after?: string
  /** Files of the controller that the arguments name, in files/ or templates/, with their contents. */
  readonly files?: Readonly<Record<string, string>>
}

/**
 * A module: three questions in three places. `probe` reads how the host stands, `plan` says what has to change,
 * and the plan's steps make it so.
 */
export interface Module<S extends ArgumentsSchema = ArgumentsSchema, State = unknown> {
  /** Ansible's short name, such as `copy`. */
  readonly name: string
  /** Fully qualified names and older spellings: `ansible.builtin.copy`. */
  readonly aliases: readonly string[]
  readonly summary: string
  readonly args: S
  readonly rules?: ArgumentRules
  /** The argument that `module: some text` fills, for command, shell, raw, meta … */
  readonly freeForm?: keyof S & string
  /**
   * Arguments whose texts are Jinja expressions without braces. The engine hands each over evaluated, as
   * `{expression, value}`, in a list (assert's `that`, debug's `var`).
   */
  readonly expressions?: readonly (keyof S & string)[]
  /** Takes any argument besides those of the schema (set_fact). */
  readonly anyArguments?: boolean
  /**
   * `any`: may change anything on its host, so all that was read before is dropped (command, shell).
   * `plan`: changes what its steps say. Default `plan`.
   */
  readonly effect?: 'any' | 'plan'
  /** Does it need a connection to the host? debug, set_fact, assert and fail do not. Default true. */
  readonly connects?: boolean
  /** The keys of the result beyond changed, failed, msg, diff … with a description each. Same in check and run. */
  readonly returns: Readonly<Record<string, string>>
  readonly examples: readonly Example[]
  readonly contract?: readonly Contract[]
  /** Reads how the host stands. */
  probe(host: HostReader, args: Arguments<S>, task: TaskContext): Promise<State>
  /** What has to change. Pure and synchronous. */
  plan(args: Arguments<S>, state: State): Plan
  /**
   * The result's keys named in `returns`. `outcomes` is undefined in check mode; what can't be known then is
   * Unknown, but the keys are the same.
   */
  result?(
    args: Arguments<S>,
    state: State,
    plan: Plan,
    outcomes: readonly Outcome[] | undefined,
  ): Readonly<Record<string, Value>>
  /** Whether the performed steps changed anything, where only their outcomes tell. Default: as the plan says. */
  changed?(args: Arguments<S>, outcomes: readonly Outcome[]): boolean
  /** Does the performed step mean failure? Default: performing throws. For command: rc not 0. */
  failure?(args: Arguments<S>, state: State, outcomes: readonly Outcome[]): string | undefined
}

/** Keeps the argument and state types of one module together while it is written. */
export function defineModule<const S extends ArgumentsSchema, State>(
  module: Module<S, State>,
): Module<S, State> {
  return module
}
