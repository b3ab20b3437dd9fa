import { defineModule } from './module.js'

export const fail = defineModule({
  name: 'fail',
  aliases: ['ansible.builtin.fail'],
  summary: 'Fails, with a sentence.',
  args: { msg: { type: 'string', default: 'Failed as requested from task', description: 'The sentence.' } },
  connects: false,
  returns: {},
  examples: [{ description: 'Not here', args: { msg: 'This host is not for MySQL.' } }],
  contract: [{ args: { msg: 'Not here.' } }],
  probe: () => Promise.resolve(undefined),
  plan: (args) => ({ steps: [], diff: [], failure: args.msg }),
})
