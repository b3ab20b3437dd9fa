import { closest } from '../source/closest.js'
import { placeOfKey, placeOfValue } from '../source/source-file.js'
import { isList, isMap, kindOf, showValue } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import { KEYWORDS, keywordsAt, REFUSED_LOOPS, type Keyword, type Level } from './keywords.js'
import type { Problems } from './problems.js'

const WANTED: Readonly<Record<Keyword['type'], string>> = {
  text: 'a text',
  boolean: 'yes or no',
  integer: 'a whole number',
  number: 'a number',
  texts: 'a text or a list of texts',
  list: 'a list',
  map: 'a mapping',
  maps: 'a mapping or a list of mappings',
  condition: 'a condition or a list of conditions',
  items: 'a list of tasks',
  any: 'a value',
}

/** Whether a keyword's value is the name of a variable. */
const namesVariable = (keyword: Keyword): boolean =>
  keyword.name === 'register' || (keyword.name === 'name' && keyword.levels.includes('vars_prompt'))

const isPlain = (value: Value): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

/** Whether a value fits a keyword's type; a template always may. */
function fits(value: Value, type: Keyword['type']): boolean {
  if (typeof value === 'string' && value.includes('{{') && !['map', 'items', 'list'].includes(type))
    return true
  switch (type) {
    case 'text':
      return isPlain(value)
    case 'boolean':
      return (
        typeof value === 'boolean' ||
        (typeof value === 'string' && /^(yes|no|true|false|on|off|1|0)$/i.test(value)) ||
        value === 0 ||
        value === 1
      )
    case 'integer':
      return Number.isInteger(value) || (typeof value === 'string' && /^\d+$/.test(value))
    case 'number':
      return typeof value === 'number' || (typeof value === 'string' && /^\d+(\.\d+)?%?$/.test(value))
    case 'texts':
    case 'condition':
      return isPlain(value) || (isList(value) && value.every(isPlain))
    case 'list':
    case 'items':
      return isList(value) || value === null
    case 'map':
      return isMap(value) || value === null
    case 'maps':
      return isMap(value) || (isList(value) && value.every((each) => isMap(each)))
    case 'any':
      return true
  }
}

/** What may stand in a body besides keywords. */
export interface OtherKeys {
  /** Keys that are no keywords but allowed: the module of a task, parameters of a role. */
  readonly allowed: (key: string) => boolean
  /** Names that could have been meant instead of an unknown key: modules. */
  readonly names?: Iterable<string>
  /** The module of the task and its arguments, for an argument that is not indented enough. */
  readonly module?: { readonly name: string; readonly arguments: ReadonlySet<string> }
}

/** Checks the keywords of a play, block, task or role: unknown ones, refused ones, wrong types. */
export function checkKeywords(body: ValueMap, level: Level, problems: Problems, others: OtherKeys): void {
  const keywords = keywordsAt(level)
  for (const key of Object.keys(body)) {
    const keyword = keywords.get(key)
    if (keyword === undefined) {
      if (!others.allowed(key)) unknownKey(body, key, level, problems, others)
    } else if (keyword.refused !== undefined) {
      problems.add(
        'unsupported-keyword',
        `"${key}" is not supported.`,
        placeOfKey(body, key),
        keyword.refused,
      )
    } else checkValue(body, key, keyword, problems)
  }
}

function checkValue(body: ValueMap, key: string, keyword: Keyword, problems: Problems): void {
  const value = body[key] ?? null
  // An empty host pattern has a sentence of its own.
  if (key === 'hosts' && (value === null || (isList(value) && value.length === 0))) return
  if (!fits(value, keyword.type)) {
    problems.add(
      'invalid-playbook',
      `"${key}" must be ${WANTED[keyword.type]}, not ${kindOf(value)}.`,
      placeOfValue(body, key),
    )
  } else if (namesVariable(keyword) && !isVariableName(value))
    notVariable(showValue(value), problems, placeOfValue(body, key))
  else if (key === 'vars' && isMap(value)) {
    for (const name of Object.keys(value))
      if (!isVariableName(name)) notVariable(name, problems, placeOfKey(value, name))
  }
}

const isVariableName = (value: Value): boolean => typeof value === 'string' && /^[A-Za-z_]\w*$/.test(value)

function notVariable(name: string, problems: Problems, place: ReturnType<typeof placeOfKey>): void {
  const better = name.replace(/\W/g, '_').replace(/^(?=\d)/, '_')
  problems.add(
    'invalid-playbook',
    `"${name}" is no name for a variable.`,
    place,
    `Names have letters, digits and underscores: ${better}.`,
  )
}

function unknownKey(body: ValueMap, key: string, level: Level, problems: Problems, others: OtherKeys): void {
  const place = placeOfKey(body, key)
  if (REFUSED_LOOPS.test(key) && ['task', 'handler'].includes(level)) {
    const near = closest(key, keywordsAt(level).keys())
    const hint = near?.startsWith('with_')
      ? `Did you mean ${near}?`
      : 'Write loop with an expression that makes the list.'
    problems.add('unsupported-keyword', `"${key}" is not supported.`, place, hint)
    return
  }
  if (others.module?.arguments.has(key) === true) {
    problems.add(
      'unknown-keyword',
      `"${key}" is no keyword of a ${level}.`,
      place,
      `It is an argument of ${others.module.name}: indent it below ${others.module.name}.`,
    )
    return
  }
  const elsewhere = KEYWORDS.find((keyword) => keyword.name === key)
  if (elsewhere !== undefined) {
    problems.add(
      'unknown-keyword',
      `"${key}" is no keyword of a ${level}.`,
      place,
      `It may stand in a ${elsewhere.levels.join(', ')}.`,
    )
    return
  }
  const keywords = keywordsAt(level).keys()
  const lacksModule = ['task', 'handler'].includes(level) && others.module === undefined
  const near = closest(key, lacksModule ? [...keywords, ...(others.names ?? [])] : keywords)
  const hint = near === undefined ? undefined : `Did you mean ${near}?`
  if (lacksModule)
    problems.add('unknown-module', `"${key}" is neither a module nor a keyword of a ${level}.`, place, hint)
  else problems.add('unknown-keyword', `"${key}" is no keyword of a ${level}.`, place, hint)
}
