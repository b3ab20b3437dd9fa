import type { Connection } from 'mysql2/promise'
import { openSession, problemOf, type Way } from './connect.js'
import { loginKey, type MysqlLogin } from './login.js'

/** A session that several questions use, one transaction at a time. */
interface ReadSession {
  readonly connection: Connection
  busy: Promise<unknown>
}

const keyOf = (login: MysqlLogin, many: boolean): string => `${many ? 'many' : 'one'} ${loginKey(login)}`

/** Sessions for questions: one for each login, and another for queries that may be several statements. */
export class ReadSessions {
  readonly #way: Way
  readonly #sessions = new Map<string, ReadSession>()
  readonly #opening = new Map<string, Promise<ReadSession>>()
  #closed = false

  constructor(way: Way) {
    this.#way = way
  }

  /**
   * Does something in a session when its turn comes; once more in a new one when the connection is lost.
   * @param many whether one query may be several statements
   * @throws MysqlProblem, and what opening a stream throws
   */
  async use<T>(login: MysqlLogin, many: boolean, work: (connection: Connection) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const session = await this.take(login, many)
      const turn = session.busy.then(() => work(session.connection))
      session.busy = turn.catch(() => undefined)
      try {
        return await turn
      } catch (error) {
        const problem = problemOf(error)
        if (problem.kind !== 'down') throw problem
        // The server was restarted since: a new session, once. Another question may have opened it already.
        const key = keyOf(login, many)
        if (this.#sessions.get(key) === session) this.#sessions.delete(key)
        session.connection.destroy()
        if (attempt > 1) throw problem
      }
    }
  }

  /** The session of a login, opened at the first need. @throws MysqlProblem, and what opening a stream throws */
  async take(login: MysqlLogin, many: boolean): Promise<ReadSession> {
    const key = keyOf(login, many)
    const known = this.#sessions.get(key)
    if (known) return known
    const opening = this.#opening.get(key)
    if (opening) return opening
    const opened = (async () => {
      try {
        const connection = await openSession(this.#way, login, many)
        const session: ReadSession = { connection, busy: Promise.resolve() }
        if (this.#closed) connection.destroy()
        else this.#sessions.set(key, session)
        return session
      } catch (error) {
        throw problemOf(error)
      } finally {
        this.#opening.delete(key)
      }
    })()
    this.#opening.set(key, opened)
    return opened
  }

  close(): void {
    this.#closed = true
    for (const { connection } of this.#sessions.values()) connection.destroy()
    this.#sessions.clear()
  }
}
