import type { Value, ValueMap } from '../../value/value.js'
import type { MysqlLogin } from '../login.js'
import type { MysqlRows, MysqlRowsQuestion } from '../question.js'

/** What status() shows of a server beyond its picture, by AdminAPI's level of detail. */
export interface Extended {
  /** Of the group that the server is in; undefined: not read, or it is in none. */
  readonly protocolVersion?: string
  readonly viewId?: string
  /** Counters of members by UUID. */
  readonly statistics: ReadonlyMap<string, { readonly recovery?: ValueMap; readonly transactions?: ValueMap }>
  /** What the applier of the group and the recovery have done last. */
  readonly applier?: ValueMap
  readonly recovery?: ValueMap
}

/** Nothing but the pictures. */
export const NO_EXTENDED: Extended = { statistics: new Map() }

type Row = Readonly<Record<string, string | number | null>>
type Questions = readonly MysqlRowsQuestion[]

const micros = (from: string, to: string): string => `TIMESTAMPDIFF(MICROSECOND, ${from}, ${to})`

/** Names of the columns that tell of a transaction, in one of the three tables of replication. */
interface Stage {
  readonly table: string
  /** `LAST_APPLIED`, and `APPLYING`: the last one and the one under way. */
  readonly last: string
  readonly now: string
  /** `APPLY`. */
  readonly verb: string
  readonly retries: boolean
}

const WORKERS: Stage = {
  table: 'replication_applier_status_by_worker',
  last: 'LAST_APPLIED_TRANSACTION',
  now: 'APPLYING_TRANSACTION',
  verb: 'APPLY',
  retries: true,
}
const COORDINATOR: Stage = {
  table: 'replication_applier_status_by_coordinator',
  last: 'LAST_PROCESSED_TRANSACTION',
  now: 'PROCESSING_TRANSACTION',
  verb: 'BUFFER',
  retries: false,
}
const CONNECTION: Stage = {
  table: 'replication_connection_status',
  last: 'LAST_QUEUED_TRANSACTION',
  now: 'QUEUEING_TRANSACTION',
  verb: 'QUEUE',
  retries: false,
}

function stageQuestion(login: MysqlLogin, { table, last, now, verb }: Stage): MysqlRowsQuestion {
  return {
    ask: 'mysql_rows',
    login,
    statement: `SELECT t.*,
      ${micros(`${last}_ORIGINAL_COMMIT_TIMESTAMP`, `${last}_END_${verb}_TIMESTAMP`)} since_original,
      ${micros(`${last}_IMMEDIATE_COMMIT_TIMESTAMP`, `${last}_END_${verb}_TIMESTAMP`)} since_immediate,
      ${micros(`${last}_START_${verb}_TIMESTAMP`, `${last}_END_${verb}_TIMESTAMP`)} took,
      ${micros(`${now}_ORIGINAL_COMMIT_TIMESTAMP`, 'NOW(6)')} now_original,
      ${micros(`${now}_IMMEDIATE_COMMIT_TIMESTAMP`, 'NOW(6)')} now_immediate
      FROM performance_schema.${table} t WHERE CHANNEL_NAME IN ('group_replication_applier', 'group_replication_recovery')`,
  }
}

/** What has to be asked of a server for a level of detail. @param level 0 to 3 */
export function extendedQuestions(login: MysqlLogin, level: number): Questions {
  const ask = (statement: string): MysqlRowsQuestion => ({ ask: 'mysql_rows', login, statement })
  return [
    ...(level >= 1
      ? [
          ask('SELECT * FROM performance_schema.replication_group_member_stats'),
          ask('SELECT group_replication_get_communication_protocol() protocol'),
        ]
      : []),
    ...(level >= 3 ? [WORKERS, COORDINATOR, CONNECTION].map((stage) => stageQuestion(login, stage)) : []),
  ]
}

const rowsOf = (answer: MysqlRows | undefined): readonly Row[] => (answer?.kind === 'rows' ? answer.rows : [])

/** Puts the answers to extendedQuestions together; what was refused is left out. */
export function extendedOf(answers: readonly MysqlRows[], level: number): Extended {
  if (level < 1) return NO_EXTENDED
  const [stats, protocol, workers, coordinators, connections] = answers.map(rowsOf)
  const [first] = stats ?? []
  const version = protocol?.[0]?.['protocol']
  const node = (channel: string, running: boolean): ValueMap | undefined => {
    const of = (rows: readonly Row[] | undefined): readonly Row[] =>
      (rows ?? []).filter(
        (row) => row['CHANNEL_NAME'] === channel && (!running || row['SERVICE_STATE'] !== 'OFF'),
      )
    const [connection] = of(connections)
    const [coordinator] = of(coordinators)
    const each = of(workers)
    const parts = {
      ...(connection === undefined ? {} : { connection: connectionStatus(connection) }),
      ...(coordinator === undefined ? {} : { coordinator: coordinatorStatus(coordinator) }),
      ...(each.length === 0 ? {} : { workers: each.map(workerStatus) }),
    }
    return Object.keys(parts).length === 0 ? undefined : parts
  }
  const applier = node('group_replication_applier', true)
  const recovery = node('group_replication_recovery', false)
  return {
    ...(version === undefined || version === null ? {} : { protocolVersion: String(version) }),
    ...(first === undefined ? {} : { viewId: String(first['VIEW_ID'] ?? '') }),
    statistics: statisticsOf(stats ?? []),
    ...(level < 3 || applier === undefined ? {} : { applier }),
    ...(level < 3 || recovery === undefined ? {} : { recovery }),
  }
}

const COUNTERS: readonly (readonly [key: string, column: string])[] = [
  ['appliedCount', 'COUNT_TRANSACTIONS_REMOTE_APPLIED'],
  ['checkedCount', 'COUNT_TRANSACTIONS_CHECKED'],
  ['committedAllMembers', 'TRANSACTIONS_COMMITTED_ALL_MEMBERS'],
  ['conflictsDetectedCount', 'COUNT_CONFLICTS_DETECTED'],
  ['inApplierQueueCount', 'COUNT_TRANSACTIONS_REMOTE_IN_APPLIER_QUEUE'],
  ['inQueueCount', 'COUNT_TRANSACTIONS_IN_QUEUE'],
  ['lastConflictFree', 'LAST_CONFLICT_FREE_TRANSACTION'],
  ['proposedCount', 'COUNT_TRANSACTIONS_LOCAL_PROPOSED'],
  ['rollbackCount', 'COUNT_TRANSACTIONS_LOCAL_ROLLBACK'],
]

function statisticsOf(rows: readonly Row[]): Extended['statistics'] {
  const found = new Map<string, { recovery?: ValueMap; transactions?: ValueMap }>()
  for (const row of rows) {
    const uuid = String(row['MEMBER_ID'] ?? '')
    const counters = Object.fromEntries(
      COUNTERS.map(([key, column]): readonly [string, Value] => [
        key,
        column.startsWith('COUNT') ? Number(row[column] ?? 0) : oneLine(row[column]),
      ]),
    )
    const kind = row['CHANNEL_NAME'] === 'group_replication_recovery' ? 'recovery' : 'transactions'
    found.set(uuid, { ...found.get(uuid), [kind]: counters })
  }
  return found
}

const oneLine = (value: string | number | null | undefined): string =>
  String(value ?? '').replaceAll('\n', '')

/** A time stamp; the server's zero means none. */
const stamp = (value: string | number | null | undefined): string =>
  String(value ?? '').startsWith('0000-00-00') ? '' : String(value ?? '')

const seconds = (value: string | number | null | undefined): number | null =>
  value === null || value === undefined ? null : Number(value) / 1e6

const threadId = (row: Row): Value => (row['THREAD_ID'] === null ? null : Number(row['THREAD_ID'] ?? 0))

function lastError(row: Row, column: string, key: string): ValueMap {
  return Number(row[`${column}ERROR_NUMBER`] ?? 0) === 0
    ? {}
    : {
        [`${key}Errno`]: Number(row[`${column}ERROR_NUMBER`]),
        [`${key}Error`]: oneLine(row[`${column}ERROR_MESSAGE`]),
        [`${key}ErrorTimestamp`]: stamp(row[`${column}ERROR_TIMESTAMP`]),
      }
}

function lastTransaction(row: Row, { last, verb, retries }: Stage): ValueMap {
  return {
    [`${verb.toLowerCase()}Time`]: seconds(row['took']),
    endTimestamp: stamp(row[`${last}_END_${verb}_TIMESTAMP`]),
    immediateCommitTimestamp: stamp(row[`${last}_IMMEDIATE_COMMIT_TIMESTAMP`]),
    immediateCommitToEndTime: seconds(row['since_immediate']),
    originalCommitTimestamp: stamp(row[`${last}_ORIGINAL_COMMIT_TIMESTAMP`]),
    originalCommitToEndTime: seconds(row['since_original']),
    ...(retries ? { retries: Number(row[`${last}_RETRIES_COUNT`] ?? 0) } : {}),
    startTimestamp: stamp(row[`${last}_START_${verb}_TIMESTAMP`]),
    transaction: oneLine(row[last]),
    ...lastError(row, `${last}_LAST_TRANSIENT_`, 'lastTransient'),
  }
}

/** The transaction under way, under a key; nothing when there is none. */
function currentTransaction(row: Row, key: string, { now, verb, retries }: Stage): ValueMap {
  return oneLine(row[now]) === ''
    ? {}
    : {
        [key]: {
          immediateCommitTimestamp: stamp(row[`${now}_IMMEDIATE_COMMIT_TIMESTAMP`]),
          immediateCommitToNowTime: seconds(row['now_immediate']),
          originalCommitTimestamp: stamp(row[`${now}_ORIGINAL_COMMIT_TIMESTAMP`]),
          originalCommitToNowTime: seconds(row['now_original']),
          ...(retries ? { retries: Number(row[`${now}_RETRIES_COUNT`] ?? 0) } : {}),
          startTimestamp: stamp(row[`${now}_START_${verb}_TIMESTAMP`]),
          transaction: oneLine(row[now]),
          ...lastError(row, `${now}_LAST_TRANSIENT_`, 'lastTransient'),
        },
      }
}

const connectionStatus = (row: Row): ValueMap => ({
  ...currentTransaction(row, 'currentlyQueueing', CONNECTION),
  ...lastError(row, 'LAST_', 'last'),
  lastHeartbeatTimestamp: stamp(row['LAST_HEARTBEAT_TIMESTAMP']),
  lastQueued: lastTransaction(row, CONNECTION),
  receivedHeartbeats: Number(row['COUNT_RECEIVED_HEARTBEATS'] ?? 0),
  receivedTransactionSet: oneLine(row['RECEIVED_TRANSACTION_SET']),
  threadId: threadId(row),
})

const coordinatorStatus = (row: Row): ValueMap => ({
  ...currentTransaction(row, 'currentlyProcessing', COORDINATOR),
  ...lastError(row, 'LAST_', 'last'),
  lastProcessed: lastTransaction(row, COORDINATOR),
  threadId: threadId(row),
})

const workerStatus = (row: Row): ValueMap => ({
  ...currentTransaction(row, 'currentlyApplying', WORKERS),
  ...lastError(row, 'LAST_', 'last'),
  lastApplied: lastTransaction(row, WORKERS),
  threadId: threadId(row),
})
