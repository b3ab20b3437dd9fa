import type { Place } from '../source/place.js'
import { isMap, showValue } from '../value/shape.js'
import type { Value } from '../value/value.js'
import type { Problems } from './problems.js'

const WORD = /(\w+)=(\{\{.*?\}\}|"[^"]*"|\S+)/g
const FORMAT = /%(0?)(\d*)([dxo])/

/** The items of with_sequence, `start=1 end=9 stride=2 format=host%02d` or `count=5`: texts, or a template of them. */
export function sequenceOf(value: Value, place: Place | undefined, problems: Problems): Value {
  const text = isMap(value)
    ? Object.entries(value)
        .map(([key, each]) => `${key}=${showValue(each)}`)
        .join(' ')
    : showValue(value)
  const parts = new Map(
    [...text.matchAll(WORD)].map((match) => [match[1] ?? '', (match[2] ?? '').replace(/^"(.*)"$/, '$1')]),
  )
  const complain = (message: string): Value => {
    problems.add(
      'invalid-playbook',
      message,
      place,
      'Write start=1 end=9, or loop: "{{ range(1, 10) | list }}".',
    )
    return []
  }
  const known = [...parts.keys()].every((name) =>
    ['start', 'end', 'count', 'stride', 'format'].includes(name),
  )
  if (!known || text.replace(WORD, '').trim() !== '' || parts.has('end') === parts.has('count')) {
    return complain('"with_sequence" has start, stride, format, and either end or count.')
  }
  const number = (name: string): string => {
    const part = parts.get(name) ?? '1'
    const template = /^\{\{(.*)\}\}$/.exec(part)?.[1]
    return template === undefined ? part : `((${template}) | int)`
  }
  const [start, stride, last] = [
    number('start'),
    number('stride'),
    number(parts.has('count') ? 'count' : 'end'),
  ]
  const format = parts.get('format')
  if ([start, stride, last].some((each) => each.startsWith('('))) {
    if (format !== undefined)
      return complain('"with_sequence" can not have a format when its numbers are templates.')
    const end = parts.has('count')
      ? `${start} + ${last} * ${stride}`
      : `${last} + (1 if ${stride} > 0 else -1)`
    return `{{ range(${start}, ${end}, ${stride}) | map('string') | list }}`
  }
  const [from, by, to] = [start, stride, last].map((each) =>
    /^-?\d+$/.test(each) ? Number(each) : Number.NaN,
  )
  if (
    from === undefined ||
    by === undefined ||
    to === undefined ||
    ![from, by, to].every(Number.isInteger) ||
    by === 0
  ) {
    return complain('"with_sequence" counts with whole numbers.')
  }
  const count = parts.has('count') ? to : Math.floor((to - from) / by) + 1
  if (count > 100_000) return complain('This sequence is too long.')
  return Array.from({ length: Math.max(0, count) }, (_, index) => formatted(from + index * by, format))
}

function formatted(number: number, format = '%d'): string {
  return format.replace(FORMAT, (_whole, zero: string, width: string, kind: string) =>
    number
      .toString(kind === 'x' ? 16 : kind === 'o' ? 8 : 10)
      .padStart(Number(width), zero === '' ? ' ' : '0'),
  )
}
