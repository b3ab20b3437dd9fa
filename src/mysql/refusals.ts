import type { CertificateFacts } from '../certificates/facts.js'
import { CLIENT_AUTH } from '../certificates/facts.js'
import type { MysqlCertificate } from './question.js'
import { needsCertificate } from './account.js'
import type { AuthType, SslMode } from './step.js'
import { configErrors, foreignChannels } from './requirements.js'
import type { Server } from './topology.js'
import { sameValue } from '../option-file/edit.js'

/** What is asked for when a server becomes a member. */
export interface Wish {
  readonly sslMode: SslMode
  readonly authType: AuthType
  readonly issuer: string
  readonly subject: string
}

/** Why the options contradict one another or the server can't fulfil them; undefined: they fit. Nothing was touched. */
export function refuseOptions(wish: Wish, server: Server): string | undefined {
  const { picture, host } = server
  const { variables } = picture
  const certificate = needsCertificate(wish.authType)
  if (certificate && wish.sslMode === 'DISABLED')
    return `member_ssl_mode DISABLED allows only member_auth_type PASSWORD, not ${wish.authType}: without TLS there is no certificate.`
  if (certificate && wish.issuer === '')
    return `member_auth_type ${wish.authType} needs cert_issuer: the name of the authority of all members, such as /CN=MyName.`
  if (wish.authType.includes('SUBJECT') && wish.subject === '')
    return `member_auth_type ${wish.authType} needs cert_subject: the name in the certificate of ${host}, such as /CN=${host}.`
  if (wish.sslMode === 'DISABLED' && sameValue(variables['require_secure_transport'] ?? 'OFF', 'ON')) {
    return `member_ssl_mode DISABLED is not possible on ${host}: it requires secure transport (require_secure_transport=ON).`
  }
  if (wish.sslMode !== 'DISABLED' && !picture.tls)
    return `member_ssl_mode ${wish.sslMode} is not possible on ${host}: its server speaks no TLS. Configure ssl_ca, ssl_cert and ssl_key, and see that mysqld can read them.`
  const hasAuthority = Boolean(variables['ssl_ca'] || variables['ssl_capath'])
  if (wish.sslMode.startsWith('VERIFY') && !hasAuthority)
    return `member_ssl_mode ${wish.sslMode} is not possible on ${host}: ssl_ca and ssl_capath are empty, so there is nothing to verify with.`
  if (certificate && !variables['ssl_cert'])
    return `member_auth_type ${wish.authType} is not possible on ${host}: ssl_cert is empty.`
  if (certificate && !variables['ssl_key'])
    return `member_auth_type ${wish.authType} is not possible on ${host}: ssl_key is empty.`
  if (certificate && !hasAuthority)
    return `member_auth_type ${wish.authType} is not possible on ${host}: ssl_ca and ssl_capath are empty.`
  return undefined
}

/** Why the server's own certificate does not go with the names that accounts will require. */
export function refuseCertificate(
  wish: Wish,
  server: Server,
  served: MysqlCertificate,
  facts: CertificateFacts | undefined,
): string | undefined {
  if (!needsCertificate(wish.authType) || served.kind !== 'certificate') return undefined
  if (served.issuer !== '' && served.issuer !== wish.issuer)
    return `The certificate of ${server.host} was issued by "${served.issuer}", but cert_issuer is "${wish.issuer}": the server compares these texts byte by byte, so no member could log in.`
  if (wish.authType.includes('SUBJECT') && served.subject !== wish.subject)
    return `The certificate of ${server.host} is for "${served.subject}", but cert_subject is "${wish.subject}": the server compares these texts byte by byte, so ${server.host} could not log in anywhere.`
  if (facts !== undefined && facts.keyUsages.length > 0 && !facts.keyUsages.includes(CLIENT_AUTH))
    return `The certificate of ${server.host} is not valid for clients (extended key usage lacks clientAuth), but servers log in to each other with it.`
  return undefined
}

/** What the server's own settings lack for Group Replication. @param options.force: replicating already is no obstacle */
export function refuseServer(
  { host, picture }: Server,
  options: { readonly force?: boolean } = {},
): string | undefined {
  const { variables } = picture
  const wrong = configErrors(picture)
  if (wrong.length > 0)
    return `${host} is not configured for Group Replication: ${wrong.map(({ option, current, required }) => `${option} is ${current}, must be ${required}`).join('; ')}. The module innodb_instance sets what is needed.`
  if (picture.serverId === 0) return `${host} has server_id 0: give every server a number of its own.`
  if (/^(localhost|127\.(?!0\.0\.1$)|::1$)/.test(picture.host))
    return `${host} tells other servers to reach it at "${picture.host}": set report_host to a name that they can resolve.`
  if (Number(variables['innodb_page_size'] ?? 16384) <= 4096)
    return `${host} has innodb_page_size ${variables['innodb_page_size'] ?? ''}; Group Replication needs more than 4096.`
  const replicaset = picture.metadata?.clusters.find(
    ({ id, type }) =>
      type === 'ar' &&
      picture.metadata?.instances.some((row) => row.clusterId === id && row.uuid === picture.uuid) === true,
  )
  if (replicaset !== undefined)
    return `${host} belongs to InnoDB ReplicaSet "${replicaset.name}": remove it from there, or dissolve the ReplicaSet, first.`
  const foreign = foreignChannels(picture)
  if (foreign.length > 0 && options.force !== true)
    return `${host} replicates already: channel ${foreign.map((name) => `"${name}"`).join(', ')}. Remove it first.`
  return undefined
}

/** Why a server can't join others: two servers that are the same. */
export function refuseTwin(server: Server, others: readonly Server[]): string | undefined {
  for (const other of others) {
    if (other.host === server.host) continue
    if (other.picture.uuid === server.picture.uuid)
      return `${server.host} and ${other.host} have the same server_uuid: one was copied from the other. Remove auto.cnf of ${server.host} and restart it.`
    if (other.picture.serverId === server.picture.serverId)
      return `${server.host} and ${other.host} have the same server_id ${server.picture.serverId}: give every server a number of its own.`
  }
  return undefined
}

/** AdminAPI's rule for names of clusters and ClusterSets. */
export function refuseName(name: string, what: string): string | undefined {
  return /^[A-Za-z_.-][A-Za-z0-9_.-]{0,62}$/.test(name)
    ? undefined
    : `"${name}" can't be the name of a ${what}: 1 to 63 letters, digits, _ . and -, not beginning with a digit.`
}
