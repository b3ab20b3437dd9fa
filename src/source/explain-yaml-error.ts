/** What is wrong with a YAML text, in our words. */
export interface YamlMistake {
  /** One sentence. */
  readonly message: string
  readonly hint: string
  /** Where the mistake begins: an offset into the text. Often before the place where the parser gave up. */
  readonly offset: number
}

interface Line {
  readonly text: string
  readonly start: number
}

/** A usual mistake: finds its column (from 0) in a line, or -1. */
interface Cause {
  readonly message: string
  readonly hint: string
  find(line: string, reason: string): number
}

const VALUE = String.raw`^(?:\s*- +)*\s*(?:[\w./-]+\s*:|-)\s+`

/** The column after a match, or -1. */
function after(pattern: RegExp, line: string): number {
  const match = pattern.exec(line)
  return match === null ? -1 : match.index + match[0].length
}

/** Usual mistakes, the surest first. Each is looked for in the line of the error, then in the ones before it. */
const CAUSES: readonly Cause[] = [
  {
    message: 'This line is indented with a tab',
    hint: 'Indent YAML with blanks.',
    find: (line) => (/^ *\t/.test(line) ? line.indexOf('\t') : -1),
  },
  {
    message: 'A value that begins with {{ must be quoted',
    hint: 'Write "{{ … }}" with quotes around the whole value.',
    find: (line) => after(new RegExp(`${VALUE}(?=\\{\\{)`), line),
  },
  {
    message: 'A statement of a template can not stand in YAML by itself',
    hint: 'Use when, loop or a template file instead of {% … %} around keys.',
    find: (line) => after(/^\s*(?=\{%)/, line),
  },
  {
    message: 'A quoted value ends at its closing quote, but more text follows',
    hint: 'Quote the whole value, with the other kind of quotes outside.',
    find: (line) =>
      after(new RegExp(`${VALUE}(?:"(?:[^"\\\\]|\\\\.)*"|'(?:[^']|'')*')\\s*(?=[^\\s#,:}\\]])`), line),
  },
  {
    message: 'This quote is never closed',
    hint: 'Close it, or quote the whole value with the other kind of quotes.',
    find: (line, reason) =>
      /quoted scalar|deficient indentation/.test(reason)
        ? after(new RegExp(`${VALUE}(?="(?:[^"\\\\]|\\\\.)*$|'(?:[^']|'')*$)`), line)
        : -1,
  },
  {
    message: 'This bracket is never closed',
    hint: 'Close it before the next key; brackets inside text must be quoted.',
    find: (line, reason) =>
      /flow collection|deficient indentation|comma/.test(reason)
        ? after(new RegExp(`${VALUE}(?=\\[[^\\]]*$|\\{[^}]*$)`), line)
        : -1,
  },
  {
    message: 'A value can not begin with this sign',
    hint: 'Quote the value.',
    find: (line) => after(new RegExp(`${VALUE}(?=[@\`%])`), line),
  },
  {
    message: 'A list can not begin on the line of its key',
    hint: 'Begin it on the next line, or write [a, b].',
    find: (line) => after(/^\s*(?:- +)?[\w./-]+\s*:\s+(?=- )/, line),
  },
  {
    message: 'A value that contains ": " must be quoted',
    hint: 'Put quotes around the whole value.',
    find: (line) => after(/^\s*(?:- +)*[\w./-]+\s*:\s+(?=[^'"#{[|>&*!\s][^#]*:(?:\s|$))/, line),
  },
  {
    message: 'A colon that ends a key is followed by a blank',
    hint: 'Write `key: value`.',
    find: (line) => after(/^\s*(?:- +)?[A-Za-z_][\w.-]*(?=:[^\s:/\\])/, line),
  },
]

/** Sentences for the parser's reasons when no usual mistake is found. */
const REASONS: readonly (readonly [RegExp, string, string])[] = [
  [/tab characters/, 'This line is indented with a tab', 'Indent YAML with blanks.'],
  [
    /null byte|non-printable|valid JSON character/,
    'This file holds characters that are not text',
    'Is it really a YAML file, saved as UTF-8?',
  ],
  [/maxDepth/, 'This is nested too deeply', 'A hundred levels are allowed.'],
  [
    /escape|hexadecimal/,
    'In double quotes a backslash begins an escape, and this is none',
    'Use single quotes, or write \\\\ for a backslash.',
  ],
  [/quoted scalar/, 'A quote is never closed', 'Close it.'],
  [
    /comma|flow collection|node content/,
    'A list or mapping in brackets is not complete',
    'Entries are separated by commas: [a, b] or {a: 1, b: 2}.',
  ],
  [
    /sequence entry/,
    'This line does not line up with the items of the list above',
    'Items of one list begin in the same column.',
  ],
  [
    /mapping entry|deficient indentation/,
    'This line does not line up with the keys above',
    'Keys of one mapping begin in the same column.',
  ],
  [
    /multiline key|':' after a mapping key/,
    'This line is no `key: value`',
    'Is its colon missing, or the indentation of a text of several lines?',
  ],
  [
    /end of the stream or a document/,
    'This does not belong to what stands above it',
    'A file holds one list or one mapping: is the indentation right, or a colon missing above?',
  ],
  [
    /anchor|alias/,
    'This anchor or alias is not complete',
    'An anchor is &name before a value, an alias *name instead of one.',
  ],
  [/tag/, 'This tag is not complete', 'Quote values that begin with an exclamation mark.'],
  [
    /directive|%YAML|%TAG/,
    'Lines that begin with % are directives, and this is none',
    'Quote it, or remove it.',
  ],
  [
    /block scalar|chomping|line break is expected/,
    'Only + - and one digit may follow | and >',
    'Begin the text on the next line.',
  ],
]

/** Explains a syntax error: `reason` and `offset` are the parser's. */
export function explainYamlError(text: string, offset: number, reason: string): YamlMistake {
  const lines = linesUpTo(text, offset)
  // An open quote or bracket may have begun far above; everything else shows in the line or the one before.
  for (const [index, line] of lines.entries()) {
    for (const cause of CAUSES) {
      if (index > 1 && !cause.message.includes('never closed')) continue
      if (index === 1 && /sequence entry|tab characters/.test(reason)) continue
      const column = cause.find(line.text, reason)
      if (column >= 0) return { message: `${cause.message}.`, hint: cause.hint, offset: line.start + column }
    }
  }
  const [, message, hint] = REASONS.find(([pattern]) => pattern.test(reason)) ?? [
    undefined,
    'This is not valid YAML',
    'Look at the indentation and the quotes around this place.',
  ]
  const line = lines[0]
  const at = Math.min(offset, Math.max(0, text.length - 1))
  if (line === undefined || !message.includes('line up')) return { message: `${message}.`, hint, offset: at }
  // Behind the key the indentation is not what is wrong.
  const key = /^\s*(?:- +)*[^:]*/.exec(line.text)?.[0].length ?? 0
  if (offset > line.start + key)
    return {
      message: 'This does not belong to the value before it.',
      hint: 'Quote the whole value.',
      offset: at,
    }
  return { message: `${message}.`, hint, offset: line.start + Math.max(0, line.text.search(/\S/)) }
}

/** The line of an offset and up to fifty lines that are not empty before it, nearest first. */
function linesUpTo(text: string, offset: number): readonly Line[] {
  const lines: Line[] = []
  let end = text.indexOf('\n', offset)
  if (end < 0) end = text.length
  while (lines.length < 50) {
    const start = text.lastIndexOf('\n', end - 1) + 1
    const line = text.slice(start, end).replace(/\r$/, '')
    if (line.trim() !== '') lines.push({ text: line, start })
    if (start === 0) break
    end = start - 1
  }
  return lines
}
