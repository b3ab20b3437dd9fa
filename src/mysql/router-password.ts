import { scryptSync } from 'node:crypto'
import type { Secret } from '../value/secret.js'

/** Where the mark lies, in the Router's directory. */
export const PASSWORD_MARK = 'signet-password'

/**
 * A mark of the password that a Router was bootstrapped with. Router itself keeps the password encrypted, where it can't
 * be compared. The mark is slow to guess from and lies, for root only, beside the key that opens Router's own copy.
 * @param label address::name, so that two Routers with one password have two marks
 */
export function passwordMark(password: Secret, account: string, label: string): string {
  return `${scryptSync(password.reveal(), `${account} ${label}`, 32).toString('hex')}\n`
}
