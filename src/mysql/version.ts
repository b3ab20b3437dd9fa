import type { Statement } from './step.js'

/** Whether a server's version (`8.0.33`, `9.7.4-2-log`) is at least the given one. Compared as numbers. */
export function atLeast(version: string, wanted: string): boolean {
  const numbers = (text: string): readonly number[] =>
    (/^\d+(\.\d+)*/.exec(text)?.[0] ?? '0').split('.').map(Number)
  const [own, other] = [numbers(version), numbers(wanted)]
  for (let index = 0; index < Math.max(own.length, other.length); index++) {
    const difference = (own[index] ?? 0) - (other[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}

/** Release series: `8.4` of `8.4.3`. */
export const series = (version: string): string => /^\d+\.\d+/.exec(version)?.[0] ?? ''

/** Forgets all transactions of a server and its binary logs. */
export function resetBinaryLogs(version: string): Statement {
  return { text: atLeast(version, '8.2.0') ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER' }
}

/** Position and filters of the binary log. */
export function binaryLogStatus(version: string): string {
  return atLeast(version, '8.2.0') ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS'
}

/** Whether a group needs a UUID of its own for view changes: later ones log no view change. */
export function needsViewChangeUuid(version: string): boolean {
  return atLeast(version, '8.0.27') && !atLeast(version, '8.3.0')
}
