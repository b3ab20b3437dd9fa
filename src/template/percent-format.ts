import type { Value } from '../value/value.js'
import { EvaluationError, textOf } from './values.js'

/** Python's `'%s and %05d' % (a, b)`. */
export function percentFormat(format: string, values: readonly Value[]): string {
  let index = 0
  return format.replace(
    /%([-0+ #]*)(\d*)(?:\.(\d+))?([sdifxXrgeo%])/g,
    (_, flags: string, width: string, precision: string | undefined, type: string) => {
      if (type === '%') return '%'
      const value = values[index++]
      if (value === undefined) throw new EvaluationError('there are fewer values than places in the format')
      const number = Number(value)
      let text: string
      if (type === 'd' || type === 'i') text = String(Math.trunc(number))
      else if (type === 'f') text = number.toFixed(precision === undefined ? 6 : Number(precision))
      else if (type === 'x' || type === 'X')
        text = type === 'X' ? number.toString(16).toUpperCase() : number.toString(16)
      else if (type === 'o') text = number.toString(8)
      else if (type === 'e') text = number.toExponential(precision === undefined ? 6 : Number(precision))
      else text = textOf(value).slice(0, precision === undefined ? undefined : Number(precision))
      if (flags.includes('+') && 'dif'.includes(type) && number >= 0) text = `+${text}`
      const size = Number(width || 0)
      if (flags.includes('-')) return text.padEnd(size)
      return flags.includes('0') && type !== 's' ? text.padStart(size, '0') : text.padStart(size)
    },
  )
}
