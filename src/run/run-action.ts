import { resolve as resolvePath } from 'node:path'
import { stat } from 'node:fs/promises'
import { SignetError } from '../errors.js'
import { readVars } from '../inventory/vars-directory.js'
import { toBoolean } from '../modules/arguments.js'
import { includeRole, includeTasks } from '../playbook/load-playbook.js'
import type { Task } from '../playbook/play.js'
import type { TaskResult } from '../report/events.js'
import { resolve } from '../template/template.js'
import { isList, isMap, showValue } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import type { Value, ValueMap } from '../value/value.js'
import { conditionsHold, itemsOf, type Item } from './prepare-task.js'
import type { PlayRun } from './play-run.js'
import { isIgnored } from './judge-result.js'
import { flushHandlers, runItems } from './run-items.js'
import { isOnce, keep, report } from './run-task.js'
import { EMPTY, failure, skipped, unknownResult } from './task-result.js'
import { titleOf } from './title.js'

/**
 * Runs one of the engine's own actions: meta, include_*, add_host, group_by.
 * @param rescuable see runItems
 * @returns the hosts that failed
 */
export async function runAction(
  task: Task,
  all: readonly string[],
  play: PlayRun,
  rescuable: boolean,
): Promise<ReadonlySet<string>> {
  const { action } = task
  if (action.kind === 'meta') return meta(task, action.what, all, play)
  const [first] = all
  if (first === undefined) return new Set()
  // add_host is done once for all hosts, as in Ansible.
  const once = action.kind === 'add_host' || isOnce(task, play.scope(first, task))
  const hosts = once ? [first] : all
  const title = titleOf(task, play.scope(first, task))
  play.run.options.emit({
    event: 'task_start',
    name: title,
    place: task.place,
    handler: false,
    ...(task.role === undefined ? {} : { role: task.role.name }),
  })
  const failed = new Set<string>()
  // Hosts that include the same thing go on together.
  const includes = new Map<string, { readonly item: Item; readonly hosts: string[] }>()
  for (const host of hosts) {
    const result = await decide(task, host, play, includes)
    report(task, title, host, result, play)
    keep(task, once ? all : [host], host, result, play)
    if (result.status === 'failed' && !result.ignored)
      for (const each of once ? all : [host]) failed.add(each)
  }
  for (const [what, include] of includes) {
    if (action.kind === 'include_tasks') for (const host of include.hosts) play.run.count(host, OK)
    try {
      for (const host of await runInclude(task, what, include.item, include.hosts, play, rescuable))
        failed.add(host)
    } catch (error) {
      for (const host of include.hosts) {
        const result = { ...failure(error, task), ignored: isIgnored(task, play.scope(host, task)) }
        report(task, title, host, result, play)
        keep(task, [host], host, result, play)
        if (!result.ignored) failed.add(host)
      }
    }
  }
  return failed
}

const OK: TaskResult = { ...EMPTY, status: 'ok', values: { changed: false, failed: false } }

async function decide(
  task: Task,
  host: string,
  play: PlayRun,
  includes: Map<string, { readonly item: Item; readonly hosts: string[] }>,
): Promise<TaskResult> {
  try {
    const items = itemsOf(task, host, play)
    if (items instanceof Unknown) return unknownResult(items, [])
    let result: TaskResult | undefined
    for (const item of items ?? [{ local: {} }]) {
      const scope = play.scope(host, task, item.local)
      const verdict = conditionsHold(task, scope)
      const one =
        verdict.holds === true
          ? await act(task, host, item, play, includes)
          : verdict.holds === false
            ? skipped(verdict.condition)
            : unknownResult(verdict.holds, [])
      if (items !== undefined)
        play.run.options.emit({
          event: 'item_result',
          host,
          task: titleOf(task, scope),
          place: task.place,
          result: { ...one, ...(item.label === undefined ? {} : { item: item.label }) },
        })
      if (result === undefined || (result.status === 'skipped' && one.status !== 'skipped')) result = one
    }
    return result ?? skipped('the list is empty')
  } catch (error) {
    return { ...failure(error, task), ignored: isIgnored(task, play.scope(host, task)) }
  }
}

async function act(
  task: Task,
  host: string,
  item: Item,
  play: PlayRun,
  includes: Map<string, { readonly item: Item; readonly hosts: string[] }>,
): Promise<TaskResult> {
  const { action } = task
  const scope = play.scope(host, task, item.local)
  const known = (value: Value | undefined): Value => {
    const found = resolve(value ?? null, scope, task.place)
    if (found instanceof Unknown)
      throw new SignetError('template-failed', `It is not known what to include: ${found.cause}.`, {
        place: task.place,
      })
    return found
  }
  const args = (values: ValueMap): ValueMap => known(values) as ValueMap
  switch (action.kind) {
    case 'include_tasks':
    case 'include_role': {
      const what = showValue(known(action.kind === 'include_tasks' ? action.file : action.name))
      const key = `${what}\n${JSON.stringify(item.local)}`
      const known_ = includes.get(key)
      if (known_) known_.hosts.push(host)
      else includes.set(key, { item, hosts: [host] })
      return OK
    }
    case 'include_vars': {
      const { file, name, dir } = args(action.args)
      const path = await varsFile(showValue(file ?? dir ?? ''), task, play)
      for (const source of await readVars(path, play.run.options.environment.cwd)) {
        play.run.variables.includeVars(
          host,
          name === undefined
            ? source
            : { origin: source.origin, values: { [showValue(name)]: source.values } },
        )
      }
      return OK
    }
    case 'add_host': {
      const { name, hostname, host: third, groups, group, groupname, ...vars } = args(action.args)
      const added = showValue(name ?? hostname ?? third ?? '')
      const into = groups ?? group ?? groupname ?? []
      play.run.variables.addHost(
        added,
        vars,
        isList(into)
          ? into.map((each) => showValue(each))
          : showValue(into)
              .split(',')
              .map((each) => each.trim()),
      )
      return { ...OK, status: 'changed', values: { changed: true, failed: false } }
    }
    case 'group_by': {
      play.run.variables.addToGroup(showValue(args(action.args)['key'] ?? '').replace(/[^\w-]/g, '_'), host)
      return { ...OK, status: 'changed', values: { changed: true, failed: false } }
    }
    case 'module':
    case 'meta':
      return OK
  }
}

async function varsFile(name: string, task: Task, play: PlayRun): Promise<string> {
  const bases = [
    ...(task.role ? [resolvePath(task.role.directory, 'vars')] : []),
    task.directory,
    resolvePath(play.playbook.directory, 'vars'),
    play.playbook.directory,
  ]
  for (const base of bases) {
    const path = resolvePath(base, name)
    if (
      await stat(path).then(
        () => true,
        () => false,
      )
    )
      return path
  }
  throw new SignetError('file-not-found', `There is no file of variables "${name}".`, {
    place: task.place,
    hint: `Looked in ${bases.join(', ')}.`,
  })
}

async function runInclude(
  task: Task,
  key: string,
  item: Item,
  hosts: readonly string[],
  play: PlayRun,
  rescuable: boolean,
): Promise<ReadonlySet<string>> {
  const { action } = task
  const [what = ''] = key.split('\n')
  const carrier: Task =
    Object.keys(item.local).length === 0 ? task : { ...task, vars: [...task.vars, literal(item.local)] }
  const { load } = play.run.options
  const included =
    action.kind === 'include_role'
      ? await includeRole(
          what,
          action.tasksFrom === undefined ? 'main' : showValue(action.tasksFrom),
          carrier,
          play.playbook,
          load,
        )
      : await includeTasks(await tasksFile(what, task), carrier, play.playbook, load)
  // A role that is included again has the same handlers: once notified, they run once.
  const known = (handler: Task): boolean =>
    play.handlers.some(
      ({ place, role }) =>
        place.file === handler.place.file &&
        place.line === handler.place.line &&
        role?.directory === handler.role?.directory,
    )
  play.handlers.push(...included.handlers.filter((handler) => !known(handler)))
  if (action.kind === 'include_role' && toBoolean(task.args['public'] ?? false))
    play.roles.push(...included.roles)
  return runItems(included.items, hosts, play, rescuable)
}

/** Loop variables come from data: they must not be evaluated as templates when they become task variables. */
function literal(values: ValueMap): ValueMap {
  const quote = (value: Value): Value => {
    if (typeof value === 'string') return /\{[{%#]/.test(value) ? `{% raw %}${value}{% endraw %}` : value
    if (isList(value)) return value.map(quote)
    if (isMap(value)) return literal(value)
    return value
  }
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, quote(value)]))
}

async function tasksFile(name: string, task: Task): Promise<string> {
  const candidates = [
    resolvePath(task.directory, name),
    ...(task.role ? [resolvePath(task.role.directory, 'tasks', name)] : []),
  ]
  for (const candidate of candidates)
    if (
      await stat(candidate).then(
        () => true,
        () => false,
      )
    )
      return candidate
  throw new SignetError('file-not-found', `There is no task file "${name}".`, {
    place: task.place,
    hint: `Looked for ${candidates.join(', ')}.`,
  })
}

async function meta(
  task: Task,
  what: string,
  hosts: readonly string[],
  play: PlayRun,
): Promise<ReadonlySet<string>> {
  const chosen = hosts.filter((host) => conditionsHold(task, play.scope(host, task)).holds === true)
  switch (what) {
    case 'flush_handlers':
      return flushHandlers(chosen, play)
    case 'end_play':
    case 'end_batch':
      if (chosen.length === 0) return new Set()
      for (const host of play.batch) play.ended.add(host)
      if (what === 'end_play') play.over = true
      return new Set()
    case 'end_host':
      for (const host of chosen) play.ended.add(host)
      return new Set()
    case 'clear_facts':
      for (const host of chosen) play.run.variables.clearFacts(host)
      return new Set()
    case 'clear_host_errors':
      if (chosen.length === 0) return new Set()
      for (const host of play.batch) {
        play.run.unreachable.delete(host)
        // Who failed has left this play; the next one has it again.
        if (play.gone.has(host) || play.run.failed.has(host)) play.ended.add(host)
        if (play.gone.has(host)) play.pardoned.add(host)
        play.run.failed.delete(host)
      }
      return new Set()
    case 'reset_connection':
      await Promise.all(chosen.map((host) => play.run.hosts.disconnect(host)))
      return new Set()
    case 'noop':
      return new Set()
    default:
      throw new SignetError('invalid-playbook', `There is no meta action "${what}".`, {
        place: task.place,
        hint: 'There are flush_handlers, end_play, end_batch, end_host, clear_facts, clear_host_errors, reset_connection and noop.',
      })
  }
}
