import type { Duplex } from 'node:stream'
import type { Client as SshClient, ClientChannel } from 'ssh2'
import { SignetError } from '../errors.js'
import type { Channel, ChannelEnd, Line } from './channel.js'
import { logIn } from './ssh-login.js'
import type { ConnectionTarget } from './target.js'

/**
 * Logs in to a host and gives the line to run commands over.
 * @throws SignetError unreachable, login-refused, unknown-host-key, changed-host-key, interrupted
 */
export async function sshLine(
  target: ConnectionTarget,
  signal: AbortSignal | undefined,
  through?: (target: ConnectionTarget) => Promise<Duplex>,
): Promise<Line> {
  const start = performance.now()
  const client = await logIn(target, signal, through)
  return lineOf(client, target, (performance.now() - start) / 1000)
}

function lineOf(client: SshClient, target: ConnectionTarget, connectTime: number): Line {
  let lost: string | undefined
  // Every command listens for the end of the connection.
  client.setMaxListeners(0)
  client.on('error', (error) => (lost = error.message))
  client.on('close', () => (lost ??= 'closed by the host'))
  const broken = (cause?: Error): SignetError =>
    new SignetError('connection-lost', `The connection is lost${lost === undefined ? '' : `: ${lost}`}.`, {
      host: target.host,
      cause,
    })
  return {
    user: target.user,
    connectTime,
    isLost: () => lost !== undefined,
    open: (command) =>
      new Promise<Channel>((resolve, reject) => {
        if (lost !== undefined) {
          reject(broken())
          return
        }
        client.exec(command, (error, channel) => {
          if (error)
            reject(
              lost === undefined
                ? new SignetError('connection-lost', `sshd refused a new session: ${error.message}.`, {
                    host: target.host,
                    hint: 'See MaxSessions in sshd_config.',
                  })
                : broken(error),
            )
          else resolve(channelOf(channel, client))
        })
      }),
    forward: (to) =>
      new Promise<Duplex>((resolve, reject) => {
        if (lost !== undefined) {
          reject(broken())
          return
        }
        const done = (error: Error | undefined, stream: Duplex): void =>
          error ? reject(notOpened(to, error)) : resolve(stream)
        if ('path' in to) client.openssh_forwardOutStreamLocal(to.path, done)
        else client.forwardOut('127.0.0.1', 0, to.address, to.port, done)
      }),
    close: () =>
      new Promise((resolve) => {
        if (lost !== undefined) {
          resolve()
          return
        }
        client.once('close', () => resolve())
        client.end()
        setTimeout(() => {
          client.destroy()
          resolve()
        }, 1000).unref()
      }),
  }
}

/** sshd says no more than that it could not open it. */
function notOpened(to: Parameters<Line['forward']>[0], cause: Error): Error {
  const where = 'path' in to ? to.path : `${to.address}:${to.port}`
  return new Error(`nothing listens at ${where}, or sshd does not forward to it`, { cause })
}

function channelOf(channel: ClientChannel, client: SshClient): Channel {
  channel.on('error', () => undefined)
  let end: ChannelEnd = {}
  const ended = new Promise<ChannelEnd>((resolve) => {
    // A channel that is gone no longer listens to its connection: there may be thousands of them.
    const done = (): void => {
      client.off('close', done)
      resolve(end)
    }
    channel.on('close', done)
    client.once('close', done)
  })
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    exited: new Promise((resolve) => {
      channel.on('exit', (code: number | null, signal?: string) => {
        end = code === null ? { signal: signal ?? 'unknown' } : { code }
        resolve(end)
      })
      void ended.then(resolve)
    }),
    ended,
    kill: () => {
      channel.signal('KILL')
      channel.close()
    },
  }
}
