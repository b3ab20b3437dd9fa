import { placeOfValue } from '../source/source-file.js'
import { isList, isMap, showValue } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import type { Become, Condition } from './play.js'

/** What plays, roles and blocks hand down to the tasks in them. */
export interface Inherited {
  /** Outermost first; all must hold. */
  readonly when: readonly Condition[]
  readonly tags: readonly string[]
  readonly become: Become
  readonly vars: readonly ValueMap[]
  readonly environment: readonly Value[]
  readonly notify: readonly string[]
  readonly anyErrorsFatal: boolean
  /** Keywords of which the innermost one counts, by name. */
  readonly single: Readonly<Record<string, Value>>
}

export const NOTHING_INHERITED: Inherited = {
  when: [],
  tags: [],
  become: {},
  vars: [],
  environment: [],
  notify: [],
  anyErrorsFatal: false,
  single: {},
}

const SINGLE = [
  'remote_user',
  'connection',
  'no_log',
  'ignore_errors',
  'ignore_unreachable',
  'check_mode',
  'diff',
  'run_once',
  'throttle',
  'timeout',
  'delegate_to',
  'delegate_facts',
]

/** A text or list of texts as a list. Tags may also be separated by commas. */
export function texts(value: Value | undefined, commas = false): readonly string[] {
  if (value === undefined || value === null) return []
  const list = isList(value) ? value.map(showValue) : [showValue(value)]
  if (!commas) return list
  return list
    .flatMap((each) => (each.includes('{{') ? [each] : each.split(',')))
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

/** The conditions of a keyword with their places. */
export function conditions(body: ValueMap, key: string): readonly Condition[] {
  const value = body[key]
  if (value === undefined) return []
  const fallback = { file: '', line: 1, column: 1 }
  const one = (each: Value, place = fallback): Condition => ({
    expression: typeof each === 'boolean' ? each : showValue(each),
    place,
  })
  if (isList(value)) return value.map((each, index) => one(each, placeOfValue(value, index)))
  return [one(value, placeOfValue(body, key))]
}

/** What is handed down to the inside of something that has these keywords. */
export function handDown(body: ValueMap, outer: Inherited): Inherited {
  const single: Record<string, Value> = { ...outer.single }
  for (const key of SINGLE) if (body[key] !== undefined) single[key] = body[key]
  const environment = body['environment'] ?? null
  return {
    when: [...outer.when, ...conditions(body, 'when')],
    tags: [...new Set([...outer.tags, ...texts(body['tags'], true)])],
    become: {
      ...outer.become,
      ...(body['become'] === undefined ? {} : { become: body['become'] }),
      ...(body['become_user'] === undefined ? {} : { user: body['become_user'] }),
      ...(body['become_method'] === undefined ? {} : { method: body['become_method'] }),
    },
    vars: isMap(body['vars']) ? [...outer.vars, body['vars']] : outer.vars,
    environment:
      environment === null
        ? outer.environment
        : [...outer.environment, ...(isList(environment) ? environment : [environment])],
    notify: [...outer.notify, ...texts(body['notify'])],
    anyErrorsFatal:
      body['any_errors_fatal'] === undefined ? outer.anyErrorsFatal : isYes(body['any_errors_fatal']),
    single,
  }
}

/** Whether a keyword says yes, in any of the spellings. */
export function isYes(value: Value | undefined): boolean {
  return value === true || value === 1 || (typeof value === 'string' && /^(yes|true|on|1)$/i.test(value))
}
