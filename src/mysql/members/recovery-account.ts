import type { Step } from '../../host/step.js'
import { createAccount, hasPassword, needsCertificate, recoveryUser } from '../account.js'
import { recoveryAccount, recoveryPassword } from '../bootstrap.js'
import type { ManagedAccount } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import type { Requirement, Statement } from '../step.js'
import { attribute, type Cluster, type InstanceRow, type Server, type Topology } from '../topology.js'

/**
 * Name and host part of a member's recovery account: as recorded, else by AdminAPI's rule from its server's id. The name is
 * empty when neither is known.
 * @param server the member's server, if it answers: it knows its id where the record does not
 */
export function recordedAccount(
  row: InstanceRow,
  cluster: Cluster,
  server?: Server,
): { readonly user: string; readonly host: string } {
  const id = Number(row.attributes['server_id'] ?? server?.picture.serverId ?? 0)
  return {
    user: attribute(row.attributes, 'recoveryAccountUser', id === 0 ? '' : recoveryUser(id)),
    host: attribute(row.attributes, 'recoveryAccountHost', cluster.allowedHost),
  }
}

/**
 * The account of a member whatever its record says: its own, if it recovers with that; else as recorded. A record may
 * name the account of another member, which must be left alone.
 */
export function accountInUse(
  row: InstanceRow,
  cluster: Cluster,
  server: Server | undefined,
): { readonly user: string; readonly host: string } {
  const recorded = recordedAccount(row, cluster, server)
  const used = server?.picture.channels.find(({ name }) => name === 'group_replication_recovery')?.user
  return server !== undefined && used === recoveryUser(server.picture.serverId)
    ? { user: used, host: recorded.host }
    : recorded
}

/** What the account of a member has to demand. */
export function requirementOf(row: InstanceRow, cluster: Cluster): Requirement {
  return {
    authType: cluster.authType,
    issuer: cluster.issuer,
    subject: attribute(row.attributes, 'opt_certSubject'),
  }
}

/** Whether an account demands exactly what is wanted: issuer and subject compared, not only that there are some. */
export function demands(account: ManagedAccount, { authType, issuer, subject }: Requirement): boolean {
  return (
    account.issuer === (needsCertificate(authType) ? issuer : '') &&
    account.subject === (authType.includes('SUBJECT') ? subject : '') &&
    (needsCertificate(authType) || account.sslType === '')
  )
}

/** ALTER USER so that the account demands what is wanted; a password is renewed, or taken away where there shall be none. */
export function amendAccount(
  account: { readonly user: string; readonly host: string },
  of: Server,
  requirement: Requirement,
): Statement {
  // The same clauses as for a new account.
  const created = createAccount(account.user, account.host, requirement, recoveryPassword(of))
  const text = created.text.replace('CREATE USER IF NOT EXISTS', 'ALTER USER')
  return hasPassword(requirement.authType)
    ? { ...created, text }
    : { ...created, text: text.replace('ALTER USER ?@?', "ALTER USER ?@? IDENTIFIED BY ''") }
}

/** Credentials of a member's recovery channel; without a password where the cluster's type has none. */
export function recoveryCredentials(
  server: Server,
  user: string,
  requirement: Requirement,
  login: MysqlLogin,
): Step {
  const channel = 'group_replication_recovery'
  return {
    do: 'sql',
    host: server.host,
    login,
    note: `set the recovery credentials of ${server.host}`,
    statements: [
      {
        text: 'CHANGE REPLICATION SOURCE TO SOURCE_USER=?, SOURCE_PASSWORD=? FOR CHANNEL ?',
        values: [user, hasPassword(requirement.authType) ? recoveryPassword(server) : '', channel],
      },
    ],
  }
}

/**
 * Sees that the account of a member that comes back is there, demands the right things and has a password that both
 * sides know.
 */
export function renewAccount(
  at: Server,
  of: Server,
  row: InstanceRow,
  cluster: Cluster,
  login: MysqlLogin,
): readonly Step[] {
  const account = recordedAccount(row, cluster, of)
  const requirement = requirementOf(row, cluster)
  const present = at.picture.accounts.find(({ user, host }) => user === account.user && host === account.host)
  if (present === undefined) return recoveryAccount(at, of, login, account.host, requirement)
  const withPassword = hasPassword(requirement.authType)
  if (!withPassword && demands(present, requirement) && !present.hasPassword) return []
  return [
    {
      do: 'sql',
      host: at.host,
      login,
      note: withPassword
        ? `renew the password of ${of.host}'s recovery account`
        : `correct the recovery account of ${of.host}`,
      leaves: `the recovery account of ${of.host} is altered`,
      statements: [amendAccount(account, of, requirement)],
    },
  ]
}

/** Accounts of all members that exist on a server, and one that is about to. */
export function memberAccounts(
  cluster: Cluster,
  on: Server,
  more?: { readonly user: string; readonly host: string },
): readonly { readonly user: string; readonly host: string }[] {
  const known = cluster.instances
    .map((row) => recordedAccount(row, cluster))
    .filter(({ user, host }) =>
      on.picture.accounts.some((account) => account.user === user && account.host === host),
    )
  return more === undefined || known.some(({ user, host }) => user === more.user && host === more.host)
    ? known
    : [...known, more]
}

/** Accounts that belonged to one member only: by its record and by its server's id. Those that others use stay. */
export function accountsOnlyOf(
  row: InstanceRow | undefined,
  serverId: number,
  at: Server,
  topology: Topology,
): readonly ManagedAccount[] {
  const inUse = new Set([
    ...(topology.metadata?.instances ?? []).flatMap((other) =>
      other.uuid === row?.uuid
        ? []
        : [
            attribute(
              other.attributes,
              'recoveryAccountUser',
              recoveryUser(Number(other.attributes['server_id'] ?? 0)),
            ),
            attribute(other.attributes, 'replicationAccountUser'),
          ],
    ),
    ...topology.clusters.map((cluster) => attribute(cluster.row.attributes, 'replicationAccountUser')),
  ])
  const own = new Set([
    attribute(row?.attributes ?? {}, 'recoveryAccountUser'),
    recoveryUser(serverId),
    `mysql_innodb_cs_${serverId.toString(16)}`,
  ])
  return at.picture.accounts.filter(({ user }) => own.has(user) && !inUse.has(user))
}
