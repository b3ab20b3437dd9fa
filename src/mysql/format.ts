import { escape } from 'sql-escaper'

/** Texts, names, comments and question marks: what is inside the first four is left alone. */
const TOKENS =
  /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`|\/\*[\s\S]*?\*\/|(?:--\s|#)[^\n]*|\?/g

/** Puts values, escaped, in the place of question marks; those in texts, names and comments are no placeholders. */
export function formatStatement(text: string, values: readonly (string | number | null)[]): string {
  let next = 0
  return text.replace(TOKENS, (token) => {
    if (token !== '?' || next >= values.length) return token
    const value = values[next++]
    return escape(value ?? null)
  })
}
