import { isList, isMap } from '../value/shape.js'
import type { Value } from '../value/value.js'

/**
 * A value of a playbook, templates included, as one Jinja expression: `"{{ a }}-b"` becomes `((a) ~ "-b")`.
 * Undefined for what has no such form: statements, secrets.
 */
export function expressionOf(value: Value): string | undefined {
  if (typeof value === 'string') return expressionOfText(value)
  if (value === null) return 'none'
  if (typeof value === 'boolean' || typeof value === 'number') return String(value)
  if (isList(value)) {
    const items = value.map(expressionOf)
    return items.includes(undefined) ? undefined : `[${items.join(', ')}]`
  }
  if (!isMap(value)) return undefined
  const entries = Object.entries(value).map(([key, each]) => [quoted(key), expressionOf(each)] as const)
  if (entries.some(([, each]) => each === undefined)) return undefined
  return `{${entries.map(([key, each]) => `${key}: ${each ?? 'none'}`).join(', ')}}`
}

function expressionOfText(text: string): string | undefined {
  if (/\{[%#]/.test(text)) return undefined
  if (!text.includes('{{')) return quoted(text)
  const whole = /^\s*\{\{-?((?:(?!\}\})[\s\S])*?)-?\}\}\s*$/.exec(text)?.[1]
  if (whole !== undefined) return `(${whole.trim()})`
  const parts = text.split(/\{\{-?([\s\S]*?)-?\}\}/)
  return `(${parts
    .map((part, index) => (index % 2 === 0 ? quoted(part) : `(${part.trim()})`))
    .filter((part) => part !== '""')
    .join(' ~ ')})`
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`
}
