import { SignetError } from '../errors.js'
import { Secret } from '../value/secret.js'
import { isMap, kindOf, showValue } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'

/** A statement of a playbook with question marks as placeholders. */
export interface WrittenStatement {
  readonly text: string
  readonly values: readonly (string | number | null | Secret)[]
}

const TOKENS = /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`|%s|%\((\w+)\)s/g

/**
 * Reads a statement as playbooks write it: `%s` stands for the next of the positional values, `%(name)s` for a named
 * one; inside quotes they are ordinary text. Without values nothing is a placeholder.
 * @throws SignetError invalid-argument
 */
export function writtenStatement(
  query: Value,
  positional: readonly Value[] | undefined,
  named: ValueMap | undefined,
): WrittenStatement {
  const refuse = (message: string): SignetError =>
    new SignetError('invalid-argument', `mysql_query: ${message}.`, {
      hint: 'Give one value for each %s in positional_args, or each %(name)s in named_args.',
    })
  const text = query instanceof Secret ? query.reveal() : query
  if (typeof text !== 'string') throw refuse(`a statement must be a text, not ${kindOf(query)}`)
  if (positional === undefined && named === undefined) return { text, values: [] }
  const values: (string | number | null | Secret)[] = []
  const result = text.replace(TOKENS, (token: string, name: string | undefined) => {
    if (token === '%s') {
      if (positional === undefined || values.length >= positional.length)
        throw refuse('there are too few values')
      values.push(sqlValue(positional[values.length] ?? null))
      return '?'
    }
    if (name === undefined) return token.replaceAll('%%', '%')
    if (named === undefined || !(name in named)) throw refuse(`there is no value for %(${name})s`)
    values.push(sqlValue(named[name] ?? null))
    return '?'
  })
  return { text: result.replaceAll('%%', '%'), values }
}

/** Lists and mappings travel as JSON. */
function sqlValue(value: Value): string | number | null | Secret {
  if (value === null || typeof value === 'number' || value instanceof Secret) return value
  if (typeof value === 'boolean') return value ? 1 : 0
  return isMap(value) ? JSON.stringify(value) : showValue(value)
}
