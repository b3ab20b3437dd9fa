import type { Unknown } from '../value/unknown.js'
import type { MysqlInstance } from './instance.js'
import type { MysqlLogin } from './login.js'
import type { MysqlAccounts, MysqlAccountsQuestion } from './read-accounts.js'

/** What a probe may ask a MySQL server. Every answer is made by SELECT and SHOW in a read-only transaction. */
export interface MysqlQuestions {
  mysql_accounts: { question: MysqlAccountsQuestion; answer: MysqlAccounts }
  mysql_rows: { question: MysqlRowsQuestion; answer: MysqlRows }
  mysql_variables: { question: MysqlVariablesQuestion; answer: MysqlVariables }
  mysql_instance: { question: MysqlInstanceQuestion; answer: MysqlInstance }
  mysql_certificate: { question: MysqlCertificateQuestion; answer: MysqlCertificate }
}

/** The rows of one SELECT or SHOW. Values are bound with `?`. */
export interface MysqlRowsQuestion {
  readonly ask: 'mysql_rows'
  readonly login: MysqlLogin
  readonly statement: string
  readonly values?: readonly (string | number | null)[]
  /** BIGINT as a number where that is exact; default: always as text. */
  readonly numbers?: boolean
}

/** `refused` or `down` with the server's message instead of rows, so that a probe can decide. */
export type MysqlRows =
  | { readonly kind: 'rows'; readonly rows: readonly Readonly<Record<string, string | number | null>>[] }
  | { readonly kind: 'refused' | 'down'; readonly message: string; readonly errno?: number }

/** All global variables, running and persisted (mysqld-auto.cnf). */
export interface MysqlVariablesQuestion {
  readonly ask: 'mysql_variables'
  readonly login: MysqlLogin
}

export type MysqlVariables =
  | {
      readonly kind: 'up'
      readonly version: string
      readonly running: Readonly<Record<string, string>>
      readonly persisted: Readonly<Record<string, string>>
      /** Whether the server speaks TLS: a key that it can't read makes it start without. */
      readonly tls: boolean
    }
  | { readonly kind: 'refused' | 'down'; readonly message: string }

/** A whole picture of one server: identity, group, channels, accounts, metadata (instance.ts). */
export interface MysqlInstanceQuestion {
  readonly ask: 'mysql_instance'
  readonly login: MysqlLogin
}

/** The certificate that the running server presents in a TLS handshake on its own socket or port. */
export interface MysqlCertificateQuestion {
  readonly ask: 'mysql_certificate'
  readonly login: MysqlLogin
}

export type MysqlCertificate =
  | { readonly kind: 'none' }
  | { readonly kind: 'down'; readonly message: string }
  | {
      readonly kind: 'certificate'
      /** SHA-256 of the DER form in lower-case hex; unknown when the certificate is yet to be issued. */
      readonly fingerprint: string | Unknown
      /** Upper-case hex. */
      readonly serial: string | Unknown
      /** Slash form as the server compares it: `/CN=s1`. */
      readonly subject: string
      readonly issuer: string
      /** Seconds since 1970. */
      readonly notAfter: number | Unknown
    }
