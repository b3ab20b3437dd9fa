import { SignetError } from '../errors.js'
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
  const { rows = [] } = await from.perform({ do: 'sql', login: step.login, statements: read }, generated)
  const text = (index: number): readonly string[] =>
    (rows[index] ?? []).map((row) => String(Object.values(row)[0] ?? ''))
  const write: Statement[] = [
    { text: 'SET SESSION sql_log_bin = 0' },
    { text: 'SET GLOBAL super_read_only = OFF' },
  ]
  step.accounts.forEach(({ user, host }, index) => {
    const [create] = text(1 + 2 * index)
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
