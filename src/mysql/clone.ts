import type { Step } from '../host/step.js'
import { hasPassword, needsCertificate } from './account.js'
import { PLUGINS, recoveryPassword } from './bootstrap.js'
import type { InstancePicture } from './instance.js'
import type { MysqlLogin } from './login.js'
import type { MysqlRows } from './question.js'
import type { AuthType, Generated, SslMode, Statement } from './step.js'
import type { Server } from './topology.js'

/** A server that is to become a copy of another. */
export interface CloneWish {
  readonly recipient: Server
  readonly donor: Server
  /** The recipient's recovery account, which the donor knows already. */
  readonly user: string
  readonly sslMode: SslMode
  readonly authType: AuthType
  readonly login: MysqlLogin
  /** Its password; default: that of the recovery account. */
  readonly password?: Generated
  /** Whether it is to become a member of a group; default true. */
  readonly group?: boolean
  /** Whether it is to belong to a ClusterSet, whose members' channels never start by themselves; default false. */
  readonly inSet?: boolean
}

/**
 * Persisted together with skip_replica_start, and taken back together: when both are found later, a run was cut short
 * while it cloned.
 */
const MARK = 'clone_valid_donor_list'
const wasCutShort = ({ persisted }: InstancePicture): boolean =>
  persisted[MARK] !== undefined && persisted['skip_replica_start'] !== undefined

/** ER_UNKNOWN_SYSTEM_VARIABLE: the plugin that brings it is not loaded. */
const UNKNOWN_VARIABLE = 1193

/** Seconds that the copy may take. */
const LONGEST = 7 * 86_400

/**
 * Replaces all data of a server by those of a donor (CLONE INSTANCE), waits for its restart, and until it answers again.
 * Accounts and the credentials of channels are the donor's afterwards: they have to be set anew. What the server had is
 * gone for good; should it fail half way, the next run clones again.
 */
export function cloneSteps(wish: CloneWish): readonly Step[] {
  const { recipient, donor, login, group = true, inSet = false } = wish
  const { host } = recipient
  const donorAddress = `${donor.picture.host}:${donor.picture.port}`
  return [
    ...loadOnDonor(donor, login),
    {
      do: 'sql',
      host,
      login,
      note: `prepare ${host} for the clone`,
      statements: [
        { text: 'SET GLOBAL super_read_only = OFF' },
        // It restarts with the donor's plugins, but must not look for a group yet.
        ...(group
          ? [...PLUGINS, { text: 'SET PERSIST group_replication_start_on_boot = OFF' }]
          : PLUGINS.slice(1)),
        { text: `SET PERSIST ${MARK} = ?, PERSIST_ONLY skip_replica_start = ON`, values: [donorAddress] },
        ...sslVariables(wish),
      ],
      undo: [{ do: 'sql', host, login, statements: undoPreparation(recipient) }],
    },
    {
      do: 'sql',
      host,
      login,
      note: `clone ${donorAddress} to ${host}`,
      leaves: `${host} has the data of ${donorAddress} now, its own are gone`,
      timeout: LONGEST,
      statements: [cloneInstance(wish)],
    },
    {
      do: 'wait',
      host,
      question: {
        ask: 'mysql_rows',
        login,
        statement: 'SELECT STATE s, ERROR_NO n, ERROR_MESSAGE e FROM performance_schema.clone_status',
      },
      timeout: 900,
      interval: 0.2,
      until: (answer) => isComplete(answer as MysqlRows),
      hopeless: (answer) => failureOfClone(host, answer as MysqlRows),
      otherwise: `${host} did not come back after the clone. If nothing starts its mysqld again (systemctl start mysql), do so; then run again: the next run goes on with the copied data.`,
      note: `wait until ${host} is back with the data of ${donor.host}`,
    },
    release(recipient, login, inSet),
  ]
}

/** A plugin is a row of mysql.plugin: on a secondary it can only be written while that takes writes. */
function loadOnDonor({ host, picture }: Server, login: MysqlLogin): readonly Step[] {
  if (picture.plugins.includes('clone')) return []
  const readOnly = picture.variables['super_read_only'] === 'ON'
  const close: Statement = { text: 'SET GLOBAL super_read_only = ON' }
  return [
    {
      do: 'sql',
      host,
      login,
      note: `load the clone plugin on ${host}`,
      statements: readOnly
        ? [{ text: 'SET GLOBAL super_read_only = OFF' }, ...PLUGINS.slice(1), close]
        : PLUGINS.slice(1),
      undo: readOnly ? [{ do: 'sql', host, login, statements: [close] }] : [],
    },
  ]
}

/**
 * Waits until a clone ends that goes on although the run that began it is gone: until then the server has no data to look
 * at, and then it restarts.
 */
export function waitForCloneUnderWay({ host, picture }: Server, login: MysqlLogin): readonly Step[] {
  if (!wasCutShort(picture)) return []
  return [
    {
      do: 'wait',
      host,
      question: { ask: 'mysql_rows', login, statement: CLONES_UNDER_WAY },
      timeout: LONGEST,
      interval: 0.5,
      until: (answer) => hasEnded(answer as MysqlRows),
      otherwise: `The clone on ${host} that an earlier run began does not end: see performance_schema.clone_progress there.`,
      note: `wait for a clone on ${host} that an earlier run began`,
    },
  ]
}

/** What a clone that was cut short left on a server that gets its data in another way now. */
export function leftoversOfClone(server: Server, login: MysqlLogin, inSet: boolean): readonly Step[] {
  return wasCutShort(server.picture) ? [release(server, login, inSet)] : []
}

/** The settings that were for the clone only are as they were before it. */
function release(server: Server, login: MysqlLogin, inSet: boolean): Step {
  const { host, picture } = server
  const own = wasCutShort(picture) || picture.persisted['skip_replica_start'] === undefined
  return {
    do: 'sql',
    host,
    login,
    statements: [
      ...(own && !inSet ? [{ text: 'RESET PERSIST IF EXISTS skip_replica_start' }] : []),
      ...donorListAsBefore(server),
    ],
    note: `take the settings for the clone back on ${host}`,
  }
}

/** The server refuses an empty list (3869): no list is the default. */
function donorListAsBefore({ picture }: Server): readonly Statement[] {
  const { persisted, variables } = picture
  if (persisted[MARK] !== undefined && !wasCutShort(picture))
    return [{ text: `SET PERSIST ${MARK} = ?`, values: [persisted[MARK]] }]
  const running = wasCutShort(picture) ? '' : (variables[MARK] ?? '')
  const tolerate = [UNKNOWN_VARIABLE]
  return [
    { text: `RESET PERSIST IF EXISTS ${MARK}` },
    running === ''
      ? { text: `SET GLOBAL ${MARK} = DEFAULT`, tolerate }
      : { text: `SET GLOBAL ${MARK} = ?`, values: [running], tolerate },
  ]
}

/** CLONE INSTANCE: encrypted whenever the group is, unlike AdminAPI's, which leaves it open for accounts with a password only. */
function cloneInstance({ recipient, donor, user, sslMode, authType, password: own }: CloneWish): Statement {
  const password = hasPassword(authType) ? (own ?? recoveryPassword(recipient)) : ''
  return {
    text: `CLONE INSTANCE FROM ?@?:${donor.picture.port} IDENTIFIED BY ?${sslMode === 'DISABLED' ? '' : ' REQUIRE SSL'}`,
    values: [user, donor.picture.host, password],
    // 3707: nobody restarts it; the wait says what to do.
    tolerate: [3707],
    mayDisconnect: true,
  }
}

/** The certificate that the recipient shows, and the authority by which it verifies the donor. */
function sslVariables({ recipient, sslMode, authType }: CloneWish): readonly Statement[] {
  const { variables } = recipient.picture
  const value = (name: string, wanted: boolean): Statement => ({
    text: `SET GLOBAL clone_${name} = ?`,
    values: [wanted ? (variables[name] ?? '') : ''],
  })
  const certificate = needsCertificate(authType)
  return [
    value('ssl_ca', sslMode.startsWith('VERIFY')),
    value('ssl_cert', certificate),
    value('ssl_key', certificate),
  ]
}

function undoPreparation(server: Server): readonly Statement[] {
  const { persisted, variables } = server.picture
  const boot = persisted['group_replication_start_on_boot']
  return [
    ...donorListAsBefore(server),
    boot === undefined
      ? { text: 'RESET PERSIST IF EXISTS group_replication_start_on_boot' }
      : {
          text: 'SET PERSIST group_replication_start_on_boot = ?',
          values: [boot],
          tolerate: [UNKNOWN_VARIABLE],
        },
    ...(persisted['skip_replica_start'] === undefined || wasCutShort(server.picture)
      ? [{ text: 'RESET PERSIST IF EXISTS skip_replica_start' }]
      : []),
    ...(variables['super_read_only'] === 'ON' ? [{ text: 'SET GLOBAL super_read_only = ON' }] : []),
  ]
}

/** A server that crashed meanwhile calls its clone In Progress for ever: it is if a connection works on it. */
const CLONES_UNDER_WAY =
  "SELECT COUNT(*) n FROM performance_schema.clone_status s JOIN performance_schema.threads t ON t.PROCESSLIST_ID = s.PID WHERE s.STATE = 'In Progress' AND s.ERROR_NO = 0"

function hasEnded(answer: MysqlRows): boolean {
  return answer.kind === 'rows' && Number(answer.rows[0]?.['n']) === 0
}

function isComplete(answer: MysqlRows): boolean {
  return answer.kind === 'rows' && answer.rows[0]?.['s'] === 'Completed'
}

/** Why the data won't come any more. A server that only could not restart itself (3707) has the data. */
function failureOfClone(host: string, answer: MysqlRows): string | undefined {
  if (answer.kind !== 'rows') return undefined
  const [{ s: state, n: number, e: message } = {}] = answer.rows
  if (state !== 'Failed' || Number(number) === 3707) return undefined
  return `The clone to ${host} failed: ${String(message ?? '')} (${String(number ?? '')}). Its error log says more; run again when the cause is mended.`
}
