import { SignetError } from '../errors.js'
import { closest } from '../source/closest.js'
import type { Place } from '../source/place.js'
import { rememberEntry } from '../source/source-file.js'
import type { Value, ValueMap } from '../value/value.js'
import type { InventoryDraft } from './build-inventory.js'
import { expandRange } from './host-range.js'
import { iniValue } from './ini-value.js'

interface Section {
  readonly group: string
  readonly kind: string
}

/** A group that [x:vars] or [x:children] speaks of, which must be defined somewhere in the file. */
interface Mention {
  readonly group: string
  readonly place: Place
}

/**
 * Reads an INI inventory: `[group]` with a host and its variables in each line, `[group:children]`, `[group:vars]`.
 * @throws SignetError invalid-inventory
 */
export function readIniInventory(text: string, file: string, draft: InventoryDraft): void {
  let section: Section = { group: 'ungrouped', kind: 'hosts' }
  const defined = new Set(['all', 'ungrouped'])
  const mentioned: Mention[] = []
  text.split(/\r?\n/).forEach((raw, index) => {
    const place: Place = { file, line: index + 1, column: raw.length - raw.trimStart().length + 1 }
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) return
    if (line.startsWith('[') && !/^\[[^\]]*\]\S/.test(line)) {
      section = readHeader(line, place)
      if (section.kind !== 'vars') {
        defined.add(section.group)
        draft.group(section.group)
      } else mentioned.push({ group: section.group, place: { ...place, column: place.column + 1 } })
    } else if (section.kind === 'children') {
      const child = line.split(/\s+/)[0] ?? line
      mentioned.push({ group: child, place })
      draft.addChild(section.group, child, place)
    } else if (section.kind === 'vars') draft.groupVars(section.group, readVariable(line, place))
    else readHost(line, place, section.group, draft)
  })
  for (const { group, place } of mentioned) {
    if (defined.has(group)) continue
    const near = closest(group, defined)
    throw new SignetError('invalid-inventory', `There is no group "${group}" in this file.`, {
      place,
      hint: near === undefined ? `Add a section [${group}].` : `Did you mean ${near}?`,
    })
  }
}

function readHeader(line: string, place: Place): Section {
  const header = /^\[([^\]:]+)(?::(\w+))?\]\s*(?:[#;].*)?$/.exec(line)
  if (header?.[1] === undefined) {
    throw new SignetError('invalid-inventory', 'This section header is not complete.', {
      place,
      hint: 'Write [group], [group:children] or [group:vars].',
    })
  }
  const kind = header[2] ?? 'hosts'
  if (!['hosts', 'children', 'vars'].includes(kind)) {
    const near = closest(kind, ['children', 'vars'])
    throw new SignetError('invalid-inventory', `A section ends with :children or :vars, not :${kind}.`, {
      place: { ...place, column: place.column + header[1].length + 2 },
      hint:
        near === undefined ? 'Write [group], [group:children] or [group:vars].' : `Did you mean :${near}?`,
    })
  }
  return { group: header[1].trim(), kind }
}

function readVariable(line: string, place: Place): ValueMap {
  const equals = line.indexOf('=')
  if (equals < 1) {
    throw new SignetError('invalid-inventory', 'A variable is written name=value.', {
      place,
      hint: 'Hosts stand in [group], not in [group:vars].',
    })
  }
  const name = line.slice(0, equals).trim()
  const vars = { [name]: iniValue(line.slice(equals + 1).trim()) }
  rememberEntry(vars, name, place, { ...place, column: place.column + equals + 1 })
  return vars
}

function readHost(line: string, place: Place, group: string, draft: InventoryDraft): void {
  const [pattern, ...words] = wordsOf(line)
  if (pattern === undefined) return
  const vars: Record<string, Value> = {}
  for (const word of words) {
    if (word.text.startsWith('#')) break
    const at = { ...place, column: place.column + word.offset }
    const equals = word.text.indexOf('=')
    if (equals < 1) {
      throw new SignetError('invalid-inventory', `"${word.text}" is no variable: write name=value.`, {
        place: at,
        hint: 'Quote values that contain blanks.',
      })
    }
    const name = word.text.slice(0, equals)
    vars[name] = iniValue(unquoted(word.text.slice(equals + 1)))
    rememberEntry(vars, name, at, { ...at, column: at.column + equals + 1 })
  }
  const { hosts, port } = hostsOf(pattern.text, place)
  if (port !== undefined) vars['ansible_port'] ??= port
  for (const host of hosts) {
    draft.host(host, vars, place)
    draft.addHost(group, host)
  }
}

/** The hosts of a pattern such as `web[1:3]`, `db.example:2222` or `[2001:db8::1]:22`. */
export function hostsOf(
  pattern: string,
  place?: Place,
): { readonly hosts: readonly string[]; readonly port?: number } {
  const [, bracketed, six] = /^\[([\da-f]*:[\da-f:.]*:[\da-f:.]*)\](?::(\d+))?$/i.exec(pattern) ?? []
  if (bracketed !== undefined)
    return { hosts: [bracketed], ...(six === undefined ? {} : { port: Number(six) }) }
  // More than one colon outside of ranges: an IPv6 address, which has no port.
  const [, name = pattern, port] = /^((?:[^:[\]]|\[[^\]]*\])+):(\d+)$/.exec(pattern) ?? []
  return { hosts: expandRange(name, place), ...(port === undefined ? {} : { port: Number(port) }) }
}

/** Splits at blanks that are not inside quotes; the quotes stay. */
function wordsOf(line: string): readonly { readonly text: string; readonly offset: number }[] {
  return [...line.matchAll(/(?:[^\s"']+|"(?:[^"\\]|\\.)*"|'[^']*')+/g)].map((match) => ({
    text: match[0],
    offset: match.index,
  }))
}

/** A word as a shell would pass it on. */
function unquoted(word: string): string {
  return word.replace(
    /"((?:[^"\\]|\\.)*)"|'([^']*)'/g,
    (_whole, double: string | undefined, single: string | undefined) =>
      double === undefined ? (single ?? '') : double.replace(/\\(["\\])/g, '$1'),
  )
}
