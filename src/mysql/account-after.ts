import { cachingSha2 } from './password-hash.js'
import type { Authentication, WantedAccount } from './plan-account.js'
import type { MysqlAccount } from './read-accounts.js'

/** The account as it would be after the changes: for check mode. */
export function accountAfter(
  user: string,
  host: string,
  before: MysqlAccount | undefined,
  wanted: WantedAccount,
): MysqlAccount {
  const { authentication, demand, limits, locked, expiry, attributes } = wanted
  const plugin = authentication?.plugin ?? before?.plugin ?? 'caching_sha2_password'
  const specified = demand?.kind === 'specified' ? demand : undefined
  const TYPES = { none: '', ssl: 'ANY', x509: 'X509', specified: 'SPECIFIED' } as const
  return {
    user,
    host: host.toLowerCase(),
    plugin,
    authentication:
      authentication === undefined ? (before?.authentication ?? '') : storedAfter(authentication, plugin),
    sslType: demand === undefined ? (before?.sslType ?? '') : TYPES[demand.kind],
    cipher: demand === undefined ? (before?.cipher ?? '') : (specified?.cipher ?? ''),
    issuer: demand === undefined ? (before?.issuer ?? '') : (specified?.issuer ?? ''),
    subject: demand === undefined ? (before?.subject ?? '') : (specified?.subject ?? ''),
    maxQuestions: limits?.maxQuestions ?? before?.maxQuestions ?? 0,
    maxUpdates: limits?.maxUpdates ?? before?.maxUpdates ?? 0,
    maxConnections: limits?.maxConnections ?? before?.maxConnections ?? 0,
    maxUserConnections: limits?.maxUserConnections ?? before?.maxUserConnections ?? 0,
    locked: locked ?? before?.locked ?? false,
    passwordExpired: expiry === undefined ? (before?.passwordExpired ?? false) : expiry === 'now',
    passwordLifetime:
      expiry === undefined || expiry === 'now'
        ? (before?.passwordLifetime ?? null)
        : expiry === 'default'
          ? null
          : expiry === 'never'
            ? 0
            : expiry,
    attributes: Object.fromEntries(
      Object.entries({ ...before?.attributes, ...attributes }).filter(([, value]) => value !== null),
    ),
    grants: before?.grants ?? {},
  }
}

/** What would be stored, with a salt of our own: later tasks compare passwords with it. */
function storedAfter(authentication: Authentication, plugin: string): string {
  if (authentication.kind === 'stored') return Buffer.from(authentication.text.reveal()).toString('hex')
  if (authentication.kind === 'plugin' || plugin !== 'caching_sha2_password') return ''
  const password = authentication.password.reveal()
  return password === '' ? '' : cachingSha2(password, Buffer.alloc(20, 'signet'), 5000).toString('hex')
}
