import type { Connection } from 'mysql2/promise'
import { MysqlProblem, problemOf } from './connect.js'
import { formatStatement } from './format.js'
import type { Query, Row } from './pool.js'
import { withinSeconds } from './time-limit.js'

/** A statement that waits for being sent. */
interface Asked {
  readonly sql: string
  readonly answer: (rows: readonly Row[]) => void
  readonly fail: (error: unknown) => void
}

/**
 * Reads in a read-only transaction. What is asked in one go (Promise.all) is sent in one go: one round trip for all of
 * it, where a server in another data centre would else be waited for at each.
 * @param connection one that takes several statements in a query
 * @param count called for every statement
 */
export async function readTogether<T>(
  connection: Connection,
  patience: number,
  read: (query: Query) => Promise<T>,
  count: () => void,
): Promise<T> {
  let waiting: Asked[] = []
  let begun = false
  let over = false

  async function send(batch: readonly Asked[]): Promise<void> {
    const begin = begun ? [] : ['START TRANSACTION READ ONLY']
    begun = true
    const statements = [...begin, ...batch.map(({ sql }) => sql)]
    try {
      // Somebody gave up on an answer that came before.
      if (over) throw new MysqlProblem('down', 'the transaction is over')
      const [results] = await withinSeconds(
        patience,
        connection.query({ sql: statements.join(';\n'), bigNumberStrings: true }),
      )
      const sets = (statements.length === 1 ? [results] : results) as (readonly Row[])[]
      for (const [index, { answer }] of batch.entries()) answer(sets[begin.length + index] ?? [])
    } catch (error) {
      // The first that fails ends the others unseen: one by one it is seen which it was.
      if (batch.length > 1 && problemOf(error).kind === 'failed') for (const one of batch) await send([one])
      else for (const { fail } of batch) fail(error)
    }
  }

  const query: Query = (statement, values) => {
    count()
    return new Promise((answer, fail) => {
      if (waiting.length === 0)
        queueMicrotask(() => {
          const batch = waiting
          waiting = []
          void send(batch)
        })
      waiting.push({ sql: formatStatement(statement, values ?? []), answer, fail })
    })
  }
  try {
    return await read(query)
  } finally {
    over = true
    // Nobody waits for it: what is sent next in this session comes after it.
    connection.query('ROLLBACK').catch(() => undefined)
  }
}
