import { SignetError } from '../errors.js'
import { parsePrivileges, type WantedPrivileges } from '../mysql/grants.js'
import type { Authentication, Demand, ResourceLimits, WantedAccount } from '../mysql/plan-account.js'
import type { Secret } from '../value/secret.js'
import { showValue } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import { LOGIN_ARGS } from './mysql-login-args.js'
import type { Arguments } from './schema.js'

/** Arguments of mysql_user: community.mysql's. */
export const USER_ARGS = {
  name: {
    type: 'string',
    required: true,
    description: 'User name; empty for the anonymous user.',
    aliases: ['user'],
  },
  host: {
    type: 'string',
    default: 'localhost',
    description: 'Host part of the account: from where it may log in.',
  },
  host_all: {
    type: 'boolean',
    default: false,
    description: 'All accounts of this name that there are, whatever their host.',
  },
  state: {
    type: 'string',
    enum: ['present', 'absent'],
    default: 'present',
    description: 'Whether the account shall be there.',
  },
  password: {
    type: 'string',
    secret: true,
    description: 'Its password. It is compared with what the server keeps, and sent only when it differs.',
  },
  encrypted: {
    type: 'boolean',
    default: false,
    description: 'password is what the server keeps in authentication_string, not the password itself.',
  },
  update_password: {
    type: 'string',
    enum: ['always', 'on_create'],
    default: 'always',
    description: 'on_create leaves the password and plugin of an account that is there alone.',
  },
  plugin: { type: 'string', description: 'Authentication plugin: caching_sha2_password, auth_socket …' },
  plugin_hash_string: {
    type: 'string',
    secret: true,
    description: 'What the plugin keeps, as authentication_string has it (IDENTIFIED WITH … AS).',
  },
  plugin_auth_string: {
    type: 'string',
    secret: true,
    description:
      'What the plugin is given: a password, or for auth_socket the user of the operating system (IDENTIFIED WITH … BY or AS).',
  },
  priv: {
    type: 'any',
    description:
      'Privileges: "shop.*:SELECT,INSERT/logs.*:ALL", or a mapping of objects to privileges. GRANT adds WITH GRANT OPTION. Without append_privs or subtract_privs, all other privileges are taken away.',
  },
  append_privs: { type: 'boolean', default: false, description: 'Add priv to the privileges it has.' },
  subtract_privs: {
    type: 'boolean',
    default: false,
    description: 'Take priv away from the privileges it has.',
  },
  tls_requires: {
    type: 'map',
    description:
      'What REQUIRE demands: SSL or X509 with an empty value, or SUBJECT, ISSUER and CIPHER with theirs, in slash form (/CN=app). An empty mapping demands nothing. Left out, it stays as it is.',
  },
  resource_limits: {
    type: 'map',
    description:
      'MAX_QUERIES_PER_HOUR, MAX_UPDATES_PER_HOUR, MAX_CONNECTIONS_PER_HOUR, MAX_USER_CONNECTIONS; 0: no limit.',
  },
  locked: { type: 'boolean', description: 'Whether the account is locked.' },
  password_expire: {
    type: 'string',
    enum: ['now', 'never', 'default', 'interval'],
    description: 'When the password expires.',
  },
  password_expire_interval: {
    type: 'integer',
    minimum: 1,
    description: 'Days, for password_expire: interval.',
  },
  attributes: { type: 'map', description: 'Attributes of the account; null takes one away.' },
  sql_log_bin: {
    type: 'boolean',
    default: true,
    description: 'Whether the change goes to the binary log, and so to replicas.',
  },
  check_implicit_admin: {
    type: 'boolean',
    default: false,
    description: 'Accepted; the login is always as login_user.',
  },
  column_case_sensitive: {
    type: 'boolean',
    description: 'Accepted; MySQL compares names of columns without case.',
  },
  ...LOGIN_ARGS,
} as const

export type UserArguments = Arguments<typeof USER_ARGS>

const refuse = (message: string, hint: string): SignetError =>
  new SignetError('invalid-argument', `mysql_user: ${message}.`, { hint })

const isEmpty = (value: Value): boolean => value === null || value === '' || value === true

/** What tls_requires demands. @throws SignetError invalid-argument */
export function demandOf(requires: ValueMap): Demand {
  const given = new Map(Object.entries(requires).map(([name, value]) => [name.toUpperCase(), value]))
  const hint =
    'Give SSL or X509 without a value, or SUBJECT, ISSUER and CIPHER with theirs: { SUBJECT: /CN=app }.'
  const unknown = [...given.keys()].find(
    (name) => !['SSL', 'X509', 'SUBJECT', 'ISSUER', 'CIPHER', 'NONE'].includes(name),
  )
  if (unknown !== undefined) throw refuse(`tls_requires knows no "${unknown}"`, hint)
  const parts = ['SUBJECT', 'ISSUER', 'CIPHER'].filter((name) => given.has(name))
  const empty = parts.find((name) => isEmpty(given.get(name) ?? null))
  if (empty !== undefined) throw refuse(`${empty} of tls_requires is empty`, hint)
  if (parts.length > 0) {
    const text = (name: string): string => (given.has(name) ? showValue(given.get(name)) : '')
    return { kind: 'specified', subject: text('SUBJECT'), issuer: text('ISSUER'), cipher: text('CIPHER') }
  }
  return { kind: given.has('X509') ? 'x509' : given.has('SSL') ? 'ssl' : 'none' }
}

const LIMITS: Readonly<Record<string, keyof ResourceLimits>> = {
  MAX_QUERIES_PER_HOUR: 'maxQuestions',
  MAX_UPDATES_PER_HOUR: 'maxUpdates',
  MAX_CONNECTIONS_PER_HOUR: 'maxConnections',
  MAX_USER_CONNECTIONS: 'maxUserConnections',
}

/** The limits that are given. @throws SignetError invalid-argument */
export function limitsOf(limits: ValueMap): ResourceLimits {
  return Object.fromEntries(
    Object.entries(limits).map(([name, value]) => {
      const key = LIMITS[name.toUpperCase()]
      const hint = `Limits are ${Object.keys(LIMITS).join(', ')}, whole numbers from 0.`
      if (key === undefined) throw refuse(`resource_limits knows no "${name}"`, hint)
      const count = Number(showValue(value))
      if (!Number.isInteger(count) || count < 0) throw refuse(`${name} must be a whole number`, hint)
      return [key, count]
    }),
  )
}

/** The privileges that are asked for; undefined: they are left alone. @throws SignetError invalid-argument */
export function privilegesOf(args: UserArguments): ReadonlyMap<string, WantedPrivileges> | undefined {
  if (args.priv === undefined || args.priv === null) return undefined
  return parsePrivileges(args.priv as string | Readonly<Record<string, string | readonly string[]>>)
}

/** What is wanted of the account. @throws SignetError invalid-argument */
export function wantedOf(args: UserArguments): WantedAccount {
  const expiry =
    args.password_expire === 'interval' ? (args.password_expire_interval ?? 0) : args.password_expire
  const authentication = authenticationOf(args)
  return {
    ...(authentication === undefined ? {} : { authentication }),
    ...(args.tls_requires === undefined ? {} : { demand: demandOf(args.tls_requires) }),
    ...(args.resource_limits === undefined ? {} : { limits: limitsOf(args.resource_limits) }),
    ...(args.locked === undefined ? {} : { locked: args.locked }),
    ...(expiry === undefined ? {} : { expiry }),
    ...(args.attributes === undefined ? {} : { attributes: args.attributes }),
  }
}

/** Plugins whose BY is a password; others keep the text as it is. */
const HASHING = ['caching_sha2_password', 'sha256_password', 'mysql_native_password']

function authenticationOf(args: UserArguments): Authentication | undefined {
  const { password, plugin, plugin_hash_string: hash, plugin_auth_string: text } = args
  if (hash !== undefined) return { kind: 'stored', plugin: plugin ?? hashing(hash), text: hash }
  if (text !== undefined)
    return plugin === undefined || HASHING.includes(plugin)
      ? { kind: 'password', plugin, password: text }
      : { kind: 'stored', plugin, text }
  if (password !== undefined)
    return args.encrypted
      ? { kind: 'stored', plugin: plugin ?? hashing(password), text: password }
      : { kind: 'password', plugin, password }
  return plugin === undefined ? undefined : { kind: 'plugin', plugin }
}

/** The plugin that a hash is of, by its looks. */
function hashing(hash: Secret): string {
  const text = hash.reveal()
  if (text.startsWith('*')) return 'mysql_native_password'
  return text.startsWith('$5$') ? 'sha256_password' : 'caching_sha2_password'
}
