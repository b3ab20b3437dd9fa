import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Value } from '../value/value.js'
import type { Names } from './names.js'
import { Callable, EvaluationError, listOf, Namespace, textOf, truthy, usable, type Item } from './values.js'

/** Where lookups look for files: directories of the role and playbook, nearest first. */
export interface LookupPlaces {
  readonly directories: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

function findFile(name: string, below: string, places: LookupPlaces): string {
  const candidates = places.directories.flatMap((directory) => [
    resolve(directory, below, name),
    resolve(directory, name),
  ])
  for (const candidate of candidates) {
    try {
      readFileSync(candidate)
      return candidate
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  throw new EvaluationError(`the file "${name}" is not found; looked for ${candidates.join(', ')}`)
}

type Lookup = (
  terms: readonly Item[],
  named: ReadonlyMap<string, Item>,
  names: Names,
  places: LookupPlaces,
) => readonly Value[]

const LOOKUPS: Readonly<Record<string, Lookup>> = {
  file: (terms, named, _names, places) =>
    terms.map((term) => {
      const text = readFileSync(findFile(textOf(term), 'files', places), 'utf8')
      return truthy(named.get('rstrip') ?? true) ? text.trimEnd() : text
    }),
  env: (terms, named, _names, places) =>
    terms.map((term) => places.env[textOf(term)] ?? usable(named.get('default') ?? '')),
  vars: (terms, named, names) =>
    terms.map((term) => {
      const found = names.get(textOf(term))
      const fallback = named.get('default')
      try {
        return usable(found)
      } catch (error) {
        if (fallback === undefined) throw error
        return usable(fallback)
      }
    }),
  items: (terms) => terms.flatMap((term) => listOf(term)),
  list: (terms) => terms.map((term) => usable(term)),
  dict: (terms) =>
    terms.flatMap((term) =>
      Object.entries(usable(term) as Record<string, Value>).map(([key, value]) => ({ key, value })),
    ),
  fileglob: (terms, _named, _names, places) =>
    terms.flatMap((term) => {
      const pattern = textOf(term)
      const slash = pattern.lastIndexOf('/')
      const below = slash < 0 ? '' : pattern.slice(0, slash)
      const test = new RegExp(
        `^${pattern
          .slice(slash + 1)
          .replace(/[.+^${}()|\\]/g, '\\$&')
          .replaceAll('*', '.*')
          .replaceAll('?', '.')}$`,
      )
      for (const directory of places.directories.flatMap((each) => [
        resolve(each, 'files', below),
        resolve(each, below),
      ])) {
        try {
          const names = readdirSync(directory, { withFileTypes: true }).filter(
            (entry) => entry.isFile() && test.test(entry.name),
          )
          if (names.length > 0) return names.map((entry) => resolve(directory, entry.name)).sort()
        } catch (error) {
          if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
        }
      }
      return []
    }),
  first_found: (terms, _named, _names, places) => {
    const names = terms.flatMap((term) =>
      typeof term === 'string' ? [term] : listOf(term).map((each) => textOf(each)),
    )
    for (const name of names) {
      try {
        return [findFile(name, 'files', places)]
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error
      }
    }
    throw new EvaluationError(`none of these files is found: ${names.join(', ')}`)
  },
}

/** Functions that templates may call: range, dict, namespace, lookup, query, undef. */
export function globalsFor(names: Names, places: LookupPlaces): ReadonlyMap<string, Item> {
  const lookup = (terms: readonly Item[], named: ReadonlyMap<string, Item>): readonly Value[] => {
    const [name, ...rest] = terms
    const which = textOf(name ?? '').replace(/^ansible\.builtin\./, '')
    const found = LOOKUPS[which]
    if (found === undefined)
      throw new EvaluationError(`there is no lookup "${which}"; there are ${Object.keys(LOOKUPS).join(', ')}`)
    return found(rest, named, names, places)
  }
  return new Map<string, Item>([
    [
      'range',
      new Callable((args) => {
        const [first = 0, second, third = 1] = args.map((each) => Number(usable(each)))
        const [from, to] = second === undefined ? [0, first] : [first, second]
        const count = Math.max(0, Math.ceil((to - from) / third))
        if (count > 100_000) throw new EvaluationError('the range is too large')
        return Array.from({ length: count }, (_, index) => from + index * third)
      }),
    ],
    [
      'dict',
      new Callable((args, named) =>
        Object.fromEntries([
          ...(args[0] === undefined
            ? []
            : listOf(args[0]).map(
                (pair) => [textOf(listOf(pair)[0] ?? ''), listOf(pair)[1] ?? null] as const,
              )),
          ...[...named].map(([key, value]) => [key, usable(value)] as const),
        ]),
      ),
    ],
    [
      'namespace',
      new Callable((_args, named) => {
        const namespace = new Namespace()
        for (const [key, value] of named) namespace.values.set(key, value)
        return namespace
      }),
    ],
    [
      'lookup',
      new Callable((args, named) => {
        const found = lookup(args, named)
        if (named.has('wantlist') && truthy(named.get('wantlist') ?? false)) return found
        return found.length === 1
          ? (found[0] ?? null)
          : found.every((each) => typeof each === 'string')
            ? found.join(',')
            : found
      }),
    ],
    ['query', new Callable((args, named) => lookup(args, named))],
    ['q', new Callable((args, named) => lookup(args, named))],
  ])
}
