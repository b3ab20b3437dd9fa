import type { Duplex } from 'node:stream'
import type { AuthPlugin } from 'mysql2'
import type { Secret } from '../../value/secret.js'
import { problemOf } from '../connect.js'
import { loadDriver } from '../driver.js'
import type { Attempt } from './evidence.js'

/** What an account's own password is risked for: a server whose certificate is the right one. */
export interface Trusted {
  readonly password: Secret
  /** The authorities that the client trusts. */
  readonly ca: Buffer
  /** The name that the server's certificate must have. */
  readonly name: string
  /** The server's key for passwords that travel without TLS; undefined: none does. */
  readonly publicKey: string | undefined
}

/** A server that asks for the password in any other way than by its known key does not get it. */
const never: AuthPlugin = () => () => {
  throw new Error('the server asks for the password in a way that is not safe')
}

/**
 * Tries to log in over a stream without a certificate: what no account of a cluster may allow. With `trusted` the
 * password is the right one; it leaves only once the server has shown the right certificate, or encrypted with the
 * server's own key. Nothing is asked of a server that lets it in.
 */
export async function attemptLogin(
  stream: Duplex,
  user: string,
  tls: boolean,
  trusted?: Trusted,
): Promise<Pick<Attempt, 'outcome' | 'errno' | 'message'>> {
  try {
    const { authPlugins, createConnection } = await loadDriver()
    const connection = await createConnection({
      stream: stream as never,
      user,
      ...(tls && trusted !== undefined
        ? {
            password: trusted.password.reveal(),
            host: trusted.name,
            ssl: { ca: trusted.ca, rejectUnauthorized: true, verifyIdentity: true },
          }
        : tls
          ? { ssl: { rejectUnauthorized: false } }
          : trusted?.publicKey !== undefined
            ? {
                password: trusted.password.reveal(),
                authPlugins: {
                  caching_sha2_password: authPlugins.caching_sha2_password({
                    serverPublicKey: trusted.publicKey,
                  }),
                  mysql_native_password: never,
                  sha256_password: never,
                },
              }
            : {}),
      connectTimeout: 10_000,
    })
    connection.on('error', () => undefined)
    connection.destroy()
    return { outcome: 'accepted', errno: undefined, message: '' }
  } catch (error) {
    stream.destroy()
    const problem = problemOf(error)
    const refused = problem.kind === 'refused' || problem.errno === SECURE_TRANSPORT_REQUIRED
    return { outcome: refused ? 'refused' : 'unreachable', errno: problem.errno, message: problem.message }
  }
}

/** ER_SECURE_TRANSPORT_REQUIRED: the server takes no connection without TLS, whoever it is. */
export const SECURE_TRANSPORT_REQUIRED = 3159
