import type { Module } from '../modules/module.js'
import type { Place } from '../source/place.js'
import type { Value, ValueMap } from '../value/value.js'

/**
 * A playbook as the engine sees it: validated, roles and imports resolved, keywords that are inherited
 * (become, tags, environment …) already handed down to each task. Values are still templates.
 */
export interface Playbook {
  readonly file: string
  /** Absolute directory of the file: beside it lie roles/, group_vars/, host_vars/, files/, templates/. */
  readonly directory: string
  readonly plays: readonly Play[]
}

/** Become, as inherited from play, role, block and task. Values may be templates. */
export interface Become {
  readonly become?: Value
  readonly user?: Value
  readonly method?: Value
}

/** A variable that is asked for before anything runs (`vars_prompt`). */
export interface Prompt {
  readonly place: Place
  readonly name: string
  readonly question: string
  readonly default?: Value
  /** What is typed is not shown, and its value is a secret. */
  readonly hidden: boolean
  /** Asked twice, until both answers are the same. */
  readonly twice: boolean
}

export interface Play {
  readonly place: Place
  readonly name: string
  /** Host pattern; may be a template. */
  readonly hosts: string
  /** Where the pattern stands. */
  readonly hostsPlace?: Place
  readonly vars: ValueMap
  readonly varsFiles: readonly Value[]
  readonly prompts: readonly Prompt[]
  readonly gatherFacts: boolean
  /** Number, percentage or a list of both; undefined: all hosts at once. */
  readonly serial?: Value
  readonly maxFailPercentage?: number
  readonly anyErrorsFatal: boolean
  readonly forceHandlers: boolean
  readonly become: Become
  readonly remoteUser?: Value
  readonly port?: Value
  readonly connection?: Value
  readonly environment: readonly Value[]
  readonly tags: readonly string[]
  /** Defaults and vars of every role of the play, in the order of the roles (visible to the whole play). */
  readonly roles: readonly RoleUse[]
  /** pre_tasks, roles, tasks, post_tasks, in this order; each section ends by flushing the handlers. */
  readonly sections: readonly (readonly Item[])[]
  readonly handlers: readonly Task[]
}

/** A role as used in one place. */
export interface RoleUse {
  readonly name: string
  /** Absolute directory of the role. */
  readonly directory: string
  readonly defaults: ValueMap
  readonly vars: ValueMap
  /** Parameters given where it is used. */
  readonly params: ValueMap
  readonly place: Place
}

export type Item = Task | Block

/** block, rescue, always. Keywords of the block have been handed down to its items; `when` too. */
export interface Block {
  readonly kind: 'block'
  readonly place: Place
  readonly name?: string
  readonly items: readonly Item[]
  readonly rescue: readonly Item[]
  readonly always: readonly Item[]
  readonly tags: readonly string[]
}

/** A Jinja expression with the place it stands at. */
export interface Condition {
  readonly expression: string | boolean
  readonly place: Place
}

/** What a task does: a module of the registry, or one of the engine's own actions. */
export type Action =
  | { readonly kind: 'module'; readonly module: Module }
  | { readonly kind: 'meta'; readonly what: string }
  | { readonly kind: 'include_tasks'; readonly file: Value }
  | { readonly kind: 'include_role'; readonly name: Value; readonly tasksFrom?: Value }
  | { readonly kind: 'include_vars'; readonly args: ValueMap }
  | { readonly kind: 'add_host'; readonly args: ValueMap }
  | { readonly kind: 'group_by'; readonly args: ValueMap }

export interface Loop {
  /** The list, or a template of one. */
  readonly items: Value
  readonly variable: string
  readonly indexVariable?: string
  readonly label?: Value
  /** Seconds between two items. */
  readonly pause?: Value
  readonly extended: boolean
}

export interface Task {
  readonly kind: 'task'
  readonly place: Place
  /** Template; undefined: the module's name is shown. */
  readonly name?: string
  /** The key that was written, such as `ansible.builtin.copy`. */
  readonly actionName: string
  readonly action: Action
  /** Arguments as written, free form already put in its argument. Places: source-file.ts on this object. */
  readonly args: ValueMap
  /** `when` of the task and of everything around it; all must hold. */
  readonly when: readonly Condition[]
  readonly loop?: Loop
  readonly register?: string
  /** Names or topics of handlers; templates. */
  readonly notify: readonly string[]
  readonly listen: readonly string[]
  /** All tags: own and inherited. */
  readonly tags: readonly string[]
  readonly become: Become
  readonly remoteUser?: Value
  readonly connection?: Value
  /** From outside in; later ones win. */
  readonly vars: readonly ValueMap[]
  readonly environment: readonly Value[]
  readonly changedWhen?: readonly Condition[]
  readonly failedWhen?: readonly Condition[]
  readonly ignoreErrors?: Value
  readonly ignoreUnreachable?: Value
  readonly until?: readonly Condition[]
  readonly retries?: Value
  /** Seconds. */
  readonly delay?: Value
  readonly noLog?: Value
  readonly delegateTo?: Value
  readonly delegateFacts?: Value
  readonly runOnce?: Value
  readonly checkMode?: Value
  readonly diff?: Value
  readonly throttle?: Value
  /** Seconds for the whole task on one host. */
  readonly timeout?: Value
  readonly anyErrorsFatal: boolean
  /** The role it belongs to, for its variables, files and templates. */
  readonly role?: RoleUse
  /** Directory of the task file, for relative includes. */
  readonly directory: string
}
