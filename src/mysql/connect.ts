import type { Duplex } from 'node:stream'
import type { Connection } from 'mysql2/promise'
import { SignetError } from '../errors.js'
import { loadDriver } from './driver.js'
import type { MysqlLogin } from './login.js'

/**
 * What every session is set to, as AdminAPI does: a user's strange sql_mode must not interfere. The character sets are
 * those of the login, which a reset takes away.
 */
const SESSION =
  "SET SESSION sql_mode='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', autocommit=1, character_set_client=utf8mb4, character_set_results=utf8mb4, collation_connection='utf8mb4_0900_ai_ci', group_concat_max_len=1073741824, wait_timeout=28800"
/** A hanging group must not block a question. The variable exists only where the plugin is loaded. */
const AT_ONCE = ", group_replication_consistency='EVENTUAL'"
const UNKNOWN_VARIABLE = 1193
const TOO_MANY_CONNECTIONS = 1040

/** A server's refusal or silence, told apart. */
export class MysqlProblem extends Error {
  readonly kind: 'down' | 'refused' | 'failed'
  readonly errno: number | undefined
  /** Of one that is as good as down: it took the connection, and is too busy, or hangs. */
  readonly runs: boolean

  constructor(kind: MysqlProblem['kind'], message: string, errno?: number, runs = false) {
    super(message)
    this.kind = kind
    this.errno = errno
    this.runs = runs || errno === TOO_MANY_CONNECTIONS
  }
}

const CLOSED = 'the server closed the connection'
/** What mysql2's codes of lost connections say, for people. */
const SILENCES: Readonly<Record<string, string>> = {
  PROTOCOL_CONNECTION_LOST: CLOSED,
  ERR_STREAM_WRITE_AFTER_END: CLOSED,
  ERR_STREAM_DESTROYED: CLOSED,
  PROTOCOL_SEQUENCE_TIMEOUT: 'the server did not answer in time',
}

/** Reads mysql2's error without the statement that it carries, which may hold secrets. */
export function problemOf(error: unknown): MysqlProblem {
  if (error instanceof MysqlProblem) return error
  if (error instanceof SignetError) return new MysqlProblem('down', error.message)
  const { errno, code, sqlMessage, message } = error as {
    errno?: number
    code?: string
    sqlMessage?: string
    message?: string
  }
  const text = sqlMessage ?? message ?? String(error)
  if (errno === 1045 || errno === 1698 || errno === 1251 || errno === 3118)
    return new MysqlProblem('refused', text, errno)
  if (sqlMessage !== undefined && errno !== undefined && errno !== 1053 && errno !== TOO_MANY_CONNECTIONS)
    return new MysqlProblem('failed', text, errno)
  // The end of a session that is over before the statement has no code.
  const isClosed = /when connection is in closed state$|^write after end$/.test(text)
  return new MysqlProblem('down', isClosed ? CLOSED : (SILENCES[code ?? ''] ?? text), errno)
}

/** Sets a session to what every one is set to; one round trip where Group Replication is loaded, else two. */
async function prepareSession(connection: Connection): Promise<void> {
  try {
    await connection.query(SESSION + AT_ONCE)
  } catch (error) {
    if (problemOf(error).errno !== UNKNOWN_VARIABLE) throw error
    await connection.query(SESSION)
  }
}

/** A session that was used, as new as one that is just opened, in fewer round trips. @throws MysqlProblem */
export async function renewSession(connection: Connection): Promise<Connection> {
  try {
    // COM_RESET_CONNECTION: ends a transaction, drops temporary tables, locks and user variables.
    await connection.reset()
    await prepareSession(connection)
    return connection
  } catch (error) {
    throw problemOf(error)
  }
}

/** The way to a server: streams that lead to it, and how many seconds a login may take. */
export interface Way {
  readonly open: (login: MysqlLogin) => Promise<Duplex>
  readonly patience: number
}

/**
 * Opens a session with a server.
 * @param many whether one query may be several statements: only for statements of our own
 * @throws MysqlProblem, and what opening the stream throws
 */
export async function openSession(way: Way, login: MysqlLogin, many = false): Promise<Connection> {
  await loadDriver()
  const stream = await way.open(login)
  // A server that shuts down closes its half only; ssh would keep ours open, and a query would wait for ever.
  stream.once('end', () => stream.destroy())
  try {
    const { createConnection } = await loadDriver()
    const connection = await createConnection({
      stream: stream as never,
      user: login.user,
      ...(login.database === undefined ? {} : { database: login.database }),
      ...(login.password === undefined ? {} : { password: login.password.reveal() }),
      ...(login.via.kind === 'tcp' ? { ssl: { rejectUnauthorized: false } } : {}),
      multipleStatements: many,
      connectTimeout: way.patience * 1000,
      dateStrings: true,
      supportBigNumbers: true,
      charset: 'utf8mb4',
    })
    // Without a listener a lost connection would end the program; the next query reports it.
    connection.on('error', () => undefined)
    // mysql2 would send the next query into the closed stream all the same, and wait for its answer until it is late.
    stream.once('close', () => connection.destroy())
    if (stream.destroyed) connection.destroy()
    await prepareSession(connection)
    return connection
  } catch (error) {
    stream.destroy()
    if ((error as { code?: string }).code === 'ETIMEDOUT')
      throw new MysqlProblem(
        'down',
        `the server did not let the login end within ${way.patience} s`,
        undefined,
        true,
      )
    throw problemOf(error)
  }
}
