import { isList, isMap } from '../value/shape.js'
import type { Value } from '../value/value.js'
import { percentFormat } from './percent-format.js'
import { equal, EvaluationError, order, textOf, usable, type Item } from './values.js'

/** A number, or a truth value as one. @throws EvaluationError for anything else */
export function numberOf(item: Item): number {
  const value = usable(item)
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  throw new EvaluationError(`${textOf(value)} is no number`)
}

/** The value of `a SIGN b` for an arithmetic sign or `~`. @throws EvaluationError when the kinds don't fit */
export function combine(sign: string, a: Value, b: Value): Value {
  switch (sign) {
    case '~':
      return textOf(a) + textOf(b)
    case '+':
      if (typeof a === 'string' && typeof b === 'string') return a + b
      if (isList(a) && isList(b)) return [...a, ...b]
      break
    case '%':
      if (typeof a === 'string') return percentFormat(a, isList(b) ? b : [b])
      break
    case '*':
      if (typeof a === 'string' && typeof b === 'number') return a.repeat(Math.max(0, b))
      if (isList(a) && typeof b === 'number') return Array.from({ length: Math.max(0, b) }, () => a).flat()
      break
    default:
  }
  const kind = (value: Value): string =>
    isList(value)
      ? 'a list'
      : isMap(value)
        ? 'a mapping'
        : typeof value === 'string'
          ? 'a text'
          : value === null
            ? 'nothing'
            : 'a number'
  if (![a, b].every((value) => typeof value === 'number' || typeof value === 'boolean')) {
    throw new EvaluationError(`${kind(a)} ${sign} ${kind(b)} is not possible`)
  }
  const x = Number(a)
  const y = Number(b)
  if (['/', '//', '%'].includes(sign) && y === 0) throw new EvaluationError('division by zero')
  switch (sign) {
    case '+':
      return x + y
    case '-':
      return x - y
    case '*':
      return x * y
    case '/':
      return x / y
    case '//':
      return Math.floor(x / y)
    case '%':
      return x - y * Math.floor(x / y)
    default:
      return x ** y
  }
}

/** Whether `left SIGN right` holds, for a sign of comparison. @throws EvaluationError when the kinds don't fit */
export function holds(sign: string, left: Value, right: Value): boolean {
  switch (sign) {
    case '==':
      return equal(left, right)
    case '!=':
      return !equal(left, right)
    case 'in':
      return contains(right, left)
    case 'not in':
      return !contains(right, left)
    case '<':
      return order(left, right) < 0
    case '>':
      return order(left, right) > 0
    case '<=':
      return order(left, right) <= 0
    default:
      return order(left, right) >= 0
  }
}

/** Python's `in`. */
export function contains(container: Value, value: Value): boolean {
  if (typeof container === 'string') return container.includes(textOf(value))
  if (isMap(container)) return typeof value === 'string' && Object.hasOwn(container, value)
  if (isList(container)) return container.some((each) => equal(each, value))
  throw new EvaluationError(`${textOf(container)} is no list`)
}
