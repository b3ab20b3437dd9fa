import type { Inventory } from '../inventory/inventory.js'
import { selectHosts } from '../inventory/select-hosts.js'
import { collectTasks } from './load-role.js'
import type { Play, Playbook, Task } from './play.js'
import { Problems } from './problems.js'

/** Actions that may make hosts and groups while the run goes on. */
const MAKES_HOSTS = new Set(['add_host', 'group_by', 'include_tasks', 'include_role'])

/**
 * Compares the host patterns of all plays with the inventory before the first connection. A pattern that is a
 * template, and every pattern after a task that may make hosts, waits for its play's turn.
 * @throws SignetErrors no-hosts
 */
export function checkHosts(playbooks: readonly Playbook[], inventory: Inventory): void {
  const problems = new Problems()
  for (const play of playbooks.flatMap((playbook) => playbook.plays)) {
    if (!play.hosts.includes('{{')) {
      try {
        selectHosts(inventory, play.hosts)
      } catch (error) {
        problems.addError(error, play.hostsPlace ?? play.place)
      }
    }
    if (tasksOf(play).some((task) => MAKES_HOSTS.has(task.action.kind))) break
  }
  problems.throwIfAny()
}

function tasksOf(play: Play): readonly Task[] {
  const tasks: Task[] = [...play.handlers]
  for (const item of play.sections.flat()) collectTasks(item, tasks)
  return tasks
}
