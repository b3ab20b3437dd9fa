import { toBoolean } from '../modules/arguments.js'
import type { Condition, Task } from '../playbook/play.js'
import type { TaskResult } from '../report/events.js'
import { evaluateCondition, resolve, type TemplateScope } from '../template/template.js'
import { isMap } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import type { Item } from './prepare-task.js'
import type { PlayRun } from './play-run.js'

/** Whether a keyword that may be a template says yes. */
export function holds(value: Value | undefined, scope: TemplateScope): boolean {
  return value !== undefined && toBoolean(resolve(value, scope))
}

/** Whether a failure of the task is ignored. */
export function isIgnored(task: Task, scope: TemplateScope): boolean {
  return holds(task.ignoreErrors, scope)
}

/** Applies changed_when, failed_when and ignore_errors. */
export function judged(result: TaskResult, task: Task, item: Item, host: string, play: PlayRun): TaskResult {
  let judgement = result
  if (result.status !== 'unknown' && task.changedWhen !== undefined) {
    const changed = holdsAfter(task.changedWhen, judgement, task, item, host, play)
    judgement = {
      ...judgement,
      status: judgement.status === 'failed' ? 'failed' : changed ? 'changed' : 'ok',
      values: { ...judgement.values, changed },
    }
  }
  if (result.status !== 'unknown' && task.failedWhen !== undefined) {
    const failed = holdsAfter(task.failedWhen, judgement, task, item, host, play)
    const status = failed ? 'failed' : judgement.values['changed'] === true ? 'changed' : 'ok'
    judgement = {
      ...judgement,
      status,
      values: { ...judgement.values, failed, failed_when_result: failed },
      ...(failed ? { message: judgement.message ?? '"failed_when" holds.' } : {}),
    }
  }
  return {
    ...judgement,
    ignored: judgement.status === 'failed' && isIgnored(task, play.scope(host, task, item.local)),
    ...(judgement.status === 'failed' ? { place: judgement.place ?? task.place } : {}),
  }
}

/** Whether conditions hold with the result at hand, under the name it is registered by. */
export function holdsAfter(
  conditions: readonly Condition[],
  result: TaskResult,
  task: Task,
  item: Item,
  host: string,
  play: PlayRun,
): boolean {
  const local = {
    ...item.local,
    ...(isMap(result.values['ansible_facts']) ? result.values['ansible_facts'] : {}),
    ...(task.register === undefined ? {} : { [task.register]: registered(result) }),
  }
  const scope = play.scope(host, task, local)
  return conditions.every((condition) => evaluateCondition(condition, scope) === true)
}

/** The value that `register` keeps. */
export function registered(result: TaskResult): ValueMap {
  return { ...result.values, ...(result.status === 'failed' ? { failed: true } : {}) }
}
