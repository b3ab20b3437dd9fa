import { collectTasks } from '../playbook/load-role.js'
import type { Task } from '../playbook/play.js'
import { batches } from './batches.js'
import { becomeOf } from './become-of.js'
import { inParallel } from './in-parallel.js'
import { lookAhead } from './look-ahead.js'
import type { PlayRun } from './play-run.js'
import { flushHandlers, runItems, tooManyFailed } from './run-items.js'
import { report } from './run-task.js'
import { EMPTY, failure } from './task-result.js'
import { isSelected } from './tags.js'

/**
 * Runs a play, batch by batch: facts, then each section followed by its handlers.
 * @returns whether further plays may follow: not after a batch that failed as a whole, or fatally
 */
export async function runPlay(play: PlayRun): Promise<boolean> {
  const { run } = play
  const all: Task[] = []
  for (const section of play.play.sections) for (const item of section) collectTasks(item, all)
  play.order = all
  for (const batch of batches(play.hosts, play.play.serial)) {
    play.batch = batch
    play.ended.clear()
    play.gone.clear()
    const begun = batch.filter((host) => play.alive(host))
    if (begun.length === 0) continue
    run.options.emit({ event: 'play_start', name: play.play.name, place: play.play.place, hosts: begun })
    const completed = await runBatch(play, begun)
    if (!completed) return false
    if (play.over) return true
  }
  return true
}

/** @returns whether further batches may follow */
async function runBatch(play: PlayRun, hosts: readonly string[]): Promise<boolean> {
  const { run } = play
  if (
    play.play.gatherFacts &&
    run.started &&
    isSelected(['always', ...play.play.tags], run.options.tags, run.options.skipTags)
  )
    await gatherFacts(play, hosts)
  const isFatal = (): boolean => {
    const lost = hosts.filter((host) => run.failed.has(host) || run.unreachable.has(host)).length
    return lost === hosts.length || (play.play.anyErrorsFatal && lost > 0) || tooManyFailed(lost, play)
  }
  for (const section of play.play.sections) {
    if (section.length === 0 || isFatal()) continue
    for (const host of await runItems(section, hosts, play))
      if (!play.pardoned.has(host)) run.failed.add(host)
    const due =
      play.play.forceHandlers || run.options.forceHandlers ? hosts : hosts.filter((host) => play.alive(host))
    const revived = due.filter((host) => run.failed.has(host))
    for (const host of revived) run.failed.delete(host)
    for (const host of await flushHandlers(due, play)) run.failed.add(host)
    for (const host of revived) run.failed.add(host)
  }
  warnOfHandlers(play)
  if (!isFatal()) return true
  if (hosts.every((host) => !play.alive(host) && !play.ended.has(host)))
    run.options.emit({ event: 'no_hosts_left', play: play.play.name })
  return false
}

/** A handler that was notified and did not run would otherwise be forgotten: the next run finds nothing changed. */
function warnOfHandlers(play: PlayRun): void {
  for (const [handler, hosts] of play.notified) {
    if (hosts.size === 0) continue
    play.run.options.emit({
      event: 'warning',
      text: `The handler "${handler.name ?? handler.actionName}" was notified but not run on ${[...hosts].join(', ')}, for the play failed there.`,
      place: handler.place,
    })
    hosts.clear()
  }
}

/** The task that stands for gathering facts: as the play's become user. */
function factsTask({ play, playbook, run }: PlayRun): Task {
  const module = run.options.load.findModule('setup')
  if (module === undefined) throw new Error('there is no module setup')
  return {
    kind: 'task',
    place: play.place,
    actionName: 'setup',
    action: { kind: 'module', module },
    args: {},
    when: [],
    notify: [],
    listen: [],
    tags: [],
    become: play.become,
    vars: [],
    environment: [],
    anyErrorsFatal: play.anyErrorsFatal,
    directory: playbook.directory,
  }
}

async function gatherFacts(play: PlayRun, hosts: readonly string[]): Promise<void> {
  const { run } = play
  const place = play.play.place
  run.options.emit({ event: 'task_start', name: 'Gathering Facts', place, handler: false })
  const [first] = play.order
  await inParallel(hosts, run.options.forks, async (host) => {
    const start = performance.now()
    const task = factsTask(play)
    try {
      const { as } = becomeOf(task, host, play.scope(host), play)
      const gathering = run.hosts.reader(host, as).ask({ ask: 'facts' })
      if (first !== undefined) lookAhead(first, host, play)
      run.variables.setFacts(host, await gathering)
      report(
        task,
        'Gathering Facts',
        host,
        { ...EMPTY, status: 'ok', values: { changed: false }, elapsed: (performance.now() - start) / 1000 },
        play,
      )
    } catch (error) {
      const result = failure(error, task)
      if (result.status === 'unreachable') run.unreachable.add(host)
      else run.failed.add(host)
      report(task, 'Gathering Facts', host, result, play)
    }
  })
}
