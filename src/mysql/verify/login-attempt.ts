import type { Duplex } from 'node:stream'
import { createConnection } from 'mysql2/promise'
import { problemOf } from '../connect.js'
import type { Attempt } from './evidence.js'

/**
 * Tries to log in over a stream, with an empty password and no certificate: what no account of a cluster may allow.
 * Nothing is asked of a server that lets it in.
 */
export async function attemptLogin(
  stream: Duplex,
  user: string,
  tls: boolean,
): Promise<Pick<Attempt, 'outcome' | 'message'>> {
  try {
    const connection = await createConnection({
      stream: stream as never,
      user,
      ...(tls ? { ssl: { rejectUnauthorized: false } } : {}),
      connectTimeout: 10_000,
    })
    connection.on('error', () => undefined)
    connection.destroy()
    return { outcome: 'accepted', message: '' }
  } catch (error) {
    stream.destroy()
    const problem = problemOf(error)
    // 3159: the server requires secure transport.
    const refused = problem.kind === 'refused' || problem.errno === 3159
    return {
      outcome: refused ? 'refused' : 'unreachable',
      message: `${problem.errno ?? problem.message}`,
    }
  }
}
