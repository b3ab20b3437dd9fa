import type { Step } from '../host/step.js'
import { hasPassword, needsCertificate } from './account.js'
import { loadPlugins, PLUGINS, recoveryPassword } from './bootstrap.js'
import { removeChannel } from './channel.js'
import type { MysqlLogin } from './login.js'
import { LONGEST, LOST_BY_CLONE, MARK, waitForClone, wasCutShort } from './received-clone.js'
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
}

/** ER_UNKNOWN_SYSTEM_VARIABLE: the plugin that brings it is not loaded. */
const UNKNOWN_VARIABLE = 1193

/**
 * Replaces all data of a server by those of a donor (CLONE INSTANCE), waits for its restart, and until it answers again.
 * Accounts and the credentials of channels are the donor's afterwards: they have to be set anew. What the server had is
 * gone for good; should it fail half way, the next run clones again. The settings that were for the clone stay until
 * {@link settingsBeforeClone}: by them the next run knows that the data need not be copied again.
 */
export function cloneSteps(wish: CloneWish): readonly Step[] {
  const { recipient, donor, login, group = true } = wish
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
      undo: [
        { do: 'sql', host, login, statements: undoPreparation(recipient) },
        ...(loadPlugins(recipient, login).undo ?? []),
      ],
    },
    {
      do: 'sql',
      host,
      login,
      note: `clone ${donorAddress} to ${host}`,
      timeout: LONGEST,
      explainedBy: LOST_BY_CLONE,
      explanation: `What becomes of the data of ${host}:`,
      statements: [cloneInstance(wish)],
    },
    { ...waitForClone(recipient, donor, login), undo: forgetChannels(recipient, donor, login) },
  ]
}

/** The donor's channels came along, with its credentials: a server that does not become a member must not keep them. */
function forgetChannels(recipient: Server, donor: Server, login: MysqlLogin): readonly Step[] {
  const names = donor.picture.channels
    .map(({ name }) => name)
    .filter((name) => !recipient.picture.channels.some((channel) => channel.name === name))
  if (names.length === 0) return []
  return [{ do: 'sql', host: recipient.host, login, statements: names.flatMap(removeChannel) }]
}

/** A plugin is a row of mysql.plugin: on a secondary it can only be written while that takes writes. */
function loadOnDonor({ host, picture }: Server, login: MysqlLogin): readonly Step[] {
  if (picture.plugins.includes('clone')) return []
  const readOnly = picture.variables['super_read_only'] === 'ON'
  const opened = (statements: readonly Statement[]): readonly Statement[] =>
    readOnly
      ? [
          { text: 'SET GLOBAL super_read_only = OFF' },
          ...statements,
          { text: 'SET GLOBAL super_read_only = ON' },
        ]
      : statements
  return [
    {
      do: 'sql',
      host,
      login,
      note: `load the clone plugin on ${host}`,
      statements: opened(PLUGINS.slice(1)),
      undo: [
        {
          do: 'sql',
          host,
          login,
          statements: opened([{ text: 'UNINSTALL PLUGIN clone', tolerate: [1305] }]),
        },
      ],
    },
  ]
}

/**
 * Takes the settings back that were for the clone only: of this run, or of one that was cut short. Done when the server
 * has all that the clone could not give it, but is not recorded yet.
 * @param cloned by this run
 * @param inSet it is to belong to a ClusterSet, whose members' channels never start by themselves
 */
export function settingsBeforeClone(
  server: Server,
  login: MysqlLogin,
  { cloned, inSet }: { readonly cloned: boolean; readonly inSet: boolean },
): readonly Step[] {
  const { host, picture } = server
  const cutShort = wasCutShort(picture)
  if (!cloned && !cutShort) return []
  const own = cutShort || picture.persisted['skip_replica_start'] === undefined
  return [
    {
      do: 'sql',
      host,
      login,
      statements: [
        ...(own && !inSet ? [{ text: 'RESET PERSIST IF EXISTS skip_replica_start' }] : []),
        ...donorListAsBefore(server),
      ],
      note: `take the settings for the clone back on ${host}`,
    },
  ]
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

const SSL_VARIABLES = ['clone_ssl_ca', 'clone_ssl_cert', 'clone_ssl_key'] as const

/** The certificate that the recipient shows, and the authority by which it verifies the donor. */
function sslVariables({ recipient, sslMode, authType }: CloneWish): readonly Statement[] {
  const { variables } = recipient.picture
  const certificate = needsCertificate(authType)
  return SSL_VARIABLES.map((name) => {
    const wanted = name === 'clone_ssl_ca' ? sslMode.startsWith('VERIFY') : certificate
    return {
      text: `SET GLOBAL ${name} = ?`,
      values: [wanted ? (variables[name.replace('clone_', '')] ?? '') : ''],
    }
  })
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
    ...SSL_VARIABLES.map((name) => ({
      text: `SET GLOBAL ${name} = ?`,
      values: [variables[name] ?? ''],
      tolerate: [UNKNOWN_VARIABLE],
    })),
    ...(variables['super_read_only'] === 'ON' ? [{ text: 'SET GLOBAL super_read_only = ON' }] : []),
  ]
}
