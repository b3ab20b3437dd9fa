import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { Duplex } from 'node:stream'
import ssh2, { type AnyAuthMethod, type Client as SshClient, type ClientChannel, type ParsedKey } from 'ssh2'
import { SignetError } from '../errors.js'
import type { Channel, ChannelEnd, Line } from './channel.js'
import {
  fingerprint,
  judgeKey,
  keyType,
  knownHostNames,
  knownTypes,
  parseKnownHosts,
  type KnownHost,
} from './known-hosts.js'
import { loginInTurn } from './logins-at-once.js'
import type { ConnectionTarget } from './target.js'

const { Client, utils } = ssh2

/** Key types of hosts that are accepted, best first; those that known_hosts has are asked for before the others. */
const HOST_KEY_TYPES = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
] as const

/**
 * Logs in to a host. Lost connections before the login (sshd's MaxStartups) are tried again.
 * @throws SignetError unreachable, login-refused, unknown-host-key, changed-host-key
 */
export async function sshLine(
  target: ConnectionTarget,
  signal: AbortSignal | undefined,
  through?: (target: ConnectionTarget) => Promise<Duplex>,
): Promise<Line> {
  const start = performance.now()
  const known = await readKnownHosts(target)
  const auth = await authMethods(target)
  for (let attempt = 1; ; attempt++) {
    try {
      const client = await loginInTurn(target.unixSocket ?? `${target.address}:${target.port}`, () =>
        login(target, known, auth, signal, through),
      )
      return lineOf(client, target, (performance.now() - start) / 1000)
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

async function readKnownHosts(target: ConnectionTarget): Promise<readonly KnownHost[]> {
  const texts = await Promise.all(
    target.knownHostsFiles.map((file) => readFile(file, 'utf8').catch(() => '')),
  )
  return texts.flatMap((text, index) => parseKnownHosts(text, target.knownHostsFiles[index] ?? ''))
}

/** The ways to prove who we are, and their names for when all of them are refused. */
interface Proofs {
  readonly methods: readonly AnyAuthMethod[]
  readonly names: readonly string[]
}

async function authMethods(target: ConnectionTarget): Promise<Proofs> {
  const methods: AnyAuthMethod[] = []
  const names: string[] = []
  const problems: string[] = []
  for (const file of target.keyFiles) {
    const text = await readFile(file).catch((error: unknown) => {
      if (target.keysNamed)
        problems.push(
          `The key ${file} can not be read (${(error as NodeJS.ErrnoException).code ?? String(error)}).`,
        )
    })
    if (text === undefined) continue
    const parsed = utils.parseKey(text, target.keyPassphrase?.reveal())
    const key: ParsedKey | Error = Array.isArray(parsed) ? (parsed[0] as ParsedKey) : parsed
    if (key instanceof Error) {
      if (target.keysNamed)
        problems.push(
          /passphrase|encrypted/i.test(key.message)
            ? `The key ${file} is encrypted.`
            : `The key ${file} can not be used: ${key.message}.`,
        )
    } else {
      methods.push({ type: 'publickey', username: target.user, key })
      names.push(`the key ${file}`)
    }
  }
  if (target.agent !== undefined) {
    const agent: AnyAuthMethod = { type: 'agent', username: target.user, agent: target.agent }
    // A key that was named goes first; when it is encrypted, the agent may have it.
    if (target.keysNamed) methods.push(agent)
    else methods.unshift(agent)
    names.splice(target.keysNamed ? names.length : 0, 0, 'the keys of ssh-agent')
  }
  if (target.password !== undefined) {
    const password = target.password.reveal()
    names.push('the password')
    methods.push({ type: 'password', username: target.user, password })
    methods.push({
      type: 'keyboard-interactive',
      username: target.user,
      prompt: (_name, _text, _language, prompts, finish) => finish(prompts.map(() => password)),
    })
  }
  if (methods.length === 0) {
    throw new SignetError(
      'login-refused',
      problems[0] ?? `There is no key and no password to log in with as ${target.user}.`,
      {
        host: target.host,
        hint: problems.some((problem) => problem.includes('encrypted'))
          ? 'Load it into ssh-agent, or give ansible_ssh_private_key_passphrase.'
          : undefined,
      },
    )
  }
  return { methods, names }
}

function openSocket(target: ConnectionTarget, signal: AbortSignal | undefined): Promise<Duplex> {
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
  const types = knownTypes(known, names).flatMap((type) =>
    type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type],
  )
  const preferred = HOST_KEY_TYPES.filter((type) => types.includes(type))
  const client = new Client()
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
        serverHostKey: [...preferred, ...HOST_KEY_TYPES.filter((type) => !preferred.includes(type))],
      },
      hostVerifier: (key: Buffer, verdict: (accept: boolean) => void) => {
        judge(target, known, names, key).then(
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

async function judge(
  target: ConnectionTarget,
  known: readonly KnownHost[],
  names: readonly string[],
  key: Buffer,
): Promise<void> {
  if (target.hostKeyChecking === 'off') return
  const verdict = judgeKey(known, names, key)
  const shown = `${keyType(key)} ${fingerprint(key)}`
  switch (verdict.kind) {
    case 'known':
      return
    case 'changed':
    case 'revoked':
      throw new SignetError(
        'changed-host-key',
        `The host key (${shown}) ${verdict.kind === 'revoked' ? 'is revoked in' : 'differs from the one in'} known_hosts.`,
        {
          host: target.host,
          place: { file: verdict.entry.file, line: verdict.entry.line, column: 1 },
          hint: `If the host was rebuilt, remove the old key: ssh-keygen -f ${verdict.entry.file} -R '${names[0] ?? ''}'`,
        },
      )
    case 'authority':
      throw new SignetError(
        'unknown-host-key',
        `The host key (${shown}) is vouched for by a @cert-authority line of known_hosts only, and signet does not check certificates of hosts.`,
        {
          host: target.host,
          place: { file: verdict.entry.file, line: verdict.entry.line, column: 1 },
          hint: `Verify the fingerprint and add the key itself to ${verdict.entry.file}.`,
        },
      )
    case 'unknown': {
      const [file] = target.knownHostsFiles
      if (target.hostKeyChecking === 'accept-new' && file !== undefined) {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 })
        const before = await readFile(file, 'utf8').catch(() => '')
        // The last line may have no end.
        const start = before === '' || before.endsWith('\n') ? '' : '\n'
        await appendFile(file, `${start}${names[0] ?? ''} ${keyType(key)} ${key.toString('base64')}\n`, {
          mode: 0o600,
        })
        return
      }
      throw new SignetError(
        'unknown-host-key',
        `The host key (${shown}) is not in ${target.knownHostsFiles.join(' or ')}.`,
        {
          host: target.host,
          hint: `Verify the fingerprint, then: ssh-keyscan -p ${target.port} ${target.address} >> ${file ?? '~/.ssh/known_hosts'} (or use --host-key-checking accept-new).`,
        },
      )
    }
  }
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
          error ? reject(error) : resolve(stream)
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
