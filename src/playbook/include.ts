import { carryPlaces } from '../source/source-file.js'
import { isMap } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import { handDown, type Inherited } from './inherit.js'
import { newContext, type LoadContext, type LoadOptions } from './load-context.js'
import { loadRole } from './load-role.js'
import { fromOf } from './load-import.js'
import { loadTaskFile } from './load-tasks.js'
import type { Item, Playbook, RoleUse, Task } from './play.js'
import { Problems } from './problems.js'

/** What an include brings into the run. */
export interface Included {
  readonly items: readonly Item[]
  readonly handlers: readonly Task[]
  readonly roles: readonly RoleUse[]
}

/** Loads a file of tasks for include_tasks at run time. @throws SignetErrors */
export function includeTasks(
  path: string,
  task: Task,
  playbook: Playbook,
  options: LoadOptions,
): Promise<Included> {
  return including(task, playbook, options, (context) =>
    loadTaskFile(path, inheritedFrom(task), context, 'task', task.place),
  )
}

/** Loads a role for include_role at run time. @throws SignetErrors */
export function includeRole(
  name: string,
  tasksFrom: string,
  task: Task,
  playbook: Playbook,
  options: LoadOptions,
): Promise<Included> {
  const params = task.vars.at(-1) ?? {}
  const from = fromOf(
    carryPlaces(
      task.args,
      Object.fromEntries(Object.entries(task.args).filter(([, each]) => typeof each === 'string')),
    ),
  )
  return including(task, playbook, options, (context) =>
    loadRole(
      name,
      { ...from, tasksFrom, params, inherited: inheritedFrom(task), place: task.place },
      context,
    ),
  )
}

async function including(
  task: Task,
  playbook: Playbook,
  options: LoadOptions,
  load: (context: LoadContext) => Promise<readonly Item[]>,
): Promise<Included> {
  const place = {
    playbookDirectory: playbook.directory,
    directory: task.directory,
    problems: new Problems(),
    chain: [],
  }
  const context: LoadContext = {
    ...newContext(options, place),
    ...(task.role === undefined ? {} : { role: task.role }),
  }
  const items = await load(context)
  context.problems.throwIfAny()
  return { items, handlers: context.handlers, roles: context.roles }
}

/** What an include hands down to the tasks that it brings: its own conditions were evaluated already. */
function inheritedFrom(task: Task): Inherited {
  const single: Record<string, Value> = {}
  const keep = (key: string, value: Value | undefined): void => {
    if (value !== undefined) single[key] = value
  }
  keep('remote_user', task.remoteUser)
  keep('connection', task.connection)
  keep('no_log', task.noLog)
  keep('ignore_errors', task.ignoreErrors)
  keep('ignore_unreachable', task.ignoreUnreachable)
  keep('check_mode', task.checkMode)
  keep('diff', task.diff)
  keep('delegate_to', task.delegateTo)
  keep('delegate_facts', task.delegateFacts)
  keep('throttle', task.throttle)
  keep('timeout', task.timeout)
  const outer: Inherited = {
    when: [],
    // Tags choose the include itself; those of what it brings are its own, or stand in `apply`.
    tags: [],
    become: task.become,
    vars: task.vars,
    environment: task.environment,
    notify: task.notify,
    anyErrorsFatal: task.anyErrorsFatal,
    single,
  }
  const apply: ValueMap | undefined = isMap(task.args['apply']) ? task.args['apply'] : undefined
  return apply === undefined ? outer : handDown(apply, outer)
}
