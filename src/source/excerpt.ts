import { textOf } from './file-texts.js'
import type { Place } from './place.js'

/** Longest piece of a line that is shown. */
const WIDTH = 160

/** The line of a place with the one before it and a caret below the column; empty if the file was not read. */
export function excerpt(place: Place): string {
  const lines = textOf(place.file)?.split(/\r?\n/)
  const line = lines?.[place.line - 1]
  if (lines === undefined || line === undefined) return ''
  const width = String(place.line).length
  // Of a very long line the part around the column is shown.
  const from = place.column <= WIDTH ? 0 : place.column - WIDTH / 2
  const row = (number: number, text: string): string =>
    `  ${String(number).padStart(width)} | ${printable(text.slice(from, from + WIDTH))}`.trimEnd()
  const before = lines[place.line - 2]
  return [
    ...(before === undefined ? [] : [row(place.line - 1, before)]),
    row(place.line, line),
    `  ${' '.repeat(width)} | ${' '.repeat(Math.max(0, place.column - 1 - from))}^`,
  ].join('\n')
}

/** Every character as wide as a blank: tabs and control characters would move the caret or the terminal. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}
