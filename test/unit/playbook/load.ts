import assert from 'node:assert/strict'
import { SignetErrors } from '../../../src/errors.js'
import { defineModule, type Module } from '../../../src/modules/module.js'
import { loadPlaybook, type LoadOptions } from '../../../src/playbook/load-playbook.js'
import { collectTasks } from '../../../src/playbook/load-role.js'
import type { Play, Playbook, Task } from '../../../src/playbook/play.js'
import { showPlace } from '../../../src/source/place.js'
import { withFiles } from '../temporary-directory.js'

const nothing = {
  probe: () => Promise.resolve({}),
  plan: () => ({ steps: [], diff: [] }),
  returns: {},
  examples: [],
}

/** Two modules to load playbooks with: one of arguments, one of free text. */
const MODULES: readonly Module[] = [
  defineModule({
    ...nothing,
    name: 'copy',
    aliases: ['ansible.builtin.copy'],
    summary: 'Copy a file.',
    args: {
      src: { type: 'string', description: 'The file.' },
      content: { type: 'string', description: 'Or its text.' },
      dest: { type: 'string', description: 'Where to.', required: true },
      mode: { type: 'mode', description: 'Its mode.' },
      force: { type: 'boolean', description: 'Even if it exists.', default: true },
      state: { type: 'string', description: 'State.', enum: ['present', 'absent'] },
    },
    rules: { mutuallyExclusive: [['src', 'content']] },
  }) as unknown as Module,
  defineModule({
    ...nothing,
    name: 'command',
    aliases: ['ansible.builtin.command'],
    summary: 'Run a command.',
    args: {
      cmd: { type: 'string', description: 'The command.', required: true },
      creates: { type: 'string', description: 'Not if this exists.' },
      chdir: { type: 'string', description: 'Where.' },
    },
    freeForm: 'cmd',
  }) as unknown as Module,
]

export type Files = Readonly<Record<string, string>>

const options = (cwd: string): LoadOptions => ({
  cwd,
  findModule: (name) => MODULES.find((module) => module.name === name || module.aliases.includes(name)),
  moduleNames: () => MODULES.map((module) => module.name),
  rolesPath: [],
})

/** Loads a playbook, p.yml unless another is named, from files in a new directory. */
export function load(files: Files, name = 'p.yml'): Promise<Playbook> {
  return withFiles(files, (directory) => loadPlaybook(name, options(directory)))
}

/** The first play of a playbook whose only file is p.yml. */
export async function loadPlay(text: string): Promise<Play> {
  const [play] = (await load({ 'p.yml': text })).plays
  assert(play)
  return play
}

/** All tasks of a play in their order, blocks opened. */
export function tasksOf(play: Play | undefined): readonly Task[] {
  const tasks: Task[] = []
  for (const item of play?.sections.flat() ?? []) collectTasks(item, tasks)
  return tasks
}

/** The mistakes of a playbook as `file:line:column sentence`, and `→ hint` where wanted. */
export async function mistakes(files: Files, hints = false): Promise<readonly string[]> {
  try {
    await load(files)
  } catch (error) {
    if (!(error instanceof SignetErrors)) throw error
    return error.errors.map((each) =>
      `${each.place ? showPlace(each.place) : 'nowhere'} ${each.message}${hints ? ` → ${each.hint}` : ''}`.replace(
        /\/tmp\/signet-test-\w+\//g,
        '',
      ),
    )
  }
  return []
}
