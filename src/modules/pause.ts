import { defineModule } from './module.js'

export const pause = defineModule({
  name: 'pause',
  aliases: ['ansible.builtin.pause'],
  summary: 'Waits for some time.',
  args: {
    seconds: { type: 'number', default: 0, description: 'Seconds.' },
    minutes: { type: 'number', default: 0, description: 'Minutes.' },
  },
  returns: {},
  examples: [{ description: 'A moment', args: { seconds: 1 } }],
  contract: [{ args: { seconds: 0 } }],
  probe: () => Promise.resolve(undefined),
  plan: (args) => {
    const seconds = args.seconds + args.minutes * 60
    if (seconds <= 0) return { steps: [], diff: [] }
    return { steps: [{ do: 'run', argv: ['sleep', String(seconds)] }], diff: [], changed: false }
  },
})
