import { SignetError } from '../errors.js'

/** Splits a command into words by a shell's rules of quoting; nothing is expanded. @throws SignetError invalid-argument */
export function shellWords(text: string): readonly string[] {
  const words: string[] = []
  let word: string | undefined
  for (let index = 0; index < text.length; index++) {
    const letter = text[index] ?? ''
    if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (letter === '\\') word = (word ?? '') + (text[++index] ?? '')
    else if (letter === "'" || letter === '"') {
      word ??= ''
      const start = index
      for (index++; index < text.length && text[index] !== letter; index++) {
        if (letter === '"' && text[index] === '\\' && /["\\$`]/.test(text[index + 1] ?? '')) index++
        word += text[index] ?? ''
      }
      if (index >= text.length)
        throw new SignetError(
          'invalid-argument',
          `A quotation mark is not closed: ${text.slice(start, start + 40)}`,
        )
    } else word = (word ?? '') + letter
  }
  if (word !== undefined) words.push(word)
  return words
}
