import { statSync } from 'node:fs'
import { isList, isMap } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'
import { contains } from './operators.js'
import { regularExpression } from './regular-expression.js'
import { compareVersions } from './version.js'
import {
  equal,
  EvaluationError,
  listOf,
  order,
  textOf,
  truthy,
  Undefined,
  UnknownUsed,
  usable,
  type Item,
} from './values.js'

export interface Test {
  readonly summary: string
  holds(of: Item, args: readonly Item[], named: ReadonlyMap<string, Item>): boolean
}

const one = (args: readonly Item[]): Value => usable(args[0] ?? null)
const status = (of: Item, key: string): boolean => {
  const value = usable(of)
  if (!isMap(value)) throw new EvaluationError('this test is for the result of a task')
  const found = value[key]
  if (found instanceof Unknown) throw new UnknownUsed(found)
  return found === true
}
const path = (of: Item): ReturnType<typeof statSync> | undefined =>
  statSync(textOf(of), { throwIfNoEntry: false })

const table: Readonly<
  Record<string, readonly [summary: string, holds: Test['holds'], ...aliases: readonly string[]]>
> = {
  defined: ['The variable exists.', (of) => !(of instanceof Undefined)],
  undefined: ['The variable does not exist.', (of) => of instanceof Undefined],
  none: ['The value is null.', (of) => usable(of) === null],
  boolean: ['True or false.', (of) => typeof usable(of) === 'boolean'],
  true: ['Exactly true.', (of) => usable(of) === true],
  false: ['Exactly false.', (of) => usable(of) === false],
  truthy: ['Counts as true.', (of) => truthy(of)],
  falsy: ['Counts as false.', (of) => !truthy(of)],
  integer: ['A whole number.', (of) => Number.isInteger(usable(of))],
  float: [
    'A number with a fraction.',
    (of) => typeof usable(of) === 'number' && !Number.isInteger(usable(of)),
  ],
  number: ['A number.', (of) => typeof usable(of) === 'number'],
  string: ['A text.', (of) => typeof usable(of) === 'string'],
  mapping: ['A mapping.', (of) => isMap(usable(of))],
  sequence: [
    'A list or text.',
    (of) => isList(usable(of)) || typeof usable(of) === 'string' || isMap(usable(of)),
  ],
  iterable: [
    'Can be looped over.',
    (of) => isList(usable(of)) || typeof usable(of) === 'string' || isMap(usable(of)),
  ],
  list: ['A list.', (of) => isList(usable(of))],
  even: ['An even number.', (of) => Number(usable(of)) % 2 === 0],
  odd: ['An odd number.', (of) => Math.abs(Number(usable(of)) % 2) === 1],
  divisibleby: ['Divisible by a number.', (of, args) => Number(usable(of)) % Number(one(args)) === 0],
  in: ['Contained in a list, mapping or text.', (of, args) => contains(one(args), usable(of))],
  contains: ['Contains a value.', (of, args) => contains(usable(of), one(args))],
  eq: ['Equal.', (of, args) => equal(usable(of), one(args)), '==', 'equalto', 'sameas'],
  ne: ['Not equal.', (of, args) => !equal(usable(of), one(args)), '!='],
  gt: ['Greater.', (of, args) => order(usable(of), one(args)) > 0, 'greaterthan'],
  ge: ['Greater or equal.', (of, args) => order(usable(of), one(args)) >= 0],
  lt: ['Less.', (of, args) => order(usable(of), one(args)) < 0, 'lessthan'],
  le: ['Less or equal.', (of, args) => order(usable(of), one(args)) <= 0],
  lower: ['All letters are small.', (of) => textOf(of) === textOf(of).toLowerCase()],
  upper: ['All letters are capital.', (of) => textOf(of) === textOf(of).toUpperCase()],
  match: [
    'A regular expression matches at the beginning.',
    (of, args, named) => regularExpression(one(args), named, '^(?:').test(textOf(of)),
  ],
  search: [
    'A regular expression matches somewhere.',
    (of, args, named) => regularExpression(one(args), named).test(textOf(of)),
  ],
  regex: [
    'A regular expression matches somewhere.',
    (of, args, named) => regularExpression(one(args), named).test(textOf(of)),
  ],
  version: [
    'Compares versions: `x is version("8.0.33", ">=")`.',
    (of, args, named) =>
      compareVersions(textOf(of), textOf(args[0] ?? null), textOf(args[1] ?? named.get('operator') ?? '==')),
    'version_compare',
  ],
  subset: [
    'All its elements are in another list.',
    (of, args) => listOf(of).every((each) => contains(one(args), each)),
    'issubset',
  ],
  superset: [
    'It has all elements of another list.',
    (of, args) => listOf(args[0] ?? null).every((each) => contains(usable(of), each)),
    'issuperset',
  ],
  all: ['All elements count as true.', (of) => listOf(of).every((each) => truthy(each))],
  any: ['An element counts as true.', (of) => listOf(of).some((each) => truthy(each))],
  changed: ['The task changed something.', (of) => status(of, 'changed'), 'change'],
  failed: ['The task failed.', (of) => status(of, 'failed'), 'failure'],
  succeeded: ['The task did not fail.', (of) => !status(of, 'failed'), 'success', 'successful'],
  skipped: ['The task was skipped.', (of) => status(of, 'skipped'), 'skip'],
  unreachable: ['The host could not be reached.', (of) => status(of, 'unreachable')],
  file: ['A path of the controller is a file.', (of) => path(of)?.isFile() === true, 'is_file'],
  directory: ['A path of the controller is a directory.', (of) => path(of)?.isDirectory() === true, 'is_dir'],
  exists: ['A path of the controller exists.', (of) => path(of) !== undefined, 'path_exists'],
}

/** All tests that `is` knows, by name. docs/templates.md is made from this table. */
export const TESTS: ReadonlyMap<string, Test> = new Map(
  Object.entries(table).flatMap(([name, [summary, holds, ...aliases]]) => {
    const names = [name, ...aliases]
    return names.flatMap((each) => [
      [each, { summary, holds }] as const,
      [`ansible.builtin.${each}`, { summary, holds }] as const,
    ])
  }),
)
