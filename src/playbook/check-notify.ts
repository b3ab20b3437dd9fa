import { closest } from '../source/closest.js'
import type { LoadContext } from './load-context.js'
import type { Task } from './play.js'

/**
 * Compares what the tasks of a play notify with its handlers. Ansible finds a missing handler only when the task
 * changes something. Names that are templates, and roles whose names are, can not be compared.
 */
export function checkNotify(context: LoadContext): void {
  const handlers = [...context.handlers, ...context.later.handlers]
  const names = new Set(handlers.flatMap(namesOf))
  if (context.later.unknown || [...names].some((name) => name.includes('{{'))) return
  for (const { name, place } of context.notified) {
    if (name.includes('{{') || names.has(name)) continue
    const near = closest(name, names)
    const all =
      names.size === 0
        ? 'This play has no handlers.'
        : `There are: ${[...names].filter((each) => !each.includes(' : ')).join(', ')}.`
    context.problems.add(
      'invalid-playbook',
      `There is no handler "${name}".`,
      place,
      near === undefined ? all : `Did you mean ${near}?`,
    )
  }
}

/** What a handler answers to: its name, the name with the role before it, its topics. */
function namesOf(handler: Task): readonly string[] {
  const { name, role, listen } = handler
  return [...(name === undefined ? [] : [name, ...(role ? [`${role.name} : ${name}`] : [])]), ...listen]
}
