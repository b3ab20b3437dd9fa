import type { Difference } from '../host/plan.js'
import type { Step } from '../host/step.js'
import { sameValue } from '../option-file/edit.js'
import { persist, restore, type Setting } from './group-variables.js'
import type { MysqlLogin } from './login.js'
import type { Server } from './topology.js'

/** Options that a running member takes over without leaving its group. */
const WHILE_RUNNING = new Set([
  'group_replication_exit_state_action',
  'group_replication_member_weight',
  'group_replication_consistency',
  'group_replication_member_expel_timeout',
  'group_replication_autorejoin_tries',
  'group_replication_ip_allowlist',
  'group_replication_transaction_size_limit',
])

/** What brings the options of a running member to what is given now; options that were not given stay as they are. */
export function convergeSettings(
  server: Server,
  given: readonly Setting[],
  login: MysqlLogin,
): { readonly steps: readonly Step[]; readonly diff: readonly Difference[] } {
  const { host, picture } = server
  const running = (name: string): string => picture.variables[name] ?? ''
  const differing = given.flatMap(([name, value]): readonly (readonly [string, string | number])[] =>
    WHILE_RUNNING.has(name) && typeof value !== 'object' && !sameValue(running(name), String(value))
      ? [[name, value]]
      : [],
  )
  if (differing.length === 0) return { steps: [], diff: [] }
  return {
    steps: [
      {
        do: 'sql',
        host,
        login,
        statements: persist(differing),
        undo: [{ do: 'sql', host, login, statements: restore(differing, picture) }],
        note: `set the options of ${host}`,
      },
    ],
    diff: differing.map(([name, value]) => ({
      what: `${name} of ${host}`,
      before: `${running(name)}\n`,
      after: `${value}\n`,
    })),
  }
}
