import { Ajv, type ValidateFunction } from 'ajv'
import { SignetError, SignetErrors } from '../errors.js'
import { closest } from '../source/closest.js'
import type { Place } from '../source/place.js'
import { placeOfKey, placeOfValue } from '../source/source-file.js'
import { Secret } from '../value/secret.js'
import { isList, isMap, kindOf, showValue } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import type { Value, ValueMap } from '../value/value.js'
import { jsonSchemaOf } from './argument-schema.js'
import { parseMode } from './file-mode.js'
import type { Module } from './module.js'
import type { ArgumentSchema, Arguments, ArgumentsSchema } from './schema.js'

// Our own schemas are held against the schema of schemas by a test, not at each start, where it costs more than all else.
const ajv = new Ajv({
  allErrors: false,
  allowUnionTypes: true,
  strict: false,
  meta: false,
  validateSchema: false,
})
const validators = new WeakMap<ArgumentSchema, ValidateFunction>()

function validatorOf(argument: ArgumentSchema): ValidateFunction {
  const known = validators.get(argument)
  if (known) return known
  const made = ajv.compile(jsonSchemaOf(argument))
  validators.set(argument, made)
  return made
}

const isTemplate = (value: Value | undefined): boolean => typeof value === 'string' && /\{\{|\{%/.test(value)

/**
 * Everything that is wrong with the arguments of a task as far as it can be told: unknown and missing names,
 * values of a wrong type, contradictions. Values that are templates are not looked at.
 * @param raw as written; places come from it
 * @param place of the task, for what is missing
 */
export function checkArguments(
  module: Pick<Module, 'name' | 'args' | 'rules' | 'anyArguments'>,
  raw: ValueMap,
  place: Place | undefined,
): readonly SignetError[] {
  const errors: SignetError[] = []
  const say = (message: string, at: Place | undefined, hint?: string): void => {
    errors.push(
      new SignetError('invalid-argument', `${module.name}: ${message}.`, {
        place: at ?? place,
        hint: hint ?? `See \`signet doc ${module.name}\`.`,
      }),
    )
  }
  const spellings = spellingsOf(module.args)
  const given = new Map<string, Value>()
  for (const key of Object.keys(raw)) {
    const name = spellings.get(key)
    if (name === undefined) {
      if (module.anyArguments === true) continue
      const near = closest(key, spellings.keys())
      say(
        `there is no argument "${key}"`,
        placeOfKey(raw, key),
        near === undefined ? undefined : `Did you mean ${near}?`,
      )
      continue
    }
    if (given.has(name)) say(`"${name}" is given twice, also as "${key}"`, placeOfKey(raw, key))
    const value = raw[key] ?? null
    const argument = module.args[name]
    if (argument === undefined || value === null) continue
    given.set(name, value)
    if (
      isTemplate(value) ||
      value instanceof Unknown ||
      (value instanceof Secret && argument.type === 'string')
    )
      continue
    if (!validatorOf(argument)(plainCopy(value)))
      say(`"${key}" must be ${wanted(argument)}, not ${kindOf(value)}`, placeOfValue(raw, key))
  }
  for (const [name, argument] of Object.entries(module.args)) {
    if (argument.required === true && !given.has(name))
      say(`the argument "${name}" is missing`, place, argument.description)
  }
  checkRules(module, given, say)
  return errors
}

function checkRules(
  module: Pick<Module, 'name' | 'args' | 'rules' | 'anyArguments'>,
  given: ReadonlyMap<string, Value>,
  say: (message: string, at: undefined, hint?: string) => void,
): void {
  const has = (name: string): boolean => given.has(name)
  const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ')
  for (const names of module.rules?.mutuallyExclusive ?? []) {
    // A template may turn out to be omitted.
    const sure = names.filter((name) => has(name) && !isTemplate(given.get(name)))
    if (sure.length > 1) say(`${quoted(names.filter(has))} exclude each other`, undefined)
  }
  for (const names of module.rules?.requiredOneOf ?? [])
    if (!names.some(has)) say(`one of ${quoted(names)} is needed`, undefined)
  for (const names of module.rules?.requiredTogether ?? []) {
    if (names.some(has) && !names.every(has)) say(`${quoted(names)} are needed together`, undefined)
  }
  for (const [name, value, needed] of module.rules?.requiredIf ?? []) {
    const actual = given.get(name) ?? module.args[name]?.default
    const missing = needed.filter((each) => !has(each))
    if (actual === value && missing.length > 0)
      say(`"${name}: ${showValue(value)}" needs ${quoted(missing)}`, undefined)
  }
}

/**
 * The arguments that a module sees: checked, aliases resolved, Ansible's spellings converted (yes, "0644", comma
 * lists, numbers as text), defaults filled in, secrets wrapped. Unknown values are passed through.
 * @throws SignetErrors invalid-argument
 */
export function readArguments<S extends ArgumentsSchema>(
  module: Module<S>,
  raw: ValueMap,
  place: Place | undefined,
): Arguments<S> {
  const errors = checkArguments(module, raw, place)
  if (errors.length > 0) throw new SignetErrors(errors)
  const spellings = spellingsOf(module.args)
  const read: Record<string, Value> = {}
  for (const [name, argument] of Object.entries(module.args))
    if (argument.default !== undefined) read[name] = argument.default
  for (const key of Object.keys(raw)) {
    const name = spellings.get(key) ?? key
    const argument = module.args[name]
    const value = raw[key] ?? null
    if (argument === undefined) read[name] = value
    else if (value !== null) read[name] = convert(value, argument)
  }
  return read as Arguments<S>
}

function spellingsOf(schema: ArgumentsSchema): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(schema).flatMap(([name, argument]) =>
      [name, ...(argument.aliases ?? [])].map((spelling) => [spelling, name] as const),
    ),
  )
}

function convert(value: Value, argument: ArgumentSchema): Value {
  if (value instanceof Unknown) return value
  if (value instanceof Secret) {
    // Only an argument that is a secret, or takes any value, keeps one: what modules read as text they get as text.
    // Its text is masked wherever it is shown.
    return argument.secret === true || argument.type === 'any' ? value : convert(value.reveal(), argument)
  }
  switch (argument.type) {
    case 'string': {
      const text = typeof value === 'boolean' ? (value ? 'True' : 'False') : showValue(value)
      return argument.secret === true ? new Secret(text) : text
    }
    case 'boolean':
      return toBoolean(value)
    case 'integer':
    case 'number':
      return typeof value === 'string' && argument.words?.includes(value) === true ? value : Number(value)
    case 'strings':
      if (isList(value))
        return value.map((each) => (each instanceof Secret ? each.reveal() : showValue(each)))
      return showValue(value)
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== '')
    case 'list':
      return isList(value) ? value : [value]
    case 'mode':
      return parseMode(value as number | string)
    case 'map':
    case 'any':
      return value
  }
}

/** Ansible's spellings of a boolean. */
export function toBoolean(value: Value): boolean {
  return value === true || value === 1 || (typeof value === 'string' && /^(y|yes|true|on|1)$/i.test(value))
}

function wanted(argument: ArgumentSchema): string {
  if (argument.enum) return `one of ${argument.enum.join(', ')}`
  const range =
    argument.minimum === undefined
      ? ''
      : ` from ${argument.minimum}${argument.maximum === undefined ? '' : ` to ${argument.maximum}`}`
  const words = (argument.words ?? []).map((word) => ` or ${word}`).join('')
  switch (argument.type) {
    case 'string':
      return argument.pattern === undefined ? 'a text' : `a text like ${argument.pattern}`
    case 'boolean':
      return 'yes or no'
    case 'integer':
      return `a whole number${range}${words}`
    case 'number':
      return `a number${range}${words}`
    case 'strings':
      return 'a list of texts'
    case 'list':
      return 'a list'
    case 'map':
      return 'a mapping'
    case 'mode':
      return 'a file mode such as "0644" or "u=rw,g=r"'
    case 'any':
      return 'a value'
  }
}

/** Secrets inside lists and mappings look like texts to the validator. */
function plainCopy(value: Value): unknown {
  if (value instanceof Secret || value instanceof Unknown) return ''
  if (isList(value)) return value.map((each) => plainCopy(each))
  if (isMap(value))
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plainCopy(each)]))
  return value
}
