import type { Value } from '../value/value.js'
import type { Place } from './place.js'

/** A YAML file that was read, with the place of every node. */
export interface SourceFile {
  /** As the user would name it: relative to the working directory when it lies below it. */
  readonly file: string
  readonly text: string
  readonly data: Value
}

/**
 * Where the nodes of YAML data stand. Kept beside the data, keyed by the mapping or sequence that contains a
 * node, so that it survives when pieces of a document are moved about.
 */
const places = new WeakMap<object, Map<string | number, { readonly key: Place; readonly value: Place }>>()
const starts = new WeakMap<object, Place>()

/** Remembers where a mapping or sequence begins. */
export function rememberStart(container: object, place: Place): void {
  starts.set(container, place)
}

/** Remembers where an entry of a mapping (its key and value) or an item of a sequence stands. */
export function rememberEntry(container: object, entry: string | number, key: Place, value: Place): void {
  const known = places.get(container) ?? new Map<string | number, { key: Place; value: Place }>()
  known.set(entry, { key, value })
  places.set(container, known)
}

/** Where a mapping or sequence begins; undefined for data that did not come from a file. */
export function placeOf(container: object): Place | undefined {
  return starts.get(container)
}

/** Where the key of an entry stands, or the item of a sequence. */
export function placeOfKey(container: object, entry: string | number): Place | undefined {
  return places.get(container)?.get(entry)?.key ?? starts.get(container)
}

/** Where the value of an entry stands. */
export function placeOfValue(container: object, entry: string | number): Place | undefined {
  return places.get(container)?.get(entry)?.value ?? starts.get(container)
}

/** Gives a copy of a mapping or sequence the places of the original, for the entries that it still has. */
export function carryPlaces<T extends object>(from: object, to: T): T {
  const start = starts.get(from)
  if (start) rememberStart(to, start)
  for (const [entry, { key, value }] of places.get(from) ?? []) rememberEntry(to, entry, key, value)
  return to
}
