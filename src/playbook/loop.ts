import { closest } from '../source/closest.js'
import { placeOfKey, placeOfValue } from '../source/source-file.js'
import { isList, isMap, kindOf, showValue } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import { expressionOf } from './expression-of.js'
import type { Loop } from './play.js'
import type { Problems } from './problems.js'
import { sequenceOf } from './sequence.js'

const CONTROLS = ['loop_var', 'index_var', 'label', 'pause', 'extended']

const asList = (x: string): string =>
  `(${x} if ${x} is sequence and ${x} is not string and ${x} is not mapping else [${x}])`

/** How Ansible's older loop keywords are written with Jinja: from the expressions of their items, or of the only value. */
const OLDER: Readonly<Record<string, (items: readonly string[], whole: string) => string>> = {
  with_list: (_items, whole) => whole,
  with_items: (_items, whole) => `${asList(whole)} | flatten(levels=1)`,
  with_flattened: (_items, whole) => `${asList(whole)} | flatten`,
  with_dict: (_items, whole) => `${whole} | dict2items`,
  with_together: ([first = '[]', ...others]) => `${first} | zip(${others.join(', ')})`,
  with_nested: ([first = '[]', ...others]) => `${first} | product(${others.join(', ')})`,
  with_cartesian: ([first = '[]', ...others]) => `${first} | product(${others.join(', ')})`,
  with_indexed_items: (_items, whole) =>
    `range(0, ${asList(whole)} | flatten(levels=1) | length) | zip(${asList(whole)} | flatten(levels=1))`,
  with_fileglob: (items) => `query('fileglob', ${items.join(', ')})`,
  with_first_found: (items) => `query('first_found', ${items.join(', ')})`,
}

/** The keywords that make a task loop. */
export const LOOP_KEYWORDS: readonly string[] = ['loop', 'with_sequence', ...Object.keys(OLDER)]

/** The loop of a task; mistakes go to `problems`. */
export function loopOf(body: ValueMap, problems: Problems): Loop | undefined {
  const [key, second] = Object.keys(body).filter((each) => LOOP_KEYWORDS.includes(each))
  const control = isMap(body['loop_control']) ? body['loop_control'] : {}
  for (const name of Object.keys(control)) {
    if (CONTROLS.includes(name)) continue
    const near = closest(name, CONTROLS)
    problems.add(
      'unknown-keyword',
      `loop_control has no "${name}".`,
      placeOfKey(control, name),
      near === undefined ? `It has ${CONTROLS.join(', ')}.` : `Did you mean ${near}?`,
    )
  }
  if (key === undefined) return undefined
  if (second !== undefined)
    problems.add(
      'invalid-playbook',
      `This task has two loops: ${key} and ${second}.`,
      placeOfKey(body, second),
      'Remove one of them.',
    )
  const items = itemsOf(body, key, problems)
  return {
    items,
    variable: control['loop_var'] === undefined ? 'item' : showValue(control['loop_var']),
    ...(control['index_var'] === undefined ? {} : { indexVariable: showValue(control['index_var']) }),
    ...(control['label'] === undefined ? {} : { label: control['label'] }),
    ...(control['pause'] === undefined ? {} : { pause: control['pause'] }),
    extended: control['extended'] === true,
  }
}

function itemsOf(body: ValueMap, key: string, problems: Problems): Value {
  const value = body[key] ?? null
  const place = placeOfValue(body, key)
  if (key === 'loop') {
    if (isList(value) || (typeof value === 'string' && value.includes('{{'))) return value
    const hint = isMap(value)
      ? 'Turn a mapping into a list with the filter dict2items.'
      : `A variable is written with braces: "{{ ${typeof value === 'string' ? value : 'name'} }}".`
    problems.add('invalid-playbook', `"loop" must be a list, not ${kindOf(value)}.`, place, hint)
    return []
  }
  if (key === 'with_sequence') return sequenceOf(value, place, problems)
  if (key === 'with_list' && isList(value)) return value
  if (key === 'with_dict' && isMap(value))
    return Object.entries(value).map(([name, each]) => ({ key: name, value: each }))
  if (key === 'with_items' && isList(value) && !hasTemplate(value))
    return value.flatMap((item) => (isList(item) ? item : [item]))
  const whole = expressionOf(value)
  const items = isList(value) ? value.map(expressionOf) : [whole]
  const write = OLDER[key]
  if (whole === undefined || write === undefined) {
    problems.add(
      'unsupported-keyword',
      `This value of "${key}" is too intricate.`,
      place,
      'Write loop with an expression that makes the list.',
    )
    return []
  }
  return `{{ ${write(
    items.filter((item) => item !== undefined),
    whole,
  )} }}`
}

function hasTemplate(value: Value): boolean {
  if (typeof value === 'string') return /\{[{%]/.test(value)
  if (isList(value)) return value.some(hasTemplate)
  return isMap(value) && Object.values(value).some(hasTemplate)
}
