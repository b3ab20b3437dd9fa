import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from 'mysql2/promise'
import { SignetError } from '../errors.js'
import type { Outcome } from '../host/step.js'
import { Secret } from '../value/secret.js'
import { problemOf, type Way } from './connect.js'
import { formatStatement } from './format.js'
import type { GeneratedValues } from './generated.js'
import { readInstance, type InstancePicture } from './instance.js'
import type { MysqlLogin } from './login.js'
import type { MysqlQuestions } from './question.js'
import { readAccounts } from './read-accounts.js'
import { assertReadOnly } from './read-only.js'
import { ReadSessions } from './read-sessions.js'
import { readVariables } from './read-variables.js'
import { servedCertificate } from './served-certificate.js'
import { StepSessions } from './step-sessions.js'
import type { SqlStep, Statement } from './step.js'
import { LONG, lookAtStalled } from './stalled.js'
import { TooLate, withinSeconds } from './time-limit.js'
import { readTogether } from './transaction.js'

export type Row = Readonly<Record<string, string | number | null>>
export type MysqlQuestion = MysqlQuestions[keyof MysqlQuestions]['question']
/** No such database, no such table. */
const GONE: readonly number[] = [1049, 1146]
/** Seconds that a server may take for one of the questions of our own: one that hangs is as good as down. */
const PATIENCE = 60
/** Seconds that a look at a session that hangs may take: the server may hang as a whole. */
const LOOK = 10
/** Seconds for each statement of a step that says nothing else. */
const USUAL = 120
/** How often a picture is tried whose tables go away. */
const LOOKS = 50
/** Runs one reading statement. @throws MysqlProblem */
export type Query = (
  statement: string,
  values?: readonly (string | number | null)[],
) => Promise<readonly Row[]>

/** The sessions with the MySQL server of one host: questions share one for each login, every step has its own. */
export class MysqlPool {
  readonly #way: Way
  readonly #host: string
  readonly #patience: number
  readonly #questions: ReadSessions
  readonly #steps: StepSessions
  statements = 0

  constructor(way: Way, host: string, patience = PATIENCE) {
    this.#way = way
    this.#host = host
    this.#patience = patience
    this.#questions = new ReadSessions(way)
    this.#steps = new StepSessions(way)
  }

  /** Answers a question in a read-only transaction. A server that is down or refuses is an answer, too. */
  async ask(question: MysqlQuestion): Promise<MysqlQuestions[keyof MysqlQuestions]['answer']> {
    try {
      switch (question.ask) {
        case 'mysql_rows':
          assertReadOnly(question.statement)
          return {
            kind: 'rows',
            // A SELECT of a playbook takes as long as it takes.
            rows: await this.#questions.use(question.login, false, (connection) =>
              this.#rows(connection, question),
            ),
          }
        case 'mysql_variables':
          return await this.#reading(question.login, readVariables)
        case 'mysql_accounts':
          return await this.#reading(question.login, (query) => readAccounts(query, question))
        case 'mysql_instance':
          return await this.#picture(question.login)
        case 'mysql_certificate':
          return await servedCertificate(await this.#way.open(question.login), this.#way.patience)
      }
    } catch (error) {
      if (error instanceof SignetError && error.code !== 'connection-lost') throw error
      const problem = problemOf(error)
      if (problem.kind === 'failed') {
        if (question.ask === 'mysql_rows')
          return {
            kind: 'refused',
            message: problem.message,
            ...(problem.errno === undefined ? {} : { errno: problem.errno }),
          }
        throw new SignetError('mysql-failed', `${problem.message}.`, { host: this.#host })
      }
      return {
        kind: problem.kind,
        message: problem.message,
        ...(problem.errno === undefined ? {} : { errno: problem.errno }),
        ...(problem.runs ? { runs: true } : {}),
      }
    }
  }

  /**
   * Sends the statements of a step in one session.
   * @param onStalled hears what a statement waits for that should be done long ago
   * @throws SignetError mysql-unreachable, mysql-failed
   */
  async perform(
    step: SqlStep,
    generated: GeneratedValues,
    onStalled?: (text: string) => void,
  ): Promise<Outcome> {
    let connection: Connection
    try {
      connection = await this.#steps.take(step.login)
    } catch (error) {
      const problem = problemOf(error)
      throw new SignetError(
        'mysql-unreachable',
        `The MySQL server ${problem.kind === 'refused' ? 'refused the login' : 'does not answer'}: ${problem.message}.`,
        { host: this.#host },
      )
    }
    const results: (readonly Row[])[] = []
    const counts: number[] = []
    try {
      for (const statement of step.statements) {
        const { rows, count } = await this.#send(connection, statement, generated, step, onStalled)
        results.push(rows)
        counts.push(count)
      }
    } catch (error) {
      connection.destroy()
      throw step.explainedBy === undefined ? error : await this.#explained(error, step.explainedBy, step)
    }
    if (step.foreign === true) connection.destroy()
    else this.#steps.give(step.login, connection)
    return { rows: results, counts }
  }

  /** The error with what the server itself tells about it, one line for each row; unchanged if it tells nothing. */
  async #explained(error: unknown, query: string, { login, explanation }: SqlStep): Promise<unknown> {
    if (!(error instanceof SignetError)) return error
    const answer = await this.ask({ ask: 'mysql_rows', login, statement: query })
    if (answer.kind !== 'rows' || answer.rows.length === 0) return error
    const lines = answer.rows.map((row) => `  ${Object.values(row).join(' ')}`)
    return new SignetError(
      error.code,
      `${error.message}\n${explanation ?? 'Its error log says:'}\n${lines.join('\n')}`,
      {
        host: error.host,
        hint: error.hint,
        cause: error,
      },
    )
  }

  close(): void {
    this.#questions.close()
    this.#steps.close()
  }

  async #send(
    connection: Connection,
    statement: Statement,
    generated: GeneratedValues,
    { login, timeout, numbers = false }: SqlStep,
    onStalled: ((text: string) => void) | undefined,
  ): Promise<{ rows: readonly Row[]; count: number }> {
    const values = (statement.values ?? []).map((value) => {
      const made =
        typeof value === 'object' && value !== null && 'generate' in value ? generated.valueOf(value) : value
      return made instanceof Secret ? made.reveal() : made
    })
    this.statements++
    // A step that may take long by its nature says so.
    const watch =
      timeout === undefined && onStalled !== undefined
        ? setTimeout(() => {
            void this.#waitsFor(connection, login).then((text) =>
              onStalled(`no answer for ${LONG} s: ${text}`),
            )
          }, LONG * 1000)
        : undefined
    try {
      const [rows] = await withinSeconds(
        timeout ?? USUAL,
        connection.query({ sql: formatStatement(statement.text, values), bigNumberStrings: !numbers }),
      )
      if (Array.isArray(rows)) return { rows: rows as Row[], count: rows.length }
      return { rows: [], count: (rows as { affectedRows?: number }).affectedRows ?? 0 }
    } catch (error) {
      const problem = problemOf(error)
      if (problem.errno !== undefined && statement.tolerate?.includes(problem.errno) === true)
        return { rows: [], count: 0 }
      if (problem.kind === 'down' && statement.mayDisconnect === true) return { rows: [], count: 0 }
      const late =
        problem instanceof TooLate
          ? `, which is ${timeout ?? USUAL} s: ${await this.#giveUp(connection, login)}`
          : ''
      // The text with its question marks: the values may be secret. Authentication strings stand in the text itself.
      throw new SignetError(
        'mysql-failed',
        `${withoutHashes(problem.message)}${late} (${problem.errno ?? problem.kind}) on: ${withoutHashes(statement.text).replace(/\s+/g, ' ').slice(0, 200)}`,
        { host: this.#host, cause: problem },
      )
    } finally {
      clearTimeout(watch)
    }
  }

  /** What a session that hangs waits for, as another session sees it. */
  async #waitsFor({ threadId }: Connection, login: MysqlLogin): Promise<string> {
    try {
      return await withinSeconds(
        LOOK,
        this.#reading(login, (query) => lookAtStalled(query, threadId)),
      )
    } catch (error) {
      return `a look at what it waits for failed, too: ${problemOf(error).message}`
    }
  }

  /** Ends a statement that is not waited for any longer: it must not be carried out behind the back of what comes next. */
  async #giveUp(connection: Connection, login: MysqlLogin): Promise<string> {
    const text = await this.#waitsFor(connection, login)
    await withinSeconds(
      LOOK,
      this.#questions
        .take(login, true)
        .then((session) => session.connection.query('KILL ?', [connection.threadId])),
    ).catch(() => undefined)
    return text
  }

  /** The picture of a server; once more when a table went away between two looks, for a member that joins replays all that the group did. */
  async #picture(login: MysqlLogin): Promise<InstancePicture> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#reading(login, readInstance)
      } catch (error) {
        if (!GONE.includes(problemOf(error).errno ?? 0) || attempt === LOOKS) throw error
        await sleep(100)
      }
    }
  }

  /** Reads with statements of our own. */
  #reading<T>(login: MysqlLogin, read: (query: Query) => Promise<T>): Promise<T> {
    return this.#questions.use(login, true, (connection) =>
      readTogether(connection, this.#patience, read, () => this.statements++),
    )
  }

  /** The rows of a statement of a playbook, which takes as long as it takes. */
  async #rows(
    connection: Connection,
    question: MysqlQuestions['mysql_rows']['question'],
  ): Promise<readonly Row[]> {
    await withinSeconds(this.#patience, connection.query('START TRANSACTION READ ONLY'))
    try {
      this.statements++
      const sql = formatStatement(question.statement, question.values ?? [])
      const [rows] = await connection.query({ sql, bigNumberStrings: question.numbers !== true })
      return rows as Row[]
    } finally {
      // Nobody waits for it: what is sent next in this session comes after it.
      void withinSeconds(this.#patience, connection.query('ROLLBACK')).catch(() => undefined)
    }
  }
}

/** Without what the server stores of passwords. */
const withoutHashes = (text: string): string => text.replace(/0x[0-9A-Fa-f]{16,}/g, '0x…')
