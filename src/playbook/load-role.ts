import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readVars } from '../inventory/vars-directory.js'
import { closest } from '../source/closest.js'
import type { Place } from '../source/place.js'
import { readYaml, shownPath } from '../source/read-yaml.js'
import { carryPlaces, placeOf, placeOfValue } from '../source/source-file.js'
import { isList, isMap, kindOf } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import { checkKeywords } from './check-keywords.js'
import { checkTemplates } from './check-templates.js'
import { handDown, isYes, type Inherited } from './inherit.js'
import { keywordsAt } from './keywords.js'
import { NOWHERE, type LoadContext } from './load-context.js'
import { loadTaskFile } from './load-tasks.js'
import type { Item, RoleUse, Task } from './play.js'

/** How a role is used. Files of tasks/, handlers/, vars/ and defaults/ are `main` unless others are named. */
export interface RoleRequest {
  readonly params: ValueMap
  readonly inherited: Inherited
  readonly tasksFrom: string
  readonly handlersFrom?: string
  readonly varsFrom?: string
  readonly defaultsFrom?: string
  readonly place: Place
  /** Set for roles of a list: the same role used in the same way runs only once in a play. */
  readonly once?: string
  /** It may include itself: it is included at run time, under a condition. */
  readonly recursive?: boolean
}

/** Directories where roles are looked for, in order. */
export function rolePlaces(
  context: Pick<LoadContext, 'playbookDirectory' | 'rolesPath' | 'role'>,
): readonly string[] {
  const { playbookDirectory, role } = context
  const beside = role === undefined ? [] : [resolve(role.directory, '..')]
  return [
    ...new Set([
      join(playbookDirectory, 'roles'),
      ...context.rolesPath,
      resolve(playbookDirectory, '../roles'),
      ...beside,
      playbookDirectory,
    ]),
  ]
}

const kindAt = async (path: string): Promise<'file' | 'directory' | undefined> => {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true ? 'file' : found?.isDirectory() === true ? 'directory' : undefined
}

async function findRole(name: string, context: LoadContext): Promise<string | undefined> {
  const candidates = name.startsWith('/') ? [name] : rolePlaces(context).map((place) => join(place, name))
  for (const candidate of candidates) if ((await kindAt(candidate)) === 'directory') return candidate
  return undefined
}

async function fileOf(directory: string, name: string): Promise<string | undefined> {
  for (const candidate of [`${name}.yml`, `${name}.yaml`, `${name}.json`, name]) {
    if ((await kindAt(join(directory, candidate))) === 'file') return join(directory, candidate)
  }
  return undefined
}

/** Variables of vars/ or defaults/: a file, or all files of a directory of that name. */
async function varsOf(
  directory: string,
  name: string,
  place: Place,
  context: LoadContext,
): Promise<ValueMap> {
  const path =
    (await fileOf(directory, name)) ??
    ((await kindAt(join(directory, name))) === 'directory' ? join(directory, name) : undefined)
  const merged: Record<string, Value> = {}
  if (path === undefined) {
    if (name !== 'main')
      context.problems.add(
        'role-not-found',
        `There is no ${shownPath(join(directory, `${name}.yml`), context.cwd)}.`,
        place,
      )
    return merged
  }
  try {
    for (const { values } of await readVars(path, context.cwd)) {
      checkTemplates(values, context.problems)
      Object.assign(merged, values)
      carryPlaces(values, merged)
    }
  } catch (error) {
    context.problems.addError(error, place)
  }
  return merged
}

/** Loads a role with its dependencies: its tasks in order; its handlers and itself go to the context. */
export async function loadRole(
  name: string,
  request: RoleRequest,
  context: LoadContext,
): Promise<readonly Item[]> {
  const { problems } = context
  const directory = await findRole(name, context)
  if (directory === undefined) {
    await noRole(name, request.place, context)
    return []
  }
  if (context.chain.includes(directory)) {
    if (request.recursive !== true)
      problems.add(
        'invalid-playbook',
        `The role "${name}" depends on itself.`,
        request.place,
        'Take it out of its own dependencies.',
      )
    return []
  }
  const chain = [...context.chain, directory]
  const meta = await metaOf(directory, context)
  const key = `${directory} ${request.once ?? ''}`
  if (request.once !== undefined && context.loaded.has(key) && !isYes(meta['allow_duplicates'])) return []
  context.loaded.add(key)
  const [defaults, vars] = [
    await varsOf(join(directory, 'defaults'), request.defaultsFrom ?? 'main', request.place, context),
    await varsOf(join(directory, 'vars'), request.varsFrom ?? 'main', request.place, context),
  ]
  const role: RoleUse = { name, directory, defaults, vars, params: request.params, place: request.place }
  const items: Item[] = [
    ...(await loadRoleList(meta['dependencies'], request.inherited, { ...context, chain })),
  ]
  context.roles.push(role)
  const inner: LoadContext = { ...context, role, chain }
  items.push(...(await loadParts(role, request, inner)))
  return items
}

/** Handlers and tasks of a role. */
async function loadParts(
  role: RoleUse,
  request: RoleRequest,
  context: LoadContext,
): Promise<readonly Item[]> {
  const { name, directory } = role
  const missing = (part: string, file: string): void =>
    context.problems.add(
      'role-not-found',
      `The role "${name}" has no ${part}/${file}.yml.`,
      request.place,
      'Check the name of the file.',
    )
  const handlersFrom = request.handlersFrom ?? 'main'
  const handlers = await fileOf(join(directory, 'handlers'), handlersFrom)
  if (handlers === undefined && handlersFrom !== 'main') missing('handlers', handlersFrom)
  if (handlers !== undefined && !context.handlers.some((handler) => handler.role?.directory === directory)) {
    const found = await loadTaskFile(handlers, request.inherited, context, 'handler', request.place)
    for (const item of found) collectTasks(item, context.handlers)
  }
  const tasks = await fileOf(join(directory, 'tasks'), request.tasksFrom)
  if (tasks !== undefined) return loadTaskFile(tasks, request.inherited, context, 'task', request.place)
  if (request.tasksFrom !== 'main') missing('tasks', request.tasksFrom)
  return []
}

async function noRole(name: string, place: Place, context: LoadContext): Promise<void> {
  const places = rolePlaces(context).slice(0, -1)
  const names = (await Promise.all(places.map((each) => readdir(each).catch(() => [])))).flat()
  const near = closest(name, names)
  const tried = `Looked in ${places.map((each) => shownPath(each, context.cwd)).join(', ')}.`
  context.problems.add(
    'role-not-found',
    `There is no role "${name}".`,
    place,
    near === undefined ? tried : `Did you mean ${near}? ${tried}`,
  )
}

/** All tasks of an item, blocks opened. */
export function collectTasks(item: Item, into: Task[]): void {
  if (item.kind === 'task') into.push(item)
  else for (const inner of [...item.items, ...item.rescue, ...item.always]) collectTasks(inner, into)
}

async function metaOf(directory: string, context: LoadContext): Promise<ValueMap> {
  const path = await fileOf(join(directory, 'meta'), 'main')
  if (path === undefined) return {}
  try {
    const { data, file } = await readYaml(path, context.cwd)
    if (isMap(data)) return data
    if (data !== null)
      context.problems.add('invalid-playbook', `meta/main.yml is a mapping, not ${kindOf(data)}.`, {
        file,
        line: 1,
        column: 1,
      })
  } catch (error) {
    context.problems.addError(error)
  }
  return {}
}

/** Loads the roles of a play's or a role's list. */
export async function loadRoleList(
  list: Value | undefined,
  outer: Inherited,
  context: LoadContext,
): Promise<readonly Item[]> {
  const items: Item[] = []
  // A wrong type of a play's `roles` has been reported with its keywords.
  if (!isList(list)) return items
  for (const [index, entry] of list.entries()) {
    const place = (isMap(entry) ? placeOf(entry) : undefined) ?? placeOfValue(list, index) ?? NOWHERE
    const nameKey = isMap(entry) && entry['role'] === undefined ? 'name' : 'role'
    const name = isMap(entry) ? entry[nameKey] : entry
    if (typeof name !== 'string' || name === '') {
      context.problems.add(
        'invalid-playbook',
        `A role is a name or a mapping with "role", not ${kindOf(entry)}.`,
        place,
        'Write `- role: NAME`.',
      )
      continue
    }
    const at = isMap(entry) ? (placeOfValue(entry, nameKey) ?? place) : place
    if (name.includes('{{')) {
      context.problems.add(
        'invalid-playbook',
        'The name of a role in a list can not be a template.',
        at,
        'Use include_role.',
      )
      continue
    }
    items.push(
      ...(await loadRole(name, requestOf(isMap(entry) ? entry : {}, nameKey, at, outer, context), context)),
    )
  }
  return items
}

/** What an entry of a list of roles says besides the name. */
function requestOf(
  entry: ValueMap,
  nameKey: string,
  place: Place,
  outer: Inherited,
  context: LoadContext,
): RoleRequest {
  checkKeywords(entry, 'role', context.problems, { allowed: () => true })
  checkTemplates(entry, context.problems)
  const params: Record<string, Value> = {}
  for (const key of Object.keys(entry)) if (!keywordsAt('role').has(key)) params[key] = entry[key] ?? null
  carryPlaces(entry, params)
  const own = entry['vars']
  if (isMap(own)) {
    Object.assign(params, own)
    carryPlaces(own, params)
  }
  const keywords = Object.fromEntries(
    Object.entries(entry).filter(([key]) => key !== 'vars' && key !== nameKey),
  )
  const inherited = handDown(carryPlaces(entry, keywords), outer)
  const once = JSON.stringify([
    params,
    inherited.when.map((each) => each.expression),
    inherited.tags,
    inherited.become,
  ])
  return { params, inherited, tasksFrom: 'main', place, once }
}
