import { execFile } from 'node:child_process'
import { SignetError } from '../errors.js'

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program of this machine to its end, whatever its exit code. */
export function attempt(program: string, words: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      [...words],
      { maxBuffer: 64 * 1024 * 1024, encoding: 'utf8' },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127
        resolve({ code, stdout, stderr: stderr || (error?.message ?? '') })
      },
    )
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

/** Runs a program that must succeed. @throws SignetError lab-failed with what it printed last. */
export async function run(program: string, words: readonly string[], input = ''): Promise<string> {
  const ended = await attempt(program, words, input)
  if (ended.code !== 0) {
    const lines = (ended.stderr.trim() || ended.stdout.trim()).split('\n').slice(-8).join('\n')
    throw new SignetError(
      'lab-failed',
      `\`${[program, ...words].join(' ').slice(0, 300)}\` failed:\n${lines}`,
    )
  }
  return ended.stdout
}

/** Waits, for polling. @param milliseconds how long */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
