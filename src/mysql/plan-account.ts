import type { Step } from '../host/step.js'
import type { Secret } from '../value/secret.js'
import type { MysqlLogin } from './login.js'
import { passwordMatches } from './password-hash.js'
import type { MysqlAccount } from './read-accounts.js'
import type { Statement } from './step.js'

/** How an account is to authenticate. */
export type Authentication =
  | { readonly kind: 'password'; readonly plugin: string | undefined; readonly password: Secret }
  /** The plugin's own text, such as the hash of a password. */
  | { readonly kind: 'stored'; readonly plugin: string; readonly text: Secret }
  | { readonly kind: 'plugin'; readonly plugin: string }

/** What REQUIRE is to demand. */
export type Demand =
  | { readonly kind: 'none' | 'ssl' | 'x509' }
  | { readonly kind: 'specified'; readonly subject: string; readonly issuer: string; readonly cipher: string }

export interface ResourceLimits {
  readonly maxQuestions?: number
  readonly maxUpdates?: number
  readonly maxConnections?: number
  readonly maxUserConnections?: number
}

/** What is wanted of one account; what is absent is left as it is. */
export interface WantedAccount {
  readonly authentication?: Authentication
  readonly demand?: Demand
  readonly limits?: ResourceLimits
  readonly locked?: boolean
  /** Days; never; as the server's default says; or now. */
  readonly expiry?: number | 'never' | 'default' | 'now'
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** One statement, how to undo it, and what changes, for people. */
export interface AccountChange {
  readonly statement: Statement
  readonly undo: Statement
  readonly what: string
  readonly before: string
  readonly after: string
}

/** A part of CREATE USER or ALTER USER behind the account, with its values. */
interface Clause {
  readonly text: string
  readonly values: NonNullable<Statement['values']>
}

function authenticationClause(wanted: Authentication): Clause {
  switch (wanted.kind) {
    case 'password':
      return wanted.plugin === undefined
        ? { text: 'IDENTIFIED BY ?', values: [wanted.password] }
        : { text: 'IDENTIFIED WITH ? BY ?', values: [wanted.plugin, wanted.password] }
    case 'stored':
      return { text: 'IDENTIFIED WITH ? AS ?', values: [wanted.plugin, wanted.text] }
    case 'plugin':
      return { text: 'IDENTIFIED WITH ?', values: [wanted.plugin] }
  }
}

function demandClause(demand: Demand): Clause {
  if (demand.kind !== 'specified') return { text: `REQUIRE ${demand.kind.toUpperCase()}`, values: [] }
  const parts = (['subject', 'issuer', 'cipher'] as const).filter((name) => demand[name] !== '')
  return {
    text: `REQUIRE ${parts.map((name) => `${name.toUpperCase()} ?`).join(' AND ')}`,
    values: parts.map((name) => demand[name]),
  }
}

const LIMITS = {
  maxQuestions: 'MAX_QUERIES_PER_HOUR',
  maxUpdates: 'MAX_UPDATES_PER_HOUR',
  maxConnections: 'MAX_CONNECTIONS_PER_HOUR',
  maxUserConnections: 'MAX_USER_CONNECTIONS',
} as const

function limitsClause(limits: ResourceLimits): Clause {
  const names = (Object.keys(LIMITS) as (keyof typeof LIMITS)[]).filter((name) => limits[name] !== undefined)
  return { text: `WITH ${names.map((name) => `${LIMITS[name]} ${limits[name] ?? 0}`).join(' ')}`, values: [] }
}

function expiryClause(expiry: NonNullable<WantedAccount['expiry']>): Clause {
  const text =
    expiry === 'now'
      ? 'PASSWORD EXPIRE'
      : typeof expiry === 'number'
        ? `PASSWORD EXPIRE INTERVAL ${expiry} DAY`
        : `PASSWORD EXPIRE ${expiry.toUpperCase()}`
  return { text, values: [] }
}

const lockClause = (locked: boolean): Clause => ({
  text: `ACCOUNT ${locked ? 'LOCK' : 'UNLOCK'}`,
  values: [],
})

/** REQUIRE as the server has it. */
export function demandOf(account: MysqlAccount): Demand {
  switch (account.sslType) {
    case 'ANY':
      return { kind: 'ssl' }
    case 'X509':
      return { kind: 'x509' }
    case 'SPECIFIED':
      return {
        kind: 'specified',
        subject: account.subject,
        issuer: account.issuer,
        cipher: account.cipher,
      }
    default:
      return { kind: 'none' }
  }
}

const showDemand = (demand: Demand): string =>
  demand.kind === 'specified'
    ? (['subject', 'issuer', 'cipher'] as const)
        .filter((name) => demand[name] !== '')
        .map((name) => `${name.toUpperCase()} ${demand[name]}`)
        .join(' AND ')
    : demand.kind.toUpperCase()

/** Whether an account authenticates as wanted already. */
export function authenticates(account: MysqlAccount, wanted: Authentication): boolean {
  if (wanted.plugin !== undefined && wanted.plugin !== account.plugin) return false
  const stored = Buffer.from(account.authentication, 'hex')
  switch (wanted.kind) {
    case 'plugin':
      return true
    case 'stored':
      return stored.equals(Buffer.from(wanted.text.reveal()))
    case 'password':
      return passwordMatches(wanted.password.reveal(), account.plugin, stored) ?? false
  }
}

const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, each]) => [key, sorted(each)]),
      )
    : value
const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))

/** CREATE USER with everything that is wanted in one statement. */
export function createUser(user: string, host: string, wanted: WantedAccount): AccountChange {
  const clauses: readonly Clause[] = [
    ...(wanted.authentication === undefined ? [] : [authenticationClause(wanted.authentication)]),
    ...(wanted.demand === undefined ? [] : [demandClause(wanted.demand)]),
    ...(wanted.limits === undefined ? [] : [limitsClause(wanted.limits)]),
    ...(wanted.expiry === undefined ? [] : [expiryClause(wanted.expiry)]),
    ...(wanted.locked === undefined ? [] : [lockClause(wanted.locked)]),
    ...(wanted.attributes === undefined
      ? []
      : [{ text: 'ATTRIBUTE ?', values: [JSON.stringify(wanted.attributes)] }]),
  ]
  return {
    statement: {
      text: ['CREATE USER ?@?', ...clauses.map((clause) => clause.text)].join(' '),
      values: [user, host, ...clauses.flatMap((clause) => clause.values)],
    },
    undo: { text: 'DROP USER IF EXISTS ?@?', values: [user, host] },
    what: 'account',
    before: '',
    after: `present${wanted.demand === undefined ? '' : `, REQUIRE ${showDemand(wanted.demand)}`}`,
  }
}

/** ALTER USER for each thing that differs. */
export function alterUser(account: MysqlAccount, wanted: WantedAccount): readonly AccountChange[] {
  const { user, host } = account
  const changes: AccountChange[] = []
  const alter = (clause: Clause): Statement => ({
    text: `ALTER USER ?@? ${clause.text}`,
    values: [user, host, ...clause.values],
  })
  const change = (what: string, clause: Clause, undo: Clause, before: string, after: string): void => {
    changes.push({ statement: alter(clause), undo: alter(undo), what, before, after })
  }
  const { authentication, demand, limits, locked, expiry, attributes } = wanted
  if (authentication !== undefined && !authenticates(account, authentication)) {
    const plugin = authentication.plugin ?? account.plugin
    const hex = account.authentication
    const back: Clause =
      hex === ''
        ? { text: 'IDENTIFIED WITH ?', values: [account.plugin] }
        : { text: `IDENTIFIED WITH ? AS 0x${hex}`, values: [account.plugin] }
    change(
      'authentication',
      authenticationClause(authentication),
      back,
      account.plugin,
      `${plugin}${authentication.kind === 'password' ? ', new password' : ''}`,
    )
  }
  if (demand !== undefined && !same(demand, demandOf(account))) {
    const before = demandOf(account)
    change('require', demandClause(demand), demandClause(before), showDemand(before), showDemand(demand))
  }
  if (limits !== undefined) {
    const names = Object.keys(LIMITS) as (keyof typeof LIMITS)[]
    const differing = names.filter((name) => limits[name] !== undefined && limits[name] !== account[name])
    const pick = (from: ResourceLimits): ResourceLimits =>
      Object.fromEntries(differing.map((name) => [name, from[name]]))
    const show = (from: ResourceLimits): string =>
      differing.map((name) => `${LIMITS[name]} ${from[name] ?? 0}`).join(', ')
    if (differing.length > 0)
      change('limits', limitsClause(pick(limits)), limitsClause(pick(account)), show(account), show(limits))
  }
  if (expiry !== undefined && !expires(account, expiry)) {
    const before = account.passwordExpired ? 'now' : (account.passwordLifetime ?? 'default')
    const back = before === 0 ? 'never' : before
    change('password expiry', expiryClause(expiry), expiryClause(back), String(back), String(expiry))
  }
  if (locked !== undefined && locked !== account.locked)
    change('lock', lockClause(locked), lockClause(!locked), lockText(!locked), lockText(locked))
  if (attributes !== undefined && !hasAttributes(account.attributes, attributes)) {
    const attribute = (value: Readonly<Record<string, unknown>>): Clause => ({
      text: 'ATTRIBUTE ?',
      values: [JSON.stringify(value)],
    })
    const taken = Object.fromEntries(
      Object.keys(attributes).map((key) => [key, account.attributes[key] ?? null]),
    )
    const show = (value: unknown): string => JSON.stringify(value)
    change('attributes', attribute(attributes), attribute(taken), show(account.attributes), show(attributes))
  }
  return changes
}

const lockText = (locked: boolean): string => (locked ? 'locked' : 'unlocked')

function expires(account: MysqlAccount, expiry: NonNullable<WantedAccount['expiry']>): boolean {
  if (expiry === 'now') return account.passwordExpired
  const lifetime = expiry === 'default' ? null : expiry === 'never' ? 0 : expiry
  return !account.passwordExpired && account.passwordLifetime === lifetime
}

/** null takes an attribute away. */
function hasAttributes(
  has: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) =>
    value === null ? has[key] === undefined : same(has[key], value),
  )
}

/** No such grant, no such grant on a table, no such account: what it would take back was not carried out. */
const NOT_DONE = [1141, 1147, 1396]

/**
 * Steps for changes, each in a session of its own. A step carries the undo of the change before it: a statement that
 * was refused changed nothing, and must not be undone.
 */
export function accountSteps(
  changes: readonly AccountChange[],
  login: MysqlLogin,
  account: string,
  session: readonly Statement[],
): readonly Step[] {
  return changes.map(({ statement, what, undo }): Step => ({
    do: 'sql',
    login,
    statements: [...session, statement],
    atomic: true,
    undo: [{ do: 'sql', login, statements: [...session, { ...undo, tolerate: NOT_DONE }] }],
    note: `set ${what} of ${account}`,
  }))
}

/** The text of an account for people and for GRANT: `'app'@'%'`. */
export function quotedAccount(user: string, host: string): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
  return `${quote(user)}@${quote(host)}`
}
