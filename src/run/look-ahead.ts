import { readArguments } from '../modules/arguments.js'
import type { Task } from '../playbook/play.js'
import { findUnknown } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import { becomeOf } from './become-of.js'
import { argumentsOf, conditionsHold, itemsOf, taskContext, type Item } from './prepare-task.js'
import type { PlayRun } from './play-run.js'
import { isSelected } from './tags.js'

/** How many tasks are looked at in advance. */
const HORIZON = 60

/**
 * Starts the probes of coming tasks whose arguments and conditions are known already, so that their questions travel
 * in the same round trip. Results are thrown away: the answers are kept by Hosts, and every plan is made at its
 * task's own turn. What can't be evaluated yet is passed over.
 */
export function lookAhead(from: Task, host: string, play: PlayRun): void {
  const start = play.order.indexOf(from)
  if (start < 0) return
  const { tags, skipTags } = play.run.options
  let looked = 0
  for (const task of play.order.slice(start + 1)) {
    if (looked++ >= HORIZON) return
    if (
      task.action.kind !== 'module' ||
      task.action.module.connects === false ||
      task.action.module.effect === 'any'
    )
      continue
    if (!isSelected(task.tags, tags, skipTags) || task.until !== undefined) continue
    try {
      const items = itemsOf(task, host, play)
      if (items instanceof Unknown) continue
      for (const item of items ?? [{ local: {} }]) startProbe(task, item, host, play)
    } catch {
      // Not known yet, or wrong: the task itself will say so at its turn.
      continue
    }
  }
}

function startProbe(task: Task, item: Item, host: string, play: PlayRun): void {
  if (task.action.kind !== 'module') return
  const { module } = task.action
  const scope = play.scope(host, task, item.local)
  if (conditionsHold(task, scope).holds !== true) return
  const raw = argumentsOf(task, module, scope)
  if (findUnknown(raw) !== undefined) return
  const args = readArguments(module, raw, task.place)
  const { target, as } = becomeOf(task, host, scope, play)
  const { hosts } = play.run
  const context = taskContext(task, scope, play, hosts.reader('localhost'))
  module.probe(hosts.reader(target, as), args, context).catch(() => undefined)
}
