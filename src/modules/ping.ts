import { defineModule } from './module.js'

export const ping = defineModule({
  name: 'ping',
  aliases: ['ansible.builtin.ping', 'wait_for_connection', 'ansible.builtin.wait_for_connection'],
  summary: 'Logs in to the host and tells that a shell answers.',
  args: {
    data: { type: 'string', default: 'pong', description: 'What is returned.' },
    timeout: { type: 'number', default: 600, description: 'Accepted for wait_for_connection.' },
  },
  returns: { ping: 'data.' },
  examples: [{ description: 'Is it there?', args: {} }],
  contract: [{ args: {} }],
  probe: (host) => host.ask({ ask: 'file', path: '/' }),
  plan: () => ({ steps: [], diff: [] }),
  result: (args) => ({ ping: args.data }),
})
