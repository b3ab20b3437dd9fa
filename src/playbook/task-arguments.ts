import type { Module } from '../modules/module.js'
import type { Place } from '../source/place.js'
import { carryPlaces, placeOfKey, placeOfValue, rememberEntry, rememberStart } from '../source/source-file.js'
import { isList, isMap, kindOf, showValue } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import { splitKeyValues } from './key-value.js'
import type { Problems } from './problems.js'

const nowhere: Place = { file: '', line: 1, column: 1 }

/** A task with `action: copy src=a` or `local_action: …` written the short way: the module's name is the key. */
export function spellOut(body: ValueMap, problems: Problems): ValueMap {
  const key = ['action', 'local_action'].find((each) => body[each] !== undefined)
  if (key === undefined) return body
  const at = placeOfValue(body, key) ?? nowhere
  const copy: Record<string, Value> = carryPlaces(
    body,
    Object.fromEntries(Object.entries(body).filter(([other]) => other !== key)),
  )
  const { module, args } = actionParts(body[key] ?? null)
  if (module === '')
    problems.add(
      'invalid-playbook',
      `"${key}" must name a module.`,
      at,
      `Write ${key}: MODULE and its arguments.`,
    )
  else {
    copy[module] = args
    rememberEntry(copy, module, at, at)
  }
  if (key === 'local_action') copy['delegate_to'] ??= 'localhost'
  return copy
}

function actionParts(action: Value): { readonly module: string; readonly args: Value } {
  if (isMap(action)) {
    const rest = Object.fromEntries(Object.entries(action).filter(([name]) => name !== 'module'))
    return { module: showValue(action['module'] ?? ''), args: carryPlaces(action, rest) }
  }
  const [, module = '', args = ''] = /^\s*(\S+)\s*([\s\S]*)$/.exec(showValue(action ?? '')) ?? []
  return { module, args: args === '' ? null : args }
}

/** The arguments as a mapping: free form and key=value text are taken apart, `args` is added. */
export function argumentsOf(
  body: ValueMap,
  key: string,
  module: Pick<Module, 'name' | 'args' | 'freeForm'>,
  problems: Problems,
): ValueMap {
  const value = body[key] ?? null
  const place = placeOfValue(body, key) ?? nowhere
  const args: Record<string, Value> = {}
  rememberStart(args, place)
  const take = (from: ValueMap): void => {
    for (const name of Object.keys(from)) {
      args[name] = from[name] ?? null
      rememberEntry(args, name, placeOfKey(from, name) ?? place, placeOfValue(from, name) ?? place)
    }
  }
  if (isMap(value)) take(value)
  else if (isList(value)) {
    problems.add(
      'invalid-argument',
      `The arguments of ${key} are a mapping, not ${kindOf(value)}.`,
      place,
      'Write `name: value` for each argument.',
    )
  } else if (value !== null) take(argumentsOfText(showValue(value), module, place, problems))
  if (isMap(body['args'])) take(body['args'])
  return args
}

function argumentsOfText(
  text: string,
  module: Pick<Module, 'name' | 'args' | 'freeForm'>,
  place: Place,
  problems: Problems,
): ValueMap {
  const { pairs, rest } = splitKeyValues(text)
  const { freeForm } = module
  if (freeForm === undefined) {
    if (rest !== '') {
      problems.add(
        'invalid-argument',
        `${module.name} takes no free text: "${rest}".`,
        place,
        'Write its arguments as a mapping below it.',
      )
    }
    return pairs
  }
  const known = Object.fromEntries(Object.entries(pairs).filter(([name]) => isArgument(module, name)))
  const free = freeText(text, Object.keys(known))
  return free === '' ? known : { ...known, [freeForm]: free }
}

function isArgument(module: Pick<Module, 'args'>, name: string): boolean {
  return (
    name in module.args ||
    Object.values(module.args).some((argument) => argument.aliases?.includes(name) === true)
  )
}

/** Free text without the known key=value words in it; its blanks and quotes stay as written. */
function freeText(text: string, known: readonly string[]): string {
  let rest = text
  for (const name of known) rest = rest.replace(new RegExp(`(^|\\s)${name}=("[^"]*"|'[^']*'|\\S+)`), '')
  return rest.trim()
}
