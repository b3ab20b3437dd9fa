import type { Step } from '../host/step.js'
import type { MysqlLogin } from './login.js'
import type { Statement } from './step.js'
import type { Server } from './topology.js'

const THRESHOLD = 'group_replication_clone_threshold'
/** The default: as good as never. */
const NEVER = '9223372036854775807'

/** The number of missing transactions from which a server's own group would clone it; undefined: never. */
function thresholdOf({ picture: { variables, persisted } }: Server): string | undefined {
  const value = variables[THRESHOLD] ?? persisted[THRESHOLD] ?? NEVER
  return value === NEVER ? undefined : value
}

/**
 * A server joins without a clone by its group, which would leave it with the donor's credentials, by which it can't come
 * back: where data have to be copied, that was done before.
 */
export function withoutOwnClone(server: Server): readonly Statement[] {
  return thresholdOf(server) === undefined ? [] : [{ text: `SET GLOBAL ${THRESHOLD} = DEFAULT` }]
}

/** The server's own threshold again. */
export function thresholdAsBefore(server: Server): readonly Statement[] {
  const value = thresholdOf(server)
  return value === undefined ? [] : [{ text: `SET GLOBAL ${THRESHOLD} = ${value}` }]
}

/** Once it is a member, the server has its own threshold again. */
export function restoreThreshold(server: Server, login: MysqlLogin): readonly Step[] {
  const statements = thresholdAsBefore(server)
  return statements.length === 0 ? [] : [{ do: 'sql', host: server.host, login, statements }]
}
