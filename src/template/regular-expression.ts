import type { Value } from '../value/value.js'
import { EvaluationError, textOf, truthy, type Item } from './values.js'

/**
 * A regular expression in Python's spelling: (?P<name>…), \Z, \A and flags at the beginning.
 * @param prefix put before the expression, with an open group: `^(?:` anchors it
 */
export function regularExpression(
  source: Value,
  named: ReadonlyMap<string, Item> = new Map(),
  prefix = '(?:',
  more = '',
): RegExp {
  let text = textOf(source)
  let flags = more
  if (named.has('ignorecase') && truthy(named.get('ignorecase') ?? false)) flags += 'i'
  if (named.has('multiline') && truthy(named.get('multiline') ?? false)) flags += 'm'
  const leading = /^\(\?([aiLmsux]+)\)/.exec(text)
  if (leading?.[1] !== undefined) {
    text = text.slice(leading[0].length)
    for (const flag of leading[1]) if ('ims'.includes(flag)) flags += flag
  }
  const translated = text
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replaceAll('\\Z', '$')
    .replaceAll('\\A', '^')
  try {
    return new RegExp(`${prefix}${translated})`, [...new Set(flags)].join(''))
  } catch (error) {
    throw new EvaluationError(
      `"${text}" is no regular expression: ${error instanceof Error ? error.message : ''}`,
    )
  }
}

/** Python's replacement text (\1, \g<name>) as JavaScript's. */
export function replacement(text: string): string {
  return text
    .replaceAll('$', '$$$$')
    .replace(/\\g<(\w+)>/g, (_, name: string) => (/^\d+$/.test(name) ? `$${name}` : `$<${name}>`))
    .replace(/\\(\d)/g, '$$$1')
    .replaceAll('\\n', '\n')
}
