import type { Value } from '../value/value.js'

/**
 * The value of an unquoted YAML 1.1 scalar as PyYAML (and so Ansible) reads it: `yes`/`on` are booleans, 0644 is
 * octal. Base-60 numbers and dates stay text: nobody means them.
 */
export function resolvePlainScalar(text: string): Value {
  if (text === '' || text === '~' || /^(null|Null|NULL)$/.test(text)) return null
  if (/^(yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(text)) return true
  if (/^(no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(text)) return false
  const digits = text.replaceAll('_', '')
  const sign = digits.startsWith('-') ? -1 : 1
  const bare = digits.replace(/^[-+]/, '')
  if (/^[-+]?0b[01_]+$/.test(text)) return sign * parseInt(bare.slice(2), 2)
  if (/^[-+]?0x[0-9a-fA-F_]+$/.test(text)) return sign * parseInt(bare.slice(2), 16)
  if (/^[-+]?0[0-7_]+$/.test(text)) return sign * parseInt(bare, 8)
  if (/^[-+]?(0|[1-9][0-9_]*)$/.test(text)) {
    const number = sign * Number(bare)
    return Number.isSafeInteger(number) ? number : text
  }
  if (/^[-+]?([0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?|\.[0-9][0-9_]*([eE][-+][0-9]+)?)$/.test(text))
    return Number(digits)
  if (/^[-+]?\.(inf|Inf|INF)$/.test(text)) return sign * Infinity
  if (/^\.(nan|NaN|NAN)$/.test(text)) return NaN
  return text
}
