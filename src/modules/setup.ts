import { defineModule } from './module.js'

export const setup = defineModule({
  name: 'setup',
  aliases: ['ansible.builtin.setup', 'gather_facts', 'ansible.builtin.gather_facts'],
  summary: 'Gathers facts about the host with a shell script.',
  args: {
    filter: {
      type: 'strings',
      default: [],
      description: 'Only facts whose name matches one of these patterns (* and ?).',
    },
    gather_subset: {
      type: 'strings',
      default: ['all'],
      description: 'Accepted; all facts come in one round trip.',
    },
    gather_timeout: { type: 'integer', default: 10, description: 'Accepted.' },
  },
  returns: {},
  examples: [
    { description: 'All facts', args: {} },
    { description: 'Some', args: { filter: ['ansible_distribution*'] } },
  ],
  contract: [{ args: {} }],
  probe: (host) => host.ask({ ask: 'facts' }),
  plan: (args, facts) => {
    const patterns = args.filter.map(
      (pattern) =>
        new RegExp(
          `^(ansible_)?${pattern
            .replace(/[.+^${}()|[\]\\]/g, '\\$&')
            .replaceAll('*', '.*')
            .replaceAll('?', '.')}$`,
        ),
    )
    const chosen =
      patterns.length === 0
        ? facts
        : Object.fromEntries(
            Object.entries(facts).filter(([name]) => patterns.some((pattern) => pattern.test(name))),
          )
    return { steps: [], diff: [], facts: chosen }
  },
})
