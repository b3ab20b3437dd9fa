import { toBoolean } from '../modules/arguments.js'
import type { Module } from '../modules/module.js'
import type { Task } from '../playbook/play.js'
import type { TaskResult } from '../report/events.js'
import { resolve } from '../template/template.js'
import { SignetError } from '../errors.js'
import { Unknown } from '../value/unknown.js'
import { holds, holdsAfter, isIgnored, judged } from './judge-result.js'
import { together } from './loop-result.js'
import { performModule, unknownArgument } from './perform-module.js'
import { argumentsOf, conditionsHold, itemsOf, type Item } from './prepare-task.js'
import type { PlayRun } from './play-run.js'
import { censored, failure, skipped, unknownResult } from './task-result.js'
import { titleOf } from './title.js'

/** Runs a module task on one host, with its loop. Never throws for expected errors: they are results. */
export async function runOnHost(
  task: Task,
  module: Module,
  host: string,
  play: PlayRun,
): Promise<TaskResult> {
  const start = performance.now()
  const { emit } = play.run.options
  const title = titleOf(task, play.scope(host, task))
  const elapsed = (): number => (performance.now() - start) / 1000
  try {
    const items = itemsOrSkip(task, host, play)
    if (items instanceof Unknown) {
      play.run.overlay.couldNotForesee(host, items)
      return unknownResult(items, ['results'])
    }
    if (items !== undefined && 'status' in items) return { ...items, elapsed: elapsed() }
    if (items === undefined)
      return { ...(await runItem(task, module, { local: {} }, host, play)), elapsed: elapsed() }
    const results: TaskResult[] = []
    for (const [index, item] of items.entries()) {
      if (index > 0 && task.loop?.pause !== undefined)
        await sleep(Number(resolve(task.loop.pause, play.scope(host, task))))
      const result = {
        ...(await runItem(task, module, item, host, play)),
        ...(item.label === undefined ? {} : { item: item.label }),
      }
      results.push(result)
      emit({ event: 'item_result', host, task: title, place: task.place, result: censored(result) })
      if (result.status === 'unreachable') break
    }
    return { ...together(results, items), elapsed: elapsed() }
  } catch (error) {
    return { ...failure(error, task), elapsed: elapsed() }
  }
}

/** The items of a task; when they can't be evaluated, or are not known, a condition that does not hold skips it. */
function itemsOrSkip(
  task: Task,
  host: string,
  play: PlayRun,
): readonly Item[] | Unknown | TaskResult | undefined {
  let items: readonly Item[] | Unknown | undefined
  let problem: unknown
  try {
    items = itemsOf(task, host, play)
    if (!(items instanceof Unknown)) return items
  } catch (error) {
    problem = error
  }
  try {
    const verdict = conditionsHold(task, play.scope(host, task))
    if (verdict.holds === false) return skipped(verdict.condition)
  } catch {
    // The condition is about the loop's own variable: what is wrong with the list is the better answer.
  }
  if (problem instanceof Error) throw problem
  return items
}

const sleep = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000))

async function runItem(
  task: Task,
  module: Module,
  item: Item,
  host: string,
  play: PlayRun,
): Promise<TaskResult> {
  const scope = play.scope(host, task, item.local)
  const retries = task.retries === undefined ? undefined : Math.max(0, Number(resolve(task.retries, scope)))
  const tries = 1 + (retries ?? (task.until === undefined ? 0 : 3))
  const delay = Number(task.delay === undefined ? 5 : resolve(task.delay, scope))
  for (let attempt = 1; ; attempt++) {
    const result = inForesight(
      await attemptItem(task, module, item, host, play),
      task,
      module,
      item,
      host,
      play,
    )
    if (tries === 1 || ['skipped', 'unreachable', 'unknown'].includes(result.status)) return result
    const counted = { ...result, values: { ...result.values, attempts: attempt } }
    const done =
      task.until === undefined
        ? result.status !== 'failed'
        : holdsAfter(task.until, counted, task, item, host, play)
    if (done) return counted
    if (attempt >= tries) {
      const never = `It was tried ${attempt} times; "until" never held.`
      return {
        ...counted,
        status: 'failed',
        message: result.status === 'failed' ? `${result.message ?? ''}\n${never}`.trim() : never,
        // As Ansible counts: how often it was tried again.
        values: { ...counted.values, attempts: tries - 1, failed: true, msg: result.message ?? never },
        ignored: isIgnored(task, scope),
        place: result.place ?? task.place,
      }
    }
    play.run.options.emit({
      event: 'note',
      host,
      text: `${titleOf(task, scope)}: try ${attempt} of ${tries}`,
    })
    await sleep(delay)
    if (play.run.options.environment.signal.aborted)
      return failure(new SignetError('interrupted', 'The run was interrupted.'), task)
  }
}

/**
 * What check mode may say of a result: a failure on a host where an earlier task could not be foreseen is no failure
 * yet, for that task may do what this one needs. Modules that look at no host are judged as they are.
 */
function inForesight(
  result: TaskResult,
  task: Task,
  module: Module,
  item: Item,
  host: string,
  play: PlayRun,
): TaskResult {
  const { overlay, options } = play.run
  if (!options.check) return result
  if (result.status === 'unknown') {
    overlay.couldNotForesee(host, new Unknown(result.message ?? ''))
    return result
  }
  const earlier = overlay.unforeseen(host)
  if (result.status !== 'failed' || earlier === undefined || module.connects === false) return result
  if (task.checkMode !== undefined && !toBoolean(resolve(task.checkMode, play.scope(host, task, item.local))))
    return result
  // The cause is told, and handed on to whatever depends on it: of a task with no_log it must not hold the message.
  const stands = result.noLog ? 'it fails' : `"${result.message ?? ''}"`
  const cause = new Unknown(`as it stands, ${stands}; but ${earlier.cause}`)
  return { ...unknownResult(cause, Object.keys(module.returns)), noLog: result.noLog }
}

async function attemptItem(
  task: Task,
  module: Module,
  item: Item,
  host: string,
  play: PlayRun,
): Promise<TaskResult> {
  try {
    const scope = play.scope(host, task, item.local)
    const verdict = conditionsHold(task, scope)
    const keys = Object.keys(module.returns)
    if (verdict.holds === false) return skipped(verdict.condition)
    if (verdict.holds !== true)
      return unknownResult(
        new Unknown(`whether "${verdict.condition}" holds is not known: ${verdict.holds.cause}`),
        keys,
      )
    const raw = argumentsOf(task, module, scope)
    const { run } = play
    run.options.masks.learn(raw)
    const unknown = unknownArgument(raw, module)
    if (unknown !== undefined) return unknownResult(unknown, keys)
    const limit = task.timeout === undefined ? 0 : Number(resolve(task.timeout, scope))
    const result = await performModule(task, module, raw, scope, host, play, limit).catch(
      (error: unknown) => {
        // What the host refused is a result like any other: failed_when may pardon it.
        const failed = { ...failure(error, task), noLog: holds(task.noLog, scope) }
        if (failed.status !== 'failed') throw error
        return failed
      },
    )
    return judged(result, task, item, host, play)
  } catch (error) {
    const scope = play.scope(host, task, item.local)
    const result = failure(error, task)
    return {
      ...result,
      ignored: result.status === 'failed' && isIgnored(task, scope),
      noLog: holds(task.noLog, scope),
    }
  }
}
