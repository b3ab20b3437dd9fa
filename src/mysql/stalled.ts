import type { Query } from './pool.js'

/** Seconds after which a statement that takes a moment as a rule is looked into. */
export const LONG = 15

type Row = Readonly<Record<string, string | number | null>>

const SESSION = 'SELECT STATE s, TIME t FROM performance_schema.processlist WHERE ID = ?'

const BLOCKER =
  'b.PROCESSLIST_ID id, b.PROCESSLIST_USER u, b.PROCESSLIST_HOST h, b.PROCESSLIST_COMMAND c, b.PROCESSLIST_STATE s, b.PROCESSLIST_TIME t'

/** Who holds what a session waits for: a lock of the server's, or of a row. Sharers of a lock do not keep others off. */
const BLOCKERS = `SELECT DISTINCT ${BLOCKER} FROM performance_schema.threads me
  JOIN performance_schema.metadata_locks w ON w.OWNER_THREAD_ID = me.THREAD_ID AND w.LOCK_STATUS = 'PENDING'
  JOIN performance_schema.metadata_locks g ON g.OBJECT_TYPE = w.OBJECT_TYPE AND g.OBJECT_SCHEMA <=> w.OBJECT_SCHEMA
    AND g.OBJECT_NAME <=> w.OBJECT_NAME AND g.LOCK_STATUS = 'GRANTED' AND g.OWNER_THREAD_ID <> w.OWNER_THREAD_ID
    AND (g.LOCK_TYPE <> w.LOCK_TYPE OR w.LOCK_TYPE LIKE '%EXCLUSIVE' AND w.LOCK_TYPE <> 'INTENTION_EXCLUSIVE')
  JOIN performance_schema.threads b ON b.THREAD_ID = g.OWNER_THREAD_ID
  WHERE me.PROCESSLIST_ID = ?
  UNION SELECT DISTINCT ${BLOCKER} FROM performance_schema.threads me
  JOIN performance_schema.data_lock_waits w ON w.REQUESTING_THREAD_ID = me.THREAD_ID
  JOIN performance_schema.threads b ON b.THREAD_ID = w.BLOCKING_THREAD_ID
  WHERE me.PROCESSLIST_ID = ?`

const NOT_ONLINE =
  "SELECT MEMBER_HOST h, MEMBER_PORT p, MEMBER_STATE s FROM performance_schema.replication_group_members WHERE MEMBER_ID <> '' AND MEMBER_STATE <> 'ONLINE' ORDER BY 1, 2"

/** Looks what a session of a server waits for. Nothing that channels lock is read: it could hang as well. */
export async function lookAtStalled(query: Query, session: number): Promise<string> {
  const [own, blockers, members] = await Promise.all([
    query(SESSION, [session]),
    query(BLOCKERS, [session, session]),
    query(NOT_ONLINE),
  ])
  return stalledText(own, blockers, members)
}

/** What a session waits for, in words. Statements are not told: they may hold secrets. Pure. */
export function stalledText(
  session: readonly Row[],
  blockers: readonly Row[],
  members: readonly Row[],
): string {
  const [own] = session
  const text = (value: string | number | null | undefined): string => String(value ?? '')
  return [
    own === undefined ? 'its session is over' : `its state is "${text(own['s'])}", for ${text(own['t'])} s`,
    ...blockers.map(
      (row) =>
        `what it needs is held by session ${text(row['id'])} of ${row['u'] === null ? 'the server itself' : `${text(row['u'])}@${text(row['h'])}`} (${[row['c'], row['s']].map(text).filter(Boolean).join(', ')}, ${text(row['t'])} s)`,
    ),
    ...(members.length === 0
      ? []
      : [
          `in its group are not ONLINE: ${members.map((row) => `${text(row['h'])}:${text(row['p'])} (${text(row['s'])})`).join(', ')}`,
        ]),
  ].join('; ')
}
