import type { Step } from '../host/step.js'
import type { Difference, Plan } from '../modules/module.js'
import type { Secret } from '../value/secret.js'
import type { Grant } from './admin-grants.js'
import type { MysqlLogin } from './login.js'
import { cachingSha2, passwordMatches } from './password-hash.js'
import type { MysqlRows, MysqlRowsQuestion } from './question.js'
import type { Statement } from './step.js'

/** An account for people or programs that manage or use a cluster; absent members are left as they are. */
export interface WantedLogin {
  readonly user: string
  readonly host: string
  readonly password?: Secret
  readonly updatePassword: 'always' | 'on_create'
  /** Empty text: none is demanded. */
  readonly issuer?: string
  readonly subject?: string
  /** TLS is demanded where no certificate is. */
  readonly tls?: boolean
  /** Days; 0: never; null: as the server's default says. */
  readonly passwordLifetime?: number | null
  /** Whether an account that is there may be changed. */
  readonly update: boolean
  readonly grants: readonly Grant[]
}

/** The account as the server has it. */
export interface FoundLogin {
  readonly exists: boolean
  /** '', ANY, X509 or SPECIFIED. */
  readonly sslType: string
  readonly issuer: string
  readonly subject: string
  readonly lifetime: number | null
  readonly plugin: string
  /** What is stored of its password. */
  readonly authentication: Buffer
  /** By object: privileges, and whether they may be handed on. */
  readonly grants: ReadonlyMap<string, ReadonlyMap<string, boolean>>
}

/** Asks for the account's row. */
export function loginQuestion(login: MysqlLogin, user: string, host: string): MysqlRowsQuestion {
  return {
    ask: 'mysql_rows',
    login,
    statement: `SELECT ssl_type t, CONVERT(x509_issuer USING utf8mb4) i, CONVERT(x509_subject USING utf8mb4) s, password_lifetime l,
      plugin p, HEX(authentication_string) a FROM mysql.user WHERE User = ? AND Host = ?`,
    values: [user, host],
  }
}

/** Asks for its privileges on everything, schemas and tables. */
export function privilegesQuestion(login: MysqlLogin, user: string, host: string): MysqlRowsQuestion {
  const grantee = `'${user}'@'${host}'`
  return {
    ask: 'mysql_rows',
    login,
    statement: `SELECT '*.*' o, PRIVILEGE_TYPE p, IS_GRANTABLE g FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ?
      UNION ALL SELECT CONCAT(TABLE_SCHEMA, '.*'), PRIVILEGE_TYPE, IS_GRANTABLE FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = ?
      UNION ALL SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), PRIVILEGE_TYPE, IS_GRANTABLE FROM information_schema.TABLE_PRIVILEGES WHERE GRANTEE = ?`,
    values: [grantee, grantee, grantee],
  }
}

/** Puts the two answers together. */
export function foundLogin(account: MysqlRows, privileges: MysqlRows): FoundLogin {
  const row = account.kind === 'rows' ? account.rows[0] : undefined
  const grants = new Map<string, Map<string, boolean>>()
  for (const { o, p, g } of privileges.kind === 'rows' ? privileges.rows : []) {
    const object = grants.get(String(o)) ?? new Map<string, boolean>()
    grants.set(String(o), object.set(String(p), g === 'YES'))
  }
  const lifetime = row?.['l'] ?? null
  return {
    exists: row !== undefined,
    sslType: String(row?.['t'] ?? ''),
    issuer: String(row?.['i'] ?? ''),
    subject: String(row?.['s'] ?? ''),
    lifetime: lifetime === null ? null : Number(lifetime),
    plugin: String(row?.['p'] ?? ''),
    authentication: Buffer.from(String(row?.['a'] ?? ''), 'hex'),
    grants,
  }
}

const shown = (user: string, host: string): string => `'${user}'@'${host}'`

interface Requirement {
  readonly text: string
  readonly values: readonly string[]
  readonly shown: string
}

function requirement(issuer: string, subject: string, tls: boolean): Requirement {
  const parts = [
    ...(issuer === '' ? [] : [['ISSUER', issuer] as const]),
    ...(subject === '' ? [] : [['SUBJECT', subject] as const]),
  ]
  if (parts.length === 0)
    return { text: `REQUIRE ${tls ? 'SSL' : 'NONE'}`, values: [], shown: tls ? 'SSL' : 'NONE' }
  return {
    text: `REQUIRE ${parts.map(([name]) => `${name} ?`).join(' AND ')}`,
    values: parts.map(([, value]) => value),
    shown: parts.map(([name, value]) => `${name} ${value}`).join(' AND '),
  }
}

const before = (found: FoundLogin): Requirement =>
  found.sslType === 'X509'
    ? { text: 'REQUIRE X509', values: [], shown: 'X509' }
    : requirement(found.issuer, found.subject, found.sslType !== '')

/** The requirement that is wanted; undefined: whatever there is. */
function wantedRequirement(wanted: WantedLogin, found: FoundLogin): Requirement | undefined {
  if (wanted.issuer === undefined && wanted.subject === undefined && wanted.tls === undefined)
    return found.exists ? undefined : requirement('', '', false)
  return requirement(wanted.issuer ?? '', wanted.subject ?? '', wanted.tls ?? false)
}

/** Whether the account has the wanted password; undefined: its plugin does not let anybody know. */
const isSame = ({ password }: WantedLogin, { plugin, authentication }: FoundLogin): boolean | undefined =>
  password === undefined ? true : passwordMatches(password.reveal(), plugin, authentication)

/** What is stored once the password is set, with a salt of our own: later tasks compare with it. */
function storedAfter({ password, updatePassword }: WantedLogin, found: FoundLogin): Buffer {
  if (password === undefined || (found.exists && updatePassword === 'on_create')) return found.authentication
  return cachingSha2(password.reveal(), Buffer.alloc(20, 'signet'), 5000)
}

const lifetimeText = (days: number | null): string =>
  days === null
    ? 'PASSWORD EXPIRE DEFAULT'
    : days === 0
      ? 'PASSWORD EXPIRE NEVER'
      : 'PASSWORD EXPIRE INTERVAL ? DAY'

/** What the account lacks of a grant. */
export function missingPrivileges(grant: Grant, found: FoundLogin): readonly string[] {
  const has = found.grants.get(grant.object)
  const all = found.grants.get('*.*')
  return grant.privileges.filter((privilege) => {
    const grantable = has?.get(privilege) ?? (grant.object === '*.*' ? undefined : all?.get(privilege))
    return grantable === undefined || (grant.withGrantOption && !grantable)
  })
}

/** The steps that make the account what it shall be, on the server `host`. Pure. */
export function planLogin(
  wanted: WantedLogin,
  found: FoundLogin,
  host: string,
  login: MysqlLogin,
): Pick<Plan, 'steps' | 'diff' | 'failure' | 'everyTime'> {
  const name = shown(wanted.user, wanted.host)
  const account = [wanted.user, wanted.host]
  const needsPassword = wanted.password === undefined && (wanted.issuer ?? '') + (wanted.subject ?? '') === ''
  if (!found.exists && needsPassword)
    return {
      steps: [],
      diff: [],
      failure: `${name} does not exist, and neither a password nor require_cert_issuer or require_cert_subject is given: anybody could log in.`,
    }
  const wish = wantedRequirement(wanted, found)
  const requires =
    wish !== undefined && (!found.exists || wish.shown !== before(found).shown) ? wish : undefined
  const lifetime =
    wanted.passwordLifetime !== undefined && (!found.exists || wanted.passwordLifetime !== found.lifetime)
      ? wanted.passwordLifetime
      : undefined
  const same = isSame(wanted, found)
  const password =
    !found.exists || (wanted.updatePassword === 'always' && same !== true) ? wanted.password : undefined
  const statements: Statement[] = []
  if (!found.exists || requires !== undefined || lifetime !== undefined || password !== undefined)
    statements.push({
      text: [
        found.exists ? 'ALTER USER ?@?' : 'CREATE USER IF NOT EXISTS ?@?',
        ...(password === undefined ? [] : ['IDENTIFIED BY ?']),
        ...(requires === undefined ? [] : [requires.text]),
        ...(lifetime === undefined ? [] : [lifetimeText(lifetime)]),
      ].join(' '),
      values: [
        ...account,
        ...(password === undefined ? [] : [password]),
        ...(requires?.values ?? []),
        ...(typeof lifetime === 'number' && lifetime > 0 ? [lifetime] : []),
      ],
    })
  const grants = wanted.grants.flatMap((grant) => {
    const missing = missingPrivileges(grant, found)
    return missing.length === 0 ? [] : [{ ...grant, privileges: missing }]
  })
  for (const { object, privileges, withGrantOption } of grants)
    statements.push({
      text: `GRANT ${privileges.join(', ')} ON ${object} TO ?@?${withGrantOption ? ' WITH GRANT OPTION' : ''}`,
      values: account,
    })
  if (statements.length === 0) return { steps: [], diff: [] }
  const diff: readonly Difference[] = [
    {
      what: name,
      before: found.exists ? `REQUIRE ${before(found).shown}\n` : '',
      after: [
        `REQUIRE ${(wish ?? before(found)).shown}`,
        ...(lifetime === undefined ? [] : [lifetimeText(lifetime).replace('?', String(lifetime))]),
        ...(password === undefined ? [] : ['password set']),
        ...grants.map(({ object, privileges }) => `GRANT ${privileges.join(', ')} ON ${object}`),
        '',
      ].join('\n'),
    },
  ]
  if (found.exists && !wanted.update)
    return {
      steps: [],
      diff,
      failure: `${name} exists and differs from what is wanted, and update is false.`,
    }
  const undo: readonly Statement[] = found.exists
    ? [
        ...(requires === undefined
          ? []
          : [
              { text: `ALTER USER ?@? ${before(found).text}`, values: [...account, ...before(found).values] },
            ]),
        ...(password === undefined ? [] : [storedPassword(found, account)]),
        ...(lifetime === undefined
          ? []
          : [
              {
                text: `ALTER USER ?@? ${lifetimeText(found.lifetime)}`,
                values: [
                  ...account,
                  ...(found.lifetime === null || found.lifetime === 0 ? [] : [found.lifetime]),
                ],
              },
            ]),
        // 1141 and 1147: a later one was not given yet.
        ...grants.map(({ object, privileges }) => ({
          text: `REVOKE ${privileges.join(', ')} ON ${object} FROM ?@?`,
          values: account,
          tolerate: [1141, 1147],
        })),
      ]
    : [{ text: 'DROP USER IF EXISTS ?@?', values: account }]
  const step: Step = {
    do: 'sql',
    host,
    login,
    statements,
    undo: [{ do: 'sql', host, login, statements: undo }],
    note: `${found.exists ? 'change' : 'make'} ${name} on ${host}`,
  }
  const onlyPassword = found.exists && grants.length === 0 && requires === undefined && lifetime === undefined
  return { steps: [step], diff, ...(onlyPassword && same === undefined ? { everyTime: true } : {}) }
}

/** The password that an account had, as it was stored. */
function storedPassword({ plugin, authentication }: FoundLogin, account: readonly string[]): Statement {
  return authentication.length === 0
    ? { text: 'ALTER USER ?@? IDENTIFIED WITH ?', values: [...account, plugin] }
    : {
        text: `ALTER USER ?@? IDENTIFIED WITH ? AS 0x${authentication.toString('hex')}`,
        values: [...account, plugin],
      }
}

/** Removes the account; nothing to do when there is none. */
export function planNoLogin(
  wanted: Pick<WantedLogin, 'user' | 'host'>,
  found: FoundLogin,
  host: string,
  login: MysqlLogin,
): Pick<Plan, 'steps' | 'diff'> {
  if (!found.exists) return { steps: [], diff: [] }
  const name = shown(wanted.user, wanted.host)
  return {
    steps: [
      {
        do: 'sql',
        host,
        login,
        statements: [{ text: 'DROP USER IF EXISTS ?@?', values: [wanted.user, wanted.host] }],
        note: `drop ${name} on ${host}`,
      },
    ],
    diff: [{ what: name, before: `REQUIRE ${before(found).shown}\n`, after: '' }],
  }
}

/** The answers to both questions once the account is as wanted: for check mode. */
export function answersAfter(
  wanted: WantedLogin,
  found: FoundLogin,
  absent: boolean,
): { readonly account: MysqlRows; readonly privileges: MysqlRows } {
  if (absent) return { account: { kind: 'rows', rows: [] }, privileges: { kind: 'rows', rows: [] } }
  const wish = wantedRequirement(wanted, found)
  const issuer = wish === undefined ? found.issuer : (wanted.issuer ?? '')
  const subject = wish === undefined ? found.subject : (wanted.subject ?? '')
  const sslType =
    wish === undefined
      ? found.sslType
      : issuer + subject !== ''
        ? 'SPECIFIED'
        : wish.shown === 'SSL'
          ? 'ANY'
          : ''
  const grants = new Map([...found.grants].map(([object, list]) => [object, new Map(list)]))
  for (const { object, privileges, withGrantOption } of wanted.grants) {
    const list = grants.get(object) ?? new Map<string, boolean>()
    for (const privilege of privileges) list.set(privilege, withGrantOption || list.get(privilege) === true)
    grants.set(object, list)
  }
  return {
    account: {
      kind: 'rows',
      rows: [
        {
          t: sslType,
          i: issuer,
          s: subject,
          l: wanted.passwordLifetime === undefined ? found.lifetime : wanted.passwordLifetime,
          p: found.exists ? found.plugin : 'caching_sha2_password',
          a: storedAfter(wanted, found).toString('hex'),
        },
      ],
    },
    privileges: {
      kind: 'rows',
      rows: [...grants].flatMap(([o, list]) => [...list].map(([p, g]) => ({ o, p, g: g ? 'YES' : 'NO' }))),
    },
  }
}
