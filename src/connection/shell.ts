import { randomBytes } from 'node:crypto'
import { SignetError } from '../errors.js'
import { endOf, resume, type Channel } from './channel.js'

export interface ScriptResult {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/**
 * What the long-lived shell runs: for each line "LENGTH TOKEN" it reads so many bytes of script, runs them in a
 * subshell without input, and writes the token before and after to both streams, with the exit code at the end. The
 * token is new each time, so that no output can be taken for it, and what a process left running writes between two
 * scripts belongs to neither.
 */
export const SHELL_LOOP =
  'export LC_ALL=C; while read -r n t; do s=$(head -c "$n"; printf x); printf "\\n<%s\\n" "$t"; printf "\\n<%s\\n" "$t" >&2; (eval "${s%x}") </dev/null; c=$?; printf "\\n>%s %s\\n" "$t" "$c"; printf "\\n>%s 0\\n" "$t" >&2; done'

interface Waiting {
  readonly token: string
  readonly resolve: (result: ScriptResult) => void
  readonly reject: (error: Error) => void
}

/** The framed answer of one script on one stream. */
export interface Frame {
  readonly body: Buffer
  readonly code: number
}

/** Cuts the frames of scripts out of a stream of bytes that arrives in pieces. */
export class Frames {
  #pieces: Buffer[] = []
  /** What arrived since the last look, with the end of what came before it. */
  #window = Buffer.alloc(0)
  #unseen: Buffer[] = []

  add(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#unseen.push(piece)
  }

  /** The frame of a script, once it is complete; what came before it is dropped. */
  next(token: string): Frame | undefined {
    // Large outputs come in thousands of pieces: they are joined only when the token has been seen.
    this.#window = Buffer.concat([this.#window.subarray(-64), ...this.#unseen])
    this.#unseen = []
    if (!this.#window.includes(token)) return undefined
    const all = Buffer.concat(this.#pieces)
    this.#pieces = [all]
    const begin = Buffer.from(`\n<${token}\n`)
    const end = Buffer.from(`\n>${token} `)
    const from = all.indexOf(begin)
    const to = from < 0 ? -1 : all.indexOf(end, from + begin.length - 1)
    const lineEnd = to < 0 ? -1 : all.indexOf('\n', to + end.length)
    if (lineEnd < 0) return undefined
    const rest = all.subarray(lineEnd + 1)
    this.#pieces = [rest]
    // The next script's whole frame may be in it already, with others behind it.
    this.#window = Buffer.alloc(0)
    this.#unseen = [rest]
    const body = all.subarray(Math.min(from + begin.length, to), to)
    return { body, code: Number(all.subarray(to + end.length, lineEnd).toString()) }
  }
}

/** One long-lived shell. Scripts run one after another; several may be under way. */
export class Shell {
  readonly #channel: Channel
  readonly #host: string
  readonly #queue: Waiting[] = []
  readonly #output = new Frames()
  readonly #errors = new Frames()
  #stdout: Frame | undefined
  #stderr: Frame | undefined
  #lost: SignetError | undefined

  constructor(channel: Channel, host: string) {
    this.#channel = channel
    this.#host = host
    channel.stdout.on('data', (bytes: Buffer) => this.#arrived(bytes, this.#output))
    channel.stderr.on('data', (bytes: Buffer) => this.#arrived(bytes, this.#errors))
    resume(channel)
    channel.stdin.on('error', () => undefined)
    void endOf(channel, 100).then(() => this.#end())
  }

  get usable(): boolean {
    return this.#lost === undefined
  }

  run(script: string): Promise<ScriptResult> {
    if (this.#lost) return Promise.reject(this.#lost)
    const bytes = Buffer.from(script)
    const token = randomBytes(16).toString('hex')
    return new Promise((resolve, reject) => {
      this.#queue.push({ token, resolve, reject })
      this.#channel.stdin.write(Buffer.concat([Buffer.from(`${bytes.length} ${token}\n`), bytes]))
    })
  }

  close(): void {
    this.#channel.stdin.end()
  }

  #arrived(bytes: Buffer, into: Frames): void {
    if (this.#queue.length === 0) return
    into.add(bytes)
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      this.#stdout ??= this.#output.next(first.token)
      this.#stderr ??= this.#errors.next(first.token)
      if (this.#stdout === undefined || this.#stderr === undefined) return
      const { code, body } = this.#stdout
      const stderr = this.#stderr.body.toString()
      this.#queue.shift()
      this.#stdout = undefined
      this.#stderr = undefined
      first.resolve({ code, stdout: body, stderr })
    }
  }

  #end(): void {
    this.#lost = new SignetError('connection-lost', 'The shell on the host has ended.', { host: this.#host })
    for (const waiting of this.#queue.splice(0)) waiting.reject(this.#lost)
  }
}
