import { defineModule } from './module.js'

export const group = defineModule({
  name: 'group',
  aliases: ['ansible.builtin.group'],
  summary: 'Sees to groups of the operating system.',
  args: {
    name: { type: 'string', required: true, description: 'Name of the group.' },
    state: {
      type: 'string',
      enum: ['present', 'absent'],
      default: 'present',
      description: 'Whether it shall be there.',
    },
    gid: { type: 'integer', description: 'Number.' },
    system: { type: 'boolean', default: false, description: 'A system group.' },
  },
  returns: { name: 'Name.', state: 'present or absent.', gid: 'Number; 0 when it is not known yet.' },
  examples: [
    { description: 'A group', args: { name: 'dba', gid: 2000 } },
    { description: 'None', args: { name: 'dba', state: 'absent' } },
  ],
  contract: [
    { args: { name: 'contractgroup', gid: 4711 }, after: 'groupdel contractgroup' },
    { args: { name: 'contractgroup', state: 'absent' }, before: 'groupadd contractgroup' },
  ],
  probe: (host, args) => host.ask({ ask: 'group', name: args.name }),
  plan: (args, found) => {
    const id = args.gid === undefined ? {} : { gid: args.gid }
    const what = `group ${args.name}`
    if (args.state === 'absent')
      return found.exists
        ? {
            steps: [{ do: 'group', action: 'remove', name: args.name }],
            diff: [{ what, before: 'present\n', after: '' }],
          }
        : { steps: [], diff: [] }
    if (!found.exists)
      return {
        steps: [{ do: 'group', action: 'add', name: args.name, system: args.system, ...id }],
        diff: [{ what, before: '', after: 'present\n' }],
      }
    if (args.gid === undefined || args.gid === found.gid) return { steps: [], diff: [] }
    return {
      steps: [{ do: 'group', action: 'modify', name: args.name, ...id }],
      diff: [{ what, before: `gid: ${found.gid ?? ''}\n`, after: `gid: ${args.gid}\n` }],
    }
  },
  result: (args, found) => ({ name: args.name, state: args.state, gid: args.gid ?? found.gid ?? 0 }),
})
