import { SignetError, SignetErrors } from '../errors.js'
import type { Task } from '../playbook/play.js'
import type { Status, TaskResult } from '../report/events.js'
import type { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'

const EMPTY = { diff: [], warnings: [], ignored: false, rescued: false, noLog: false, elapsed: 0 } as const

/** Codes that mean the host could not be reached. */
const UNREACHABLE = new Set([
  'unreachable',
  'login-refused',
  'unknown-host-key',
  'changed-host-key',
  'connection-lost',
])

export function skipped(condition: string): TaskResult {
  return {
    ...EMPTY,
    status: 'skipped',
    message: condition,
    values: {
      changed: false,
      failed: false,
      skipped: true,
      skip_reason: 'Conditional result was False',
      false_condition: condition,
    },
  }
}

/** A task of which check mode can't tell what it would do: its result has the keys of a real one, all unknown. */
export function unknownResult(cause: Unknown, keys: readonly string[]): TaskResult {
  const values: Record<string, Value> = { failed: false, skipped: false, changed: cause }
  for (const key of keys) values[key] = cause
  return { ...EMPTY, status: 'unknown', message: cause.cause, values }
}

/** The result of a task that ended in an error. Anything that is not expected is thrown on. */
export function failure(error: unknown, task: Task): TaskResult {
  const first = error instanceof SignetErrors ? error.errors[0] : error
  if (!(first instanceof SignetError)) throw error
  const message =
    error instanceof SignetErrors ? error.errors.map((each) => each.message).join('\n') : first.message
  const status: Status = UNREACHABLE.has(first.code) ? 'unreachable' : 'failed'
  return {
    ...EMPTY,
    status,
    message,
    place: first.place ?? task.place,
    hint: first.hint,
    values: {
      changed: false,
      failed: status === 'failed',
      ...(status === 'unreachable' ? { unreachable: true } : {}),
      msg: message,
    },
  }
}

/** What may be told of a result: of one with no_log, its status only. */
export function censored(result: TaskResult): TaskResult {
  if (!result.noLog) return result
  return {
    ...result,
    diff: [],
    warnings: [],
    values: { censored: 'the output is hidden by no_log' },
    ...(result.item === undefined ? {} : { item: '(hidden by no_log)' }),
    ...(result.status === 'failed' ? { message: 'The output is hidden by no_log.' } : {}),
  }
}

export { EMPTY }
