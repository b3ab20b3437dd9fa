import { SignetError } from '../errors.js'
import type { GeneratedValues } from './generated.js'
import type { MysqlPool, Row } from './pool.js'
import type { CatchUp, Statement } from './step.js'

/** Seconds of one wait on the server: between two of them the channel is looked at. */
const SLICE = 1

/**
 * Waits until a server has executed a set of transactions (WAIT_FOR_EXECUTED_GTID_SET).
 * @throws SignetError mysql-failed, unless it is done with best effort, when time runs out or the applier (or, if asked
 * for, the receiver) of the channel stopped with an error; interrupted
 */
export async function catchUp(
  step: CatchUp,
  at: MysqlPool,
  from: MysqlPool | undefined,
  generated: GeneratedValues,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await waitForTransactions(step, at, from, generated, signal)
  } catch (error) {
    const failed = error instanceof SignetError && error.code === 'mysql-failed'
    if (!failed || step.bestEffort !== true) throw error
  }
}

async function waitForTransactions(
  step: CatchUp,
  at: MysqlPool,
  from: MysqlPool | undefined,
  generated: GeneratedValues,
  signal?: AbortSignal,
): Promise<void> {
  const ask = async (pool: MysqlPool, statement: Statement): Promise<Row | undefined> => {
    const { rows = [] } = await pool.perform(
      { do: 'sql', login: step.login, statements: [statement] },
      generated,
    )
    return rows[0]?.[0]
  }
  const wanted =
    from === undefined
      ? await ask(at, {
          text: 'SELECT RECEIVED_TRANSACTION_SET g FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME=?',
          values: [step.channel],
        })
      : await ask(from, { text: 'SELECT @@global.gtid_executed g' })
  const set = String(wanted?.['g'] ?? '').replaceAll('\n', '')
  if (set === '' && step.receiving !== true) return
  const deadline = Date.now() + step.timeout * 1000
  for (;;) {
    const left = Math.min(SLICE, Math.max(0, (deadline - Date.now()) / 1000))
    // A timeout of 0 would wait for ever.
    const state = await ask(at, {
      text:
        left === 0
          ? 'SELECT NOT GTID_SUBSET(?, @@global.gtid_executed) missing'
          : 'SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) missing',
      values: left === 0 ? [set] : [set, left],
    })
    const receiver =
      step.receiving === true
        ? await ask(at, {
            text: 'SELECT SERVICE_STATE s, LAST_ERROR_NUMBER n, LAST_ERROR_MESSAGE m FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME=?',
            values: [step.channel],
          })
        : { s: 'ON' }
    const isReceiving = receiver?.['s'] === 'ON'
    if (Number(state?.['missing']) === 0 && isReceiving) return
    if (!isReceiving) {
      if (Number(receiver?.['n'] ?? 0) !== 0 || receiver?.['s'] !== 'CONNECTING')
        throw new SignetError(
          'mysql-failed',
          `The receiver of channel "${step.channel}" ${Number(receiver?.['n'] ?? 0) === 0 ? 'is stopped' : `fails: ${String(receiver?.['m'])} (${String(receiver?.['n'])})`}`,
          { hint: 'See performance_schema.replication_connection_status on that server.' },
        )
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    if (signal?.aborted === true) throw new SignetError('interrupted', 'The wait was interrupted.')
    const problem = await ask(at, {
      text: `SELECT LAST_ERROR_NUMBER n, LAST_ERROR_MESSAGE m FROM performance_schema.replication_applier_status_by_worker
        WHERE CHANNEL_NAME=? AND LAST_ERROR_NUMBER<>0 LIMIT 1`,
      values: [step.channel],
    })
    if (problem !== undefined)
      throw new SignetError(
        'mysql-failed',
        `The applier of channel "${step.channel}" stopped: ${String(problem['m'])} (${String(problem['n'])})`,
        { hint: 'See performance_schema.replication_applier_status_by_worker on that server.' },
      )
    if (left === 0) {
      if (!isReceiving && Number(state?.['missing']) === 0)
        throw new SignetError(
          'mysql-failed',
          `The receiver of channel "${step.channel}" is still connecting after ${step.timeout} s.`,
        )
      const lack = await ask(at, { text: 'SELECT GTID_SUBTRACT(?, @@global.gtid_executed) g', values: [set] })
      throw new SignetError(
        'mysql-failed',
        `Transactions of ${step.from ?? `channel "${step.channel}"`} are still missing after ${step.timeout} s: ${String(lack?.['g'] ?? '')}`,
      )
    }
  }
}
