import type { UserStep } from '../host/step.js'
import { showValue } from '../value/shape.js'
import type { Value } from '../value/value.js'
import { defineModule } from './module.js'

export const user = defineModule({
  name: 'user',
  aliases: ['ansible.builtin.user'],
  summary: 'Sees to accounts of the operating system.',
  args: {
    name: { type: 'string', required: true, description: 'Name of the account.', aliases: ['user'] },
    state: {
      type: 'string',
      enum: ['present', 'absent'],
      default: 'present',
      description: 'Whether it shall be there.',
    },
    uid: { type: 'integer', description: 'Number.' },
    group: { type: 'string', description: 'Primary group.' },
    groups: { type: 'strings', description: 'Further groups.' },
    append: { type: 'boolean', default: false, description: 'Keep other groups that it is in.' },
    home: { type: 'string', description: 'Home directory.' },
    create_home: {
      type: 'boolean',
      default: true,
      description: 'Make the home directory of a new account.',
      aliases: ['createhome'],
    },
    shell: { type: 'string', description: 'Login shell.' },
    comment: { type: 'string', description: 'Full name.' },
    system: { type: 'boolean', default: false, description: 'A system account.' },
    remove: {
      type: 'boolean',
      default: false,
      description: 'With state absent, remove the home directory, too.',
    },
  },
  returns: {
    name: 'Name.',
    state: 'present or absent.',
    uid: 'Number; 0 when it is not known yet.',
    home: 'Home directory.',
    shell: 'Login shell.',
  },
  examples: [
    {
      description: 'An account',
      args: { name: 'backup-operator', shell: '/bin/bash', groups: ['adm'], append: true },
    },
    { description: 'None', args: { name: 'backup-operator', state: 'absent', remove: true } },
  ],
  contract: [
    {
      args: { name: 'contractuser', shell: '/bin/sh', groups: ['adm'], comment: 'Contract' },
      after: 'userdel -r contractuser',
    },
    { args: { name: 'contractuser', state: 'absent' }, before: 'useradd contractuser' },
  ],
  probe: (host, args) => host.ask({ ask: 'user', name: args.name }),
  plan: (args, found) => {
    if (args.state === 'absent') {
      if (!found.exists) return { steps: [], diff: [] }
      return {
        steps: [{ do: 'user', action: 'remove', name: args.name, removeHome: args.remove }],
        diff: [{ what: `user ${args.name}`, before: 'present\n', after: '' }],
      }
    }
    const missing = (args.groups ?? []).filter((group) => found.groups?.includes(group) !== true)
    const extra =
      args.append || args.groups === undefined
        ? []
        : (found.groups ?? []).filter((group) => args.groups?.includes(group) !== true)
    const differs = <T>(wanted: T | undefined, is: T | undefined): boolean =>
      wanted !== undefined && (!found.exists || wanted !== is)
    const step: UserStep = {
      do: 'user',
      action: found.exists ? 'modify' : 'add',
      name: args.name,
      ...(differs(args.uid, found.uid) ? { uid: args.uid } : {}),
      ...(differs(args.group, found.group) ? { group: args.group } : {}),
      ...(args.groups !== undefined && (missing.length > 0 || extra.length > 0)
        ? { groups: args.groups, append: args.append }
        : {}),
      ...(differs(args.home, found.home) ? { home: args.home } : {}),
      ...(differs(args.shell, found.shell) ? { shell: args.shell } : {}),
      ...(differs(args.comment, found.comment) ? { comment: args.comment } : {}),
      ...(found.exists ? {} : { system: args.system, createHome: args.create_home }),
    }
    const changes = Object.keys(step).filter(
      (key) => !['do', 'action', 'name', 'append', 'system', 'createHome'].includes(key),
    )
    if (found.exists && changes.length === 0) return { steps: [], diff: [] }
    const show = (values: Readonly<Record<string, unknown>>): string =>
      changes.map((key) => `${key}: ${showValue(values[key] as Value | undefined)}\n`).join('')
    return {
      steps: [step],
      diff: [
        {
          what: `user ${args.name}`,
          before: found.exists ? show(found as unknown as Record<string, unknown>) : '',
          after: show(step as unknown as Record<string, unknown>) || 'present\n',
        },
      ],
    }
  },
  result: (args, found) => ({
    name: args.name,
    state: args.state,
    uid: args.uid ?? found.uid ?? 0,
    home: args.home ?? found.home ?? `/home/${args.name}`,
    shell: args.shell ?? found.shell ?? '',
  }),
})
