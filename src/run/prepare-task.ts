import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SignetError } from '../errors.js'
import type { HostReader } from '../host/host.js'
import type { Module, TaskContext } from '../modules/module.js'
import type { Task } from '../playbook/play.js'
import { placeOfValue } from '../source/source-file.js'
import {
  evaluateCondition,
  evaluateExpression,
  OMIT,
  renderText,
  resolve,
  type TemplateScope,
} from '../template/template.js'
import { isList, isMap, showValue } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import type { Value, ValueMap } from '../value/value.js'
import type { PlayRun } from './play-run.js'

/** One item of a task's loop, or the task itself. */
export interface Item {
  /** The loop's variables. */
  readonly local: ValueMap
  readonly label?: string
}

/** The items of a task on a host. @throws SignetError when the list can't be evaluated */
export function itemsOf(task: Task, host: string, play: PlayRun): readonly Item[] | Unknown | undefined {
  const { loop } = task
  if (loop === undefined) return undefined
  const scope = play.scope(host, task)
  const list = resolve(loop.items, scope, task.place)
  if (list instanceof Unknown) return list
  if (!isList(list)) {
    throw new SignetError('template-failed', 'The loop needs a list.', {
      place: task.place,
      hint: isMap(list) ? 'Use {{ mapping | dict2items }} to loop over a mapping.' : undefined,
    })
  }
  return list.map((value, index) => {
    const local: Record<string, Value> = {
      [loop.variable]: value,
      ansible_loop_var: loop.variable,
      ...(loop.indexVariable === undefined ? {} : { [loop.indexVariable]: index }),
      ...(loop.extended
        ? {
            ansible_loop: {
              index: index + 1,
              index0: index,
              first: index === 0,
              last: index === list.length - 1,
              length: list.length,
              revindex: list.length - index,
              revindex0: list.length - index - 1,
              allitems: list,
              ...(index > 0 ? { previtem: list[index - 1] ?? null } : {}),
              ...(index < list.length - 1 ? { nextitem: list[index + 1] ?? null } : {}),
            },
          }
        : {}),
    }
    const label =
      loop.label === undefined ? value : resolve(loop.label, play.scope(host, task, local), task.place)
    return { local, label: showLabel(label) }
  })
}

function showLabel(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Whether all conditions hold; the first that doesn't, or can't be known. */
export function conditionsHold(
  task: Task,
  scope: TemplateScope,
):
  | { readonly holds: true }
  | { readonly holds: false; readonly condition: string }
  | { readonly holds: Unknown; readonly condition: string } {
  for (const condition of task.when) {
    const holds = evaluateCondition(condition, scope)
    const text = String(condition.expression)
    if (holds instanceof Unknown) return { holds, condition: text }
    if (!holds) return { holds, condition: text }
  }
  return { holds: true }
}

/** The arguments of a task with all templates evaluated; what was omitted is gone. */
export function argumentsOf(task: Task, module: Module, scope: TemplateScope): ValueMap {
  const expressions = new Set<string>(module.expressions ?? [])
  const args: Record<string, Value> = {}
  for (const key of Object.keys(task.args)) {
    const raw = task.args[key] ?? null
    const place = placeOfValue(task.args, key) ?? task.place
    const value = expressions.has(key) ? evaluated(raw, scope, place) : resolve(raw, scope, place)
    if (value !== OMIT) args[key] = value
  }
  return args
}

/** Expressions with their values, for assert and debug. */
function evaluated(raw: Value, scope: TemplateScope, place: Task['place']): Value {
  const list = isList(raw) ? raw : [raw]
  return list.map((each, index) => {
    const at = isList(raw) ? (placeOfValue(raw, index) ?? place) : place
    if (typeof each !== 'string') return { expression: showValue(each), value: each }
    const text = each.includes('{{') ? resolve(each, scope, at) : each
    if (text instanceof Unknown) return { expression: each, value: text }
    return {
      expression: each,
      value: each.includes('{{') && text !== each ? text : evaluateExpression(showValue(text), scope, at),
    }
  })
}

/** What a module may look at on the controller. */
export function taskContext(
  task: Task,
  scope: TemplateScope,
  play: PlayRun,
  controller: HostReader,
): TaskContext {
  const { run } = play
  return {
    controller,
    playHosts: play.hosts,
    group: (name) => run.variables.inventory().groups.get(name)?.hosts ?? [],
    now: run.options.environment.now,
    render: (text, file) => renderText(text, scope, file),
    find: (directory, name) => findFile(directory, name, task, play),
  }
}

/** Looks for a file as Ansible does: in the role, beside the task file, beside the playbook. */
async function findFile(
  directory: 'files' | 'templates',
  name: string,
  task: Task,
  play: PlayRun,
): Promise<string> {
  if (name.startsWith('/')) return name
  const bases = [...(task.role ? [task.role.directory] : []), task.directory, play.playbook.directory]
  const candidates = [...new Set(bases.flatMap((base) => [join(base, directory, name), join(base, name)]))]
  for (const candidate of candidates)
    if (
      await stat(candidate).then(
        () => true,
        () => false,
      )
    )
      return candidate
  // Check mode: an earlier task may be going to make it.
  for (const candidate of candidates) {
    const predicted = play.run.overlay.future('localhost').files.get(candidate)
    if (predicted !== undefined && predicted.kind !== 'absent') return candidate
  }
  throw new SignetError('file-not-found', `There is no file "${name}".`, {
    place: placeOfValue(task.args, 'src') ?? task.place,
    hint: `Looked for ${candidates.join(', ')}.`,
  })
}
