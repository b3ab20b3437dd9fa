import type { Value } from '../value/value.js'
import { defineModule } from './module.js'

export const set_fact = defineModule({
  name: 'set_fact',
  aliases: ['ansible.builtin.set_fact'],
  summary:
    'Sets variables of the host for the rest of the run. Their values are data: never evaluated as templates again.',
  args: { cacheable: { type: 'boolean', default: false, description: 'Accepted; there is no cache.' } },
  anyArguments: true,
  connects: false,
  returns: {},
  examples: [{ description: 'A variable', args: { mysql_port: 3307 } }],
  contract: [{ args: { contract_fact: 1 } }],
  probe: () => Promise.resolve(undefined),
  plan: (args) => {
    const { cacheable: _, ...facts } = args as Readonly<Record<string, Value>>
    return { steps: [], diff: [], facts }
  },
})
