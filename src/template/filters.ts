import type { Filter } from './filter.js'
import { COLLECTION_FILTERS } from './filters-collections.js'
import { TEXT_FILTERS } from './filters-text.js'

let table: ReadonlyMap<string, Filter> | undefined

function build(): ReadonlyMap<string, Filter> {
  table ??= new Map(
    [...Object.entries(COLLECTION_FILTERS), ...Object.entries(TEXT_FILTERS)].flatMap(
      ([name, [summary, apply, ...aliases]]) =>
        [name, ...aliases].flatMap((each) => [
          [each, { summary, apply }] as const,
          [`ansible.builtin.${each}`, { summary, apply }] as const,
        ]),
    ),
  )
  return table
}

/** All filters by name; docs/templates.md is made from it. Built at the first use, for filters use one another. */
export const FILTERS = {
  get: (name: string): Filter | undefined => build().get(name),
  names: (): Iterable<string> => build().keys(),
}
