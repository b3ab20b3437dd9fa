import { SignetError } from '../errors.js'
import {
  COMMAND_ARGS,
  COMMAND_RETURNS,
  commandFailure,
  commandPlan,
  commandState,
  commandValues,
} from './command-result.js'
import { defineModule } from './module.js'
import { shellWords } from './shell-words.js'

export const script = defineModule({
  name: 'script',
  aliases: ['ansible.builtin.script'],
  summary:
    'Runs a script of the controller on the host; it is handed to its interpreter and not stored there.',
  args: {
    cmd: {
      type: 'string',
      required: true,
      description: 'The script, looked for in files/ of the role and playbook, and its arguments.',
    },
    executable: {
      type: 'string',
      default: '/bin/sh',
      description: 'Its interpreter; it must take a script from standard input.',
    },
    chdir: COMMAND_ARGS.chdir,
    creates: COMMAND_ARGS.creates,
    removes: COMMAND_ARGS.removes,
  },
  freeForm: 'cmd',
  effect: 'any',
  returns: COMMAND_RETURNS,
  examples: [
    { description: 'Once', args: { cmd: 'setup.sh --fast', creates: '/root/setup-done' } },
    { description: 'Another interpreter', args: { cmd: 'setup.bash', executable: '/bin/bash' } },
  ],
  contract: [
    {
      args: { cmd: 'contract.sh one', creates: '/root/contract-script' },
      files: { 'contract.sh': 'echo "$1" > /root/contract-script\n' },
      after: 'rm -f /root/contract-script',
    },
  ],
  probe: async (host, args, task) => {
    const state = commandState(host, args)
    const [name = '', ...words] = shellWords(args.cmd)
    const path = await task.find('files', name)
    const file = await task.controller.ask({ ask: 'file', path, read: 'content', follow: true })
    if (file.kind !== 'file' || !Buffer.isBuffer(file.content))
      throw new SignetError('file-not-found', `There is no script ${path}.`)
    return { ...(await state), text: file.content.toString(), words }
  },
  plan: (args, state) =>
    commandPlan(
      {
        do: 'run',
        argv: [args.executable, '-s', '--', ...state.words],
        stdin: state.text,
        ...(args.chdir === undefined ? {} : { chdir: args.chdir }),
      },
      state,
    ),
  result: (args, state, _plan, outcomes) => commandValues(args.cmd, state, outcomes),
  failure: (_args, _state, outcomes) => commandFailure(outcomes),
})
