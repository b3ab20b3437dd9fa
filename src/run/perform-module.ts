import type { Step } from '../host/step.js'
import { Overlay } from '../host/overlay.js'
import { SignetError } from '../errors.js'
import { NotYet } from '../host/not-yet.js'
import { readArguments, toBoolean } from '../modules/arguments.js'
import type { Module, Plan } from '../modules/module.js'
import type { Task } from '../playbook/play.js'
import type { TaskResult } from '../report/events.js'
import { showPlace } from '../source/place.js'
import { resolve, type TemplateScope } from '../template/template.js'
import { Secret } from '../value/secret.js'
import { findUnknown, isMap, showValue } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import type { ValueMap } from '../value/value.js'
import { applyTask } from './apply-task.js'
import { becomeOf } from './become-of.js'
import { checkTask, orNotYet } from './check-task.js'
import { holds } from './judge-result.js'
import { taskContext } from './prepare-task.js'
import type { PlayRun } from './play-run.js'
import { EMPTY, unknownResult } from './task-result.js'
import { titleOf } from './title.js'

/** Seconds that a host has to end a command by itself once its time is over. */
const DEADLINE_GRACE = 7

/** The first unknown argument that the module can't do without. */
export function unknownArgument(raw: ValueMap, module: Module): Unknown | undefined {
  for (const [key, value] of Object.entries(raw)) {
    const argument = Object.entries(module.args).find(
      ([name, each]) => name === key || each.aliases?.includes(key) === true,
    )?.[1]
    const found = findUnknown(value)
    if (found !== undefined && argument?.mayBeUnknown !== true) return found
  }
  return undefined
}

/** A command is ended on its host at the task's time limit: it must not go on behind the failure. */
function withTimeout(step: Step, limit: number): Step {
  return step.do === 'run' && limit > 0 && step.timeout === undefined ? { ...step, timeout: limit } : step
}

/** Gives a task up soon after its time limit, when its host did not end it. */
function withDeadline<T>(work: Promise<T>, seconds: number, giveUp: () => Promise<void>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        reject(new SignetError('task-failed', `The task did not end within its timeout of ${seconds} s.`))
        // What still occupies the shell must not hold up the next task.
        void giveUp()
      },
      (seconds + DEADLINE_GRACE) * 1000,
    )
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/**
 * Does what a module has planned, or only plans it in check mode.
 * @param raw its arguments, evaluated
 * @param limit seconds; 0: none
 */
export async function performModule(
  task: Task,
  module: Module,
  raw: ValueMap,
  scope: TemplateScope,
  host: string,
  play: PlayRun,
  limit: number,
): Promise<TaskResult> {
  const { run } = play
  const args = readArguments(module, raw, task.place)
  run.options.masks.learn(args as ValueMap)
  const { target, as } = becomeOf(task, host, scope, play)
  const check = task.checkMode === undefined ? run.options.check : toBoolean(resolve(task.checkMode, scope))
  const noLog = holds(task.noLog, scope)
  const showDiff = task.diff === undefined ? run.options.diff : toBoolean(resolve(task.diff, scope))
  if (check) {
    // Outside of check mode nothing that is only looked at will come true: it must not colour what is seen later.
    const overlay = run.options.check ? run.overlay : new Overlay()
    const reader = overlay.reader(run.hosts.reader(target, as))
    const context = taskContext(task, scope, play, overlay.reader(run.hosts.reader('localhost')))
    const checked = await checkTask(module, args, reader, context).catch(orNotYet)
    if (checked instanceof NotYet)
      return { ...unknownResult(checked.unknown, Object.keys(module.returns)), noLog }
    const { state, plan } = checked
    if (plan.unknown !== undefined && plan.steps.length === 0)
      return { ...unknownResult(plan.unknown, Object.keys(module.returns)), noLog }
    if (plan.failure === undefined) overlay.predict(target, plan)
    if (module.effect === 'any' && plan.steps.length > 0 && plan.changed !== false) {
      const cause =
        plan.unknown ?? new Unknown(`"${titleOf(task, scope)}" (${showPlace(task.place)}) was not run`)
      return { ...unknownResult(cause, Object.keys(module.returns)), noLog }
    }
    const values = module.result?.(args, state, plan, undefined) ?? {}
    return resultOf(plan, values, plan.failure, { noLog, showDiff })
  }
  const writer = run.hosts.writer(target, as, { quiet: noLog })
  const context = taskContext(task, scope, play, run.hosts.reader('localhost'))
  const environment = environmentOf(task, play, scope)
  const applying = applyTask(module, args, writer, context, (steps) =>
    steps.map((step) => withEnvironment(withTimeout(step, limit), environment)),
  )
  const applied = await (limit > 0
    ? withDeadline(applying, limit, () => run.hosts.disconnect(target))
    : applying)
  const values = module.result?.(args, applied.state, applied.plan, applied.outcomes) ?? {}
  const failed = applied.plan.failure ?? module.failure?.(args, applied.state, applied.outcomes)
  const warnings = applied.unconverged
    ? ['It did not converge: after the change the same probe still finds something to do.']
    : []
  const changed = applied.outcomes.length > 0 ? module.changed?.(args, applied.outcomes) : undefined
  const plan = changed === undefined ? applied.plan : { ...applied.plan, changed }
  return resultOf(plan, values, failed, { noLog, showDiff, warnings })
}

interface Shown {
  readonly noLog: boolean
  readonly showDiff: boolean
  readonly warnings?: readonly string[]
}

function resultOf(plan: Plan, values: ValueMap, failed: string | undefined, shown: Shown): TaskResult {
  const changed = plan.failure === undefined && (plan.changed ?? plan.steps.length > 0)
  const message = failed ?? plan.message
  return {
    ...EMPTY,
    status: failed !== undefined ? 'failed' : changed ? 'changed' : 'ok',
    ...(message === undefined ? {} : { message }),
    diff: shown.showDiff ? plan.diff : [],
    values: {
      changed,
      failed: failed !== undefined,
      ...(message === undefined ? {} : { msg: message }),
      ...(plan.facts === undefined ? {} : { ansible_facts: plan.facts }),
      ...values,
    },
    warnings: [...(plan.warnings ?? []), ...(shown.warnings ?? [])],
    noLog: shown.noLog,
  }
}

function environmentOf(
  task: Task,
  play: PlayRun,
  scope: TemplateScope,
): Readonly<Record<string, string | Secret>> {
  const merged: Record<string, string | Secret> = {}
  for (const each of task.environment) {
    const value = resolve(each, scope, task.place)
    if (isMap(value))
      for (const [name, one] of Object.entries(value))
        merged[name] = one instanceof Secret ? one : showValue(one)
  }
  return merged
}

function withEnvironment(step: Step, environment: Readonly<Record<string, string | Secret>>): Step {
  if (step.do !== 'run' || Object.keys(environment).length === 0) return step
  return { ...step, environment: { ...environment, ...step.environment } }
}
