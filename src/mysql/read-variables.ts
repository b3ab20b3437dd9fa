import type { Query, Row } from './pool.js'
import type { MysqlQuestions } from './question.js'

/** Characters of a value that performance_schema shows: its columns are VARCHAR(1024). */
const SHOWN = 1024

/** All global variables: what they are, and what mysqld-auto.cnf says. */
export async function readVariables(query: Query): Promise<MysqlQuestions['mysql_variables']['answer']> {
  const [running, persisted, tls] = await Promise.all([
    query('SELECT VARIABLE_NAME n, VARIABLE_VALUE v FROM performance_schema.global_variables'),
    query('SELECT VARIABLE_NAME n, VARIABLE_VALUE v FROM performance_schema.persisted_variables'),
    query(
      "SELECT VALUE v FROM performance_schema.tls_channel_status WHERE CHANNEL='mysql_main' AND PROPERTY='Enabled'",
    ),
  ])
  const map = (rows: readonly Row[]): Record<string, string> =>
    Object.fromEntries(rows.map((row) => [String(row['n']), String(row['v'] ?? '')]))
  const variables = map(running)
  const cut = Object.keys(variables).filter((name) => (variables[name] ?? '').length >= SHOWN)
  if (cut.length > 0) {
    const [row = {}] = await query(
      `SELECT ${cut.map((name) => `@@global.${name} AS \`${name}\``).join(', ')}`,
    )
    for (const name of cut) variables[name] = String(row[name] ?? '')
  }
  // What is persisted is nowhere shown whole: a running value that begins so is taken for it.
  const kept = map(persisted)
  for (const [name, value] of Object.entries(kept))
    if (value.length >= SHOWN && variables[name]?.startsWith(value) === true) kept[name] = variables[name]
  return {
    kind: 'up',
    version: variables['version'] ?? '',
    running: variables,
    persisted: kept,
    tls: tls[0]?.['v'] === 'Yes',
  }
}
