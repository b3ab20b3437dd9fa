import type { Block, Item, Task } from '../playbook/play.js'
import { runAction } from './run-action.js'
import type { PlayRun } from './play-run.js'
import { runTask } from './run-task.js'
import { isSelected } from './tags.js'

/**
 * Runs tasks and blocks in their order; all hosts finish one before the next begins. A host that fails leaves the
 * list.
 * @param rescuable a failure here may still be rescued, so it does not count for `max_fail_percentage` yet
 * @returns the hosts that failed
 */
export async function runItems(
  items: readonly Item[],
  hosts: readonly string[],
  play: PlayRun,
  rescuable = false,
): Promise<ReadonlySet<string>> {
  const failed = new Set<string>()
  for (const item of items) {
    const alive = hosts.filter((host) => !failed.has(host) && play.alive(host))
    if (alive.length === 0) break
    const lost =
      item.kind === 'block'
        ? await runBlock(item, alive, play, rescuable)
        : await runOne(item, alive, play, rescuable)
    for (const host of lost) failed.add(host)
    if (!rescuable && lostTooMany(lost, play)) return new Set(hosts)
  }
  return failed
}

/** Whether more hosts of the batch have failed than `max_fail_percentage` allows. */
export function tooManyFailed(failed: number, play: PlayRun): boolean {
  const limit = play.play.maxFailPercentage
  return limit !== undefined && (failed / play.batch.length) * 100 > limit
}

function lostTooMany(lost: Iterable<string>, play: PlayRun): boolean {
  for (const host of lost) play.gone.add(host)
  return tooManyFailed(play.batch.filter((host) => play.lost(host)).length, play)
}

async function runOne(
  task: Task,
  hosts: readonly string[],
  play: PlayRun,
  rescuable: boolean,
): Promise<ReadonlySet<string>> {
  const { tags, skipTags, startAtTask } = play.run.options
  if (!play.run.started) {
    if (task.name !== startAtTask) return new Set()
    play.run.started = true
  }
  if (!isSelected(task.tags, tags, skipTags)) return new Set()
  if (task.action.kind === 'module') return runTask(task, hosts, play)
  return runAction(task, hosts, play, rescuable)
}

async function runBlock(
  block: Block,
  hosts: readonly string[],
  play: PlayRun,
  rescuable: boolean,
): Promise<ReadonlySet<string>> {
  let failed = new Set<string>()
  try {
    failed = new Set(await runItems(block.items, hosts, play, rescuable || block.rescue.length > 0))
    if (failed.size > 0 && block.rescue.length > 0) {
      const rescued = [...failed].filter((host) => play.alive(host))
      for (const host of rescued) play.run.rescued(host)
      const again = await runItems(block.rescue, rescued, play, rescuable)
      for (const host of rescued) if (!again.has(host)) failed.delete(host)
    }
  } finally {
    // In any case, also when the run is being interrupted: not then.
    if (block.always.length > 0 && !play.run.options.environment.signal.aborted) {
      for (const host of await runItems(
        block.always,
        hosts.filter((host) => play.alive(host)),
        play,
        rescuable,
      ))
        failed.add(host)
    }
  }
  return failed
}

/** Runs the handlers that were notified, in the order in which they are defined. */
export async function flushHandlers(hosts: readonly string[], play: PlayRun): Promise<ReadonlySet<string>> {
  const failed = new Set<string>()
  for (const handler of play.handlers) {
    const notified = play.notified.get(handler)
    if (notified === undefined) continue
    const due = hosts.filter((host) => notified.has(host) && !failed.has(host) && play.alive(host))
    for (const host of due) notified.delete(host)
    if (due.length === 0) continue
    const lost =
      handler.action.kind === 'module'
        ? await runTask(handler, due, play, true)
        : await runAction(handler, due, play, false)
    for (const host of lost) failed.add(host)
  }
  return failed
}
