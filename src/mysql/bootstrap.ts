import { createAccount, dropAccount, hasPassword, recoveryGrants, recoveryUser } from './account.js'
import { removeChannel } from './channel.js'
import { restoreThreshold, thresholdAsBefore, withoutOwnClone } from './clone-threshold.js'
import { groupVariables, persist, restore, type GroupSettings, type Setting } from './group-variables.js'
import type { InstancePicture, MysqlInstance } from './instance.js'
import type { MysqlLogin } from './login.js'
import type { AuthType, Generated, Requirement, Statement } from './step.js'
import type { Step } from '../host/step.js'
import { isOnline, type Server } from './topology.js'
import { atLeast } from './version.js'

/**
 * Account creation on the writable server. One that is there already, of an earlier attempt or one that nobody knows the
 * password of, is dropped first, and does not come back.
 */
export function accountSteps(
  at: Server,
  login: MysqlLogin,
  user: string,
  allowedHost: string,
  requirement: Requirement,
  password: Generated,
  grants: readonly Statement[],
  note: string,
): readonly Step[] {
  // An earlier run may have ended between making the server read-only and starting its group. A member of a group is not
  // opened: it may be a secondary by the time that this is undone.
  const open: readonly Statement[] = isOnline(at) ? [] : [{ text: 'SET GLOBAL super_read_only = OFF' }]
  const close: readonly Statement[] =
    isOnline(at) || at.picture.variables['super_read_only'] !== 'ON'
      ? []
      : [{ text: 'SET GLOBAL super_read_only = ON' }]
  const { host } = at
  const drop = dropAccount(user, allowedHost)
  const existed = at.picture.accounts.some((one) => one.user === user && one.host === allowedHost)
  const forget: Step = {
    do: 'sql',
    host,
    login,
    note: `drop the old account ${user}`,
    leaves: `the old account ${user} is gone`,
    undo: close.length === 0 ? [] : [{ do: 'sql', host, login, statements: close }],
    statements: [...open, drop],
  }
  const make: Step = {
    do: 'sql',
    host,
    login,
    note,
    undo: [{ do: 'sql', host, login, statements: [...open, drop, ...close] }],
    statements: [...open, drop, createAccount(user, allowedHost, requirement, password), ...grants],
  }
  return existed ? [forget, make] : [make]
}

/** The recovery account of a server. */
export function recoveryAccount(
  at: Server,
  of: Server,
  login: MysqlLogin,
  allowedHost: string,
  requirement: Requirement,
): readonly Step[] {
  const user = recoveryUser(of.picture.serverId)
  return accountSteps(
    at,
    login,
    user,
    allowedHost,
    requirement,
    recoveryPassword(of),
    recoveryGrants(user, allowedHost),
    `make the recovery account of ${of.host}`,
  )
}

/** The attributes of a member's row that name its recovery account. */
export const accountOf = (of: Server, allowedHost: string) => ({
  recoveryAccountUser: recoveryUser(of.picture.serverId),
  recoveryAccountHost: allowedHost,
})

export const recoveryPassword = (of: Server): Generated => ({
  generate: 'password',
  name: `recovery ${of.host}`,
})
export const clustersetPassword = (of: Server): Generated => ({
  generate: 'password',
  name: `clusterset ${of.host}`,
})

/** Group Replication, and clone, by which later members can be provisioned. 1125 and 1968: it is there already. */
export const PLUGINS: readonly Statement[] = [
  { text: "INSTALL PLUGIN group_replication SONAME 'group_replication.so'", tolerate: [1125, 1968] },
  { text: "INSTALL PLUGIN clone SONAME 'mysql_clone.so'", tolerate: [1125, 1968] },
]

/**
 * The credentials of a member's recovery channel. Password-less accounts get an empty password by name: what a clone or
 * an earlier group left must not stay.
 */
export function recoveryCredentials(server: Server, authType: AuthType): Statement {
  return {
    text: 'CHANGE REPLICATION SOURCE TO SOURCE_USER=?, SOURCE_PASSWORD=? FOR CHANNEL ?',
    values: [
      recoveryUser(server.picture.serverId),
      hasPassword(authType) ? recoveryPassword(server) : '',
      'group_replication_recovery',
    ],
  }
}

/** Plugins that were loaded already stay when it is undone. */
export function loadPlugins({ host, picture }: Server, login: MysqlLogin): Step {
  const added = ['clone', 'group_replication'].filter((name) => !picture.plugins.includes(name))
  return {
    do: 'sql',
    host,
    login,
    statements: PLUGINS,
    note: `load Group Replication on ${host}`,
    undo:
      added.length === 0
        ? []
        : [
            {
              do: 'sql',
              host,
              login,
              statements: [
                ...OPENED,
                // 1305: it was not loaded.
                ...added.map((name) => ({ text: `UNINSTALL PLUGIN ${name}`, tolerate: [1305] })),
                ...closedAsBefore(picture),
              ],
            },
          ],
  }
}

/** Plugin, variables and the credentials of the recovery channel: a server that is ready to start its group. */
export function configureMember(server: Server, login: MysqlLogin, settings: GroupSettings): readonly Step[] {
  const { host } = server
  const variables = groupVariables(settings, server.picture)
  const own = (list: readonly Setting[]): readonly Setting[] =>
    list.filter(
      ([name]) =>
        name !== 'group_replication_paxos_single_leader' || atLeast(server.picture.version, '8.0.31'),
    )
  return [
    loadPlugins(server, login),
    {
      do: 'sql',
      host,
      login,
      statements: persist(own(variables)),
      undo: [{ do: 'sql', host, login, statements: restore(own(variables), server.picture) }],
      note: `configure the group on ${host}`,
    },
    {
      do: 'sql',
      host,
      login,
      statements: [recoveryCredentials(server, settings.authType)],
      undo: [{ do: 'sql', host, login, statements: removeChannel('group_replication_recovery') }],
      note: `set the recovery credentials of ${host}`,
    },
  ]
}

/** What Group Replication had to say lately; a start that fails takes up to a minute. */
const ERROR_LOG =
  "SELECT DATA FROM (SELECT LOGGED, DATA FROM performance_schema.error_log WHERE SUBSYSTEM='Repl' AND PRIO IN ('Error','Warning') AND LOGGED > NOW(6) - INTERVAL 90 SECOND ORDER BY LOGGED DESC LIMIT 6) late ORDER BY LOGGED"

/** Seconds that the recovery of a member may take as long as there is hope. */
const RECOVERY = 86_400

/** What a plugin's row can be written with, in a server that was closed meanwhile. */
const OPENED: readonly Statement[] = [
  { text: 'SET SESSION sql_log_bin = 0' },
  { text: 'SET GLOBAL super_read_only = OFF' },
]

function closedAsBefore({ variables }: InstancePicture): readonly Statement[] {
  const value = (name: string): string => (variables[name] === 'ON' ? 'ON' : 'OFF')
  return value('super_read_only') === 'ON'
    ? [{ text: 'SET GLOBAL super_read_only = ON' }]
    : [{ text: `SET GLOBAL read_only = ${value('read_only')}` }]
}

/** Stops a group again that was started, and leaves the server as writable as it was. */
function stopGroup(server: Server, login: MysqlLogin): readonly Step[] {
  const readOnly = server.picture.variables['super_read_only'] === 'ON'
  return [
    {
      do: 'sql',
      host: server.host,
      login,
      timeout: 180,
      statements: [
        { text: 'SET GLOBAL group_replication_bootstrap_group = OFF' },
        { text: 'STOP GROUP_REPLICATION' },
        ...removeChannel('group_replication_applier'),
        ...thresholdAsBefore(server),
        ...(readOnly ? [] : [{ text: 'SET GLOBAL super_read_only = OFF' }]),
        ...closedAsBefore(server.picture),
      ],
    },
  ]
}

/** Starts a new group with this server as its only member. A failed start leaves no bootstrap flag behind. */
export function bootstrapGroup(server: Server, login: MysqlLogin): readonly Step[] {
  return [
    {
      do: 'sql',
      host: server.host,
      login,
      timeout: 180,
      undo: stopGroup(server, login),
      note: `start the group on ${server.host}`,
      explainedBy: ERROR_LOG,
      statements: [
        { text: 'SET GLOBAL group_replication_bootstrap_group = ON' },
        { text: 'START GROUP_REPLICATION' },
        { text: 'SET GLOBAL group_replication_bootstrap_group = OFF' },
      ],
    },
    waitForState(server, login, 'ONLINE'),
  ]
}

/** Left ON by a run that ended too early, it would let the member found a second group at its next start. */
export const BOOTSTRAP = 'group_replication_bootstrap_group'

/** Takes the flag back where an earlier run left it. */
export function noSecondGroup({ host, picture }: Server, login: MysqlLogin): readonly Step[] {
  if (picture.variables[BOOTSTRAP] !== 'ON') return []
  return [
    {
      do: 'sql',
      host,
      login,
      note: `keep ${host} from founding a second group`,
      pointOfNoReturn: 'end',
      statements: [{ text: `SET GLOBAL ${BOOTSTRAP} = OFF` }],
    },
  ]
}

/** Lets a server join its group. @param primary of the group */
export function joinGroup(server: Server, primary: Server, login: MysqlLogin): readonly Step[] {
  return [
    {
      do: 'sql',
      host: server.host,
      login,
      timeout: 180,
      undo: stopGroup(server, login),
      note: `start Group Replication on ${server.host}`,
      leaves: `${server.host} keeps the transactions that it received from its group`,
      explainedBy: ERROR_LOG,
      statements: [...withoutOwnClone(server), { text: 'START GROUP_REPLICATION' }],
    },
    waitForState(server, login, 'ONLINE', stopGroup(server, login)),
    waitUntilSeen(server, primary, login),
    ...restoreThreshold(server, login),
  ]
}

/**
 * A member knows first that it is ONLINE. Tasks go by what the primary sees, so the next one has to find it there, too.
 * When the primary is gone meanwhile, or out of the group, nobody has to see it.
 */
export function waitUntilSeen({ host, picture }: Server, primary: Server, login: MysqlLogin): Step {
  return {
    do: 'wait',
    host: primary.host,
    question: { ask: 'mysql_instance', login },
    timeout: 120,
    interval: 0.05,
    until: (answer) => {
      const now = answer as MysqlInstance
      return (
        now.kind !== 'up' ||
        !isOnline({ host: primary.host, picture: now }) ||
        now.members.some(({ uuid, state }) => uuid === picture.uuid && state === 'ONLINE')
      )
    },
    otherwise: `${host} is ONLINE in its group, but ${primary.host} does not see it so; see their performance_schema.replication_group_members.`,
    note: `wait until ${primary.host} sees ${host} ONLINE`,
  }
}

export function waitForState(
  server: Server,
  login: MysqlLogin,
  state: string,
  undo: readonly Step[] = [],
): Step {
  return {
    do: 'wait',
    host: server.host,
    question: { ask: 'mysql_instance', login },
    timeout: RECOVERY,
    // A server that crashed may need that long to start again.
    silence: 900,
    interval: 0.1,
    hopeless: (answer) => gaveUp(server.host, answer as MysqlInstance),
    undo,
    until: (answer) => isIn(answer as MysqlInstance, state),
    otherwise: `${server.host} is not ${state} in its group; see its error log (performance_schema.error_log, subsystem Repl).`,
    note: `wait until ${server.host} is ${state}`,
  }
}

/** Group Replication has left the group, or could not recover. A server that does not answer may be restarting. */
function gaveUp(host: string, picture: MysqlInstance): string | undefined {
  if (picture.kind !== 'up') return undefined
  // The group clones it, and it is restarted: it comes back by itself.
  if (picture.startsGroup === true || picture.clone?.underWay === true) return undefined
  const state = picture.members.find((member) => member.uuid === picture.uuid)?.state ?? 'OFFLINE'
  if (state !== 'ERROR' && state !== 'OFFLINE') return undefined
  const channel = picture.channels.find(({ name }) => name === 'group_replication_recovery')
  return `${host} is ${state} in its group: it did not recover${channel?.error ? ` (${channel.error})` : ''}. See its error log: SELECT * FROM performance_schema.error_log WHERE SUBSYSTEM='Repl'.`
}

function isIn(picture: MysqlInstance, state: string): boolean {
  return (
    picture.kind === 'up' &&
    picture.members.some((member) => member.uuid === picture.uuid && member.state === state)
  )
}
