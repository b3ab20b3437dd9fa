import { isList, showValue } from '../value/shape.js'
import type { Value } from '../value/value.js'

/** The hosts of a play in the batches that `serial` asks for: numbers, percentages, or a list whose last one repeats. */
export function batches(hosts: readonly string[], serial: Value | undefined): readonly (readonly string[])[] {
  if (serial === undefined || serial === null || hosts.length === 0) return [hosts]
  const sizes = (isList(serial) ? serial : [serial]).map((size) => {
    const text = showValue(size)
    const count = text.endsWith('%') ? Math.floor((parseFloat(text) / 100) * hosts.length) : Number(text)
    return Number.isFinite(count) && count >= 1 ? Math.floor(count) : text.endsWith('%') ? 1 : hosts.length
  })
  const found: (readonly string[])[] = []
  for (let start = 0, index = 0; start < hosts.length; index++) {
    const size = sizes[Math.min(index, sizes.length - 1)] ?? hosts.length
    found.push(hosts.slice(start, start + size))
    start += size
  }
  return found
}
