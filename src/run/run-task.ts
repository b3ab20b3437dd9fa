import { SignetError } from '../errors.js'
import { toBoolean } from '../modules/arguments.js'
import type { Task } from '../playbook/play.js'
import type { TaskResult } from '../report/events.js'
import { resolve, type TemplateScope } from '../template/template.js'
import { isMap, showValue } from '../value/shape.js'
import { becomeOf } from './become-of.js'
import { inParallel } from './in-parallel.js'
import { lookAhead } from './look-ahead.js'
import type { PlayRun } from './play-run.js'
import { registered } from './judge-result.js'
import { runOnHost } from './run-on-host.js'
import { censored } from './task-result.js'
import { titleOf } from './title.js'

/**
 * Runs a module task on all hosts side by side: results are reported, registered and counted, handlers notified.
 * @returns the hosts on which it failed
 */
export async function runTask(
  task: Task,
  hosts: readonly string[],
  play: PlayRun,
  isHandler = false,
): Promise<ReadonlySet<string>> {
  const { run } = play
  const { emit, forks, environment } = run.options
  const [first] = hosts
  if (first === undefined || task.action.kind !== 'module') return new Set()
  if (environment.signal.aborted) throw new SignetError('interrupted', 'The run was interrupted.')
  const { module } = task.action
  const title = titleOf(task, play.scope(first, task))
  emit({
    event: 'task_start',
    name: title,
    place: task.place,
    handler: isHandler,
    ...(task.role === undefined ? {} : { role: task.role.name }),
  })
  const once = isOnce(task, play.scope(first, task))
  const on = once ? [first] : hosts
  const limit =
    task.throttle === undefined
      ? forks
      : Math.min(forks, Number(resolve(task.throttle, play.scope(first, task))) || forks)

  const results = await inParallel(on, limit, async (host) => {
    const work = runOnHost(task, module, host, play)
    // The questions of coming tasks join this task's own in the same round trip.
    lookAhead(task, host, play)
    const waiting = watch(host, title, play)
    const result = await work
    clearInterval(waiting)
    keep(task, once ? hosts : [host], host, result, play)
    report(task, title, host, result, play)
    return result
  })

  const failed = new Set<string>()
  on.forEach((host, index) => {
    const result = results[index]
    if (result === undefined) return
    const affected = once ? hosts : [host]
    if (result.status === 'failed' && !result.ignored) affected.forEach((each) => failed.add(each))
    if (result.status === 'unreachable') for (const each of affected) leave(task, each, play)
  })
  const fatal =
    (task.anyErrorsFatal || play.play.anyErrorsFatal) &&
    (failed.size > 0 || on.some((host) => run.unreachable.has(host)))
  return fatal ? new Set(hosts) : failed
}

function leave(task: Task, host: string, play: PlayRun): void {
  const ignore =
    task.ignoreUnreachable !== undefined && toBoolean(resolve(task.ignoreUnreachable, play.scope(host, task)))
  if (!ignore) play.run.unreachable.add(host)
}

/** Says now and then that a slow task is still at it. */
function watch(host: string, title: string, play: PlayRun): NodeJS.Timeout {
  const start = performance.now()
  const timer = setInterval(
    () =>
      play.run.options.emit({
        event: 'waiting',
        host,
        task: title,
        seconds: Math.round((performance.now() - start) / 1000),
      }),
    10_000,
  )
  timer.unref()
  return timer
}

/** Whether a task runs on the first host only, for all. */
export function isOnce(task: Task, scope: TemplateScope): boolean {
  return task.runOnce !== undefined && toBoolean(resolve(task.runOnce, scope))
}

/**
 * Registers a result, sets facts and notifies handlers.
 * @param hosts for which it counts: with run_once, all
 * @param origin where it was done; only that host's handlers are notified
 */
export function keep(
  task: Task,
  hosts: readonly string[],
  origin: string,
  result: TaskResult,
  play: PlayRun,
): void {
  const { variables } = play.run
  const facts = result.values['ansible_facts']
  for (const host of hosts) {
    if (isMap(facts)) {
      const isSetFact = task.action.kind === 'module' && task.action.module.name === 'set_fact'
      const delegated =
        task.delegateFacts !== undefined && toBoolean(resolve(task.delegateFacts, play.scope(host, task)))
      const owner = delegated ? becomeOf(task, host, play.scope(host, task), play).target : host
      if (isSetFact) variables.setVariables(owner, facts)
      else variables.setFacts(owner, facts)
    }
    if (task.register !== undefined) variables.setVariables(host, { [task.register]: registered(result) })
    if (result.status === 'failed' && !result.ignored) {
      // For the rescue section around it.
      const { name = task.actionName, actionName } = task
      variables.setVariables(host, {
        ansible_failed_task: { name, action: actionName },
        ansible_failed_result: registered(result),
      })
    }
  }
  if (result.status === 'changed') notify(task, origin, play)
}

/** Notes the handlers that a change calls for. @throws SignetError invalid-playbook for one that does not exist */
function notify(task: Task, host: string, play: PlayRun): void {
  for (const raw of task.notify) {
    const name = raw.includes('{{') ? showValue(resolve(raw, play.scope(host, task), task.place)) : raw
    const called = play.handlers.filter((handler) => {
      const own =
        handler.name === undefined
          ? handler.actionName
          : handler.name.includes('{{')
            ? showValue(resolve(handler.name, play.scope(host, handler)))
            : handler.name
      return own === name || handler.listen.includes(name) || `${handler.role?.name ?? ''} : ${own}` === name
    })
    // The last one of a name counts, as in Ansible; of a topic, all.
    const byTopic = called.filter((handler) => handler.listen.includes(name))
    const byName = called.filter((handler) => !handler.listen.includes(name)).slice(-1)
    if (called.length === 0)
      throw new SignetError('invalid-playbook', `There is no handler "${name}".`, {
        place: task.place,
        hint: `Handlers of this play: ${play.handlers.map((handler) => handler.name ?? handler.actionName).join(', ') || 'none'}.`,
      })
    for (const handler of [...byTopic, ...byName])
      play.notified.set(handler, (play.notified.get(handler) ?? new Set()).add(host))
  }
}

export function report(task: Task, title: string, host: string, result: TaskResult, play: PlayRun): void {
  const target = task.delegateTo === undefined ? host : safeTarget(task, host, play)
  // As in Ansible, a role that is included is no task of its own in the recap, and each file that is included is one.
  const include = task.action.kind === 'include_role' || task.action.kind === 'include_tasks'
  if (!include || result.status !== 'ok') play.run.count(host, result)
  play.run.options.emit({
    event: 'task_result',
    host,
    task: title,
    place: task.place,
    result: censored(result),
    ...(target === host ? {} : { delegate: target }),
  })
}

function safeTarget(task: Task, host: string, play: PlayRun): string {
  try {
    return becomeOf(task, host, play.scope(host, task), play).target
  } catch {
    return host
  }
}
