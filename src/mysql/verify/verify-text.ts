import type { Check } from './evidence.js'

/** The problems as a table for people, after one line that sums up. */
export function verifyText(checks: readonly Check[], all: boolean): string {
  if (checks.length === 0) return 'There is no cluster, ClusterSet or ReplicaSet: nothing to verify.\n'
  const problems = checks.filter(({ ok }) => !ok)
  const shown = all ? checks : problems
  const rows = shown.map(({ where, what, ok, found }) => [ok ? 'ok' : 'PROBLEM', where, what, found])
  const width = (column: number): number => Math.max(0, ...rows.map((row) => (row[column] ?? '').length))
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(width(column)))).join('  '),
  )
  const summary =
    problems.length === 0
      ? `All ${checks.length} checks passed: every connection between servers is encrypted, verified and authenticated as described.`
      : `${problems.length} of ${checks.length} checks found a problem:`
  return `${[summary, ...lines].join('\n')}\n`
}
