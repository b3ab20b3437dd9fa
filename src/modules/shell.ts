import {
  COMMAND_ARGS,
  COMMAND_RETURNS,
  commandFailure,
  commandPlan,
  commandState,
  commandValues,
  stdinOf,
} from './command-result.js'
import { defineModule } from './module.js'

export const shell = defineModule({
  name: 'shell',
  aliases: ['ansible.builtin.shell', 'raw', 'ansible.builtin.raw'],
  summary:
    'Runs a command through a shell. Check mode can not know what it would do, unless creates or removes tell.',
  args: {
    cmd: { type: 'string', required: true, description: 'What the shell is given.' },
    executable: { type: 'string', description: 'The shell (default: /bin/sh).' },
    ...COMMAND_ARGS,
  },
  freeForm: 'cmd',
  effect: 'any',
  returns: COMMAND_RETURNS,
  examples: [
    { description: 'A pipeline', args: { cmd: 'ps ax | wc -l' } },
    { description: 'Once', args: { cmd: 'date > /root/first-run', creates: '/root/first-run' } },
  ],
  contract: [
    {
      args: { cmd: 'echo x > /root/contract-shell', creates: '/root/contract-shell' },
      after: 'rm -f /root/contract-shell',
    },
  ],
  probe: (host, args) => commandState(host, args),
  plan: (args, state) =>
    commandPlan(
      {
        do: 'run',
        shell: args.cmd,
        ...(args.executable === undefined ? {} : { executable: args.executable }),
        ...(args.chdir === undefined ? {} : { chdir: args.chdir }),
        ...stdinOf(args),
      },
      state,
    ),
  result: (args, state, _plan, outcomes) => commandValues(args.cmd, state, outcomes),
  failure: (_args, _state, outcomes) => commandFailure(outcomes),
})
