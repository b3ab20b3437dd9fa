import { showPlace } from '../source/place.js'
import { collectTasks } from '../playbook/load-role.js'
import type { Task } from '../playbook/play.js'
import type { RunOptions } from '../run/options.js'
import { Run } from '../run/play-run.js'
import { hostsOf, newVariables, type RunInput } from '../run/run-playbooks.js'
import { isSelected } from '../run/tags.js'

/** What --list-hosts, --list-tasks and --list-tags print. No host is touched. */
export async function listPlays(
  input: RunInput,
  options: RunOptions,
  what: { readonly hosts: boolean; readonly tasks: boolean; readonly tags: boolean },
): Promise<string> {
  const run = new Run(options, newVariables(input, options), input.settings)
  const lines: string[] = []
  for (const playbook of input.playbooks) {
    lines.push(`playbook: ${playbook.file}`)
    for (const [index, play] of playbook.plays.entries()) {
      const hosts = hostsOf(play, playbook, run, { groups: new Map(), hosts: new Map() })
      lines.push('', `  play #${index + 1} (${play.hosts}): ${play.name}`)
      if (what.hosts) lines.push(`    hosts (${hosts.length}):`, ...hosts.map((host) => `      ${host}`))
      const tasks: Task[] = []
      for (const section of play.sections) for (const item of section) collectTasks(item, tasks)
      const chosen = tasks.filter((task) => isSelected(task.tags, options.tags, options.skipTags))
      if (what.tasks) {
        lines.push('    tasks:')
        for (const task of chosen) {
          const role = task.role === undefined ? '' : `${task.role.name} : `
          lines.push(
            `      ${role}${task.name ?? task.actionName}${task.tags.length > 0 ? `  [${task.tags.join(', ')}]` : ''}  (${showPlace(task.place)})`,
          )
        }
      }
      if (what.tags)
        lines.push(
          `    tags: ${[...new Set(tasks.flatMap((task) => task.tags))].sort().join(', ') || 'none'}`,
        )
    }
  }
  await run.hosts.close()
  return `${lines.join('\n')}\n`
}
