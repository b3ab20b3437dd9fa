import type { Step } from '../../host/step.js'
import type { MysqlLogin } from '../login.js'
import type { Statement } from '../step.js'
import type { Server } from '../topology.js'

const action = (what: 'enable' | 'disable', name: string): Statement => ({
  text: `SELECT group_replication_${what}_member_action('${name}', 'AFTER_PRIMARY_ELECTION')`,
})
/** The group no longer opens whoever becomes its primary, and its primary starts the channel. */
const AS_REPLICA: readonly Statement[] = [
  action('disable', 'mysql_disable_super_read_only_if_primary'),
  action('enable', 'mysql_start_failover_channels_if_primary'),
]
/** The group opens whoever becomes its primary. */
export const AS_PRIMARY: readonly Statement[] = [
  action('enable', 'mysql_disable_super_read_only_if_primary'),
  action('enable', 'mysql_start_failover_channels_if_primary'),
]
export const CLOSE: Statement = { text: 'SET GLOBAL super_read_only = ON' }
/** Only accounts with CONNECTION_ADMIN can write then: read_only stays. The server demands it for member actions. */
export const AJAR: readonly Statement[] = [
  { text: 'SET GLOBAL read_only = ON' },
  { text: 'SET GLOBAL super_read_only = OFF' },
]
export const OPEN: readonly Statement[] = [
  { text: 'SET GLOBAL super_read_only = OFF' },
  { text: 'SET GLOBAL read_only = OFF' },
]

/** Whether a primary is closed and its group keeps its next primary closed, too. */
export function isFenced({ picture }: Server): boolean {
  return (
    picture.variables['super_read_only'] === 'ON' &&
    picture.memberActions['mysql_disable_super_read_only_if_primary'] === false &&
    picture.memberActions['mysql_start_failover_channels_if_primary'] === true
  )
}

/**
 * Closes the primary of a cluster for all writes. When the statement that closes it returns, no transaction commits any
 * more: those under way fail at their COMMIT, none is lost. @param seconds to wait for tables that clients have locked
 */
export function fenceSteps(
  primary: Server,
  login: MysqlLogin,
  seconds: number,
  note: string,
): readonly Step[] {
  if (isFenced(primary)) return []
  const { host, picture } = primary
  const closed = picture.variables['super_read_only'] === 'ON'
  return [
    {
      do: 'sql',
      host,
      login,
      note,
      timeout: seconds + 30,
      statements: [
        { text: 'SET SESSION lock_wait_timeout = ?', values: [Math.max(1, seconds)] },
        // A group that has just started closes its primary for a moment: member actions need it open.
        ...(closed ? AJAR : [{ text: 'SET GLOBAL super_read_only = OFF' }]),
        // First: a primary that is elected just now must not open itself again.
        ...AS_REPLICA,
        CLOSE,
      ],
      undo: [
        {
          do: 'sql',
          host,
          login,
          statements: [
            ...AJAR,
            ...(picture.memberActions['mysql_disable_super_read_only_if_primary'] === false
              ? []
              : AS_PRIMARY),
            ...(closed ? [CLOSE] : [{ text: 'SET GLOBAL read_only = OFF' }]),
          ],
        },
      ],
    },
  ]
}
