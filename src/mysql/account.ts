import type { Secret } from '../value/secret.js'
import type { AuthType, Generated, Requirement, Statement } from './step.js'

/** Whether accounts of this type have a password. */
export function hasPassword(authType: AuthType): boolean {
  return authType.endsWith('PASSWORD')
}

/** Whether accounts of this type ask for a certificate. */
export function needsCertificate(authType: AuthType): boolean {
  return authType.startsWith('CERT')
}

/**
 * CREATE USER with the REQUIRE clause of the authentication type. IF NOT EXISTS: a copy of the account may be there
 * already when the statement is replicated.
 */
export function createAccount(
  user: string,
  host: string,
  requirement: Requirement,
  password: Secret | Generated,
): Statement {
  const { authType, issuer, subject } = requirement
  const secret = hasPassword(authType)
  const require = !needsCertificate(authType)
    ? 'REQUIRE NONE'
    : authType.includes('SUBJECT')
      ? 'REQUIRE ISSUER ? AND SUBJECT ?'
      : 'REQUIRE ISSUER ?'
  return {
    text: `CREATE USER IF NOT EXISTS ?@?${secret ? ' IDENTIFIED BY ?' : ''} ${require}${secret ? ' PASSWORD EXPIRE NEVER' : ''}`,
    values: [
      user,
      host,
      ...(secret ? [password] : []),
      ...(!needsCertificate(authType) ? [] : authType.includes('SUBJECT') ? [issuer, subject] : [issuer]),
    ],
  }
}

export function dropAccount(user: string, host: string): Statement {
  return { text: 'DROP USER IF EXISTS ?@?', values: [user, host] }
}

/** Grants of a recovery account: `mysql_innodb_cluster_N`. */
export function recoveryGrants(user: string, host: string): readonly Statement[] {
  return ['REPLICATION SLAVE, BACKUP_ADMIN', 'GROUP_REPLICATION_STREAM', 'CONNECTION_ADMIN'].map(
    (privileges) => ({ text: `GRANT ${privileges} ON *.* TO ?@?`, values: [user, host] }),
  )
}

/** Grants of a ClusterSet account: `mysql_innodb_cs_N`. It follows the source's group by itself. */
export function clustersetGrants(user: string, host: string): readonly Statement[] {
  return [
    { text: 'GRANT REPLICATION SLAVE, BACKUP_ADMIN ON *.* TO ?@?', values: [user, host] },
    { text: 'GRANT SELECT ON performance_schema.* TO ?@?', values: [user, host] },
    { text: 'GRANT CONNECTION_ADMIN ON *.* TO ?@?', values: [user, host] },
  ]
}

/** Name of a server's recovery account. */
export const recoveryUser = (serverId: number): string => `mysql_innodb_cluster_${serverId}`
/** Name of a server's ClusterSet account: the id in hex. */
export const clustersetUser = (serverId: number): string => `mysql_innodb_cs_${serverId.toString(16)}`
