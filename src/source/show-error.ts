import type { SignetError } from '../errors.js'
import { excerpt } from './excerpt.js'
import { showPlace } from './place.js'

/** An error for people: place, sentence, excerpt, what to do next. Ends with a line break. */
export function showError(error: SignetError): string {
  const where = [error.place ? showPlace(error.place) : '', error.host ?? '']
    .filter((part) => part !== '')
    .join(': ')
  const lines = [`error: ${where === '' ? '' : `${where}: `}${error.message}`]
  const shown = error.place ? excerpt(error.place) : ''
  if (shown !== '') lines.push(shown)
  if (error.hint !== '') lines.push(`  → ${error.hint}`)
  return lines.join('\n') + '\n'
}
