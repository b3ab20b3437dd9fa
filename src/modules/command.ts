import { SignetError } from '../errors.js'
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
import { shellWords } from './shell-words.js'

export const command = defineModule({
  name: 'command',
  aliases: ['ansible.builtin.command'],
  summary:
    'Runs a command without a shell. Check mode can not know what it would do, unless creates or removes tell.',
  args: {
    cmd: { type: 'string', description: 'The command with its arguments.' },
    argv: { type: 'strings', description: 'The command and its arguments as a list.' },
    ...COMMAND_ARGS,
  },
  freeForm: 'cmd',
  rules: { requiredOneOf: [['cmd', 'argv']], mutuallyExclusive: [['cmd', 'argv']] },
  effect: 'any',
  returns: COMMAND_RETURNS,
  examples: [
    { description: 'Once', args: { cmd: 'touch /root/initialised', creates: '/root/initialised' } },
    { description: 'Arguments as a list', args: { argv: ['echo', 'two words'] } },
  ],
  contract: [
    {
      args: { cmd: 'touch /root/contract-command', creates: '/root/contract-command' },
      after: 'rm -f /root/contract-command',
    },
  ],
  probe: (host, args) => commandState(host, args),
  plan: (args, state) => {
    const argv = args.argv ?? shellWords(args.cmd ?? '')
    if (argv.length === 0) throw new SignetError('invalid-argument', 'command: the command is empty.')
    return commandPlan(
      { do: 'run', argv, ...(args.chdir === undefined ? {} : { chdir: args.chdir }), ...stdinOf(args) },
      state,
    )
  },
  result: (args, state, _plan, outcomes) =>
    commandValues(args.argv ?? shellWords(args.cmd ?? ''), state, outcomes),
  failure: (_args, _state, outcomes) => commandFailure(outcomes),
})
