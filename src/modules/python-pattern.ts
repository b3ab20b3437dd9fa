import { SignetError } from '../errors.js'

/** A regular expression in Python's spelling. @throws SignetError invalid-argument */
export function pythonPattern(source: string, flags = ''): RegExp {
  const leading = /^\(\?([ims]+)\)/.exec(source)
  const text = source
    .slice(leading?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replaceAll('\\Z', '$')
    .replaceAll('\\A', '^')
  try {
    return new RegExp(text, [...new Set(flags + (leading?.[1] ?? ''))].join(''))
  } catch (error) {
    throw new SignetError(
      'invalid-argument',
      `"${source}" is no regular expression: ${error instanceof Error ? error.message : ''}.`,
    )
  }
}

/** Fills Python's references to groups, \1 and \g<name>, in a text. */
export function pythonReplacement(text: string, found: RegExpExecArray): string {
  return text.replace(/\\g<(\w+)>|\\(\d)/g, (_, name: string | undefined, digit: string | undefined) => {
    const key = name ?? digit ?? '0'
    return (/^\d+$/.test(key) ? found[Number(key)] : found.groups?.[key]) ?? ''
  })
}
