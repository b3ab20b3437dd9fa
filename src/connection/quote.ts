/** Quotes a word for a POSIX shell. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** Quotes words and joins them to a command. */
export function quoteAll(words: readonly string[]): string {
  return words.map((word) => quote(word)).join(' ')
}
