import { setTimeout as sleep } from 'node:timers/promises'
import { SignetError } from '../errors.js'
import type { Wait } from './step.js'

type Answer = Parameters<Wait['until']>[0]

/**
 * Looks again and again until an answer is as wanted.
 * @param look asks the step's question afresh
 * @param tell is told how far it is
 * @returns seconds that it took
 * @throws SignetError task-failed when the time is over, when it can't come true any more, or when a server is silent for
 *   longer than it may be; interrupted
 */
export async function waitUntil(
  step: Wait,
  host: string,
  signal: AbortSignal | undefined,
  look: () => Promise<Answer>,
  tell: (text: string) => void = () => undefined,
): Promise<number> {
  const start = Date.now()
  const since = (moment: number): number => (Date.now() - moment) / 1000
  let silent: number | undefined
  let told: string | undefined
  await pause(step.delay ?? 0, signal)
  for (;;) {
    const answer = await look()
    if (step.until(answer)) return since(start)
    const hopeless = step.hopeless?.(answer)
    if (hopeless !== undefined) throw new SignetError('task-failed', hopeless, { host })
    const text = step.tells?.(answer)
    if (text !== undefined && text !== told) tell(text)
    told = text ?? told
    if (signal?.aborted === true) throw new SignetError('interrupted', 'The wait was interrupted.', { host })
    silent = 'kind' in answer && answer.kind === 'down' ? (silent ?? Date.now()) : undefined
    if (step.silence !== undefined && silent !== undefined && since(silent) > step.silence)
      throw new SignetError(
        'task-failed',
        `${step.otherwise} Its server has not answered for ${step.silence} s: see its unit (systemctl status mysql), and run again when it is up.`,
        { host },
      )
    if (since(start) > step.timeout)
      throw new SignetError('task-failed', `${step.otherwise} (waited ${step.timeout} s)`, { host })
    await pause(step.interval ?? 0.2, signal)
  }
}

/** Seconds go by; an interruption ends them. */
async function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  if (seconds === 0) return
  await sleep(seconds * 1000, undefined, { signal }).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error
  })
}
