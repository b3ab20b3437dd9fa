import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PROJECT } from './signet.js'

const HOOK = { NODE_OPTIONS: `--import=${join(PROJECT, 'test/lab/fault-at.mjs')}` }

/** Environment of a controller that dies right after the n-th statement of its steps was answered. */
export const killedAfter = (point: number): Record<string, string> => ({
  ...HOOK,
  SIGNET_TEST_FAULT: `kill:${point}`,
})

/** Environment of a controller that dies right after the first statement that begins so was answered. */
export const killedAt = (statement: string): Record<string, string> => ({
  ...HOOK,
  SIGNET_TEST_FAULT: `kill:${statement}`,
})

/** Environment of a controller that dies before the first statement that begins so. */
export const killedBefore = (statement: string): Record<string, string> => ({
  ...HOOK,
  SIGNET_TEST_FAULT: `kill-before:${statement}`,
})

/** Environment of a controller that counts the statements of its steps into a file. */
export const counting = (file: string): Record<string, string> => ({
  ...HOOK,
  SIGNET_TEST_STATEMENTS: file,
})

/** How many statements a run counted. */
export const counted = async (file: string): Promise<number> =>
  (await readFile(file, 'utf8')).split('\n').length - 1

/** The statements to kill after: `all`, those of a range such as `1-100`, or so many, spread evenly over all. */
export function pointsOf(points: string, total: number): readonly number[] {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(points) ?? []
  if (first !== undefined)
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index)
  const count = points === 'all' ? total : Number(points)
  return Array.from({ length: count }, (_, index) => Math.round(((index + 0.5) * total) / count) || 1)
}
