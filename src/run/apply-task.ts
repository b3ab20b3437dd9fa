import type { HostWriter } from '../host/host.js'
import type { Outcome, Step } from '../host/step.js'
import type { Module, Plan, TaskContext } from '../modules/module.js'
import type { Arguments, ArgumentsSchema } from '../modules/schema.js'
import { checkTask, type Checked } from './check-task.js'

export interface Applied extends Checked {
  readonly outcomes: readonly Outcome[]
  /** The same probe still finds something to do after the steps: the module or the host is at odds with itself. */
  readonly unconverged: boolean
}

/** Steps that change nothing (systemd reads its unit files again) may be left. */
const changes = ({ changed, steps }: Plan): boolean => changed ?? steps.length > 0

/** Probe, plan, perform; and probe again: then nothing may be left to do. The only place where steps are performed. */
export async function applyTask(
  module: Module,
  args: Arguments<ArgumentsSchema>,
  host: HostWriter,
  task: TaskContext,
  amend: (steps: readonly Step[]) => readonly Step[],
): Promise<Applied> {
  const checked = await checkTask(module, args, host, task)
  const { plan } = checked
  if (plan.failure !== undefined || plan.steps.length === 0)
    return { ...checked, outcomes: [], unconverged: false }
  const outcomes = await host.perform(amend(plan.steps))
  const provable = module.effect !== 'any' && plan.changed !== false && plan.everyTime !== true
  const unconverged = provable && changes((await checkTask(module, args, host, task)).plan)
  return { ...checked, outcomes, unconverged }
}
