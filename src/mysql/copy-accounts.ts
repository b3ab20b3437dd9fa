import { SignetError } from '../errors.js'
import type { Outcome } from '../host/step.js'
import type { GeneratedValues } from './generated.js'
import type { MysqlPool } from './pool.js'
import type { CopyAccounts, Statement } from './step.js'

/** Replays SHOW CREATE USER and SHOW GRANTS of one server on another, without a trace in the binary log. */
export async function copyAccounts(
  step: CopyAccounts,
  from: MysqlPool,
  to: MysqlPool,
  generated: GeneratedValues,
): Promise<void> {
  const read: Statement[] = [
    { text: 'SET SESSION print_identified_with_as_hex = 1' },
    ...step.accounts.flatMap(({ user, host }) => [
      { text: 'SHOW CREATE USER ?@?', values: [user, host] },
      { text: 'SHOW GRANTS FOR ?@?', values: [user, host] },
    ]),
  ]
  // 1396, 1141: the account is not there yet.
  const tolerant = read.map((statement) => ({ ...statement, tolerate: [1396, 1141] }))
  const there = await from.perform({ do: 'sql', login: step.login, statements: read }, generated)
  const here = await to.perform({ do: 'sql', login: step.login, statements: tolerant }, generated)
  const textIn =
    ({ rows = [] }: Outcome) =>
    (index: number): readonly string[] =>
      (rows[index] ?? []).map((row) => String(Object.values(row)[0] ?? ''))
  const text = textIn(there)
  const known = textIn(here)
  const write: Statement[] = [
    { text: 'SET SESSION sql_log_bin = 0' },
    { text: 'SET GLOBAL super_read_only = OFF' },
  ]
  step.accounts.forEach(({ user, host }, index) => {
    const [create] = text(1 + 2 * index)
    const isSame = [1, 2].every((part) => {
      const at = part + 2 * index
      return text(at).length > 0 && text(at).join('\n') === known(at).join('\n')
    })
    // One that is as it shall be is left alone: nothing can go wrong with it.
    if (isSame) return
    if (create === undefined)
      throw new SignetError('mysql-failed', `The account ${user}@${host} is missing on ${step.from}.`)
    write.push(
      { text: 'DROP USER IF EXISTS ?@?', values: [user, host] },
      { text: create },
      ...text(2 + 2 * index).map((grant) => ({ text: grant })),
    )
  })
  await to.perform({ do: 'sql', login: step.login, statements: write }, generated)
}
