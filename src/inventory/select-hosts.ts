import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SignetError } from '../errors.js'
import { closest } from '../source/closest.js'
import type { Inventory } from './inventory.js'

/** Hosts that are this machine when no inventory defines them; they are not in `all`. */
const IMPLICIT = new Set(['localhost', '127.0.0.1', '::1'])

/**
 * The hosts that a pattern names, in inventory order: `all`, names, groups, wildcards, `~regular expression`,
 * `group[0]`, `group[1:3]`, unions with `:` or `,`, intersections `:&`, exclusions `:!`.
 * @throws SignetError no-hosts for a name that is neither host nor group, with the nearest one
 */
export function selectHosts(inventory: Inventory, pattern: string): readonly string[] {
  const whole = pattern.trim()
  // IPv6 addresses hold the sign that separates patterns.
  const parts = inventory.hosts.has(whole) || IMPLICIT.has(whole) ? [whole] : splitPattern(whole)
  const chosen = new Set<string>()
  const of = (part: string): readonly string[] => matches(inventory, part.trim(), pattern)
  const added = parts.filter((part) => !/^[&!]/.test(part))
  for (const host of added.length === 0 && parts.length > 0 ? inventory.hosts.keys() : added.flatMap(of))
    chosen.add(host)
  for (const part of parts.filter((each) => each.startsWith('&'))) {
    const kept = new Set(of(part.slice(1)))
    for (const host of [...chosen]) if (!kept.has(host)) chosen.delete(host)
  }
  for (const part of parts.filter((each) => each.startsWith('!')))
    for (const host of of(part.slice(1))) chosen.delete(host)
  const order = new Map([...inventory.hosts.keys()].map((name, index) => [name, index]))
  return [...chosen].sort((a, b) => (order.get(a) ?? -1) - (order.get(b) ?? -1))
}

/**
 * The pattern of --limit: `@FILE` stands for the lines of a file, as a pattern may.
 * @throws SignetError file-not-found
 */
export async function readLimit(limit: string, cwd: string): Promise<string> {
  const parts = await Promise.all(
    limit.split(',').map(async (part) => {
      const file = /^([!&]?)@(.+)$/.exec(part.trim())
      if (file?.[2] === undefined) return part
      const sign = file[1] ?? ''
      const text = await readFile(resolve(cwd, file[2]), 'utf8').catch((error: unknown) => {
        throw new SignetError('file-not-found', `The file ${file[2] ?? ''} of --limit can not be read.`, {
          cause: error,
        })
      })
      const lines = text.split('\n').map((line) => line.trim())
      return lines
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => `${sign}${line}`)
        .join(',')
    }),
  )
  return parts.join(',')
}

/** Splits at `:` and `,` that are not within brackets or parentheses; if there is a comma, only at commas. */
function splitPattern(pattern: string): readonly string[] {
  const separators = /,(?![^[]*\])/.test(pattern) ? ',' : ':,'
  const parts: string[] = ['']
  let depth = 0
  for (const letter of pattern) {
    if ('[('.includes(letter)) depth++
    else if ('])'.includes(letter)) depth = Math.max(0, depth - 1)
    if (depth === 0 && separators.includes(letter)) parts.push('')
    else parts.push((parts.pop() ?? '') + letter)
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function matches(inventory: Inventory, part: string, pattern: string): readonly string[] {
  if (inventory.hosts.has(part)) return inventory.groups.get(part)?.hosts ?? [part]
  if (part.startsWith('~')) return matching(inventory, regular(part.slice(1), pattern))
  const index = /^(.+)\[(?:(-?\d+)|(-?\d*):(-?\d*))\]$/.exec(part)
  if (index?.[1] !== undefined)
    return sliced(matches(inventory, index[1], pattern), index[2], index[3], index[4])
  if (part === 'all' || part === '*') return [...inventory.hosts.keys()]
  if (/[*?[]/.test(part)) return matching(inventory, wildcard(part))
  const group = inventory.groups.get(part)
  if (group) return group.hosts
  if (IMPLICIT.has(part)) return [part]
  const near = closest(part, [...inventory.groups.keys(), ...inventory.hosts.keys()])
  const of = part === pattern.trim() ? '' : ` of the pattern "${pattern.trim()}"`
  throw new SignetError('no-hosts', `"${part}"${of} is neither a host nor a group of the inventory.`, {
    hint: near === undefined ? undefined : `Did you mean ${near}?`,
  })
}

/** `[2]`, `[-1]`, `[0:2]`: positions count from 0 or, if negative, from the end; a range includes its end. */
function sliced(hosts: readonly string[], one: string | undefined, from = '', to = ''): readonly string[] {
  if (one !== undefined) {
    const host = hosts.at(Number(one))
    return host === undefined ? [] : [host]
  }
  const end = to === '' || to === '-1' ? undefined : Number(to) + 1
  return hosts.slice(from === '' ? 0 : Number(from), end)
}

function matching(inventory: Inventory, expression: RegExp): readonly string[] {
  const groups = [...inventory.groups.values()]
    .filter((group) => expression.test(group.name))
    .flatMap((group) => group.hosts)
  return [...groups, ...[...inventory.hosts.keys()].filter((host) => expression.test(host))]
}

function regular(text: string, pattern: string): RegExp {
  try {
    // Python's re.match begins at the start, but need not reach the end.
    return new RegExp(`^(?:${text})`)
  } catch (error) {
    throw new SignetError('no-hosts', `"${pattern}" is no valid regular expression.`, {
      cause: error,
      hint: 'What follows ~ is a regular expression.',
    })
  }
}

function wildcard(part: string): RegExp {
  const source = part
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
    .replaceAll('[!', '[^')
  try {
    return new RegExp(`^${source}$`)
  } catch {
    return new RegExp(`^${source.replace(/[[\]]/g, '\\$&')}$`)
  }
}
