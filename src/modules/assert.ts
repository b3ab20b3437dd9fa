import { isMap, showValue } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'
import { defineModule } from './module.js'

export const assert = defineModule({
  name: 'assert',
  aliases: ['ansible.builtin.assert'],
  summary: 'Fails unless all conditions hold.',
  args: {
    that: { type: 'list', required: true, description: 'Conditions, without braces.', mayBeUnknown: true },
    fail_msg: { type: 'string', description: 'What to say when one does not hold.', aliases: ['msg'] },
    success_msg: {
      type: 'string',
      default: 'All assertions passed',
      description: 'What to say when all hold.',
    },
    quiet: { type: 'boolean', default: false, description: 'Accepted.' },
  },
  expressions: ['that'],
  connects: false,
  returns: { assertion: 'The condition that did not hold; empty if all did.' },
  examples: [
    {
      description: 'There are two hosts',
      args: { that: ['ansible_play_hosts | length > 0'], fail_msg: 'No hosts.' },
    },
    { description: 'One condition', args: { that: 'true' } },
  ],
  contract: [{ args: { that: [{ expression: 'true', value: true }] } }],
  probe: () => Promise.resolve(undefined),
  plan: (args) => {
    const conditions = (args.that as readonly Value[]).map((each) =>
      isMap(each)
        ? { expression: showValue(each['expression']), value: each['value'] ?? null }
        : { expression: showValue(each), value: each },
    )
    const wrong = conditions.find(({ value }) => !(value instanceof Unknown) && !truth(value))
    if (wrong !== undefined)
      return {
        steps: [],
        diff: [],
        failure: args.fail_msg ?? `The assertion does not hold: ${wrong.expression}`,
      }
    const unknown = conditions.find(({ value }) => value instanceof Unknown)
    if (unknown?.value instanceof Unknown)
      return { steps: [], diff: [], message: `Not known yet: ${unknown.expression} (${unknown.value.cause})` }
    return { steps: [], diff: [], message: args.success_msg }
  },
  result: (args, _state, plan) => {
    const conditions = args.that as readonly Value[]
    const wrong = conditions.find(
      (each) => isMap(each) && !(each['value'] instanceof Unknown) && !truth(each['value'] ?? null),
    )
    return { assertion: plan.failure !== undefined && isMap(wrong) ? showValue(wrong['expression']) : '' }
  },
})

function truth(value: Value): boolean {
  if (typeof value === 'string') return value !== '' && !/^(false|no)$/i.test(value)
  if (Array.isArray(value)) return value.length > 0
  return value !== null && value !== false && value !== 0
}
