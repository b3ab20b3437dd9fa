import type { Secret } from '../value/secret.js'
import type { MysqlLogin } from './login.js'

/** A value that is made when the plan is performed, once for each name in a run of the task: the plan stays pure. */
export interface Generated {
  readonly generate: 'password' | 'uuid'
  readonly name: string
}

export interface Statement {
  /** One SQL statement; `?` stands for the next value, escaped on our side (works for DDL too). */
  readonly text: string
  readonly values?: readonly (string | number | null | Secret | Generated)[]
  /** Error numbers of the server that do not matter here, such as 1396 for a user that exists. */
  readonly tolerate?: readonly number[]
  /** The server restarts by it: losing the connection is no failure. */
  readonly mayDisconnect?: boolean
}

/** Statements sent one after another in one session. A failed one ends the session (and its transaction). */
export interface SqlStep {
  readonly do: 'sql'
  readonly login: MysqlLogin
  readonly statements: readonly Statement[]
  /** Seconds for each statement; START GROUP_REPLICATION may take more than 60. Default 120. */
  readonly timeout?: number
  /** A SELECT whose rows tell what the server has to say when a statement failed: its error log. */
  readonly explainedBy?: string
  /** What the user reads before those rows; default: that its error log says so. */
  readonly explanation?: string
  /** BIGINT in the answers as a number where that is exact; default: always as text. */
  readonly numbers?: boolean
  /** The statements are a playbook's: nobody knows what they leave in their session, and it is not used again. */
  readonly foreign?: true
}

/**
 * Copies accounts with their password hashes, requirements and grants to another server, outside the binary log:
 * members of a group must know each other's accounts before they can meet.
 */
export interface CopyAccounts {
  readonly do: 'copy_accounts'
  readonly login: MysqlLogin
  /** Inventory name of the server that has them; they go to the host of the step. */
  readonly from: string
  readonly accounts: readonly { readonly user: string; readonly host: string }[]
}

/** How servers authenticate to each other; AdminAPI's memberAuthType with its options. */
export interface Requirement {
  readonly authType: AuthType
  readonly issuer: string
  readonly subject: string
}

export const SSL_MODES = ['DISABLED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] as const
export type SslMode = (typeof SSL_MODES)[number]

export const AUTH_TYPES = [
  'PASSWORD',
  'CERT_ISSUER',
  'CERT_SUBJECT',
  'CERT_ISSUER_PASSWORD',
  'CERT_SUBJECT_PASSWORD',
] as const
export type AuthType = (typeof AUTH_TYPES)[number]

/** What is known of a server's certificate, for explanations. */
export interface Presented {
  readonly subject: string
  readonly issuer: string
}

/**
 * Lets one server log in to another with the SSL mode and authentication that will be used, through a replication
 * channel that is removed again. Fails with which side did not accept what.
 */
export interface CheckConnectivity {
  readonly do: 'check_connectivity'
  readonly login: MysqlLogin
  /** Inventory name of the server that is logged in to; the host of the step logs in. */
  readonly to: string
  /** The address that servers are given: report_host and port. */
  readonly address: string
  readonly port: number
  readonly sslMode: SslMode
  readonly requirement: Requirement
  /**
   * The account to log in with, as it stands, instead of one that is made for the check: nothing is written to the
   * other server then, and what is proven is the login that will be used. Its password; empty for none.
   */
  readonly account?: { readonly user: string; readonly password: Generated | '' }
  readonly fromCertificate?: Presented
  readonly toCertificate?: Presented
}

/**
 * Waits until the host of the step has executed all transactions that another server has executed when the step
 * begins; without `from`, all that its own channel has received. An error of the channel's applier ends the wait.
 */
export interface CatchUp {
  readonly do: 'catch_up'
  readonly login: MysqlLogin
  /** Inventory name of the server whose transactions are waited for. */
  readonly from?: string
  /** The channel that they come through. */
  readonly channel: string
  /** Seconds. 0: they must be there already; Infinity: as long as it takes. */
  readonly timeout: number
  /** The channel must receive in the end, too; that its receiver fails or is stopped ends the wait. */
  readonly receiving?: true
  /** That time runs out, or the channel fails, is no failure: the other steps go on. */
  readonly bestEffort?: true
}

export type MysqlStep = SqlStep | CopyAccounts | CheckConnectivity | CatchUp
