import { spawnSync } from 'node:child_process'
import type { Readable } from 'node:stream'
import { SignetError } from '../errors.js'
import { Secret } from '../value/secret.js'
import type { Environment } from '../environment.js'

/** Whether somebody sits at a terminal who could answer. */
export function canAsk({ stdin }: Environment): boolean {
  return 'isTTY' in stdin && stdin.isTTY === true
}

/** Asks for a password on the terminal without showing it; from a pipe, one line is read. */
export async function askSecret(question: string, environment: Environment): Promise<Secret> {
  return new Secret(await askLine(`${question}: `, environment, { hidden: true }))
}

/**
 * Asks for one line. The terminal itself sees to corrections and Ctrl-C.
 * @throws SignetError bad-option when no line comes, interrupted on Ctrl-C
 */
export async function askLine(
  question: string,
  environment: Environment,
  { hidden }: { readonly hidden: boolean },
): Promise<string> {
  const { stdin, stderr, signal } = environment
  const dark = hidden && canAsk(environment)
  if (dark) echo(false)
  try {
    stderr.write(question)
    const line = await readLine(stdin, signal)
    if (line === undefined) throw new SignetError('bad-option', `No answer was given to: ${question.trim()}`)
    return line
  } finally {
    if (dark) echo(true)
    // The end of the line was not shown either.
    if (dark || !canAsk(environment)) stderr.write('\n')
  }
}

function echo(on: boolean): void {
  const { status } = spawnSync('stty', [on ? 'echo' : '-echo'], { stdio: ['inherit', 'ignore', 'ignore'] })
  if (status !== 0 && !on)
    throw new SignetError('bad-option', 'This terminal can not hide what is typed (stty failed).', {
      hint: 'Give the value in a file: see docs/secrets.md.',
    })
}

/** The next line of a stream, without its end; what follows it stays in the stream. Undefined at the end. */
function readLine(stdin: Readable, signal: AbortSignal): Promise<string | undefined> {
  const pieces: Buffer[] = []
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      stdin.off('readable', onReadable)
      stdin.off('end', onEnd)
      signal.removeEventListener('abort', onAbort)
      stdin.pause()
      settle()
    }
    const line = (): string => Buffer.concat(pieces).toString().replace(/\r$/, '')
    const onReadable = (): void => {
      for (;;) {
        const chunk: unknown = stdin.read()
        if (chunk === null) return
        const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string)
        const end = bytes.indexOf(0x0a)
        pieces.push(end < 0 ? bytes : bytes.subarray(0, end))
        if (end < 0) continue
        if (end + 1 < bytes.length) stdin.unshift(bytes.subarray(end + 1))
        finish(() => resolve(line()))
        return
      }
    }
    const onEnd = (): void => finish(() => resolve(pieces.length === 0 ? undefined : line()))
    const onAbort = (): void =>
      finish(() => reject(new SignetError('interrupted', 'Interrupted before anything was done.')))
    signal.addEventListener('abort', onAbort)
    stdin.on('readable', onReadable)
    stdin.on('end', onEnd)
  })
}
