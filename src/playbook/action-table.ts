import type { Module } from '../modules/module.js'

/** What tasks can do besides modules: signet itself does it, not something on a host. */
export interface EngineAction extends Pick<
  Module,
  'name' | 'summary' | 'args' | 'rules' | 'freeForm' | 'anyArguments'
> {
  /** Resolved while loading; it can not be looped over, and what it names is no template. */
  readonly static?: true
}

const FROM = {
  tasks_from: { type: 'string', description: 'File in tasks/ to use instead of main.' },
  handlers_from: { type: 'string', description: 'File in handlers/ to use instead of main.' },
  vars_from: { type: 'string', description: 'File in vars/ to use instead of main.' },
  defaults_from: { type: 'string', description: 'File in defaults/ to use instead of main.' },
  public: {
    type: 'boolean',
    description: "Whether the role's defaults and vars are visible to the tasks after it.",
  },
} as const

const ROLE_NAME = {
  type: 'string',
  description: 'Name of the role.',
  required: true,
  aliases: ['role'],
} as const
const APPLY = {
  type: 'map',
  description: 'Keywords such as tags and become for the tasks that are included.',
} as const

/** The actions of the engine, by Ansible's names. */
export const ENGINE_ACTIONS: readonly EngineAction[] = [
  {
    name: 'import_tasks',
    summary: 'Insert the tasks of a file while loading; keywords are handed down to each of them.',
    args: { file: { type: 'string', description: 'File of tasks, beside this one.', required: true } },
    freeForm: 'file',
    static: true,
  },
  {
    name: 'include_tasks',
    summary: 'Insert the tasks of a file when the run gets there; may loop.',
    args: {
      file: { type: 'string', description: 'File of tasks, beside this one.', required: true },
      apply: APPLY,
    },
    freeForm: 'file',
  },
  {
    name: 'import_role',
    summary: 'Insert a role while loading.',
    args: { name: ROLE_NAME, ...FROM },
    static: true,
  },
  {
    name: 'include_role',
    summary: 'Insert a role when the run gets there; may loop.',
    args: { name: ROLE_NAME, ...FROM, apply: APPLY },
  },
  {
    name: 'include_vars',
    summary: 'Load variables from a file or directory when the run gets there.',
    args: {
      file: {
        type: 'string',
        description: 'File of variables; looked for in vars/ of the role, and beside the tasks.',
      },
      dir: { type: 'string', description: 'Directory of such files.' },
      name: { type: 'string', description: 'Variable to put them in, instead of one variable each.' },
    },
    rules: { requiredOneOf: [['file', 'dir']], mutuallyExclusive: [['file', 'dir']] },
    freeForm: 'file',
  },
  {
    name: 'add_host',
    summary: 'Add a host to the inventory for the rest of the run.',
    args: {
      name: {
        type: 'string',
        description: 'Name of the host.',
        required: true,
        aliases: ['hostname', 'host'],
      },
      groups: { type: 'strings', description: 'Groups to put it in.', aliases: ['group', 'groupname'] },
    },
    anyArguments: true,
  },
  {
    name: 'group_by',
    summary: 'Put the host in a group for the rest of the run.',
    args: {
      key: {
        type: 'string',
        description: 'Name of the group, usually a template with facts.',
        required: true,
      },
    },
  },
  {
    name: 'meta',
    summary: 'Steer the run.',
    args: {
      what: {
        type: 'string',
        description: 'What to do.',
        required: true,
        enum: [
          'flush_handlers',
          'end_play',
          'end_batch',
          'end_host',
          'clear_facts',
          'clear_host_errors',
          'reset_connection',
          'noop',
        ],
      },
    },
    freeForm: 'what',
  },
]

/** A name without `ansible.builtin.`. */
export function bareName(name: string): string {
  return name.replace(/^ansible\.(builtin|legacy)\./, '')
}

const byName = new Map(ENGINE_ACTIONS.map((action) => [action.name, action]))

/** The action of a name, also with `ansible.builtin.` before it. */
export function findAction(name: string): EngineAction | undefined {
  return byName.get(bareName(name))
}
