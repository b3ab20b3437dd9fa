import { createHash } from 'node:crypto'
import { basename, dirname, extname, normalize, relative } from 'node:path'
import { dump } from 'js-yaml'
import { parseYaml } from '../source/read-yaml.js'
import { Secret } from '../value/secret.js'
import { isList, isMap } from '../value/shape.js'
import type { Value } from '../value/value.js'
import { percentFormat } from './percent-format.js'
import type { FilterTable } from './filter.js'
import { regularExpression, replacement } from './regular-expression.js'
import { EvaluationError, listOf, textOf, truthy, usable, type Item } from './values.js'

const arg = (
  args: readonly Item[],
  named: ReadonlyMap<string, Item>,
  index: number,
  name: string,
): Value | undefined => {
  const item = args[index] ?? named.get(name)
  return item === undefined ? undefined : usable(item)
}
const digest = (algorithm: string, of: Item): string => {
  try {
    return createHash(algorithm).update(textOf(of)).digest('hex')
  } catch {
    throw new EvaluationError(`there is no hash "${algorithm}"`)
  }
}

/** JSON as Python prints it: blanks after commas and colons. */
function pythonJson(value: Value, indent?: number): string {
  const plain = JSON.stringify(value, undefined, indent)
  if (indent !== undefined) return plain
  return JSON.stringify(value, undefined, 1)
    .replace(/\n\s*/g, ' ')
    .replace(/([[{]) /g, '$1')
    .replace(/ ([\]}])/g, '$1')
}

const toYaml = (of: Item, indent: number): string =>
  dump(JSON.parse(JSON.stringify(usable(of))), { indent, lineWidth: -1 })

export const TEXT_FILTERS: FilterTable = {
  upper: ['Capital letters.', (of) => textOf(of).toUpperCase()],
  lower: ['Small letters.', (of) => textOf(of).toLowerCase()],
  capitalize: [
    'First letter capital, the rest small.',
    (of) => textOf(of).slice(0, 1).toUpperCase() + textOf(of).slice(1).toLowerCase(),
  ],
  title: [
    'Every word with a capital letter.',
    (of) =>
      textOf(of)
        .toLowerCase()
        .replace(
          /(^|[\s-([{<])([a-z])/g,
          (_, before: string, letter: string) => before + letter.toUpperCase(),
        ),
  ],
  trim: [
    'Without blanks (or other characters) at both ends.',
    (of, args) => {
      const set = args[0] === undefined ? '\\s' : `[${textOf(args[0]).replace(/[\]\\^-]/g, '\\$&')}]`
      return textOf(of).replace(new RegExp(`^${set}+|${set}+$`, 'g'), '')
    },
  ],
  replace: [
    'Replaces a text by another.',
    (of, args) => textOf(of).replaceAll(textOf(args[0] ?? ''), () => textOf(args[1] ?? '')),
  ],
  string: ['As a text.', (of) => textOf(of)],
  split: [
    'Splits a text.',
    (of, args) =>
      args[0] === undefined ? textOf(of).trim().split(/\s+/) : textOf(of).split(textOf(args[0])),
  ],
  join: [
    'Joins a list with a text between; attribute= picks a member first.',
    (of, args, named) => {
      const attribute = arg(args, named, 1, 'attribute')
      const items = listOf(of).map((each) =>
        attribute !== undefined && isMap(each) ? (each[textOf(attribute)] ?? null) : each,
      )
      return items.map((each) => textOf(each)).join(textOf(arg(args, named, 0, 'd') ?? ''))
    },
  ],
  indent: [
    'Indents all lines but the first.',
    (of, args, named) => {
      const width = arg(args, named, 0, 'width') ?? 4
      const pad = typeof width === 'string' ? width : ' '.repeat(Number(width))
      const first = truthy(arg(args, named, 1, 'first') ?? false)
      const blank = truthy(arg(args, named, 2, 'blank') ?? false)
      return textOf(of)
        .split('\n')
        .map((line, index) => ((index === 0 && !first) || (line === '' && !blank) ? line : pad + line))
        .join('\n')
    },
  ],
  format: [
    'Fills a format: `"%s:%d" | format(a, b)`.',
    (of, args) =>
      percentFormat(
        textOf(of),
        args.map((each) => usable(each)),
      ),
  ],
  quote: [
    'Quoted for a shell.',
    (of) => (/^[\w@%+=:,./-]+$/.test(textOf(of)) ? textOf(of) : `'${textOf(of).replaceAll("'", `'"'"'`)}'`),
  ],
  comment: [
    'As a comment.',
    (of, args) =>
      textOf(of)
        .split('\n')
        .map((line) => `${args[0] === 'c' ? '//' : '#'} ${line}`)
        .join('\n'),
  ],
  wordcount: [
    'Number of words.',
    (of) =>
      textOf(of)
        .split(/\s+/)
        .filter((word) => word !== '').length,
  ],
  truncate: [
    'At most so many characters.',
    (of, args, named) => {
      const length = Number(arg(args, named, 0, 'length') ?? 255)
      const text = textOf(of)
      return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 3))}...`
    },
  ],
  center: [
    'Centred in a width.',
    (of, args) =>
      textOf(of)
        .padStart(Math.floor((Number(usable(args[0] ?? 80)) + textOf(of).length) / 2))
        .padEnd(Number(usable(args[0] ?? 80))),
  ],
  escape: [
    'Escaped for HTML.',
    (of) =>
      textOf(of)
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&#34;')
        .replaceAll("'", '&#39;'),
    'e',
  ],
  regex_replace: [
    'Replaces what a regular expression matches.',
    (of, args, named) =>
      textOf(of).replace(
        regularExpression(
          args[0] === undefined ? usable(named.get('pattern') ?? '') : usable(args[0]),
          named,
          '(?:',
          'g',
        ),
        replacement(textOf(args[1] ?? named.get('replacement') ?? '')),
      ),
  ],
  regex_search: [
    'What a regular expression finds, or its groups.',
    (of, args, named) => {
      const found = regularExpression(usable(args[0] ?? ''), named).exec(textOf(of))
      if (found === null) return null
      if (args.length < 2) return found[0]
      return args.slice(1).map((group) => {
        const name = textOf(group)
          .replace(/^\\g?<?/, '')
          .replace(/>$/, '')
        return (/^\d+$/.test(name) ? found[Number(name)] : found.groups?.[name]) ?? null
      })
    },
  ],
  regex_findall: [
    'All that a regular expression finds.',
    (of, args, named) =>
      [...textOf(of).matchAll(regularExpression(usable(args[0] ?? ''), named, '(?:', 'g'))].map((found) =>
        found.length === 1
          ? found[0]
          : found.length === 2
            ? (found[1] ?? '')
            : found.slice(1).map((each: string | undefined) => each ?? ''),
      ),
  ],
  regex_escape: [
    'Escaped for use in a regular expression.',
    (of) => textOf(of).replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'),
  ],
  b64encode: ['As base64.', (of) => Buffer.from(textOf(of)).toString('base64')],
  b64decode: ['From base64.', (of) => Buffer.from(textOf(of), 'base64').toString('utf8')],
  hash: ['Hash in hex; sha1 by default.', (of, args) => digest(textOf(args[0] ?? 'sha1'), of)],
  md5: ['MD5 in hex.', (of) => digest('md5', of)],
  sha1: ['SHA-1 in hex.', (of) => digest('sha1', of)],
  checksum: ['SHA-1 in hex.', (of) => digest('sha1', of)],
  basename: ['Last part of a path.', (of) => basename(textOf(of))],
  dirname: ['A path without its last part.', (of) => (textOf(of).includes('/') ? dirname(textOf(of)) : '')],
  splitext: [
    'A path and its extension.',
    (of) => [textOf(of).slice(0, textOf(of).length - extname(textOf(of)).length), extname(textOf(of))],
  ],
  relpath: ['A path relative to another.', (of, args) => relative(textOf(args[0] ?? '.'), textOf(of))],
  realpath: ['A path without . and .. parts.', (of) => normalize(textOf(of))],
  expanduser: [
    'A path with ~ replaced.',
    (of) => textOf(of).replace(/^~(?=\/|$)/, process.env['HOME'] ?? '~'),
  ],
  to_json: ['As JSON.', (of) => pythonJson(usable(of))],
  to_nice_json: [
    'As indented JSON.',
    (of, args, named) => pythonJson(usable(of), Number(arg(args, named, 0, 'indent') ?? 4)),
  ],
  tojson: ['As JSON.', (of) => pythonJson(usable(of))],
  from_json: [
    'From JSON.',
    (of) => {
      try {
        return JSON.parse(textOf(of)) as Value
      } catch (error) {
        throw new EvaluationError(`this is not valid JSON: ${error instanceof Error ? error.message : ''}`)
      }
    },
  ],
  to_yaml: ['As YAML.', (of) => toYaml(of, 2)],
  to_nice_yaml: [
    'As indented YAML.',
    (of, args, named) => toYaml(of, Number(arg(args, named, 0, 'indent') ?? 4)),
  ],
  from_yaml: ['From YAML.', (of) => parseYaml(textOf(of), '(from_yaml)').data],
  urlencode: [
    'Escaped for a URL.',
    (of) => {
      const value = usable(of)
      return isMap(value)
        ? new URLSearchParams(
            Object.fromEntries(Object.entries(value).map(([key, each]) => [key, textOf(each)])),
          ).toString()
        : encodeURIComponent(textOf(value)).replaceAll('%2F', '/')
    },
  ],
  secret: ['Marks a text as secret: it is hidden in all output.', (of) => new Secret(textOf(of))],
  int: [
    'As a whole number; a default when it is none.',
    (of, args, named) => {
      const value = usable(of)
      if (typeof value === 'number') return Math.trunc(value)
      if (typeof value === 'boolean') return Number(value)
      const base = Number(arg(args, named, 1, 'base') ?? 10)
      const text = textOf(value).trim()
      if (base === 10 && !/^[-+]?\d+(\.\d+)?$/.test(text)) return arg(args, named, 0, 'default') ?? 0
      const number = base === 10 ? Math.trunc(Number(text)) : parseInt(text, base)
      return Number.isNaN(number) ? (arg(args, named, 0, 'default') ?? 0) : number
    },
  ],
  float: [
    'As a number.',
    (of, args) => (Number.isNaN(Number(usable(of))) ? (args[0] ?? 0) : Number(usable(of))),
  ],
  abs: ['Without its sign.', (of) => Math.abs(Number(usable(of)))],
  round: [
    'Rounded.',
    (of, args, named) => {
      const digits = Number(arg(args, named, 0, 'precision') ?? 0)
      const method = textOf(arg(args, named, 1, 'method') ?? 'common')
      const scaled = Number(usable(of)) * 10 ** digits
      return (
        (method === 'floor'
          ? Math.floor(scaled)
          : method === 'ceil'
            ? Math.ceil(scaled)
            : Math.round(scaled)) /
        10 ** digits
      )
    },
  ],
  pow: ['To the power of.', (of, args) => Number(usable(of)) ** Number(usable(args[0] ?? 1))],
  bool: [
    'As a boolean, from Ansible’s spellings.',
    (of) => {
      const value = usable(of)
      return (
        value === true || value === 1 || (typeof value === 'string' && /^(y|yes|true|on|1)$/i.test(value))
      )
    },
  ],
  human_readable: [
    'Bytes for people.',
    (of) => {
      const bytes = Number(usable(of))
      const step = bytes < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10))
      return step === 0
        ? `${bytes} bytes`
        : `${(bytes / 1024 ** step).toFixed(2)} ${['', 'KB', 'MB', 'GB', 'TB'][step] ?? ''}`
    },
  ],
  type_debug: [
    'Name of its type.',
    (of) => {
      const value = usable(of)
      if (value === null) return 'NoneType'
      if (isList(value)) return 'list'
      if (isMap(value)) return 'dict'
      return typeof value === 'string'
        ? 'str'
        : typeof value === 'boolean'
          ? 'bool'
          : Number.isInteger(value)
            ? 'int'
            : 'float'
    },
  ],
}
