import { createHash } from 'node:crypto'
import type { InstancePicture } from './instance.js'
import { configErrors, foreignChannels, type ConfigError } from './requirements.js'
import type { MysqlRows } from './question.js'
import { sameValue } from '../option-file/edit.js'
import { atLeast } from './version.js'

/** What is read of a server beyond its picture, to judge whether it can be a member. */
export interface InstanceFindings {
  readonly picture: InstancePicture
  /** Where server_id comes from; performance_schema.variables_info. */
  readonly serverIdSource: MysqlRows
  readonly tables: MysqlRows
  readonly privileges: MysqlRows
  readonly binaryLog: MysqlRows
  readonly filters: MysqlRows
  readonly pluginStates: MysqlRows
  /** Text of /etc/hosts. */
  readonly hosts: string
}

/** What is wanted of a server beyond what every member needs. */
export interface InstanceWish {
  readonly serverId: number | undefined
  readonly applierWorkerThreads: number
}

/** All that stands between a server and a cluster. */
export interface InstanceReport {
  /** Settings; those that SQL can change come with what they will be set to. */
  readonly errors: readonly ConfigError[]
  /** What nobody can change from here: an obstacle until somebody does. */
  readonly problems: readonly string[]
  /** Tables that a group would refuse to write to. */
  readonly tables: readonly string[]
}

export const TABLES = `SELECT DISTINCT t.TABLE_SCHEMA s, t.TABLE_NAME n, t.ENGINE e, k.TABLE_NAME IS NULL m FROM information_schema.TABLES t
  LEFT JOIN (SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.STATISTICS GROUP BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME
    HAVING SUM(NON_UNIQUE <> 0 OR NULLABLE = 'YES') = 0) k ON k.TABLE_SCHEMA = t.TABLE_SCHEMA AND k.TABLE_NAME = t.TABLE_NAME
  WHERE t.TABLE_TYPE = 'BASE TABLE' AND t.TABLE_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
    AND (t.ENGINE NOT IN ('InnoDB', 'MEMORY') OR k.TABLE_NAME IS NULL) ORDER BY 1, 2 LIMIT 100`
/** The server writes accounts there without escaping anything; a user's name may hold @, a host may not. */
export const PRIVILEGES = `SELECT PRIVILEGE_TYPE p, IS_GRANTABLE g FROM information_schema.USER_PRIVILEGES
  WHERE GRANTEE = CONCAT("'", LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) - LOCATE('@', REVERSE(CURRENT_USER()))), "'@'", SUBSTRING_INDEX(CURRENT_USER(), '@', -1), "'")`
export const SERVER_ID_SOURCE =
  "SELECT VARIABLE_SOURCE s FROM performance_schema.variables_info WHERE VARIABLE_NAME = 'server_id'"
export const FILTERS =
  "SELECT '' c, FILTER_NAME n, FILTER_RULE r FROM performance_schema.replication_applier_global_filters WHERE FILTER_RULE <> '' UNION SELECT CHANNEL_NAME, FILTER_NAME, FILTER_RULE FROM performance_schema.replication_applier_filters WHERE FILTER_RULE <> ''"
export const PLUGIN_STATES =
  "SELECT PLUGIN_NAME n, PLUGIN_STATUS s FROM information_schema.PLUGINS WHERE PLUGIN_NAME IN ('group_replication', 'clone')"

/**
 * Privileges of the account that manages a cluster, each with grant option; AdminAPI's list, and the two that members'
 * accounts are given.
 */
const NEEDED = [
  'RELOAD',
  'SHUTDOWN',
  'PROCESS',
  'FILE',
  'SELECT',
  'REPLICATION SLAVE',
  'REPLICATION CLIENT',
  'CREATE USER',
  'SYSTEM_VARIABLES_ADMIN',
  'PERSIST_RO_VARIABLES_ADMIN',
  'REPLICATION_APPLIER',
  'EXECUTE',
  'CLONE_ADMIN',
  'REPLICATION_SLAVE_ADMIN',
  'GROUP_REPLICATION_ADMIN',
  'ROLE_ADMIN',
  'CONNECTION_ADMIN',
  'BACKUP_ADMIN',
  'GROUP_REPLICATION_STREAM',
]

/** What a server lacks. Pure. */
export function reportOn(findings: InstanceFindings, wish: InstanceWish): InstanceReport {
  const { picture } = findings
  return {
    errors: [...configErrors(picture), ...serverIdError(findings, wish), ...workersError(picture, wish)],
    problems: [
      ...privilegeProblems(findings),
      ...addressProblems(findings),
      ...settingProblems(findings),
      ...filterProblems(findings),
    ],
    tables: rowsOf(findings.tables).map((row) => {
      const name = `${String(row['s'])}.${String(row['n'])}`
      return Number(row['m']) === 1 ? `${name} has no primary key` : `${name} has engine ${String(row['e'])}`
    }),
  }
}

/** A number for a server that has none of its own: made of its UUID, so that looking first gives the same. */
export function serverIdFor(uuid: string): number {
  return createHash('sha256').update(uuid).digest().readUInt32BE(0) || 1
}

const rowsOf = (answer: MysqlRows) => (answer.kind === 'rows' ? answer.rows : [])

function serverIdError(
  { picture, serverIdSource }: InstanceFindings,
  wish: InstanceWish,
): readonly ConfigError[] {
  const unset = picture.serverId === 0 || rowsOf(serverIdSource)[0]?.['s'] === 'COMPILED'
  const wanted = wish.serverId ?? (unset ? serverIdFor(picture.uuid) : picture.serverId)
  if (!unset && wanted === picture.serverId) return []
  return [
    {
      option: 'server_id',
      current: String(picture.serverId),
      required: String(wanted),
      action: 'server_update',
    },
  ]
}

function workersError({ variables }: InstancePicture, wish: InstanceWish): readonly ConfigError[] {
  const current = variables['replica_parallel_workers']
  const required = String(wish.applierWorkerThreads)
  return current === undefined || current === required
    ? []
    : [{ option: 'replica_parallel_workers', current, required, action: 'server_update' }]
}

function privilegeProblems({ picture, privileges }: InstanceFindings): readonly string[] {
  if (privileges.kind !== 'rows') return []
  const granted = new Map(privileges.rows.map((row) => [String(row['p']), row['g'] === 'YES']))
  const needed = atLeast(picture.version, '8.3.0') ? [...NEEDED, 'TRANSACTION_GTID_TAG'] : NEEDED
  const missing = needed.filter((name) => granted.get(name) !== true)
  return missing.length === 0
    ? []
    : [
        `The account that manages it lacks privileges: GRANT ${missing.join(', ')} ON *.* TO the account WITH GRANT OPTION.`,
      ]
}

function addressProblems({ picture, hosts }: InstanceFindings): readonly string[] {
  const { host } = picture
  if (/^(localhost|127\.(?!0\.0\.1$)|::1$)/.test(host))
    return [`It tells others to reach it at "${host}": set report_host to a name that they can resolve.`]
  const line = hosts.split('\n').find((text) => {
    const [address = '', ...names] = text.replace(/#.*/, '').trim().split(/\s+/)
    return address.startsWith('127.') && names.includes(host)
  })
  return line === undefined
    ? []
    : [
        `/etc/hosts maps its own name to a loopback address ("${line.trim()}"): Group Replication finds no address of the server under that name. Give the name its network address there.`,
      ]
}

function settingProblems({ picture, pluginStates }: InstanceFindings): readonly string[] {
  const size = picture.variables['innodb_page_size'] ?? '16384'
  const disabled = rowsOf(pluginStates).filter((row) => row['s'] === 'DISABLED')
  const foreign = foreignChannels(picture)
  return [
    ...(Number(size) <= 4096
      ? [`innodb_page_size is ${size}, must be more than 4096: initialise the server anew.`]
      : []),
    ...disabled.map(
      (row) => `The plugin ${String(row['n'])} is disabled by an option: remove it and restart.`,
    ),
    ...(foreign.length > 0
      ? [
          `It replicates already: channel ${foreign.map((name) => `"${name}"`).join(', ')}. Remove it before it joins a cluster.`,
        ]
      : []),
  ]
}

function filterProblems({ binaryLog, filters }: InstanceFindings): readonly string[] {
  const [status] = rowsOf(binaryLog)
  const logged = ['Binlog_Do_DB', 'Binlog_Ignore_DB'].filter((name) => String(status?.[name] ?? '') !== '')
  return [
    ...logged.map((name) => `Its binary log is filtered (${name}): members must log everything.`),
    ...rowsOf(filters).map(
      (row) =>
        `A replication filter is set (${String(row['n'])} ${String(row['r'])}): members must apply everything.`,
    ),
  ]
}

/** Whether a later start alone is missing. */
export const needsRestart = ({ action }: ConfigError): boolean => action.endsWith('restart')

/** Whether a running server has what was asked for; values are compared as the server writes them. */
export function isAsRequired(picture: InstancePicture, errors: readonly ConfigError[]): boolean {
  return errors.every(({ option, required }) => sameValue(picture.variables[option] ?? '', required))
}
