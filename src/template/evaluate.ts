import { Secret } from '../value/secret.js'
import { isList, isMap } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'
import type { Args, Expression, Piece } from './ast.js'
import { FILTERS } from './filters.js'
import { methodOf } from './methods.js'
import { TESTS } from './tests.js'
import {
  Callable,
  equal,
  EvaluationError,
  listOf,
  Namespace,
  order,
  textOf,
  truthy,
  Undefined,
  UndefinedUsed,
  UnknownUsed,
  usable,
  type Item,
} from './values.js'

/** Where names come from while a template is evaluated. */
export interface Names {
  get(name: string): Item
  /** A secret has flowed into what is being evaluated. */
  taint(): void
}

/** Names of a for loop, a macro or `set`, in front of those outside. */
export class Frame implements Names {
  readonly #own = new Map<string, Item>()
  readonly #outer: Names

  constructor(outer: Names) {
    this.#outer = outer
  }

  get(name: string): Item {
    return this.#own.get(name) ?? this.#outer.get(name)
  }

  set(name: string, value: Item): void {
    this.#own.set(name, value)
  }

  taint(): void {
    this.#outer.taint()
  }
}

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

export function numberOf(item: Item): number {
  const value = usable(item)
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  throw new EvaluationError(`${textOf(value)} is no number`)
}

function binary(sign: string, left: Expression, right: Expression, names: Names): Item {
  if (sign === 'and' || sign === 'or') return logical(sign, left, right, names)
  const a = usable(evaluate(left, names))
  const b = usable(evaluate(right, names))
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

function holds(sign: string, left: Value, right: Value): boolean {
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

/** Python's `'%s and %05d' % (a, b)`. */
export function percentFormat(format: string, values: readonly Value[]): string {
  let index = 0
  return format.replace(
    /%([-0+ #]*)(\d*)(?:\.(\d+))?([sdifxXrgeo%])/g,
    (_, flags: string, width: string, precision: string | undefined, type: string) => {
      if (type === '%') return '%'
      const value = values[index++]
      if (value === undefined) throw new EvaluationError('there are fewer values than places in the format')
      const number = Number(value)
      let text: string
      if (type === 'd' || type === 'i') text = String(Math.trunc(number))
      else if (type === 'f') text = number.toFixed(precision === undefined ? 6 : Number(precision))
      else if (type === 'x' || type === 'X')
        text = type === 'X' ? number.toString(16).toUpperCase() : number.toString(16)
      else if (type === 'o') text = number.toString(8)
      else if (type === 'e') text = number.toExponential(precision === undefined ? 6 : Number(precision))
      else text = textOf(value).slice(0, precision === undefined ? undefined : Number(precision))
      if (flags.includes('+') && 'dif'.includes(type) && number >= 0) text = `+${text}`
      const size = Number(width || 0)
      if (flags.includes('-')) return text.padEnd(size)
      return flags.includes('0') && type !== 's' ? text.padStart(size, '0') : text.padStart(size)
    },
  )
}

/** Renders pieces of a template to text. */
export function render(pieces: readonly Piece[], frame: Frame): string {
  let text = ''
  for (const piece of pieces) text += renderPiece(piece, frame)
  return text
}

function renderPiece(piece: Piece, frame: Frame): string {
  switch (piece.kind) {
    case 'text':
      return piece.text
    case 'output':
      return textOf(evaluate(piece.expression, frame))
    case 'if': {
      const branch = piece.branches.find(
        (each) => each.condition === undefined || truthy(evaluate(each.condition, frame)),
      )
      return branch === undefined ? '' : render(branch.body, frame)
    }
    case 'for':
      return renderLoop(piece, frame)
    case 'set': {
      const value = evaluate(piece.value, frame)
      const [target = ''] = piece.targets
      if (piece.attribute !== undefined) {
        const namespace = frame.get(target)
        if (!(namespace instanceof Namespace)) throw new EvaluationError(`${target} is no namespace()`)
        namespace.values.set(piece.attribute, value)
      } else assign(piece.targets, value, frame)
      return ''
    }
    case 'set_block':
      frame.set(piece.target, render(piece.body, frame))
      return ''
    case 'macro':
      frame.set(piece.name, macro(piece, frame))
      return ''
  }
}

function assign(targets: readonly string[], value: Item, frame: Frame): void {
  const [only] = targets
  if (targets.length === 1 && only !== undefined) {
    frame.set(only, value)
    return
  }
  const values = listOf(value)
  if (values.length !== targets.length)
    throw new EvaluationError(`${targets.length} names for ${values.length} values`)
  targets.forEach((target, index) => frame.set(target, values[index] ?? null))
}

function renderLoop(piece: Extract<Piece, { kind: 'for' }>, outer: Frame): string {
  const all = listOf(evaluate(piece.items, outer))
  const frames = all
    .map((value) => {
      const frame = new Frame(outer)
      assign(piece.targets, value, frame)
      return { frame, value }
    })
    .filter(({ frame }) => piece.only === undefined || truthy(evaluate(piece.only, frame)))
  if (frames.length === 0) return render(piece.otherwise, outer)
  return frames
    .map(({ frame }, index) => {
      frame.set('loop', {
        index: index + 1,
        index0: index,
        first: index === 0,
        last: index === frames.length - 1,
        length: frames.length,
        revindex: frames.length - index,
        revindex0: frames.length - index - 1,
        previtem: frames[index - 1]?.value ?? null,
        nextitem: frames[index + 1]?.value ?? null,
      })
      return render(piece.body, frame)
    })
    .join('')
}

function macro(piece: Extract<Piece, { kind: 'macro' }>, outer: Frame): Callable {
  return new Callable((positional, named) => {
    const frame = new Frame(outer)
    piece.parameters.forEach((parameter, index) => {
      const given = positional[index] ?? named.get(parameter.name)
      frame.set(
        parameter.name,
        given ?? (parameter.default ? evaluate(parameter.default, frame) : new Undefined(parameter.name)),
      )
    })
    return render(piece.body, frame)
  })
}
