import type { HostReader } from '../host/host.js'
import { NotYet } from '../host/not-yet.js'
import type { Module, Plan, TaskContext } from '../modules/module.js'
import type { Arguments, ArgumentsSchema } from '../modules/schema.js'

export interface Checked {
  readonly state: unknown
  readonly plan: Plan
}

/** How a host stands and what has to change. Holds no writer: this is all that check mode does. */
export async function checkTask(
  module: Module,
  args: Arguments<ArgumentsSchema>,
  host: HostReader,
  task: TaskContext,
): Promise<Checked> {
  const state = await module.probe(host, args, task)
  return { state, plan: module.plan(args, state) }
}

/** That a server can't be looked at yet is no failure. */
export function orNotYet(error: unknown): NotYet {
  if (error instanceof NotYet) return error
  throw error
}
