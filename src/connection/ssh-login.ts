import type { Duplex } from 'node:stream'
import ssh2, { type Client as SshClient } from 'ssh2'
import { SignetError } from '../errors.js'
import { knownHostNames, type KnownHost } from './known-hosts.js'
import { loginInTurn } from './logins-at-once.js'
import { hostKeyTypes, judgeHostKey, readKnownHosts } from './ssh-host-key.js'
import { proofsOf, type Proofs } from './ssh-proofs.js'
import { openSocket } from './ssh-socket.js'
import type { ConnectionTarget } from './target.js'

/**
 * Logs in to a host. Lost connections before the login (sshd's MaxStartups) are tried again.
 * @param through a way to the host's sshd that is not the network's own
 * @throws SignetError unreachable, login-refused, unknown-host-key, changed-host-key, interrupted
 */
export async function logIn(
  target: ConnectionTarget,
  signal: AbortSignal | undefined,
  through?: (target: ConnectionTarget) => Promise<Duplex>,
): Promise<SshClient> {
  const start = performance.now()
  const known = await readKnownHosts(target)
  const auth = await proofsOf(target)
  for (let attempt = 1; ; attempt++) {
    try {
      return await loginInTurn(target.unixSocket ?? `${target.address}:${target.port}`, () =>
        login(target, known, auth, signal, through),
      )
    } catch (error) {
      const lost = error instanceof EarlyLoss
      // An overloaded sshd refuses at once. Who takes his time is no sshd, but a way on which nobody answers.
      const slow = performance.now() - start > (target.timeout * 1000) / 2
      if (signal?.aborted === true) throw givenUp(target)
      if (!lost || slow || attempt >= 4) {
        if (lost)
          throw new SignetError('unreachable', `${error.message}.`, { host: target.host, cause: error })
        throw error
      }
      await new Promise((resolve) => setTimeout(resolve, 300 * 3 ** (attempt - 1)))
    }
  }
}

/** The run was interrupted, or is over. */
const givenUp = ({ host }: ConnectionTarget): SignetError =>
  new SignetError('interrupted', 'The login was given up.', { host })

/** The connection broke before sshd said anything: it is overloaded or refuses this address for a while. */
class EarlyLoss extends Error {}

async function login(
  target: ConnectionTarget,
  known: readonly KnownHost[],
  auth: Proofs,
  signal: AbortSignal | undefined,
  through: ((target: ConnectionTarget) => Promise<Duplex>) | undefined,
): Promise<SshClient> {
  const isGivenUp = (): boolean => signal?.aborted === true
  if (isGivenUp()) throw givenUp(target)
  const socket = through === undefined ? await openSocket(target, signal) : await through(target)
  if (isGivenUp()) {
    socket.destroy()
    throw givenUp(target)
  }
  const names = knownHostNames(target.address, target.port)
  const client = new ssh2.Client()
  return new Promise((resolve, reject) => {
    let refusal: SignetError | undefined
    const abort = (): void => {
      client.destroy()
    }
    signal?.addEventListener('abort', abort, { once: true })
    const settle = (error?: Error): void => {
      signal?.removeEventListener('abort', abort)
      if (error === undefined) resolve(client)
      else {
        client.destroy()
        socket.destroy()
        reject(error)
      }
    }
    client.once('ready', () => settle())
    client.once('error', (error: Error & { level?: string }) =>
      settle(refusal ?? explain(error, target, auth.names)),
    )
    client.once('close', () => settle(refusal ?? new EarlyLoss('The connection broke during the login')))
    client.connect({
      sock: socket,
      username: target.user,
      authHandler: [...auth.methods],
      readyTimeout: target.timeout * 1000,
      keepaliveInterval: target.alive.interval * 1000,
      keepaliveCountMax: target.alive.count,
      algorithms: {
        serverHostKey: hostKeyTypes(known, names),
      },
      hostVerifier: (key: Buffer, verdict: (accept: boolean) => void) => {
        judgeHostKey(target, known, names, key).then(
          () => verdict(true),
          (error: unknown) => {
            refusal =
              error instanceof SignetError
                ? error
                : new SignetError('unreachable', String(error), { host: target.host })
            verdict(false)
          },
        )
      },
    })
  })
}

function explain(
  error: Error & { level?: string },
  target: ConnectionTarget,
  tried: readonly string[],
): Error {
  if (error.level === 'client-authentication') {
    return new SignetError(
      'login-refused',
      `sshd refused the login as ${target.user} with ${tried.join(', ')}.`,
      { host: target.host },
    )
  }
  if (/before handshake|ECONNRESET/.test(error.message))
    return new EarlyLoss(
      'sshd closed the connection before the login: it has too many at once, or refuses this address for a while',
    )
  if (error.level === 'client-timeout')
    return new SignetError('unreachable', `sshd did not answer within ${target.timeout} s.`, {
      host: target.host,
      hint: 'Raise it with --timeout or ansible_ssh_timeout.',
    })
  return new SignetError('unreachable', `The login failed: ${error.message}.`, {
    host: target.host,
    cause: error,
  })
}
