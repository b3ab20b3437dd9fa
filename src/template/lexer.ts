/** Where in a template something is wrong. Offsets count from 0. */
export class TemplateSyntaxError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

export type Chunk =
  | { readonly kind: 'text'; readonly text: string; readonly offset: number }
  | { readonly kind: 'output' | 'statement'; readonly text: string; readonly offset: number }

/**
 * Cuts a template into text, `{{ output }}` and `{% statement %}`. Comments and raw blocks are dealt with here, and
 * so is white space: `-` trims, and the line break after a statement is dropped (trim_blocks).
 */
export function chunksOf(source: string, trimBlocks: boolean): readonly Chunk[] {
  const chunks: Chunk[] = []
  let position = 0
  let trimNext = false
  const pushText = (text: string, offset: number): void => {
    const trimmed = trimNext ? text.trimStart() : text
    trimNext = false
    if (trimmed !== '') chunks.push({ kind: 'text', text: trimmed, offset })
  }
  while (position < source.length) {
    const next = /\{\{|\{%|\{#/g
    next.lastIndex = position
    const open = next.exec(source)
    if (open === null) {
      pushText(source.slice(position), position)
      break
    }
    let text = source.slice(position, open.index)
    const sign = source[open.index + 2]
    if (sign === '-') text = text.trimEnd()
    pushText(text, position)
    const kind = open[0]
    const close = kind === '{{' ? '}}' : kind === '{%' ? '%}' : '#}'
    const end = kind === '{#' ? source.indexOf(close, open.index + 2) : closing(source, open.index + 2, close)
    if (end < 0) throw new TemplateSyntaxError(`"${kind}" is never closed by "${close}"`, open.index)
    let innerStart = open.index + 2
    if (sign === '-' || sign === '+') innerStart++
    let innerEnd = end
    if (source[end - 1] === '-') {
      innerEnd--
      trimNext = true
    } else if (source[end - 1] === '+' && kind === '{%') innerEnd--
    position = end + 2
    const inner = source.slice(innerStart, innerEnd)
    if (kind === '{%' && /^\s*raw\s*$/.test(inner)) {
      const endRaw = /\{%[-+]?\s*endraw\s*[-+]?%\}/g
      endRaw.lastIndex = position
      const found = endRaw.exec(source)
      if (found === null) throw new TemplateSyntaxError('"raw" is never closed by "endraw"', open.index)
      pushText(source.slice(position, found.index), position)
      position = found.index + found[0].length
    } else if (kind !== '{#') {
      chunks.push({ kind: kind === '{{' ? 'output' : 'statement', text: inner, offset: innerStart })
    }
    if (kind !== '{{' && trimBlocks && !trimNext && source[position] === '\n') position++
  }
  return chunks
}

/** Finds the closing sign that is not inside a quoted text. */
function closing(source: string, from: number, close: string): number {
  let quote = ''
  let braces = 0
  for (let index = from; index < source.length; index++) {
    const letter = source[index] ?? ''
    if (quote !== '') {
      if (letter === '\\') index++
      else if (letter === quote) quote = ''
    } else if (braces === 0 && source.startsWith(close, index)) return index
    else if (letter === '"' || letter === "'") quote = letter
    else if (letter === '{') braces++
    else if (letter === '}' && braces > 0) braces--
  }
  return -1
}

export type Token =
  | { readonly kind: 'name'; readonly text: string; readonly offset: number }
  | { readonly kind: 'number'; readonly value: number; readonly text: string; readonly offset: number }
  | { readonly kind: 'string'; readonly value: string; readonly text: string; readonly offset: number }
  | { readonly kind: 'operator'; readonly text: string; readonly offset: number }
  | { readonly kind: 'end'; readonly text: string; readonly offset: number }

const OPERATORS = [
  '//',
  '**',
  '==',
  '!=',
  '<=',
  '>=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '~',
  '<',
  '>',
  '=',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  '.',
  ':',
  '|',
]
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '0': '\0' }

/** The tokens of an expression or statement. @throws TemplateSyntaxError */
export function tokensOf(text: string, base: number): readonly Token[] {
  const tokens: Token[] = []
  let index = 0
  while (index < text.length) {
    const letter = text[index] ?? ''
    const offset = base + index
    if (/\s/.test(letter)) {
      index++
      continue
    }
    const rest = text.slice(index)
    const number = /^\d[\d_]*(\.\d+)?([eE][-+]?\d+)?/.exec(rest)
    const name = /^[A-Za-z_]\w*/.exec(rest)
    if (number) {
      tokens.push({ kind: 'number', value: Number(number[0].replaceAll('_', '')), text: number[0], offset })
      index += number[0].length
    } else if (name) {
      tokens.push({ kind: 'name', text: name[0], offset })
      index += name[0].length
    } else if (letter === '"' || letter === "'") {
      let value = ''
      let at = index + 1
      while (at < text.length && text[at] !== letter) {
        if (text[at] === '\\' && at + 1 < text.length) {
          const escaped = text[at + 1] ?? ''
          value +=
            ESCAPES[escaped] ??
            (escaped === '\\' || escaped === '"' || escaped === "'" ? escaped : `\\${escaped}`)
          at += 2
        } else value += text[at++] ?? ''
      }
      if (at >= text.length)
        throw new TemplateSyntaxError(`the text that begins with ${letter} is not closed`, offset)
      tokens.push({ kind: 'string', value, text: text.slice(index, at + 1), offset })
      index = at + 1
    } else {
      const operator = OPERATORS.find((each) => rest.startsWith(each))
      if (operator === undefined) throw new TemplateSyntaxError(`unexpected "${letter}"`, offset)
      tokens.push({ kind: 'operator', text: operator, offset })
      index += operator.length
    }
  }
  tokens.push({ kind: 'end', text: 'the end', offset: base + text.length })
  return tokens
}
