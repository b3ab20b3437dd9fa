import { isList, isMap } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import type { FilterTable } from './filter.js'
import { FILTERS } from './filters.js'
import { TESTS } from './tests.js'
import {
  equal,
  EvaluationError,
  listOf,
  order,
  textOf,
  truthy,
  Undefined,
  UndefinedUsed,
  usable,
  type Item,
} from './values.js'

type Named = ReadonlyMap<string, Item>
const option = (named: Named, name: string, fallback: Value): Value => usable(named.get(name) ?? fallback)
const mapOf = (item: Item): ValueMap => {
  const value = usable(item)
  if (!isMap(value)) throw new EvaluationError(`${textOf(value)} is no mapping`)
  return value
}

/** `a.b.0` of a value; undefined if there is none. */
function pick(value: Value, path: string): Value | undefined {
  let found: Value | undefined = value
  for (const part of path.split('.')) {
    if (isMap(found)) found = found[part]
    else if (isList(found)) found = found[Number(part)]
    else return undefined
  }
  return found
}

const sortKey = (value: Value, attribute: Value, sensitive: boolean): Value => {
  const picked = attribute === null ? value : (pick(value, textOf(attribute)) ?? null)
  return typeof picked === 'string' && !sensitive ? picked.toLowerCase() : picked
}
const distinct = (items: readonly Value[]): readonly Value[] =>
  items.filter((each, index) => items.findIndex((other) => equal(each, other)) === index)
const has = (items: readonly Value[], value: Value): boolean => items.some((each) => equal(each, value))

function merge(base: ValueMap, over: ValueMap, recursive: boolean): ValueMap {
  const merged: Record<string, Value> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key]
    merged[key] = recursive && isMap(before) && isMap(value) ? merge(before, value, true) : value
  }
  return merged
}

function flatten(items: readonly Value[], levels: number): readonly Value[] {
  return items.flatMap((each) => (isList(each) ? (levels > 1 ? flatten(each, levels - 1) : each) : [each]))
}

/** select, reject, selectattr, rejectattr: keeps elements for which a test holds. */
function select(of: Item, args: readonly Item[], named: Named, byAttribute: boolean, wanted: boolean): Value {
  const attribute = byAttribute ? textOf(args[0] ?? '') : ''
  const rest = byAttribute ? args.slice(1) : args
  const name = rest[0] === undefined ? 'truthy' : textOf(rest[0])
  const test = TESTS.get(name)
  if (test === undefined) throw new EvaluationError(`there is no test "${name}"`)
  return listOf(of).filter((each) => {
    const value: Item = byAttribute ? (pick(each, attribute) ?? new Undefined(attribute)) : each
    if (value instanceof Undefined && !['defined', 'undefined'].includes(name))
      return !wanted && rest[0] === undefined
    return test.holds(value, rest.slice(1), named) === wanted
  })
}

function map(of: Item, args: readonly Item[], named: Named): Value {
  const items = listOf(of)
  const attribute = named.get('attribute')
  if (attribute !== undefined) {
    const fallback = named.get('default')
    return items.map((each) => {
      const found = pick(each, textOf(attribute))
      if (found === undefined && fallback === undefined) throw new UndefinedUsed(textOf(attribute))
      return found ?? usable(fallback ?? null)
    })
  }
  const name = textOf(args[0] ?? '')
  const filter = FILTERS.get(name)
  if (filter === undefined) throw new EvaluationError(`there is no filter "${name}"`)
  return items.map((each) => usable(filter.apply(each, args.slice(1), named)))
}

export const COLLECTION_FILTERS: FilterTable = {
  default: [
    'Another value when it is undefined (or, with true, counts as false).',
    (of, args, named) => {
      const fallback = args[0] ?? named.get('default_value') ?? ''
      if (of instanceof Undefined) return fallback
      const boolean = args[1] ?? named.get('boolean') ?? false
      return truthy(boolean) && !truthy(of) ? fallback : of
    },
    'd',
  ],
  mandatory: [
    'Fails when it is undefined.',
    (of, args) => {
      if (of instanceof Undefined)
        throw args[0] === undefined ? new UndefinedUsed(of.what) : new EvaluationError(textOf(args[0]))
      return of
    },
  ],
  ternary: [
    'One of two values.',
    (of, args, named) => {
      if (usable(of) === null && args[2] !== undefined) return args[2]
      return truthy(of) ? (args[0] ?? named.get('true_val') ?? '') : (args[1] ?? named.get('false_val') ?? '')
    },
  ],
  length: [
    'Number of elements or characters.',
    (of) => {
      const value = usable(of)
      return typeof value === 'string' ? [...value].length : listOf(value).length
    },
    'count',
  ],
  first: ['The first element.', (of) => listOf(of)[0] ?? new Undefined('the first element of an empty list')],
  last: [
    'The last element.',
    (of) => listOf(of).at(-1) ?? new Undefined('the last element of an empty list'),
  ],
  min: [
    'The least.',
    (of, _args, named) =>
      [...listOf(of)].sort((a, b) =>
        order(
          sortKey(a, option(named, 'attribute', null), true),
          sortKey(b, option(named, 'attribute', null), true),
        ),
      )[0] ?? new Undefined('the least of an empty list'),
  ],
  max: [
    'The greatest.',
    (of, _args, named) =>
      [...listOf(of)].sort((a, b) =>
        order(
          sortKey(b, option(named, 'attribute', null), true),
          sortKey(a, option(named, 'attribute', null), true),
        ),
      )[0] ?? new Undefined('the greatest of an empty list'),
  ],
  sum: [
    'Sum of numbers; attribute= picks a member first.',
    (of, args, named) => {
      const attribute = named.get('attribute') ?? args[0]
      return listOf(of).reduce<number>(
        (total, each) => total + Number(attribute === undefined ? each : pick(each, textOf(attribute))),
        Number(option(named, 'start', 0)),
      )
    },
  ],
  list: ['As a list.', (of) => [...listOf(of)]],
  sort: [
    'Sorted; reverse=, case_sensitive=, attribute=.',
    (of, args, named) => {
      const attribute = option(named, 'attribute', null)
      const sensitive = truthy(option(named, 'case_sensitive', usable(args[1] ?? false)))
      const sorted = [...listOf(of)].sort((a, b) =>
        order(sortKey(a, attribute, sensitive), sortKey(b, attribute, sensitive)),
      )
      return truthy(option(named, 'reverse', usable(args[0] ?? false))) ? sorted.reverse() : sorted
    },
  ],
  reverse: [
    'In reverse.',
    (of) => (typeof of === 'string' ? [...of].reverse().join('') : [...listOf(of)].reverse()),
  ],
  unique: ['Without repetitions.', (of) => distinct(listOf(of))],
  flatten: [
    'Nested lists as one; levels=.',
    (of, args, named) =>
      flatten(listOf(of), Number(option(named, 'levels', usable(args[0] ?? 99)))).filter(
        (each) => each !== null,
      ),
  ],
  union: ['Elements of either list.', (of, args) => distinct([...listOf(of), ...listOf(args[0] ?? [])])],
  intersect: [
    'Elements of both lists.',
    (of, args) => distinct(listOf(of).filter((each) => has(listOf(args[0] ?? []), each))),
  ],
  difference: [
    'Elements that another list lacks.',
    (of, args) => distinct(listOf(of).filter((each) => !has(listOf(args[0] ?? []), each))),
  ],
  symmetric_difference: [
    'Elements of exactly one list.',
    (of, args) => {
      const other = listOf(args[0] ?? [])
      return distinct([
        ...listOf(of).filter((each) => !has(other, each)),
        ...other.filter((each) => !has(listOf(of), each)),
      ])
    },
  ],
  zip: [
    'Pairs of elements of lists.',
    (of, args) =>
      listOf(of)
        .slice(0, Math.min(...args.map((each) => listOf(each).length)))
        .map((each, index) => [each, ...args.map((other) => listOf(other)[index] ?? null)]),
  ],
  product: [
    'All combinations with other lists.',
    (of, args) =>
      args.reduce<readonly (readonly Value[])[]>(
        (rows, list) => rows.flatMap((row) => listOf(list).map((each) => [...row, each])),
        listOf(of).map((each) => [each]),
      ),
  ],
  batch: [
    'Lists of so many elements.',
    (of, args) => {
      const size = Number(usable(args[0] ?? 1))
      const items = listOf(of)
      return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
        items.slice(index * size, (index + 1) * size),
      )
    },
  ],
  map: ['Applies a filter, or picks an attribute, for each element.', map],
  select: ['Elements for which a test holds.', (of, args, named) => select(of, args, named, false, true)],
  reject: [
    'Elements for which a test does not hold.',
    (of, args, named) => select(of, args, named, false, false),
  ],
  selectattr: [
    'Elements of which an attribute passes a test.',
    (of, args, named) => select(of, args, named, true, true),
  ],
  rejectattr: [
    'Elements of which an attribute does not pass a test.',
    (of, args, named) => select(of, args, named, true, false),
  ],
  groupby: [
    'Groups by an attribute: [value, elements].',
    (of, args, named) => {
      const attribute = textOf(args[0] ?? named.get('attribute') ?? '')
      const keys = [...distinct(listOf(of).map((each) => pick(each, attribute) ?? null))].sort(order)
      return keys.map((key) => [key, listOf(of).filter((each) => equal(pick(each, attribute) ?? null, key))])
    },
  ],
  combine: [
    'Merges mappings; recursive=true goes deep.',
    (of, args, named) => {
      const recursive = truthy(option(named, 'recursive', false))
      const all = [
        ...(isList(of as Value) ? listOf(of) : [usable(of)]),
        ...args.map((each) => usable(each)),
      ].flatMap((each) => (isList(each) ? each : [each]))
      return all.reduce<ValueMap>((merged, each) => merge(merged, mapOf(each), recursive), {})
    },
  ],
  dict2items: [
    'A mapping as a list of {key, value}.',
    (of, _args, named) =>
      Object.entries(mapOf(of)).map(([key, value]) => ({
        [textOf(option(named, 'key_name', 'key'))]: key,
        [textOf(option(named, 'value_name', 'value'))]: value,
      })),
  ],
  items2dict: [
    'A list of {key, value} as a mapping.',
    (of, _args, named) =>
      Object.fromEntries(
        listOf(of).map((each) => [
          textOf(mapOf(each)[textOf(option(named, 'key_name', 'key'))] ?? ''),
          mapOf(each)[textOf(option(named, 'value_name', 'value'))] ?? null,
        ]),
      ),
  ],
  dictsort: [
    'Pairs of a mapping, sorted by key.',
    (of) =>
      Object.entries(mapOf(of))
        .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
        .map(([key, value]) => [key, value]),
  ],
  items: ['Pairs of a mapping.', (of) => Object.entries(mapOf(of)).map(([key, value]) => [key, value])],
  dict: [
    'A mapping from pairs.',
    (of) =>
      Object.fromEntries(listOf(of).map((pair) => [textOf(listOf(pair)[0] ?? ''), listOf(pair)[1] ?? null])),
  ],
  extract: [
    'The element of a container that a key names.',
    (of, args) => pick(usable(args[0] ?? {}), textOf(of)) ?? new Undefined(textOf(of)),
  ],
  json_query: [
    'Not supported: use selectattr and map.',
    () => {
      throw new EvaluationError('json_query is not supported: use selectattr and map')
    },
  ],
  random: [
    'Not supported: a run must be repeatable.',
    () => {
      throw new EvaluationError('random is not supported: a run must be repeatable')
    },
  ],
}
