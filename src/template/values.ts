import { Secret } from '../value/secret.js'
import { isList, isMap } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'

/** A name or attribute that does not exist. Using it is an error; `is defined` and `default` may look at it. */
export class Undefined {
  readonly what: string

  constructor(what: string) {
    this.what = what
  }
}

/** Something that can be called in a template: a macro, a method, a global function. */
export class Callable {
  readonly call: (positional: readonly Item[], named: ReadonlyMap<string, Item>) => Item

  constructor(call: Callable['call']) {
    this.call = call
  }
}

/** Jinja's namespace(): the one mapping whose attributes can be set. */
export class Namespace {
  readonly values = new Map<string, Item>()
}

/** What expressions are evaluated to. */
export type Item = Value | Undefined | Callable | Namespace

/** An undefined value was used. */
export class UndefinedUsed extends Error {
  readonly what: string

  constructor(what: string) {
    super(`${what} is not defined`)
    this.what = what
  }
}

/** An unknown value was used: the result is unknown, too. */
export class UnknownUsed extends Error {
  readonly unknown: Unknown

  constructor(unknown: Unknown) {
    super(unknown.cause)
    this.unknown = unknown
  }
}

/** An expression that is valid can't be evaluated with these values. */
export class EvaluationError extends Error {}

/** A value that can be computed with. @throws UndefinedUsed, UnknownUsed */
export function usable(item: Item): Value {
  if (item instanceof Undefined) throw new UndefinedUsed(item.what)
  if (item instanceof Unknown) throw new UnknownUsed(item)
  if (item instanceof Callable) throw new EvaluationError('a function is used as a value')
  if (item instanceof Namespace)
    return Object.fromEntries([...item.values].map(([key, value]) => [key, usable(value)]))
  return item
}

/** Python's truth. */
export function truthy(item: Item): boolean {
  const value = usable(item)
  if (value instanceof Secret) return value.reveal() !== ''
  if (isList(value)) return value.length > 0
  if (isMap(value)) return Object.keys(value).length > 0
  return value !== null && value !== false && value !== 0 && value !== ''
}

/** Text of a value in the midst of other text, as Ansible prints it: None is empty, lists and maps as in Python. */
export function textOf(item: Item): string {
  const value = usable(item)
  return value === null ? '' : typeof value === 'string' ? value : pythonText(value)
}

/** Python's repr. */
export function pythonText(value: Value): string {
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (value instanceof Unknown) throw new UnknownUsed(value)
  if (value instanceof Secret) return value.reveal()
  if (typeof value === 'number')
    return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : Number.isNaN(value) ? 'nan' : '-inf'
  if (isList(value)) return `[${value.map((each) => quoted(each)).join(', ')}]`
  if (isMap(value))
    return `{${Object.entries(value)
      .map(([key, each]) => `${quoted(key)}: ${quoted(each)}`)
      .join(', ')}}`
  return value
}

function quoted(value: Value): string {
  if (typeof value !== 'string') return pythonText(value)
  const sign = value.includes("'") && !value.includes('"') ? '"' : "'"
  return (
    sign +
    value
      .replaceAll('\\', '\\\\')
      .replaceAll('\n', '\\n')
      .replaceAll('\t', '\\t')
      .replaceAll(sign, `\\${sign}`) +
    sign
  )
}

/** Whether two values are equal, as in Python: 1 == True, deep for lists and maps. */
export function equal(a: Value, b: Value): boolean {
  if (a instanceof Unknown) throw new UnknownUsed(a)
  if (b instanceof Unknown) throw new UnknownUsed(b)
  if (a instanceof Secret) return equal(a.reveal(), b)
  if (b instanceof Secret) return equal(a, b.reveal())
  const number = (value: Value): Value => (value === true ? 1 : value === false ? 0 : value)
  if (isList(a) && isList(b))
    return a.length === b.length && a.every((each, index) => equal(each, b[index] ?? null))
  if (isMap(a) && isMap(b)) {
    const keys = Object.keys(a)
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && equal(a[key] ?? null, b[key] ?? null))
    )
  }
  return number(a) === number(b)
}

/** Order of two values of one kind. @throws EvaluationError for kinds that can't be compared */
export function order(a: Value, b: Value): number {
  if (isList(a) && isList(b)) {
    for (let index = 0; index < Math.min(a.length, b.length); index++) {
      const first = order(a[index] ?? null, b[index] ?? null)
      if (first !== 0) return first
    }
    return a.length - b.length
  }
  const left = typeof a === 'boolean' ? Number(a) : a
  const right = typeof b === 'boolean' ? Number(b) : b
  if (typeof left === 'number' && typeof right === 'number') return left - right
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0
  throw new EvaluationError(`${pythonText(a)} and ${pythonText(b)} can not be compared`)
}

/** A list from anything that can be looped over: lists, keys of maps, letters of texts. */
export function listOf(item: Item): readonly Value[] {
  const value = usable(item)
  if (isList(value)) return value
  if (isMap(value)) return Object.keys(value)
  if (typeof value === 'string') return [...value]
  throw new EvaluationError(`${pythonText(value)} is no list`)
}
