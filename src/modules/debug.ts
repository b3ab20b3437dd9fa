import { isList, isMap, showValue } from '../value/shape.js'
import { defineModule } from './module.js'

export const debug = defineModule({
  name: 'debug',
  aliases: ['ansible.builtin.debug'],
  summary: 'Shows a text or the value of a variable.',
  args: {
    msg: { type: 'any', description: 'What to show.', mayBeUnknown: true },
    var: {
      type: 'any',
      description: 'An expression, without braces, whose value is shown.',
      mayBeUnknown: true,
    },
    verbosity: { type: 'integer', default: 0, description: 'Accepted; it is always shown.' },
  },
  rules: { mutuallyExclusive: [['msg', 'var']] },
  expressions: ['var'],
  connects: false,
  returns: {},
  examples: [
    { description: 'A text', args: { msg: 'Hello' } },
    { description: 'A variable', args: { var: 'inventory_hostname' } },
  ],
  contract: [{ args: { msg: 'Hello' } }],
  probe: () => Promise.resolve(undefined),
  plan: () => ({ steps: [], diff: [] }),
  result: (args) => {
    const evaluated = args.var
    if (evaluated === undefined) return { msg: args.msg ?? 'Hello world!', _verbose_always: true }
    const [first] = isList(evaluated) ? evaluated : []
    const name = isMap(first) ? showValue(first['expression']) : 'var'
    const value = isMap(first) ? (first['value'] ?? null) : null
    return { msg: { [name]: value }, [name]: value, _verbose_always: true }
  },
})
