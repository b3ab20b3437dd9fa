import { EVENT_ID, getScalarValue, SCALAR_STYLE, type Event } from 'js-yaml'
import { SignetError } from '../errors.js'
import { isList, isMap } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import type { Place } from './place.js'
import { placeOfKey, placeOfValue, rememberEntry, rememberStart } from './source-file.js'
import { taggedCollection, taggedScalar } from './yaml-tag.js'

interface Node {
  readonly value: Value
  readonly place: Place
  /** Nodes below it, those of aliases counted again: a bomb of nested aliases shows in it. */
  readonly size: number
}

/** More nodes than any real file has. */
const MOST_NODES = 2_000_000

type Of<Type extends Event['type']> = Extract<Event, { type: Type }>

/** Builds plain data from the parser's events, and remembers the place of every node. */
export class YamlBuilder {
  #next = 0
  /** Undefined while the node is being built: an alias to it would contain itself. */
  readonly #anchors = new Map<string, Node | undefined>()
  readonly #events: readonly Event[]
  readonly #text: string
  readonly #place: (offset: number) => Place

  constructor(events: readonly Event[], text: string, place: (offset: number) => Place) {
    this.#events = events
    this.#text = text
    this.#place = place
  }

  /** The data of the only document; null if there is none. @throws SignetError yaml-syntax, vault-locked */
  document(): Value {
    const documents = this.#events.filter((event) => event.type === EVENT_ID.DOCUMENT)
    if (documents.length > 1) {
      throw new SignetError('yaml-syntax', 'The file holds more than one YAML document.', {
        place: this.#place(this.#text.lastIndexOf('\n---') + 1),
        hint: 'Put each document in a file of its own.',
      })
    }
    this.#next = 1
    const first = this.#events[1]
    return first === undefined || first.type === EVENT_ID.POP ? null : this.#node(0).value
  }

  #node(fallback: number): Node {
    const event = this.#events[this.#next++]
    if (event === undefined) return { value: null, place: this.#place(fallback), size: 1 }
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#scalar(event, fallback)
      case EVENT_ID.SEQUENCE:
        return this.#sequence(event)
      case EVENT_ID.MAPPING:
        return this.#mapping(event)
      case EVENT_ID.ALIAS:
        return this.#alias(event)
      case EVENT_ID.DOCUMENT:
      case EVENT_ID.POP:
        return { value: null, place: this.#place(fallback), size: 1 }
    }
  }

  #scalar(event: Of<typeof EVENT_ID.SCALAR>, fallback: number): Node {
    const place = this.#place(
      event.valueStart < 0 ? fallback : this.#scalarStart(event.valueStart, event.style),
    )
    const text = getScalarValue(this.#text, event)
    const value = taggedScalar(this.#tag(event), text, event.style === SCALAR_STYLE.PLAIN, place)
    return this.#keep(event, { value, place, size: 1 })
  }

  #sequence(event: Of<typeof EVENT_ID.SEQUENCE>): Node {
    const place = this.#place(event.start)
    this.#open(event)
    const items: Value[] = []
    rememberStart(items, place)
    let size = 1
    while (this.#events[this.#next]?.type !== EVENT_ID.POP) {
      const item = this.#node(event.start)
      rememberEntry(items, items.length, item.place, item.place)
      items.push(item.value)
      size = this.#grow(size, item)
    }
    this.#next++
    return this.#keep(event, { value: taggedCollection(this.#tag(event), items, place), place, size })
  }

  #mapping(event: Of<typeof EVENT_ID.MAPPING>): Node {
    const place = this.#place(event.start)
    this.#open(event)
    const entries: Record<string, Value> = {}
    rememberStart(entries, place)
    const merged: ValueMap[] = []
    let size = 1
    while (this.#events[this.#next]?.type !== EVENT_ID.POP)
      size = this.#grow(size, this.#entry(entries, merged, event.start))
    this.#next++
    // What is written in the mapping itself wins, then the mapping that was merged first.
    for (const source of merged) {
      for (const key of Object.keys(source)) {
        if (Object.hasOwn(entries, key)) continue
        entries[key] = source[key] ?? null
        rememberEntry(entries, key, placeOfKey(source, key) ?? place, placeOfValue(source, key) ?? place)
      }
    }
    return this.#keep(event, { value: taggedCollection(this.#tag(event), entries, place), place, size })
  }

  /** Reads a key and its value. @returns the value's node */
  #entry(entries: Record<string, Value>, merged: ValueMap[], start: number): Node {
    const event = this.#events[this.#next]
    const { place } = this.#node(start)
    if (event?.type !== EVENT_ID.SCALAR) {
      const braces = this.#text.slice(Math.max(0, start), start + 2) === '{{'
      throw new SignetError(
        'yaml-syntax',
        braces ? 'A value that begins with {{ must be quoted.' : 'A key must be a word or text.',
        {
          place: braces ? this.#place(start) : place,
          hint: braces
            ? 'Write "{{ … }}" with quotes around the whole value.'
            : 'Lists and mappings can not be keys.',
        },
      )
    }
    const key = getScalarValue(this.#text, event)
    const value = this.#node(event.valueEnd)
    if (key === '<<' && event.style === SCALAR_STYLE.PLAIN) {
      const sources = isList(value.value) ? value.value : [value.value]
      for (const source of sources) {
        if (!isMap(source))
          throw new SignetError('yaml-syntax', 'Only mappings can be merged with <<.', {
            place: value.place,
            hint: 'Write <<: *anchor of a mapping.',
          })
        merged.push(source)
      }
      return value
    }
    if (key === '__proto__')
      throw new SignetError('yaml-syntax', 'This key is not allowed.', { place, hint: 'Rename it.' })
    if (Object.hasOwn(entries, key)) {
      const first = placeOfKey(entries, key)
      throw new SignetError('yaml-syntax', `The key "${key}" stands twice in this mapping.`, {
        place,
        hint:
          first === undefined
            ? 'Remove one of them.'
            : `Remove one of them; the first is in line ${first.line}.`,
      })
    }
    rememberEntry(entries, key, place, value.place)
    entries[key] = value.value
    return value
  }

  #alias(event: Of<typeof EVENT_ID.ALIAS>): Node {
    const name = this.#text.slice(event.anchorStart, event.anchorEnd)
    const place = this.#place(event.anchorStart - 1)
    const node = this.#anchors.get(name)
    if (node !== undefined) return { ...node, place }
    const open = this.#anchors.has(name)
    throw new SignetError(
      'yaml-syntax',
      open
        ? `The alias *${name} stands inside of &${name} itself.`
        : `There is no anchor &${name} before this alias.`,
      {
        place,
        hint: open ? 'Data can not contain itself.' : 'Quote a text that begins with an asterisk.',
      },
    )
  }

  #grow(size: number, inner: Node): number {
    const grown = size + inner.size
    if (grown > MOST_NODES)
      throw new SignetError('yaml-syntax', 'The aliases of this file stand for too much data.', {
        place: inner.place,
        hint: 'Nest fewer aliases.',
      })
    return grown
  }

  #tag(event: { readonly tagStart: number; readonly tagEnd: number }): string {
    return event.tagStart < 0 ? '' : this.#text.slice(event.tagStart, event.tagEnd)
  }

  #open(event: { readonly anchorStart: number; readonly anchorEnd: number }): void {
    if (event.anchorStart >= 0)
      this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), undefined)
  }

  #keep(event: { readonly anchorStart: number; readonly anchorEnd: number }, node: Node): Node {
    if (event.anchorStart >= 0) this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), node)
    return node
  }

  /** Where a scalar begins for the reader: at its quote or block sign, not at its first letter. */
  #scalarStart(valueStart: number, style: number): number {
    if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED)
      return Math.max(0, valueStart - 1)
    if (style === SCALAR_STYLE.LITERAL_BLOCK || style === SCALAR_STYLE.FOLDED_BLOCK) {
      const end = Math.max(0, valueStart - 1)
      const start = this.#text.lastIndexOf('\n', end - 1) + 1
      const sign = /[|>][-+0-9]*[ \t]*(?:#.*)?\r?$/.exec(this.#text.slice(start, end))
      return sign === null ? valueStart : start + sign.index
    }
    return valueStart
  }
}
