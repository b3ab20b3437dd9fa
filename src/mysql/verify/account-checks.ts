import { hasPassword, needsCertificate } from '../account.js'
import type { ManagedAccount, ReplicationChannel } from '../instance.js'
import { isWithin, parseGtidSet } from '../gtid-set.js'
import { attribute, type InstanceRow, type Server } from '../topology.js'
import { requirementText } from '../views/security.js'
import { channelSslMode } from '../views/channel-status.js'
import { check, type Check, type Described } from './evidence.js'

/** One channel against what is described for it. */
export function channelSecurity(
  host: string,
  channel: ReplicationChannel,
  { sslMode, authType }: Described,
): readonly Check[] {
  const name = channel.name === '' ? 'the default channel' : channel.name
  const mode = channelSslMode(channel)
  return [
    check(
      host,
      `${name}: SSL mode`,
      mode === sslMode,
      mode === sslMode ? mode : `${mode}, described is ${sslMode}`,
    ),
    ...(needsCertificate(authType)
      ? [
          check(
            host,
            `${name}: shows a certificate`,
            channel.sslCert !== '' && channel.sslKey !== '',
            channel.sslCert === '' ? 'SOURCE_SSL_CERT is empty' : channel.sslCert,
          ),
        ]
      : []),
  ]
}

/** An account against what is described for it. */
export function requirementCheck(
  where: string,
  user: string,
  account: ManagedAccount | undefined,
  { authType, issuer }: Described,
  subject: string,
): Check {
  const wanted = [
    ...(needsCertificate(authType) ? [`issuer ${issuer}`] : []),
    ...(authType.includes('SUBJECT') ? [`subject ${subject}`] : []),
    ...(hasPassword(authType) ? ['password'] : []),
  ].join(' + ')
  const found = requirementText(account)
  return check(
    where,
    `account ${user} demands`,
    found === wanted,
    found === wanted ? found : `${found}; described is ${wanted}`,
  )
}

/** The account that a member logs in with, on every server that it may log in to. */
export function accountChecks(
  row: InstanceRow,
  key: 'recoveryAccountUser' | 'replicationAccountUser',
  described: Described,
  servers: readonly Server[],
): readonly Check[] {
  const user = attribute(row.attributes, key)
  const subject = attribute(row.attributes, 'opt_certSubject')
  if (user === '')
    return [check(row.address, 'its account is recorded', false, `${key} is missing in the metadata`)]
  const checks = servers.map((server) => {
    const account = server.picture.accounts.find((each) => each.user === user)
    return { server, found: requirementCheck(server.host, user, account, described, subject) }
  })
  const right = checks.flatMap(({ server, found }) => (found.ok ? [server] : []))
  return checks.map(({ server, found }) =>
    found.ok || !right.some((other) => isAhead(other, server)) ? found : { ...found, passing: true },
  )
}

/** Whether a server has executed what is still on its way to another. */
const isAhead = (server: Server, other: Server): boolean =>
  !isWithin(parseGtidSet(server.picture.gtidExecuted), parseGtidSet(other.picture.gtidExecuted))
