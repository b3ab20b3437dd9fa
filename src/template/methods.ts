import { isList, isMap } from '../value/shape.js'
import type { Value } from '../value/value.js'
import { Callable, equal, EvaluationError, listOf, textOf, usable, type Item } from './values.js'

type Method<T> = (self: T, args: readonly Item[], named: ReadonlyMap<string, Item>) => Item

const text = (args: readonly Item[], index: number): string => textOf(args[index] ?? null)
const strip = (characters: string | undefined): string =>
  characters === undefined ? '\\s' : `[${characters.replace(/[\]\\^-]/g, '\\$&')}]`
const stripSet = (args: readonly Item[]): string => strip(args[0] === undefined ? undefined : text(args, 0))
const ends = (args: readonly Item[], test: (part: string) => boolean): boolean =>
  isList(args[0] as Value) ? listOf(args[0] ?? null).some((each) => test(textOf(each))) : test(text(args, 0))

function split(self: string, args: readonly Item[]): readonly string[] {
  const separator = args[0] === undefined || args[0] === null ? undefined : text(args, 0)
  const most = args[1] === undefined ? -1 : Number(usable(args[1]))
  const parts =
    separator === undefined
      ? self
          .trim()
          .split(/\s+/)
          .filter((part) => part !== '')
      : self.split(separator)
  if (most < 0 || parts.length <= most + 1) return parts
  return [...parts.slice(0, most), parts.slice(most).join(separator ?? ' ')]
}

/** Python's str.format with {}, {0}, {name} and simple widths. */
export function braceFormat(format: string, args: readonly Item[], named: ReadonlyMap<string, Item>): string {
  let next = 0
  return format.replace(
    /\{\{|\}\}|\{([^{}:]*)(?::([^{}]*))?\}/g,
    (whole, name: string | undefined, spec: string | undefined) => {
      if (whole === '{{') return '{'
      if (whole === '}}') return '}'
      const value =
        name === undefined || name === ''
          ? args[next++]
          : /^\d+$/.test(name)
            ? args[Number(name)]
            : named.get(name)
      if (value === undefined) throw new EvaluationError(`the format "${format}" has a place without a value`)
      const parts = /^(?:(.)?([<>^]))?(0)?(\d+)?(?:\.(\d+))?([sdfx])?$/.exec(spec ?? '')
      if (parts === null) throw new EvaluationError(`the format ":${spec ?? ''}" is not supported`)
      const [, fill = ' ', align, zero, width, precision, type] = parts
      const number = Number(usable(value))
      const shown =
        type === 'f'
          ? number.toFixed(Number(precision ?? 6))
          : type === 'x'
            ? number.toString(16)
            : textOf(value)
      const size = Number(width ?? 0)
      if (zero !== undefined) return shown.padStart(size, '0')
      if (align === '>') return shown.padStart(size, fill)
      if (align === '^') return shown.padStart(Math.floor((size + shown.length) / 2), fill).padEnd(size, fill)
      return align === '<' || typeof value === 'string'
        ? shown.padEnd(size, fill)
        : shown.padStart(size, fill)
    },
  )
}

const TEXT: Readonly<Record<string, Method<string>>> = {
  upper: (self) => self.toUpperCase(),
  lower: (self) => self.toLowerCase(),
  title: (self) =>
    self
      .toLowerCase()
      .replace(/(^|[^A-Za-z])([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase()),
  capitalize: (self) => self.slice(0, 1).toUpperCase() + self.slice(1).toLowerCase(),
  strip: (self, args) => self.replace(new RegExp(`^${stripSet(args)}+|${stripSet(args)}+$`, 'g'), ''),
  lstrip: (self, args) => self.replace(new RegExp(`^${stripSet(args)}+`), ''),
  rstrip: (self, args) => self.replace(new RegExp(`${stripSet(args)}+$`), ''),
  split,
  rsplit: (self, args) => {
    const separator = text(args, 0)
    const most = args[1] === undefined ? -1 : Number(usable(args[1]))
    const parts = self.split(separator)
    if (most < 0 || parts.length <= most + 1) return parts
    return [parts.slice(0, parts.length - most).join(separator), ...parts.slice(parts.length - most)]
  },
  splitlines: (self) => self.replace(/\r?\n$/, '').split(/\r?\n/),
  startswith: (self, args) => ends(args, (part) => self.startsWith(part)),
  endswith: (self, args) => ends(args, (part) => self.endsWith(part)),
  replace: (self, args) => self.replaceAll(text(args, 0), () => text(args, 1)),
  find: (self, args) => self.indexOf(text(args, 0)),
  count: (self, args) => self.split(text(args, 0)).length - 1,
  join: (self, args) =>
    listOf(args[0] ?? null)
      .map((each) => textOf(each))
      .join(self),
  format: (self, args, named) => braceFormat(self, args, named),
  zfill: (self, args) => self.padStart(Number(usable(args[0] ?? 0)), '0'),
  ljust: (self, args) => self.padEnd(Number(usable(args[0] ?? 0))),
  rjust: (self, args) => self.padStart(Number(usable(args[0] ?? 0))),
  isdigit: (self) => /^\d+$/.test(self),
  isalpha: (self) => /^\p{L}+$/u.test(self),
  isalnum: (self) => /^[\p{L}\p{N}]+$/u.test(self),
  isupper: (self) => self !== self.toLowerCase() && self === self.toUpperCase(),
  islower: (self) => self !== self.toUpperCase() && self === self.toLowerCase(),
}

const MAP: Readonly<Record<string, Method<Readonly<Record<string, Value>>>>> = {
  items: (self) => Object.entries(self).map(([key, value]) => [key, value]),
  keys: (self) => Object.keys(self),
  values: (self) => Object.values(self),
  get: (self, args) => {
    const key = text(args, 0)
    return Object.hasOwn(self, key) ? (self[key] ?? null) : (args[1] ?? null)
  },
  copy: (self) => ({ ...self }),
}

const LIST: Readonly<Record<string, Method<readonly Value[]>>> = {
  index: (self, args) => self.findIndex((each) => equal(each, usable(args[0] ?? null))),
  count: (self, args) => self.filter((each) => equal(each, usable(args[0] ?? null))).length,
  copy: (self) => [...self],
}

/** A method of Python's texts, dicts and lists as templates use them; undefined if there is none. */
export function methodOf(value: Value, name: string): Item | undefined {
  const bound = <T>(method: Method<T> | undefined, self: T): Item | undefined =>
    method === undefined ? undefined : new Callable((args, named) => method(self, args, named))
  if (typeof value === 'string') return bound(TEXT[name], value)
  if (isList(value)) return bound(LIST[name], value)
  if (isMap(value)) return bound(MAP[name], value)
  return undefined
}
