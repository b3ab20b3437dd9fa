import type { Question } from '../host/question.js'
import type { Wait } from '../host/step.js'
import { defineModule } from './module.js'
import { pythonPattern } from './python-pattern.js'

export const wait_for = defineModule({
  name: 'wait_for',
  aliases: ['ansible.builtin.wait_for'],
  summary: 'Waits until a port of the host is open or closed, or a file is there, gone, or holds a text.',
  args: {
    host: { type: 'string', default: '127.0.0.1', description: 'Address, seen from the host.' },
    port: { type: 'integer', description: 'TCP port.', minimum: 1, maximum: 65535 },
    path: { type: 'string', description: 'Absolute path on the host.' },
    search_regex: { type: 'string', description: 'What the file must hold.' },
    state: {
      type: 'string',
      enum: ['started', 'present', 'stopped', 'absent', 'drained'],
      default: 'started',
      description: 'Open or there; closed or gone.',
    },
    timeout: { type: 'number', default: 300, description: 'Seconds; then the task fails.' },
    delay: {
      type: 'number',
      default: 0,
      description: 'Seconds before the first look; they count for timeout.',
    },
    sleep: { type: 'number', default: 1, description: 'Seconds between two looks.' },
    connect_timeout: { type: 'number', default: 5, description: 'Accepted.' },
    msg: { type: 'string', description: 'What to say when the time is over.' },
  },
  rules: { requiredOneOf: [['port', 'path']], mutuallyExclusive: [['port', 'path']] },
  returns: {
    elapsed: 'Whole seconds; 0 in check mode.',
    port: 'Port.',
    path: 'Path.',
    state: 'What was waited for.',
  },
  examples: [
    { description: 'MySQL accepts connections', args: { port: 3306, timeout: 60 } },
    { description: 'A file appears', args: { path: '/var/run/mysqld/mysqld.sock', timeout: 30 } },
  ],
  contract: [
    { args: { port: 22, timeout: 5 } },
    { args: { path: '/nonexistent', state: 'absent', timeout: 5 } },
  ],
  probe: async (host, args) => {
    const question: Question =
      args.port === undefined
        ? {
            ask: 'file',
            path: args.path ?? '',
            follow: true,
            ...(args.search_regex === undefined ? {} : { read: 'content' as const }),
          }
        : { ask: 'port', address: args.host, port: args.port }
    return { question, answer: await host.ask(question) }
  },
  plan: (args, { question, answer }) => {
    const gone = args.state === 'stopped' || args.state === 'absent' || args.state === 'drained'
    const pattern = args.search_regex === undefined ? undefined : pythonPattern(args.search_regex, 'm')
    const until: Wait['until'] = (found) => {
      if ('open' in found) return found.open !== gone
      if (!('kind' in found)) return false
      if (found.kind === 'absent') return gone
      if (pattern === undefined || !('content' in found) || !Buffer.isBuffer(found.content)) return !gone
      return pattern.test(found.content.toString()) !== gone
    }
    if (args.delay === 0 && until(answer)) return { steps: [], diff: [] }
    const what = args.port === undefined ? (args.path ?? '') : `${args.host}:${args.port}`
    return {
      steps: [
        {
          do: 'wait',
          question,
          until,
          timeout: args.timeout,
          interval: args.sleep,
          delay: args.delay,
          otherwise: args.msg ?? `${what} is still not ${args.state}.`,
        },
      ],
      diff: [],
      changed: false,
    }
  },
  result: (args, _state, _plan, outcomes) => ({
    elapsed: Math.floor(outcomes?.[0]?.waited ?? 0),
    port: args.port ?? null,
    path: args.path ?? null,
    state: args.state,
  }),
})
