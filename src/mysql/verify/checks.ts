import { CLIENT_AUTH, SERVER_AUTH } from '../../certificates/facts.js'
import { hasPassword, needsCertificate } from '../account.js'
import type { ManagedAccount, ReplicationChannel } from '../instance.js'
import type { AuthType } from '../step.js'
import { attribute, isOnline, ownState, type Cluster, type InstanceRow, type Server } from '../topology.js'
import { requirementText } from '../views/security.js'
import { channelSslMode } from '../views/status.js'
import { serverOf, type Check, type Evidence } from './evidence.js'

/** A certificate that expires within this many days is a problem already. */
const EXPIRES_SOON_DAYS = 30
const RANK: readonly string[] = ['DISABLED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY']

const check = (where: string, what: string, ok: boolean, found: string): Check => ({ where, what, ok, found })

/** Compares everything that was found with what the metadata describes. Pure; problems first found come first. */
export function verify(evidence: Evidence): readonly Check[] {
  const { topology, silent } = evidence
  return [
    ...silent.map((each) => check(each.split(':')[0] ?? each, 'answers', false, each)),
    ...topology.clusters.flatMap((cluster) => clusterChecks(cluster, evidence)),
    ...evidence.attempts.map((attempt) =>
      check(
        attempt.to,
        `refuses ${attempt.user} ${attempt.how}`,
        attempt.outcome === 'refused',
        `from ${attempt.from}: ${attempt.outcome}${attempt.message === '' ? '' : ` (${attempt.message})`}`,
      ),
    ),
  ]
}

/** What a cluster's connections are described to be. */
interface Described {
  /** Of the group, or of the ReplicaSet's channels. */
  readonly sslMode: string
  readonly authType: AuthType
  readonly issuer: string
}

function clusterChecks(cluster: Cluster, evidence: Evidence): readonly Check[] {
  const { topology } = evidence
  const servers = cluster.instances.map((row) => ({ row, server: serverOf(topology, row.uuid) }))
  const group = cluster.row.type === 'gr'
  const modes = servers.flatMap(({ server }) =>
    server === undefined ? [] : [server.picture.variables['group_replication_ssl_mode'] ?? 'DISABLED'],
  )
  const described: Described = {
    // The mode of a group is recorded nowhere: it is the strictest that a member has.
    sslMode: group
      ? modes.reduce(
          (strictest, mode) => (RANK.indexOf(mode) > RANK.indexOf(strictest) ? mode : strictest),
          'DISABLED',
        )
      : attribute(cluster.row.attributes, 'opt_replicationSslMode', 'DISABLED'),
    authType: cluster.authType,
    issuer: cluster.issuer,
  }
  return servers.flatMap(({ row, server }) => {
    if (server === undefined)
      return [check(row.address, 'is looked at', false, 'not among the servers of the inventory that answer')]
    return [
      ...serverChecks(server, described, evidence),
      ...certificateChecks(server, row, described, evidence),
      ...(group
        ? [...groupChecks(server, described), ...channelChecks(server, row, cluster, evidence)]
        : replicaChecks(server, row, described)),
      ...accountChecks(
        row,
        described,
        group,
        servers.flatMap((each) => each.server ?? []),
      ),
      ...liveChecks(server),
    ]
  })
}

function serverChecks(
  { host, picture }: Server,
  described: Described,
  { topology }: Evidence,
): readonly Check[] {
  const secure = picture.variables['require_secure_transport'] === 'ON'
  return [
    check(
      host,
      'speaks TLS',
      picture.tls,
      picture.tls ? 'yes' : 'no: see ssl_ca, ssl_cert, ssl_key and its error log',
    ),
    ...(described.sslMode === 'DISABLED'
      ? [check(host, 'encrypts', false, 'the SSL mode of its cluster is DISABLED')]
      : [
          check(
            host,
            'require_secure_transport',
            secure,
            secure
              ? 'ON'
              : 'OFF: logins over TCP without TLS are possible; SET PERSIST require_secure_transport = ON',
          ),
        ]),
    ...(topology.clusters.some(
      ({ row, instances }) => row.type === 'gr' && instances.some(({ uuid }) => uuid === picture.uuid),
    )
      ? [
          check(
            host,
            'is ONLINE in its group',
            isOnline({ host, picture }),
            ownState({ host, picture }).state,
          ),
        ]
      : []),
  ]
}

function groupChecks({ host, picture }: Server, { sslMode, authType }: Described): readonly Check[] {
  const { variables, persisted } = picture
  const value = (name: string): string => variables[`group_replication_${name}`] ?? ''
  const mode = value('ssl_mode')
  const kept = persisted['group_replication_ssl_mode']
  const verifies = sslMode === 'VERIFY_CA' || sslMode === 'VERIFY_IDENTITY'
  return [
    check(
      host,
      'group_replication_ssl_mode',
      mode === sslMode,
      mode === sslMode ? mode : `${mode}; other members have ${sslMode}`,
    ),
    ...(kept === undefined || kept === mode
      ? []
      : [
          check(
            host,
            'group_replication_ssl_mode after a restart',
            false,
            `${kept} is persisted, ${mode} runs`,
          ),
        ]),
    ...(sslMode === 'DISABLED'
      ? []
      : [
          check(
            host,
            'recovery uses TLS',
            value('recovery_use_ssl') === 'ON',
            `group_replication_recovery_use_ssl ${value('recovery_use_ssl')}`,
          ),
        ]),
    ...(verifies
      ? [
          check(
            host,
            'recovery verifies the authority',
            value('recovery_ssl_ca') + value('recovery_ssl_capath') !== '',
            `group_replication_recovery_ssl_ca ${value('recovery_ssl_ca') || 'is empty'}`,
          ),
        ]
      : []),
    ...(sslMode === 'VERIFY_IDENTITY'
      ? [
          check(
            host,
            'recovery verifies the name',
            value('recovery_ssl_verify_server_cert') === 'ON',
            `group_replication_recovery_ssl_verify_server_cert ${value('recovery_ssl_verify_server_cert')}`,
          ),
        ]
      : []),
    ...(needsCertificate(authType)
      ? [
          check(
            host,
            'recovery shows a certificate',
            value('recovery_ssl_cert') !== '' && value('recovery_ssl_key') !== '',
            `group_replication_recovery_ssl_cert ${value('recovery_ssl_cert') || 'is empty'}`,
          ),
        ]
      : []),
  ]
}

/** One channel against what is described for it. */
function channelSecurity(
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

/** The ClusterSet's channel on members of replica clusters, and the account that it logs in with. */
function channelChecks(
  server: Server,
  row: InstanceRow,
  cluster: Cluster,
  { topology }: Evidence,
): readonly Check[] {
  const { clusterset } = topology
  if (clusterset === undefined || cluster.row.id === clusterset.primaryClusterId) return []
  const channel = server.picture.channels.find(({ name }) => name === 'clusterset_replication')
  if (channel === undefined)
    return [check(server.host, 'clusterset_replication', false, 'there is no such channel')]
  const { sslMode, authType, issuer } = clusterset
  const described = { sslMode, authType, issuer }
  const account = topology.globalPrimary?.picture.accounts.find(({ user }) => user === channel.user)
  return [
    ...channelSecurity(server.host, channel, described),
    requirementCheck(
      server.host,
      channel.user,
      account,
      described,
      attribute(row.attributes, 'opt_certSubject'),
    ),
  ]
}

/** The channel of a secondary of a ReplicaSet. */
function replicaChecks(server: Server, row: InstanceRow, described: Described): readonly Check[] {
  const channel = server.picture.channels.find(({ name }) => name === '')
  if (channel === undefined)
    return server.picture.variables['super_read_only'] === 'OFF'
      ? []
      : [check(row.address, 'the default channel', false, 'a secondary without a channel')]
  return channelSecurity(server.host, channel, described)
}

function requirementCheck(
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
function accountChecks(
  row: InstanceRow,
  described: Described,
  group: boolean,
  servers: readonly Server[],
): readonly Check[] {
  const key = group ? 'recoveryAccountUser' : 'replicationAccountUser'
  const user = attribute(row.attributes, key)
  const subject = attribute(row.attributes, 'opt_certSubject')
  if (user === '')
    return group
      ? [check(row.address, 'its account is recorded', false, `${key} is missing in the metadata`)]
      : []
  return servers.map((server) => {
    const account = server.picture.accounts.find((each) => each.user === user)
    return requirementCheck(server.host, user, account, described, subject)
  })
}

/** Live connections of managed accounts that are not encrypted. */
function liveChecks({ host, picture }: Server): readonly Check[] {
  const users = [...new Set(picture.secureThreads.map(({ user }) => user))]
  return users.map((user) => {
    const threads = picture.secureThreads.filter((thread) => thread.user === user)
    const plain = threads.filter(({ version }) => version === '').length
    const [first] = threads
    return check(
      host,
      `live connections of ${user}`,
      plain === 0,
      plain === 0
        ? `${first?.version ?? ''} ${first?.cipher ?? ''}`
        : `${plain} of ${threads.length} without TLS`,
    )
  })
}

function certificateChecks(
  server: Server,
  row: InstanceRow,
  described: Described,
  evidence: Evidence,
): readonly Check[] {
  const { host, picture } = server
  const files = evidence.files.get(host)
  if (files?.certificate === undefined)
    return described.sslMode === 'DISABLED'
      ? []
      : [check(host, 'its certificate', false, `${files?.certificatePath ?? 'ssl_cert'} can't be read`)]
  const { certificate } = files
  const now = evidence.now.getTime() / 1000
  const days = Math.floor((certificate.notAfter - now) / 86_400)
  const served = evidence.served.get(host)
  const uses = (usage: string): boolean =>
    certificate.keyUsages.length === 0 || certificate.keyUsages.includes(usage)
  const names = [...certificate.dnsNames, ...certificate.ipAddresses]
  const subject = attribute(row.attributes, 'opt_certSubject')
  const { keyMode } = files
  const closed = keyMode !== undefined && (keyMode & 0o077) === 0
  return [
    check(
      host,
      'serves the certificate on disk',
      served === certificate.fingerprint,
      served === certificate.fingerprint ? 'the same' : 'another: ALTER INSTANCE RELOAD TLS',
    ),
    check(
      host,
      'its certificate is valid',
      certificate.notBefore <= now && days >= EXPIRES_SOON_DAYS,
      days < 0
        ? 'it has expired'
        : certificate.notBefore > now
          ? 'it is not valid yet'
          : days < EXPIRES_SOON_DAYS
            ? `it expires in ${days} days: renew it`
            : `${days} more days`,
    ),
    check(
      host,
      'its certificate is trusted',
      files.trusted === true,
      files.trusted === undefined
        ? 'ssl_ca can not be read'
        : files.trusted
          ? 'by ssl_ca'
          : 'it was not issued by an authority in ssl_ca',
    ),
    check(
      host,
      'its certificate serves clients and servers',
      uses(CLIENT_AUTH) && uses(SERVER_AUTH),
      certificate.keyUsages.length === 0 ? 'not restricted' : certificate.keyUsages.join(', '),
    ),
    ...(described.sslMode === 'VERIFY_IDENTITY'
      ? [
          check(
            host,
            `its certificate names ${picture.host}`,
            names.some(
              (name) =>
                name.toLowerCase() === picture.host.toLowerCase() || matchesWildcard(name, picture.host),
            ),
            names.join(', ') || 'no names',
          ),
        ]
      : []),
    ...(needsCertificate(described.authType)
      ? [
          check(
            host,
            'its certificate has the issuer',
            certificate.issuer === described.issuer,
            certificate.issuer === described.issuer
              ? certificate.issuer
              : `${certificate.issuer}; described is ${described.issuer}`,
          ),
        ]
      : []),
    ...(described.authType.includes('SUBJECT')
      ? [
          check(
            host,
            'its certificate has the subject',
            certificate.subject === subject,
            certificate.subject === subject
              ? subject
              : `${certificate.subject}; described is ${subject || 'nothing'}`,
          ),
        ]
      : []),
    check(
      host,
      'its key is closed to others',
      closed,
      keyMode === undefined
        ? `${files.keyPath} is not there`
        : `${files.keyPath} ${keyMode.toString(8).padStart(4, '0')} ${files.keyOwner}`,
    ),
  ]
}

const matchesWildcard = (name: string, host: string): boolean =>
  name.startsWith('*.') &&
  host.toLowerCase().endsWith(name.slice(1).toLowerCase()) &&
  !host.slice(0, -name.length + 1).includes('.')
