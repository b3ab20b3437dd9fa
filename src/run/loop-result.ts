import type { TaskResult } from '../report/events.js'
import { isMap } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import type { Value, ValueMap } from '../value/value.js'
import { registered } from './judge-result.js'
import type { Item } from './prepare-task.js'
import { EMPTY, skipped } from './task-result.js'

/** The results of all items as one, as Ansible registers loops. */
export function together(results: readonly TaskResult[], items: readonly Item[]): TaskResult {
  const has = (status: TaskResult['status']): boolean => results.some((result) => result.status === status)
  const failedOne =
    results.find((result) => result.status === 'failed' && !result.ignored) ??
    results.find((result) => result.status === 'failed')
  if (results.length === 0)
    return {
      ...skipped('the list is empty'),
      values: {
        results: [],
        changed: false,
        failed: false,
        skipped: true,
        skipped_reason: 'No items in the list',
      },
    }
  const status: TaskResult['status'] = has('unreachable')
    ? 'unreachable'
    : failedOne
      ? 'failed'
      : has('unknown')
        ? 'unknown'
        : has('changed')
          ? 'changed'
          : results.every((result) => result.status === 'skipped')
            ? 'skipped'
            : 'ok'
  const values = results.map((result, index): Value => ({ ...registered(result), ...items[index]?.local }))
  const message = results.find((result) => result.status === status)?.message
  return {
    ...EMPTY,
    status,
    ...(status === 'ok' || status === 'changed' || message === undefined ? {} : { message }),
    ...(failedOne?.place ? { place: failedOne.place } : {}),
    diff: results.flatMap((result) => result.diff),
    warnings: results.flatMap((result) => result.warnings),
    ignored: failedOne?.ignored ?? false,
    noLog: results.some((result) => result.noLog),
    values: {
      results: values,
      changed:
        has('unknown') && !has('changed') ? new Unknown('items of the loop are unknown') : has('changed'),
      failed: failedOne !== undefined,
      ...(status === 'skipped' ? { skipped: true } : {}),
      msg: failedOne ? 'One or more items failed' : 'All items completed',
      ...facts(results),
    },
  }
}

function facts(results: readonly TaskResult[]): ValueMap {
  const merged = Object.assign(
    {},
    ...results.map((result) => (isMap(result.values['ansible_facts']) ? result.values['ansible_facts'] : {})),
  ) as ValueMap
  return Object.keys(merged).length === 0 ? {} : { ansible_facts: merged }
}
