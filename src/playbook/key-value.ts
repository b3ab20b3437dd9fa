/** Splits `a=1 b="two words" rest` at blanks outside quotes and templates; quotes around values are removed. */
export function splitKeyValues(text: string): {
  readonly pairs: Readonly<Record<string, string>>
  readonly rest: string
} {
  const pairs: Record<string, string> = {}
  const rest: string[] = []
  for (const word of splitWords(text)) {
    const pair = /^([A-Za-z_][\w]*)=([\s\S]*)$/.exec(word)
    if (pair?.[1] === undefined) rest.push(word)
    else pairs[pair[1]] = unquote(pair[2] ?? '')
  }
  return { pairs, rest: rest.join(' ') }
}

function splitWords(text: string): readonly string[] {
  const words: string[] = []
  let word = ''
  let quote = ''
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    const two = text.slice(index, index + 2)
    const letter = text[index] ?? ''
    if (quote === '' && (two === '{{' || two === '{%')) depth++
    if (quote === '' && depth > 0 && (two === '}}' || two === '%}')) {
      depth--
      word += two
      index++
      continue
    }
    if (depth === 0 && (letter === '"' || letter === "'"))
      quote = quote === '' ? letter : quote === letter ? '' : quote
    if (/\s/.test(letter) && quote === '' && depth === 0) {
      if (word !== '') words.push(word)
      word = ''
    } else word += letter
  }
  if (word !== '') words.push(word)
  return words
}

function unquote(text: string): string {
  return /^(["'])([\s\S]*)\1$/.exec(text)?.[2] ?? text
}
