import type { Step } from '../../host/step.js'
import { clustersetGrants, createAccount, dropAccount, hasPassword, needsCertificate } from '../account.js'
import { clustersetPassword } from '../bootstrap.js'
import type { MysqlLogin } from '../login.js'
import type { ClusterSet, Server, Topology } from '../topology.js'
import { channelAccount, type ChannelAccount } from './members.js'

/** Whether an account on a server demands exactly what it shall: issuer, subject and password, no more and no less. */
export function accountIsRight(at: Server, { user, host, requirement }: ChannelAccount): boolean {
  const account = at.picture.accounts.find((one) => one.user === user && one.host === host)
  if (account === undefined) return false
  const certificate = needsCertificate(requirement.authType)
  return (
    account.hasPassword === hasPassword(requirement.authType) &&
    account.issuer === (certificate ? requirement.issuer : '') &&
    account.subject === (requirement.authType.includes('SUBJECT') ? requirement.subject : '')
  )
}

/**
 * Makes the account of a member's channel anew, with a new password where the type has one and with none where it has
 * not. Whoever is logged in with it stays so. Accounts of the member for other hosts than the allowed one go.
 */
export function renewAccount(
  member: Server,
  writer: Server,
  topology: Topology,
  clusterset: ClusterSet,
  login: MysqlLogin,
): readonly Step[] {
  const { user, host, requirement } = channelAccount(member, topology, clusterset)
  const others = writer.picture.accounts.filter((one) => one.user === user && one.host !== host)
  const existed = writer.picture.accounts.some((one) => one.user === user && one.host === host)
  const drop: Step = {
    do: 'sql',
    host: writer.host,
    login,
    note: `drop the old ClusterSet account of ${member.host}`,
    statements: [dropAccount(user, host)],
    // One that was wrong, or whose password nobody knew, is not brought back.
    leaves: `the old ClusterSet account of ${member.host} is gone`,
  }
  const create: Step = {
    do: 'sql',
    host: writer.host,
    login,
    note: `make the ClusterSet account of ${member.host}`,
    statements: [
      ...(existed ? [] : [dropAccount(user, host)]),
      createAccount(user, host, requirement, clustersetPassword(member)),
      ...clustersetGrants(user, host),
      ...others.map((one) => dropAccount(one.user, one.host)),
    ],
    ...(existed
      ? {}
      : { undo: [{ do: 'sql', host: writer.host, login, statements: [dropAccount(user, host)] }] }),
  }
  return existed ? [drop, create] : [create]
}
