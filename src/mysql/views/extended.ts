import type { Value, ValueMap } from '../../value/value.js'
import type { MysqlLogin } from '../login.js'
import type { MysqlRows, MysqlRowsQuestion } from '../question.js'
import { CLONE_STAGES, CLONE_STATUS, cloneProgressOf, type CloneProgress } from './recovery-status.js'

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
  /** It was expelled, and tries to come back. */
  readonly autoRejoins?: boolean
  /** The last clone that it received. */
  readonly clone?: CloneProgress
  /** The newest errors of replication in its error log, the oldest first. */
  readonly log?: readonly string[]
  /** Servers that fetch its binary log, in the order of their addresses. */
  readonly replicas?: readonly { readonly address: string; readonly uuid: string }[]
  /** What a read replica's channel may choose from. */
  readonly sources?: readonly { readonly address: string; readonly weight: number }[]
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

const stageStatement = ({ table, last, now, verb }: Stage): string =>
  `SELECT t.*,
      ${micros(`${last}_ORIGINAL_COMMIT_TIMESTAMP`, `${last}_END_${verb}_TIMESTAMP`)} since_original,
      ${micros(`${last}_IMMEDIATE_COMMIT_TIMESTAMP`, `${last}_END_${verb}_TIMESTAMP`)} since_immediate,
      ${micros(`${last}_START_${verb}_TIMESTAMP`, `${last}_END_${verb}_TIMESTAMP`)} took,
      ${micros(`${now}_ORIGINAL_COMMIT_TIMESTAMP`, 'NOW(6)')} now_original,
      ${micros(`${now}_IMMEDIATE_COMMIT_TIMESTAMP`, 'NOW(6)')} now_immediate
      FROM performance_schema.${table} t WHERE CHANNEL_NAME IN ('group_replication_applier', 'group_replication_recovery')`

/** What is asked, and from which level on. */
const ASKED = {
  protocol: { from: 0, statement: 'SELECT group_replication_get_communication_protocol() protocol' },
  autoRejoin: {
    from: 0,
    statement:
      "SELECT COUNT(*) running FROM performance_schema.threads WHERE NAME = 'thread/group_rpl/THD_autorejoin'",
  },
  clone: { from: 0, statement: CLONE_STATUS },
  stages: { from: 0, statement: CLONE_STAGES },
  log: {
    from: 0,
    statement:
      "SELECT LOGGED l, DATA d FROM performance_schema.error_log WHERE SUBSYSTEM = 'Repl' AND PRIO = 'Error' ORDER BY LOGGED DESC LIMIT 3",
  },
  sources: {
    from: 0,
    statement:
      "SELECT HOST h, PORT p, WEIGHT w FROM performance_schema.replication_asynchronous_connection_failover WHERE CHANNEL_NAME = 'read_replica_replication' ORDER BY WEIGHT DESC, HOST, PORT",
  },
  replicas: { from: 1, statement: 'SHOW REPLICAS' },
  stats: { from: 1, statement: 'SELECT * FROM performance_schema.replication_group_member_stats' },
  workers: { from: 3, statement: stageStatement(WORKERS) },
  coordinators: { from: 3, statement: stageStatement(COORDINATOR) },
  connections: { from: 3, statement: stageStatement(CONNECTION) },
} as const

type Asked = keyof typeof ASKED
const NAMES = Object.keys(ASKED) as readonly Asked[]
const namesFor = (level: number): readonly Asked[] => NAMES.filter((name) => ASKED[name].from <= level)

/** What has to be asked of a server for a level of detail. @param level 0 to 3 */
export function extendedQuestions(login: MysqlLogin, level: number): Questions {
  return namesFor(level).map((name) => ({ ask: 'mysql_rows', login, statement: ASKED[name].statement }))
}

const rowsOf = (answer: MysqlRows | undefined): readonly Row[] => (answer?.kind === 'rows' ? answer.rows : [])

/** Puts the answers to extendedQuestions together; what was refused is left out. */
export function extendedOf(answers: readonly MysqlRows[], level: number): Extended {
  const names = namesFor(level)
  const of = (name: Asked): readonly Row[] => {
    const index = names.indexOf(name)
    return index < 0 ? [] : rowsOf(answers[index])
  }
  const [first] = of('stats')
  const version = of('protocol')[0]?.['protocol']
  const clone = cloneProgressOf(of('clone'), of('stages'))
  const { applier, recovery } = threadsOf(of('workers'), of('coordinators'), of('connections'))
  return {
    ...(version === undefined || version === null ? {} : { protocolVersion: String(version) }),
    ...(first === undefined ? {} : { viewId: String(first['VIEW_ID'] ?? '') }),
    statistics: statisticsOf(of('stats')),
    ...(applier === undefined ? {} : { applier }),
    ...(recovery === undefined ? {} : { recovery }),
    autoRejoins: Number(of('autoRejoin')[0]?.['running'] ?? 0) > 0,
    ...(clone === undefined ? {} : { clone }),
    log: of('log')
      .map((row) => {
        const text = oneLine(row['d']).replace(/^Plugin group_replication reported: '(.*)'$/, '$1')
        return `${String(row['l'] ?? '').replace(/\..*$/, '')} ${text}`
      })
      .reverse(),
    replicas: of('replicas')
      .map((row) => ({
        address: addressText(row['Host'], row['Port']),
        uuid: String(row['Replica_UUID'] ?? row['Slave_UUID'] ?? ''),
      }))
      .sort((a, b) => (a.address < b.address ? -1 : 1)),
    sources: of('sources').map((row) => ({
      address: addressText(row['h'], row['p']),
      weight: Number(row['w'] ?? 0),
    })),
  }
}

function addressText(
  host: string | number | null | undefined,
  port: string | number | null | undefined,
): string {
  const name = String(host ?? '')
  return `${name.includes(':') ? `[${name}]` : name}:${String(port ?? '')}`
}

/** The threads of the group's applier, where they run, and of its recovery. */
function threadsOf(
  workers: readonly Row[],
  coordinators: readonly Row[],
  connections: readonly Row[],
): { readonly applier: ValueMap | undefined; readonly recovery: ValueMap | undefined } {
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
  return {
    applier: node('group_replication_applier', true),
    recovery: node('group_replication_recovery', false),
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
