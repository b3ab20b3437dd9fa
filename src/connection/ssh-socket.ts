import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import { SignetError } from '../errors.js'
import type { ConnectionTarget } from './target.js'

/**
 * Opens the way to a host's sshd: TCP, a Unix socket or a ProxyCommand.
 * @throws SignetError unreachable
 */
export function openSocket(target: ConnectionTarget, signal: AbortSignal | undefined): Promise<Duplex> {
  if (target.proxyCommand !== undefined && target.unixSocket === undefined)
    return Promise.resolve(throughCommand(target.proxyCommand))
  return new Promise((resolve, reject) => {
    const where = target.unixSocket ?? `${target.address}:${target.port}`
    const socket =
      target.unixSocket === undefined
        ? connect({ host: target.address, port: target.port })
        : connect(target.unixSocket)
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer within ${target.timeout} s`)),
      target.timeout * 1000,
    )
    const abort = (): void => {
      socket.destroy(new Error('given up'))
    }
    signal?.addEventListener('abort', abort, { once: true })
    const settle = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    socket.once('connect', () => {
      settle()
      // Without it every small packet waits for the delayed acknowledgement of the last: 45 ms instead of 3.
      socket.setNoDelay(true)
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle()
      const why =
        {
          ECONNREFUSED: 'connection refused',
          ENOENT: 'there is no such socket; is the lab up?',
          ENOTFOUND: 'the name is not known',
          EHOSTUNREACH: 'no route to the host',
          ENETUNREACH: 'no route to the network',
        }[error.code ?? ''] ?? error.message
      reject(new SignetError('unreachable', `${where} can not be reached: ${why}.`, { host: target.host }))
    })
  })
}

/** The streams of a ProxyCommand, which leads to the host's sshd. */
function throughCommand(command: string): Duplex {
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.on('error', () => undefined)
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin })
  stream.on('close', () => child.kill())
  // ssh2 hears of it as the end of the connection.
  stream.on('error', () => undefined)
  return stream
}
