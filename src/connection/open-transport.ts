import type { Duplex } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { SignetError } from '../errors.js'
import type { CommandEnd, CommandResult, RunCommand } from '../host/step.js'
import { Secret } from '../value/secret.js'
import { becomeCommand, newPrompt, untilReady } from './become.js'
import { endOf, resume, type Channel, type Line } from './channel.js'
import { localLine } from './local-line.js'
import { quote, quoteAll } from './quote.js'
import { duplexOf, RELAY } from './relay.js'
import { Shell, SHELL_LOOP } from './shell.js'
import { sshLine } from './ssh-line.js'
import type { ConnectionTarget } from './target.js'
import type { BecomeUser, Traffic, Transport } from './transport.js'

/**
 * How many times the limit of a login a shell may take to start: a host that took the login is there, but it may be
 * busy or emulated, and sudo may ask a directory service. Nothing waits for a person meanwhile: sudo gets -n or the
 * password.
 */
const PATIENCE = 6

/**
 * Opens the way to a host: ssh, or the controller itself.
 * @throws SignetError unreachable, login-refused, unknown-host-key, changed-host-key
 */
export async function openTransport(target: ConnectionTarget, signal?: AbortSignal): Promise<Transport> {
  if (target.kind === 'local') return new LineTransport(localLine(), target)
  const lines: Line[] = []
  const close = async (): Promise<void> => {
    for (const line of [...lines].reverse()) await line.close()
  }
  try {
    // Each host on the way is logged in to through the one before it.
    for (const hop of [...target.jumps, target]) {
      const before = lines.at(-1)
      const through =
        before === undefined
          ? undefined
          : (): Promise<Duplex> => before.forward({ address: hop.address, port: hop.port })
      lines.push(await sshLine(hop, signal, through))
    }
  } catch (error) {
    await close()
    throw error
  }
  const last = lines.at(-1)
  if (last === undefined)
    throw new SignetError('unreachable', 'There is no way to the host.', { host: target.host })
  return new LineTransport({ ...last, close }, target)
}

/** Everything that can be done with a host, on top of a line to it. */
class LineTransport implements Transport {
  readonly #line: Line
  readonly #target: ConnectionTarget
  readonly #shells = new Map<string, Promise<Shell>>()
  #roundTrips = 0
  #sent = 0
  #received = 0
  #forwardingRefused = false
  statements = 0

  constructor(line: Line, target: ConnectionTarget) {
    this.#line = line
    this.#target = target
  }

  get traffic(): Traffic {
    return {
      roundTrips: this.#roundTrips,
      bytesSent: this.#sent,
      bytesReceived: this.#received,
      statements: this.statements,
      connectTime: this.#line.connectTime,
    }
  }

  async script(
    text: string,
    as: BecomeUser | undefined,
  ): Promise<{ code: number; stdout: Buffer; stderr: string }> {
    const shell = await this.#shell(as)
    this.#roundTrips++
    this.#sent += Buffer.byteLength(text)
    const result = await shell.run(text)
    this.#received += result.stdout.length + result.stderr.length
    return result
  }

  async run(
    command: RunCommand,
    as: BecomeUser | undefined,
    onOutput?: (stream: 'stdout' | 'stderr', text: string) => void,
  ): Promise<CommandResult> {
    const start = performance.now()
    const script = commandScript(command)
    const channel = await this.#start('read -r n; s=$(head -c "$n"; printf x); eval "${s%x}"', as)
    this.#roundTrips++
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    // A letter of several bytes may be cut by the end of a piece.
    const letters = { stdout: new StringDecoder(), stderr: new StringDecoder() }
    channel.stdout.on('data', (bytes: Buffer) => {
      stdout.push(bytes)
      onOutput?.('stdout', letters.stdout.write(bytes))
    })
    channel.stderr.on('data', (bytes: Buffer) => {
      stderr.push(bytes)
      onOutput?.('stderr', letters.stderr.write(bytes))
    })
    resume(channel)
    channel.stdin.on('error', () => undefined)
    const bytes = Buffer.from(script)
    this.#sent += bytes.length
    channel.stdin.write(`${bytes.length}\n`)
    channel.stdin.write(bytes)
    const { stdin } = command
    channel.stdin.end(stdin instanceof Secret ? stdin.reveal() : (stdin ?? ''))
    // The host ends the command itself; this is for a host that no longer answers.
    const limit = command.timeout ?? 0
    const timer = limit > 0 ? setTimeout(() => channel.kill(), (limit + 15) * 1000) : undefined
    const end = await endOf(channel, 500)
    clearTimeout(timer)
    const elapsed = (performance.now() - start) / 1000
    const result = {
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
      elapsed,
    }
    this.#received += result.stdout.length + result.stderr.length
    return { ...result, how: howItEnded(end, limit, elapsed) }
  }

  async upload(content: Buffer, as: BecomeUser | undefined): Promise<string> {
    const channel = await this.#start(
      'umask 077; t=$(mktemp /tmp/.signet.XXXXXXXXXX) || exit 1; cat > "$t" && printf %s "$t"',
      as,
    )
    this.#roundTrips++
    this.#sent += content.length
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    channel.stdout.on('data', (bytes: Buffer) => stdout.push(bytes))
    channel.stderr.on('data', (bytes: Buffer) => stderr.push(bytes))
    resume(channel)
    channel.stdin.on('error', () => undefined)
    channel.stdin.end(content)
    const end = await channel.ended
    if (end.code !== 0)
      throw new SignetError(
        'task-failed',
        `The upload failed: ${Buffer.concat(stderr).toString().trim() || 'the connection broke'}.`,
        { host: this.#target.host },
      )
    return Buffer.concat(stdout).toString()
  }

  async stream(
    to: { readonly path: string } | { readonly address: string; readonly port: number },
    as: BecomeUser | undefined,
  ): Promise<Duplex> {
    this.#roundTrips++
    if (!('path' in to)) return this.#line.forward(to)
    if (this.#needed(as) === undefined && !this.#forwardingRefused) {
      try {
        return await this.#line.forward(to)
      } catch (error) {
        // sshd tells a missing socket and AllowStreamLocalForwarding=no apart by nothing: is the socket there?
        const { code } = this.#line.isLost()
          ? { code: 1 }
          : await this.script(`[ -S ${quote(to.path)} ]`, undefined)
        if (code !== 0 || this.#target.kind === 'local') throw error
        this.#forwardingRefused = true
      }
    }
    return duplexOf(await this.#start(RELAY(to.path), as))
  }

  isLost(): boolean {
    return this.#line.isLost()
  }

  async close(): Promise<void> {
    for (const shell of this.#shells.values())
      await shell.then(
        (open) => open.close(),
        () => undefined,
      )
    await this.#line.close()
  }

  /** Becoming who one is already costs nothing. */
  #needed(as: BecomeUser | undefined): BecomeUser | undefined {
    return as?.user === this.#line.user ? undefined : as
  }

  async #start(script: string, wanted: BecomeUser | undefined): Promise<Channel> {
    const as = this.#needed(wanted)
    const prompt = newPrompt()
    const password = this.#target.becomePassword
    const channel = await this.#line.open(becomeCommand(script, as, prompt, password !== undefined))
    await untilReady(channel, as, prompt, password, this.#target.host, PATIENCE * this.#target.timeout)
    return channel
  }

  #shell(wanted: BecomeUser | undefined): Promise<Shell> {
    const as = this.#needed(wanted)
    const key = as === undefined ? '' : `${as.method} ${as.user}`
    const known = this.#shells.get(key)
    if (known) return known.then((shell) => (shell.usable ? shell : this.#reopen(key, as)))
    return this.#reopen(key, as)
  }

  #reopen(key: string, as: BecomeUser | undefined): Promise<Shell> {
    const opened = this.#start(SHELL_LOOP, as).then((channel) => {
      this.#roundTrips++
      return new Shell(channel, this.#target.host)
    })
    this.#shells.set(key, opened)
    opened.catch(() => this.#shells.delete(key))
    return opened
  }
}

/** The script that runs a user's command; environment and input are in it or follow it, never in an argument. */
function commandScript(command: RunCommand): string {
  const lines = ['unset n s']
  for (const [name, value] of Object.entries(command.environment ?? {})) {
    lines.push(`export ${name}=${quote(value instanceof Secret ? value.reveal() : value)}`)
  }
  if (command.chdir !== undefined) lines.push(`cd ${quote(command.chdir)} || exit 1`)
  const words = command.argv ?? [command.executable ?? '/bin/sh', '-c', command.shell ?? '']
  const limit = command.timeout ?? 0
  lines.push(`exec ${limit > 0 ? `timeout -k 5 ${limit} ` : ''}${quoteAll(words)}`)
  return lines.join('\n')
}

function howItEnded(
  end: { readonly code?: number; readonly signal?: string },
  limit: number,
  elapsed: number,
): CommandEnd {
  if (limit > 0 && elapsed >= limit && (end.code === 124 || end.code === 137 || end.code === undefined))
    return { end: 'timed out' }
  if (end.signal !== undefined) return { end: 'killed', signal: end.signal.replace(/^SIG/, '') }
  return end.code === undefined ? { end: 'lost' } : { end: 'exited', code: end.code }
}
