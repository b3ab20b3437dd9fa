import { parseGrants, type Grants } from './grants.js'
import type { MysqlLogin } from './login.js'
import type { Query, Row } from './pool.js'

/** The accounts of a user name, whatever their host. */
export interface MysqlAccountsQuestion {
  readonly ask: 'mysql_accounts'
  readonly login: MysqlLogin
  readonly user: string
}

/** One account with everything that mysql_user sees to. */
export interface MysqlAccount {
  readonly user: string
  readonly host: string
  readonly plugin: string
  /** The authentication string in hex: it may hold any byte. */
  readonly authentication: string
  /** '', ANY, X509 or SPECIFIED, as mysql.user has it. */
  readonly sslType: string
  readonly cipher: string
  readonly issuer: string
  readonly subject: string
  readonly maxQuestions: number
  readonly maxUpdates: number
  readonly maxConnections: number
  readonly maxUserConnections: number
  readonly locked: boolean
  readonly passwordExpired: boolean
  /** Days; 0: never; null: as the server's default says. */
  readonly passwordLifetime: number | null
  /** The attributes that users may set (ALTER USER … ATTRIBUTE). */
  readonly attributes: Readonly<Record<string, unknown>>
  readonly grants: Grants
}

export type MysqlAccounts =
  | {
      readonly kind: 'up'
      readonly accounts: readonly MysqlAccount[]
      readonly superReadOnly: boolean
      /** Every privilege on `*.*` that the server knows, in capitals. */
      readonly privileges: readonly string[]
    }
  | { readonly kind: 'refused' | 'down'; readonly message: string; readonly errno?: number }

const ACCOUNTS = `SELECT u.User AS user, u.Host AS host, u.plugin AS plugin, HEX(u.authentication_string) AS authentication,
 u.ssl_type AS ssl_type, CONVERT(u.ssl_cipher USING utf8mb4) AS cipher, CONVERT(u.x509_issuer USING utf8mb4) AS issuer,
 CONVERT(u.x509_subject USING utf8mb4) AS subject, u.max_questions AS max_questions, u.max_updates AS max_updates,
 u.max_connections AS max_connections, u.max_user_connections AS max_user_connections, u.account_locked AS locked,
 u.password_expired AS expired, u.password_lifetime AS lifetime,
 CAST(JSON_EXTRACT(u.User_attributes, '$.metadata') AS CHAR) AS attributes
 FROM mysql.user u WHERE u.User = ? ORDER BY u.Host`

/** Reads accounts with their privileges, and what is needed to plan changes of them. @throws MysqlProblem */
export async function readAccounts(query: Query, question: MysqlAccountsQuestion): Promise<MysqlAccounts> {
  const { user } = question
  const [rows, [state], privileges] = await Promise.all([
    query(ACCOUNTS, [user]),
    query('SELECT @@global.super_read_only AS super_read_only'),
    query('SHOW PRIVILEGES'),
  ])
  const accounts = await Promise.all(
    rows.map(async (row): Promise<MysqlAccount> => {
      const grants = await query('SHOW GRANTS FOR ?@?', [user, text(row, 'host')])
      return {
        ...accountOf(row),
        grants: parseGrants(grants.map((each) => String(Object.values(each)[0] ?? ''))),
      }
    }),
  )
  return {
    kind: 'up',
    accounts,
    superReadOnly: Number(state?.['super_read_only']) === 1,
    privileges: privileges
      .map((row) => text(row, 'Privilege').toUpperCase())
      .filter((name) => !['USAGE', 'PROXY', 'GRANT OPTION'].includes(name)),
  }
}

const text = (row: Row, name: string): string => String(row[name] ?? '')

function accountOf(row: Row): Omit<MysqlAccount, 'grants'> {
  const attributes = row['attributes']
  const lifetime = row['lifetime'] ?? null
  return {
    user: text(row, 'user'),
    host: text(row, 'host'),
    plugin: text(row, 'plugin'),
    authentication: text(row, 'authentication'),
    sslType: text(row, 'ssl_type'),
    cipher: text(row, 'cipher'),
    issuer: text(row, 'issuer'),
    subject: text(row, 'subject'),
    maxQuestions: Number(row['max_questions']),
    maxUpdates: Number(row['max_updates']),
    maxConnections: Number(row['max_connections']),
    maxUserConnections: Number(row['max_user_connections']),
    locked: row['locked'] === 'Y',
    passwordExpired: row['expired'] === 'Y',
    passwordLifetime: lifetime === null ? null : Number(lifetime),
    attributes:
      typeof attributes === 'string' ? (JSON.parse(attributes) as Readonly<Record<string, unknown>>) : {},
  }
}
