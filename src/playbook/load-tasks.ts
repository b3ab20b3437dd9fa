import { dirname } from 'node:path'
import { checkArguments } from '../modules/arguments.js'
import { readYaml, shownPath } from '../source/read-yaml.js'
import { placeOf, placeOfKey, placeOfValue } from '../source/source-file.js'
import type { Place } from '../source/place.js'
import { isList, isMap, kindOf, showValue } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import { bareName, ENGINE_ACTIONS, findAction } from './action-table.js'
import { buildTask } from './build-task.js'
import { checkKeywords } from './check-keywords.js'
import { checkTemplates } from './check-templates.js'
import { handDown, texts, type Inherited } from './inherit.js'
import { keywordsAt } from './keywords.js'
import { NOWHERE, type LoadContext } from './load-context.js'
import { checkIncluded, importStatic } from './load-import.js'
import type { Action, Block, Item } from './play.js'
import { argumentsOf, spellOut } from './task-arguments.js'

/** What a list of tasks is: handlers may listen. */
export type TaskLevel = 'task' | 'handler'

/** Loads a list of tasks and blocks, with all static imports. Mistakes go to `context.problems`. */
export async function loadItems(
  list: Value | undefined,
  inherited: Inherited,
  context: LoadContext,
  level: TaskLevel,
): Promise<readonly Item[]> {
  if (list === undefined || list === null) return []
  if (!isList(list)) {
    const hint = 'Begin each task with a dash: `- name: …`.'
    context.problems.add(
      'invalid-playbook',
      `Tasks are a list, not ${kindOf(list)}.`,
      isMap(list) ? placeOf(list) : undefined,
      hint,
    )
    return []
  }
  const items: Item[] = []
  for (const [index, body] of list.entries()) {
    if (!isMap(body))
      context.problems.add(
        'invalid-playbook',
        `A task is a mapping, not ${kindOf(body)}.`,
        placeOfValue(list, index),
      )
    else if (['block', 'rescue', 'always'].some((key) => key in body))
      items.push(await loadBlock(body, inherited, context, level))
    else items.push(...(await loadTask(body, inherited, context, level)))
  }
  return items
}

async function loadBlock(
  body: ValueMap,
  outer: Inherited,
  context: LoadContext,
  level: TaskLevel,
): Promise<Block> {
  const parts = ['block', 'rescue', 'always']
  const place = placeOf(body) ?? NOWHERE
  checkKeywords(body, 'block', context.problems, { allowed: () => false })
  checkTemplates(body, context.problems, parts)
  noteNotify(body, context)
  if (body['block'] === undefined)
    context.problems.add(
      'invalid-playbook',
      'rescue and always belong to a block.',
      place,
      'Put the tasks that may fail below `block:`.',
    )
  const inner = handDown(body, outer)
  return {
    kind: 'block',
    place,
    ...(body['name'] === undefined ? {} : { name: showValue(body['name']) }),
    items: await loadItems(body['block'], inner, context, level),
    rescue: await loadItems(body['rescue'], inner, context, level),
    always: await loadItems(body['always'], inner, context, level),
    tags: inner.tags,
  }
}

const isImportPlaybook = (key: string): boolean => bareName(key) === 'import_playbook'

async function loadTask(
  written: ValueMap,
  outer: Inherited,
  context: LoadContext,
  level: TaskLevel,
): Promise<readonly Item[]> {
  const { problems } = context
  const place = placeOf(written) ?? NOWHERE
  const body = spellOut(written, problems)
  const keywords = keywordsAt('handler')
  const keys = Object.keys(body).filter(
    (each) => !keywords.has(each) && (context.findModule(each) ?? findAction(each)) !== undefined,
  )
  const [key, second] = keys
  const found = key === undefined ? undefined : context.findModule(key)
  const action = key === undefined || found !== undefined ? undefined : findAction(key)
  const module = found ?? action
  checkKeywords(body, level, problems, {
    allowed: (each) => keys.includes(each) || isImportPlaybook(each),
    names: [...context.moduleNames(), ...ENGINE_ACTIONS.map((action) => action.name)],
    ...(module === undefined || key === undefined
      ? {}
      : { module: { name: key, arguments: new Set(Object.keys(module.args)) } }),
  })
  if (key === undefined || module === undefined) {
    const unknown = Object.keys(body).some((each) => !keywords.has(each))
    if (Object.keys(body).some(isImportPlaybook)) {
      problems.add(
        'invalid-playbook',
        'import_playbook stands at the top of a playbook only.',
        place,
        'Move it out of the play.',
      )
    } else if (!unknown && written['action'] === undefined && written['local_action'] === undefined) {
      problems.add(
        'invalid-playbook',
        'This task names no module.',
        place,
        'A task is a module with its arguments, such as `copy: {src: a, dest: /b}`.',
      )
    }
    return []
  }
  if (second !== undefined) {
    problems.add(
      'invalid-playbook',
      `This task names two modules: ${keys.join(' and ')}.`,
      placeOfKey(body, second),
      'Make two tasks of it.',
    )
    return []
  }
  checkTemplates(body, problems, [key, 'args'])
  noteNotify(body, context)
  const inherited = handDown(body, outer)
  const args = argumentsOf(body, key, module, problems)
  checkTemplates(args, problems, [], found?.expressions ?? [])
  const before = problems.count
  for (const error of checkArguments(module, args, placeOfKey(body, key))) problems.addError(error)
  if (action?.static === true) {
    // A wrong argument has been reported; to load what it names would only report it again.
    return problems.count > before ? [] : importStatic(action, body, key, args, inherited, context, level)
  }
  if (action !== undefined && problems.count === before)
    await checkIncluded(action, args, inherited, context, placeOfValue(body, key))
  const does: Action | undefined = found
    ? { kind: 'module', module: found }
    : action && engineAction(action.name, args)
  return does === undefined ? [] : [buildTask(body, { key, args, place, action: does }, inherited, context)]
}

function noteNotify(body: ValueMap, context: LoadContext): void {
  const { notify } = body
  texts(notify).forEach((name, index) =>
    context.notified.push({
      name,
      place: isList(notify) ? placeOfValue(notify, index) : placeOfValue(body, 'notify'),
    }),
  )
}

function engineAction(name: string, args: ValueMap): Action | undefined {
  switch (name) {
    case 'meta':
      return { kind: 'meta', what: showValue(args['what']) }
    case 'include_tasks':
      return { kind: 'include_tasks', file: args['file'] ?? '' }
    case 'include_role': {
      const from = args['tasks_from']
      return {
        kind: 'include_role',
        name: args['name'] ?? args['role'] ?? '',
        ...(from === undefined ? {} : { tasksFrom: from }),
      }
    }
    case 'include_vars':
      return { kind: 'include_vars', args }
    case 'add_host':
      return { kind: 'add_host', args }
    case 'group_by':
      return { kind: 'group_by', args }
    default:
      return undefined
  }
}

/** Loads a file of tasks. */
export async function loadTaskFile(
  path: string,
  inherited: Inherited,
  context: LoadContext,
  level: TaskLevel,
  place: Place | undefined,
): Promise<readonly Item[]> {
  if (context.chain.includes(path)) {
    context.problems.add(
      'invalid-playbook',
      `${shownPath(path, context.cwd)} imports itself.`,
      place,
      'To repeat tasks, use include_tasks with a condition.',
    )
    return []
  }
  try {
    const { data, file } = await readYaml(path, context.cwd)
    if (data !== null && !isList(data)) {
      const at = (isMap(data) ? placeOf(data) : undefined) ?? { file, line: 1, column: 1 }
      context.problems.add(
        'invalid-playbook',
        `A file of tasks is a list, not ${kindOf(data)}.`,
        at,
        'Begin each task with a dash: `- name: …`.',
      )
      return []
    }
    return await loadItems(
      data,
      inherited,
      { ...context, directory: dirname(path), chain: [...context.chain, path] },
      level,
    )
  } catch (error) {
    context.problems.addError(error, place)
    return []
  }
}
