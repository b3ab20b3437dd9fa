/** Texts of the files that were parsed, as they were then: excerpts in errors are cut from them. */
const texts = new Map<string, string>()

/** Remembers the text of a file under the name that places carry. */
export function rememberText(file: string, text: string): void {
  texts.set(file, text)
}

/** The text of a file that was parsed; undefined if none was. */
export function textOf(file: string): string | undefined {
  return texts.get(file)
}
