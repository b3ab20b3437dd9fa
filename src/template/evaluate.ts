import { Secret } from '../value/secret.js'
import { isList, isMap } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'
import type { Args, Expression } from './ast.js'
import { FILTERS } from './filters.js'
import { methodOf } from './methods.js'
import type { Names } from './names.js'
import { combine, holds, numberOf } from './operators.js'
import { TESTS } from './tests.js'
import {
  Callable,
  EvaluationError,
  listOf,
  Namespace,
  textOf,
  truthy,
  Undefined,
  UndefinedUsed,
  UnknownUsed,
  usable,
  type Item,
} from './values.js'

/** Evaluates an expression. @throws UndefinedUsed, UnknownUsed, EvaluationError */
export function evaluate(expression: Expression, names: Names): Item {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'name':
      return open(names.get(expression.name), names)
    case 'list':
      return expression.items.map((item) => keep(evaluate(item, names)))
    case 'map':
      return Object.fromEntries(
        expression.entries.map(([key, value]) => [
          textOf(evaluate(key, names)),
          keep(evaluate(value, names)),
        ]),
      )
    case 'attribute':
      return open(member(evaluate(expression.of, names), expression.name, expression.of, true), names)
    case 'item': {
      const key = usable(evaluate(expression.key, names))
      return open(
        member(
          evaluate(expression.of, names),
          typeof key === 'number' ? key : textOf(key),
          expression.of,
          false,
        ),
        names,
      )
    }
    case 'slice':
      return slice(expression, names)
    case 'call': {
      const what = evaluate(expression.what, names)
      if (!(what instanceof Callable)) {
        if (what instanceof Undefined) throw new UndefinedUsed(what.what)
        if (what instanceof Unknown) throw new UnknownUsed(what)
        throw new EvaluationError(`${describe(expression.what)} is no function`)
      }
      const args = argumentsOf(expression.args, names)
      return open(what.call(args.positional, args.named), names)
    }
    case 'filter': {
      const filter = FILTERS.get(expression.name)
      if (filter === undefined) throw new EvaluationError(`there is no filter "${expression.name}"`)
      const args = argumentsOf(expression.args, names)
      const of = lenient(expression.name)
        ? attempt(() => evaluate(expression.of, names))
        : evaluate(expression.of, names)
      return open(filter.apply(of, args.positional, args.named), names)
    }
    case 'test': {
      const test = TESTS.get(expression.name)
      if (test === undefined) throw new EvaluationError(`there is no test "${expression.name}"`)
      const asks = expression.name === 'defined' || expression.name === 'undefined'
      const of = asks ? attempt(() => evaluate(expression.of, names)) : evaluate(expression.of, names)
      const args = argumentsOf(expression.args, names)
      return test.holds(of, args.positional, args.named) !== expression.negated
    }
    case 'unary': {
      if (expression.sign === 'not') return !truthy(evaluate(expression.of, names))
      const value = numberOf(evaluate(expression.of, names))
      return expression.sign === '-' ? -value : value
    }
    case 'binary':
      return binary(expression.sign, expression.left, expression.right, names)
    case 'compare':
      return compare(expression, names)
    case 'if':
      if (truthy(evaluate(expression.condition, names))) return evaluate(expression.then, names)
      return expression.otherwise ? evaluate(expression.otherwise, names) : ''
  }
}

/** `default` and `mandatory` may look at what is undefined, also deep inside: `a.b.c | default(1)`. */
const lenient = (filter: string): boolean => filter === 'default' || filter === 'd' || filter === 'mandatory'

function attempt(action: () => Item): Item {
  try {
    return action()
  } catch (error) {
    if (error instanceof UndefinedUsed) return new Undefined(error.what)
    throw error
  }
}

/** An element of a list or map: stays unknown or secret by itself; undefined is an error. */
function keep(item: Item): Value {
  return item instanceof Unknown ? item : usable(item)
}

/** A secret is opened for computing; whatever comes out is secret again. */
function open(item: Item, names: Names): Item {
  if (!(item instanceof Secret)) return item
  names.taint()
  return item.reveal()
}

function describe(expression: Expression): string {
  switch (expression.kind) {
    case 'name':
      return expression.name
    case 'attribute':
      return `${describe(expression.of)}.${expression.name}`
    case 'item':
      return `${describe(expression.of)}[…]`
    case 'call':
      return `${describe(expression.what)}(…)`
    default:
      return 'the expression'
  }
}

function member(of: Item, key: string | number, expression: Expression, method: boolean): Item {
  if (of instanceof Undefined) throw new UndefinedUsed(of.what)
  if (of instanceof Unknown) {
    const known = of.known[String(key)]
    if (known !== undefined) return known
    throw new UnknownUsed(of)
  }
  if (of instanceof Namespace)
    return of.values.get(String(key)) ?? new Undefined(`${describe(expression)}.${key}`)
  const value = usable(of)
  const missing = new Undefined(
    typeof key === 'number' ? `${describe(expression)}[${key}]` : `${describe(expression)}.${key}`,
  )
  if (isMap(value)) {
    if (Object.hasOwn(value, String(key))) return value[String(key)] ?? null
    return method ? (methodOf(value, String(key)) ?? missing) : missing
  }
  if (isList(value) || typeof value === 'string') {
    const index = typeof key === 'number' ? key : /^-?\d+$/.test(key) ? Number(key) : undefined
    if (index !== undefined) return value[index < 0 ? value.length + index : index] ?? missing
  }
  return method ? (methodOf(value, String(key)) ?? missing) : missing
}

function slice(expression: Extract<Expression, { kind: 'slice' }>, names: Names): Item {
  const value = usable(evaluate(expression.of, names))
  const items: readonly Value[] = typeof value === 'string' ? [...value] : listOf(value)
  const bound = (part: Expression | undefined): number | undefined =>
    part === undefined ? undefined : numberOf(evaluate(part, names))
  const step = bound(expression.step) ?? 1
  const from = bound(expression.from)
  const to = bound(expression.to)
  const chosen =
    step < 0
      ? [...items]
          .reverse()
          .slice(
            from === undefined ? 0 : items.length - 1 - from,
            to === undefined ? undefined : items.length - 1 - to,
          )
      : items.slice(from, to)
  const result = chosen.filter((_, index) => index % Math.abs(step) === 0)
  return typeof value === 'string' ? result.map(textOf).join('') : result
}

function argumentsOf(
  args: Args,
  names: Names,
): { positional: readonly Item[]; named: ReadonlyMap<string, Item> } {
  return {
    positional: args.positional.map((each) => evaluate(each, names)),
    named: new Map(args.named.map(([name, each]) => [name, evaluate(each, names)])),
  }
}

function binary(sign: string, left: Expression, right: Expression, names: Names): Item {
  if (sign === 'and' || sign === 'or') return logical(sign, left, right, names)
  return combine(sign, usable(evaluate(left, names)), usable(evaluate(right, names)))
}

/** `false and unknown` is false, `true or unknown` is true, on either side. */
function logical(sign: 'and' | 'or', left: Expression, right: Expression, names: Names): Item {
  const decides = (item: Item): boolean => truthy(item) === (sign === 'or')
  let first: Item
  try {
    first = evaluate(left, names)
    if (decides(first)) return first
  } catch (error) {
    if (!(error instanceof UnknownUsed)) throw error
    const second = evaluate(right, names)
    if (decides(second)) return second
    throw error
  }
  return evaluate(right, names)
}

function compare(expression: Extract<Expression, { kind: 'compare' }>, names: Names): boolean {
  let left = usable(evaluate(expression.first, names))
  for (const [sign, operand] of expression.rest) {
    const right = usable(evaluate(operand, names))
    if (!holds(sign, left, right)) return false
    left = right
  }
  return true
}
