import { Secret } from './secret.js'
import { Unknown } from './unknown.js'
import type { Value, ValueMap } from './value.js'

/** Whether a value is a mapping. */
export function isMap(value: Value | undefined): value is ValueMap {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Secret) &&
    !(value instanceof Unknown)
  )
}

/** Whether a value is a list. */
export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value)
}

/** The first Unknown in a value, however nested. */
export function findUnknown(value: Value | undefined): Unknown | undefined {
  if (value instanceof Unknown) return value
  if (isList(value)) return value.map((item) => findUnknown(item)).find((found) => found !== undefined)
  if (isMap(value))
    return Object.values(value)
      .map((item) => findUnknown(item))
      .find((found) => found !== undefined)
  return undefined
}

/** What kind of thing a value is, for error messages. */
export function kindOf(value: Value | undefined): string {
  if (value === undefined || value === null) return 'nothing'
  if (isList(value)) return 'a list'
  if (isMap(value)) return 'a mapping'
  if (value instanceof Secret) return 'a secret text'
  if (value instanceof Unknown) return 'unknown'
  switch (typeof value) {
    case 'boolean':
      return `the boolean ${String(value)}`
    case 'number':
      return `the number ${String(value)}`
    default:
      return `the text "${value}"`
  }
}

/** Text of a value for people and for diffs: texts as they are, everything else as JSON. */
export function showValue(value: Value | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return value
  if (value instanceof Secret || value instanceof Unknown) return value.toString()
  return JSON.stringify(value)
}
