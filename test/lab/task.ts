import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { shell, type TestLab } from './servers.js'
import { changes, play, PROJECT, results, signet, transcript, type Run, type RunOptions } from './signet.js'
import type { TaskResult } from '../../src/report/events.js'

/** Arguments of a module. */
export type TaskArguments = Readonly<Record<string, unknown>>

/** Runs one task with the real program on one host; the play holds all hosts of the group mysql, as members. */
export function runTask(
  lab: TestLab,
  host: string,
  module: string,
  args: TaskArguments,
  ...words: readonly string[]
): Promise<Run> {
  return runTasks([module], lab, host, module, args, words)
}

/** Runs one task as {@link runTask} does, with an environment, or watched. */
export function watchTask(
  lab: TestLab,
  host: string,
  module: string,
  args: TaskArguments,
  options: RunOptions,
  ...words: readonly string[]
): Promise<Run> {
  return runTasks([module], lab, host, module, args, words, options)
}

/** Runs a task once under each name. */
async function runTasks(
  names: readonly string[],
  lab: TestLab,
  host: string,
  module: string,
  args: TaskArguments,
  words: readonly string[] = [],
  options: RunOptions = {},
): Promise<Run> {
  const file = join(lab.directory, 'task.yml')
  const members = /^innodb|^mysql_router/.test(module) ? { members: lab.hosts } : {}
  const tasks = names.map((name) => ({ name, [module]: { ...members, ...args } }))
  await writeFile(file, JSON.stringify([{ hosts: host, gather_facts: false, become: true, tasks }]))
  return play([file, '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles'), ...words], options)
}

/** The result of the first task. */
export function resultOf(run: Run): TaskResult {
  const [first] = results(run)
  if (first === undefined) throw new Error(`no task ran\n${run.stdout}\n${run.stderr}`)
  return first.result
}

/**
 * What check mode says, what the run does, and what the same task finds after it in the same run: whether each would
 * change something.
 */
export async function checkRunRerun(
  lab: TestLab,
  host: string,
  module: string,
  args: TaskArguments,
): Promise<{ readonly check: Run; readonly run: Run; readonly changed: readonly number[] }> {
  const check = await runTask(lab, host, module, args, '--check', '--diff')
  const run = await runTasks(['first', 'again'], lab, host, module, args)
  const count = (name: string): number => changes(run).filter((line) => line === `${host}: ${name}`).length
  return { check, run, changed: [changes(check).length, count('first'), count('again')] }
}

/** Takes a host's power away. */
export async function kill(lab: string, host: string): Promise<void> {
  const run = await signet(['lab', '--name', lab, 'kill', host])
  assert.equal(run.code, 0, transcript(run))
}

/** Gives it back, and waits until its MySQL server answers. */
export async function start(lab: string, host: string): Promise<void> {
  const run = await signet(['lab', '--name', lab, 'start', host])
  assert.equal(run.code, 0, transcript(run))
  await shell(lab, host, 'until mysqladmin ping >/dev/null 2>&1; do sleep 0.2; done')
}
