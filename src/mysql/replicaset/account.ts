import type { Step } from '../../host/step.js'
import { createAccount, dropAccount, hasPassword, needsCertificate } from '../account.js'
import type { ManagedAccount } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import type { Generated, Requirement, Statement } from '../step.js'
import type { Server } from '../topology.js'

/** Name of a member's account: it logs in to the primary with it. A primary's own is used once it is demoted. */
export const replicationUser = (serverId: number): string => `mysql_innodb_rs_${serverId}`

/** The password that a run gives to the account of a member. */
export const replicationPassword = (of: Server): Generated => ({
  generate: 'password',
  name: `replicaset ${of.host}`,
})

const accountsOf = (at: Server, user: string): readonly ManagedAccount[] =>
  at.picture.accounts.filter((account) => account.user === user)

/** Whether a member's account at the primary demands what it shall, and has a password exactly if it shall. */
export function accountFits(
  at: Server,
  of: Server,
  allowedHost: string,
  { authType, issuer, subject }: Requirement,
): boolean {
  const accounts = accountsOf(at, replicationUser(of.picture.serverId))
  const [account] = accounts
  return (
    accounts.length === 1 &&
    account !== undefined &&
    account.host === allowedHost &&
    account.hasPassword === hasPassword(authType) &&
    account.issuer === (needsCertificate(authType) ? issuer : '') &&
    account.subject === (authType.includes('SUBJECT') ? subject : '')
  )
}

/** Statements that make a member's account anew, with a new password where the type has one. */
export function accountStatements(
  at: Server,
  of: Server,
  allowedHost: string,
  requirement: Requirement,
): readonly Statement[] {
  const user = replicationUser(of.picture.serverId)
  return [
    ...dropAccounts(at, user, allowedHost),
    createAccount(user, allowedHost, requirement, replicationPassword(of)),
    { text: 'GRANT REPLICATION SLAVE ON *.* TO ?@?', values: [user, allowedHost] },
  ]
}

/** Drops an account for every host part that it has. */
export function dropAccounts(at: Server, user: string, allowedHost: string): readonly Statement[] {
  const hosts = new Set([allowedHost, ...accountsOf(at, user).map(({ host }) => host)])
  return [...hosts].map((host) => dropAccount(user, host))
}

/** Drops an account for every host part that it has: all of them or none. */
function dropUsers(at: Server, user: string, allowedHost: string): Statement {
  const hosts = [...new Set([allowedHost, ...accountsOf(at, user).map(({ host }) => host)])]
  return {
    text: `DROP USER IF EXISTS ${hosts.map(() => '?@?').join(', ')}`,
    values: hosts.flatMap((host) => [user, host]),
  }
}

/** Makes a member's account at the primary. Undone when it was not there before; the password of another nobody knows. */
export function replicationAccount(
  at: Server,
  of: Server,
  login: MysqlLogin,
  allowedHost: string,
  requirement: Requirement,
): readonly Step[] {
  const user = replicationUser(of.picture.serverId)
  const isNew = accountsOf(at, user).length === 0
  const drops: Step = {
    do: 'sql',
    host: at.host,
    login,
    note: `drop the old replication account of ${of.host}`,
    leaves: `the old replication account of ${of.host} is gone`,
    statements: [dropUsers(at, user, allowedHost)],
  }
  const makes: Step = {
    do: 'sql',
    host: at.host,
    login,
    note: `make the replication account of ${of.host}`,
    undo: isNew ? [{ do: 'sql', host: at.host, login, statements: [dropAccount(user, allowedHost)] }] : [],
    statements: accountStatements(at, of, allowedHost, requirement),
  }
  return isNew ? [makes] : [drops, makes]
}
