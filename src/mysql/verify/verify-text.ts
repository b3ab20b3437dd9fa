import type { Check } from './evidence.js'

/** The problems as a table for people, after lines that sum up and say what the sum is worth. */
export function verifyText(checks: readonly Check[], all: boolean): string {
  if (checks.length === 0) return 'There is no cluster, ClusterSet or ReplicaSet: nothing to verify.\n'
  const problems = checks.filter(({ ok }) => !ok)
  const shown = all ? checks : problems
  const rows = shown.map(({ where, what, ok, found, by }) => [
    ok ? (by === 'undecided' ? 'ok?' : 'ok') : 'PROBLEM',
    where,
    what,
    found,
  ])
  const width = (column: number): number => Math.max(0, ...rows.map((row) => (row[column] ?? '').length))
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(width(column)))).join('  '),
  )
  return `${[summary(checks, problems.length), worth(checks), ...lines].join('\n')}\n`
}

function summary(checks: readonly Check[], problems: number): string {
  const { undecided } = countedBy(checks)
  if (problems === 0 && undecided > 0)
    return `None of ${checks.length} checks found a problem, but ${undecided} of them prove nothing (--all shows them as "ok?").`
  return problems === 0
    ? `All ${checks.length} checks passed: the connections between servers are encrypted, verified and authenticated as described.`
    : `${problems} of ${checks.length} checks found a problem:`
}

/** How many checks there are of each kind. */
export function countedBy(checks: readonly Check[]): Readonly<Record<Check['by'], number>> {
  const count = (by: Check['by']): number => checks.filter((check) => check.by === by).length
  return { tried: count('tried'), read: count('read'), undecided: count('undecided') }
}

/** How much was tried from outside, and how much is what the servers say themselves. */
function worth(checks: readonly Check[]): string {
  const { tried, read, undecided } = countedBy(checks)
  const rest = undecided === 0 ? '' : ` Tried, but refused for want of the password already: ${undecided}.`
  return `Tried from outside: ${tried}. Read from settings, files and live connections: ${read}.${rest}`
}
