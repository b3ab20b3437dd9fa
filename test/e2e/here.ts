import { readFile, rm } from 'node:fs/promises'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { invoke } from '../../src/main.js'
import type { Event } from '../../src/report/events.js'
import type { Run } from '../lab/signet.js'

interface Circumstances {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** Runs a command of the program within this process, which costs a hundredth of a process of its own. */
export async function here(words: readonly string[], { cwd, env, signal }: Circumstances): Promise<Run> {
  const start = process.hrtime.bigint()
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const texts = Promise.all([text(stdout), text(stderr)])
  const code = await invoke(words, {
    cwd,
    env: { HOME: cwd, PATH: process.env['PATH'] ?? '', USER: 'root', ...env },
    stdin: new PassThrough(),
    stdout,
    stderr,
    now: () => new Date(),
    signal: signal ?? new AbortController().signal,
  })
  stdout.end()
  stderr.end()
  const [out, errors] = await texts
  const elapsed = Number(process.hrtime.bigint() - start) / 1e9
  return { code, signal: null, stdout: out, stderr: errors, events: [], elapsed }
}

/** `signet play` with its events. */
export async function playHere(words: readonly string[], circumstances: Circumstances): Promise<Run> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-test-'))
  const file = join(directory, 'events.jsonl')
  try {
    const run = await here(['play', ...words, '--report', `json:${file}`], circumstances)
    const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n')
    return {
      ...run,
      events: lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Event),
    }
  } finally {
    await rm(directory, { recursive: true })
  }
}
