import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event, HostRecap, TaskResult } from '../../src/report/events.js'

/** The clone under test. */
export const PROJECT = new URL('../..', import.meta.url).pathname

/** How a run of the real program ended, and what it reported. */
export interface Run {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly events: readonly Event[]
  /** Seconds. */
  readonly elapsed: number
}

/** How the program is run. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: Record<string, string>
  /** Called with every piece of standard output, to interrupt a run at a certain point. */
  readonly onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void
}

/** Runs the built program as a user would, without the event report. */
export function signet(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  const start = process.hrtime.bigint()
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(PROJECT, 'bin/signet.js'), ...words], {
      cwd: options.cwd ?? PROJECT,
      env: { ...process.env, NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    let killed = false
    child.stdout.on('data', (bytes: Buffer) => {
      stdout += bytes.toString()
      options.onOutput?.(stdout, (signal) => {
        // Once: a second SIGINT means something else.
        if (!killed) child.kill(signal)
        killed = true
      })
    })
    child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const elapsed = Number(process.hrtime.bigint() - start) / 1e9
      resolve({ code, signal, stdout, stderr, events: [], elapsed })
    })
  })
}

/** `signet play` with its events. */
export async function play(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-test-'))
  const file = join(directory, 'events.jsonl')
  try {
    const run = await signet(['play', ...words, '--report', `json:${file}`], options)
    const text = await readFile(file, 'utf8').catch(() => '')
    const events = text
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Event)
    return { ...run, events }
  } finally {
    await rm(directory, { recursive: true })
  }
}

type Results = readonly { host: string; task: string; result: TaskResult }[]

/** The results of all tasks on all hosts, in order. */
export function results(run: Run): Results {
  return run.events.flatMap((event) =>
    event.event === 'task_result' ? [{ host: event.host, task: event.task, result: event.result }] : [],
  )
}

/** `host: task` of everything that changed, or would. */
export function changes(run: Run): readonly string[] {
  return results(run)
    .filter(({ result }) => result.status === 'changed')
    .map(({ host, task }) => `${host}: ${task}`)
    .sort()
}

/** The recap of the run; fails when the run did not come to its end. */
export function recap(run: Run): Readonly<Record<string, HostRecap>> {
  for (const event of run.events) if (event.event === 'run_end') return event.recap
  throw new Error(`the run has no end\n${run.stdout}\n${run.stderr}`)
}

/** What to show when a run did not end as expected. */
export function transcript(run: Run): string {
  return `exit ${run.code ?? run.signal ?? '?'}\n${run.stdout.slice(-6000)}\n${run.stderr.slice(-3000)}`
}
