import type { Module } from '../modules/module.js'
import type { Place } from '../source/place.js'
import type { RoleUse, Task } from './play.js'
import type { Problems } from './problems.js'

export interface LoadOptions {
  readonly cwd: string
  readonly findModule: (name: string) => Module | undefined
  readonly moduleNames: () => Iterable<string>
  /** Directories of roles, besides roles/ beside the playbook and beside its parent. */
  readonly rolesPath: readonly string[]
}

/** A handler's name or topic as a task notifies it. */
export interface Notification {
  readonly name: string
  readonly place: Place | undefined
}

/** What loading needs to know about where it is. */
export interface LoadContext extends LoadOptions {
  /** Absolute directory of the playbook. */
  readonly playbookDirectory: string
  /** Absolute directory of the file that is being read. */
  readonly directory: string
  readonly role?: RoleUse
  readonly problems: Problems
  /** Handlers of the roles that are loaded on the way. */
  readonly handlers: Task[]
  readonly roles: RoleUse[]
  /** Files and roles being loaded, to find circles. */
  readonly chain: readonly string[]
  /** What tasks notify, to be compared with the handlers in the end. */
  readonly notified: Notification[]
  /** Handlers that included roles will bring at run time; `unknown` when a role's name is a template. */
  readonly later: { readonly handlers: Task[]; unknown: boolean }
  /** Roles of the play's list and of dependencies that were loaded, with how they were used: each runs once. */
  readonly loaded: Set<string>
}

/** A context with nothing loaded yet. */
export function newContext(
  options: LoadOptions,
  place: Pick<LoadContext, 'playbookDirectory' | 'directory' | 'problems' | 'chain'>,
): LoadContext {
  return {
    ...options,
    ...place,
    handlers: [],
    roles: [],
    notified: [],
    later: { handlers: [], unknown: false },
    loaded: new Set(),
  }
}

/** For what was not read from a file. */
export const NOWHERE: Place = { file: '', line: 1, column: 1 }
