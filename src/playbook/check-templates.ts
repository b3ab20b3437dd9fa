import type { Place } from '../source/place.js'
import { placeOfValue } from '../source/source-file.js'
import { checkTemplate } from '../template/check-template.js'
import { isList, isMap } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import type { Problems } from './problems.js'

/** Keywords whose texts are expressions without braces. */
const CONDITIONS = new Set(['when', 'changed_when', 'failed_when', 'until'])

/**
 * Checks the syntax of every template below a mapping, and of the conditions among its keywords.
 * @param except keys that are checked elsewhere
 * @param expressions further keys whose texts are expressions without braces
 */
export function checkTemplates(
  body: ValueMap,
  problems: Problems,
  except: readonly string[] = [],
  expressions: readonly string[] = [],
): void {
  const walk = (value: Value, place: Place | undefined, expression: boolean): void => {
    if (typeof value === 'string')
      for (const error of checkTemplate(value, place, expression)) problems.addError(error)
    else if (isList(value)) value.forEach((each, index) => walk(each, placeOfValue(value, index), expression))
    else if (isMap(value))
      for (const key of Object.keys(value)) walk(value[key] ?? null, placeOfValue(value, key), false)
  }
  for (const key of Object.keys(body)) {
    if (!except.includes(key))
      walk(body[key] ?? null, placeOfValue(body, key), CONDITIONS.has(key) || expressions.includes(key))
  }
}
