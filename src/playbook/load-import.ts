import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Place } from '../source/place.js'
import { placeOfKey, placeOfValue } from '../source/source-file.js'
import { showValue } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import type { EngineAction } from './action-table.js'
import type { Inherited } from './inherit.js'
import { NOWHERE, type LoadContext } from './load-context.js'
import { loadRole } from './load-role.js'
import { loadTaskFile, type TaskLevel } from './load-tasks.js'
import { LOOP_KEYWORDS } from './loop.js'
import type { Item } from './play.js'

/** Loads what import_tasks or import_role names. */
export async function importStatic(
  action: EngineAction,
  body: ValueMap,
  key: string,
  args: ValueMap,
  inherited: Inherited,
  context: LoadContext,
  level: TaskLevel,
): Promise<readonly Item[]> {
  const place = placeOfValue(body, key) ?? NOWHERE
  const loop = LOOP_KEYWORDS.find((each) => body[each] !== undefined)
  const dynamic = action.name.replace('import', 'include')
  if (loop !== undefined) {
    context.problems.add(
      'invalid-playbook',
      `${action.name} can not be looped over.`,
      placeOfKey(body, loop),
      `Use ${dynamic}.`,
    )
    return []
  }
  const what = action.name === 'import_role' ? (args['name'] ?? args['role']) : args['file']
  if (typeof what !== 'string' || what.includes('{{')) {
    context.problems.add(
      'invalid-playbook',
      `${action.name} needs a name that is no template.`,
      place,
      `Use ${dynamic}.`,
    )
    return []
  }
  if (action.name === 'import_role')
    return loadRole(what, { ...fromOf(args), params: {}, inherited, place }, context)
  return loadTaskFile(await taskFile(what, context), inherited, context, level, place)
}

/** Which files of a role are asked for. */
export function fromOf(args: ValueMap): {
  readonly tasksFrom: string
  readonly handlersFrom: string
  readonly varsFrom: string
  readonly defaultsFrom: string
} {
  const from = (name: string): string => (args[name] === undefined ? 'main' : showValue(args[name]))
  return {
    tasksFrom: from('tasks_from'),
    handlersFrom: from('handlers_from'),
    varsFrom: from('vars_from'),
    defaultsFrom: from('defaults_from'),
  }
}

/** Where a file of tasks lies: beside the file that names it, or in tasks/ of the role. */
async function taskFile(name: string, context: LoadContext): Promise<string> {
  const beside = resolve(context.directory, name)
  if (context.role === undefined || (await exists(beside))) return beside
  const inRole = join(context.role.directory, 'tasks', name)
  return (await exists(inRole)) ? inRole : beside
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/**
 * Checks what include_tasks and include_role will bring, as far as the name is known already. A file may yet be
 * made by an earlier task, a role may not.
 */
export async function checkIncluded(
  action: EngineAction,
  args: ValueMap,
  inherited: Inherited,
  context: LoadContext,
  at: Place | undefined,
): Promise<void> {
  const place = at ?? NOWHERE
  const trial: LoadContext = { ...context, handlers: [], roles: [], loaded: new Set() }
  const isFixed = (value: Value | undefined): value is string =>
    typeof value === 'string' && !value.includes('{{')
  if (action.name === 'include_tasks' && isFixed(args['file'])) {
    const path = await taskFile(args['file'], context)
    if (!context.chain.includes(path) && (await exists(path)))
      await loadTaskFile(path, inherited, trial, 'task', place)
  }
  if (action.name !== 'include_role') return
  const role = args['name'] ?? args['role']
  if (isFixed(role) && Object.values(fromOf(args)).every(isFixed)) {
    await loadRole(role, { ...fromOf(args), params: {}, inherited, place, recursive: true }, trial)
    context.later.handlers.push(...trial.handlers)
  } else context.later.unknown = true
}
