import type { Connection } from 'mysql2/promise'
import { openSession, renewSession, type Way } from './connect.js'
import { loginKey, type MysqlLogin } from './login.js'
import { withinSeconds } from './time-limit.js'

/** Seconds that a server may take to make a session new. */
const PATIENCE = 10

/** Sessions for steps: each has its own while it lasts; the next one gets it as if it were new. */
export class StepSessions {
  readonly #way: Way
  readonly #idle = new Map<string, Connection>()
  #closed = false

  constructor(way: Way) {
    this.#way = way
  }

  /** @throws MysqlProblem, and what opening a stream throws */
  async take(login: MysqlLogin): Promise<Connection> {
    const key = loginKey(login)
    const used = this.#idle.get(key)
    if (used === undefined) return openSession(this.#way, login)
    this.#idle.delete(key)
    try {
      return await withinSeconds(PATIENCE, renewSession(used))
    } catch {
      // The server was restarted since, or sent everybody away. Nothing of the step was sent: a new one will do.
      used.destroy()
      return openSession(this.#way, login)
    }
  }

  /** Takes back a session after a step that went well; others are to be destroyed. */
  give(login: MysqlLogin, connection: Connection): void {
    const key = loginKey(login)
    if (this.#closed || this.#idle.has(key)) connection.destroy()
    else this.#idle.set(key, connection)
  }

  close(): void {
    this.#closed = true
    for (const connection of this.#idle.values()) connection.destroy()
    this.#idle.clear()
  }
}
