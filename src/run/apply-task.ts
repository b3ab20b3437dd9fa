import type { HostWriter } from '../host/host.js'
import { NotYet } from '../host/not-yet.js'
import type { Outcome, Step } from '../host/step.js'
import type { Module, Plan, TaskContext } from '../modules/module.js'
import type { Arguments, ArgumentsSchema } from '../modules/schema.js'
import { checkTask, orNotYet, type Checked } from './check-task.js'

export interface Applied extends Checked {
  readonly outcomes: readonly Outcome[]
  /** The same probe still finds something to do after the steps: the module or the host is at odds with itself. */
  readonly unconverged: boolean
}

/** Steps that change nothing (systemd reads its unit files again) may be left. */
const changes = ({ changed, steps }: Plan): boolean => changed ?? steps.length > 0

/** How often something may go on by itself before a task has its turn. */
const PATIENCE = 10

/** Probe, plan, perform; and probe again: then nothing may be left to do. The only place where steps are performed. */
export async function applyTask(
  module: Module,
  args: Arguments<ArgumentsSchema>,
  host: HostWriter,
  task: TaskContext,
  amend: (steps: readonly Step[]) => readonly Step[],
): Promise<Applied> {
  const checked = await settled(() => checkTask(module, args, host, task), host, amend)
  const { plan } = checked
  if (plan.failure !== undefined || plan.steps.length === 0)
    return { ...checked, outcomes: [], unconverged: false }
  const outcomes = await host.perform(amend(plan.steps))
  const provable = module.effect !== 'any' && plan.changed !== false && plan.everyTime !== true
  const unconverged = provable && changes((await checkTask(module, args, host, task)).plan)
  return { ...checked, outcomes, unconverged }
}

/**
 * Probe and plan once nothing goes on by itself any more. What was foreseen counts as changed, also where it has come
 * about without steps of ours.
 */
async function settled(
  look: () => Promise<Checked>,
  host: HostWriter,
  amend: (steps: readonly Step[]) => readonly Step[],
): Promise<Checked> {
  const seen = await look().catch(orNotYet)
  let now: Checked | NotYet = seen
  for (let waits = 0; waits < PATIENCE && waitsOf(now).length > 0; waits++) {
    await host.perform(amend(waitsOf(now)))
    now = await look().catch(orNotYet)
  }
  if (now instanceof NotYet) throw now
  if (seen instanceof NotYet || now === seen || now.plan.failure !== undefined) return now
  return { ...now, plan: { ...now.plan, diff: seen.plan.diff, changed: changes(seen.plan) } }
}

const waitsOf = (seen: Checked | NotYet): readonly Step[] =>
  seen instanceof NotYet ? [seen.wait] : (seen.plan.first ?? [])
