import { needsCertificate } from '../account.js'
import { attribute, isOnline, ownState, type Cluster, type InstanceRow, type Server } from '../topology.js'
import { accountChecks, channelSecurity, requirementCheck } from './account-checks.js'
import { check, serverOf, type Attempt, type Check, type Described, type Evidence } from './evidence.js'
import { SECURE_TRANSPORT_REQUIRED } from './login-attempt.js'
import { liveConnections } from './pairs.js'
import { replicasetChecks } from './replicaset-checks.js'
import { certificateChecks, liveCheck, serverChecks } from './server-checks.js'

const RANK: readonly string[] = ['DISABLED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY']

/** Compares everything that was found with what the metadata describes. Pure; problems first found come first. */
export function verify(evidence: Evidence): readonly Check[] {
  const { topology, sets, silent } = evidence
  return [
    ...silent.map((each) => check(each.split(':')[0] ?? each, 'answers', false, each)),
    ...topology.clusters.flatMap((cluster) => clusterChecks(cluster, evidence)),
    ...sets.flatMap((set) => replicasetChecks(set, evidence)),
    ...liveConnections(topology, sets).map(({ at, user }) => liveCheck(at, user)),
    ...evidence.attempts.map(attemptCheck),
  ]
}

/** A login that must be refused, and what the refusal is worth. */
function attemptCheck({ from, to, user, how, outcome, errno, message, password }: Attempt): Check {
  const what = `refuses ${user} ${how}`
  if (outcome !== 'refused')
    return check(to, what, false, `from ${from}: ${outcome}${message === '' ? '' : ` (${message})`}`, 'tried')
  if (errno === SECURE_TRANSPORT_REQUIRED)
    return check(to, what, true, `from ${from}: refused, the server demands TLS`, 'tried')
  return password === 'unknown'
    ? check(to, what, true, `from ${from}: refused, but the login lacked the password, too`, 'undecided')
    : check(
        to,
        what,
        true,
        `from ${from}: refused, ${password === 'right' ? 'with the right password' : 'and it has no password'}`,
        'tried',
      )
}

function clusterChecks(cluster: Cluster, evidence: Evidence): readonly Check[] {
  const { topology } = evidence
  const servers = cluster.instances.map((row) => ({ row, server: serverOf(topology, row.uuid) }))
  const modes = servers.flatMap(({ server }) => (server === undefined ? [] : groupModes(server)))
  const described: Described = {
    // The mode of a group is recorded nowhere: it is the strictest that a member runs, has persisted or recovers with.
    sslMode: modes.reduce(
      (strictest, mode) => (RANK.indexOf(mode) > RANK.indexOf(strictest) ? mode : strictest),
      'DISABLED',
    ),
    authType: cluster.authType,
    issuer: cluster.issuer,
  }
  return servers.flatMap(({ row, server }) => {
    if (server === undefined)
      return [check(row.address, 'is looked at', false, 'not among the servers of the inventory that answer')]
    return [
      ...serverChecks(server, described),
      check(server.host, 'is ONLINE in its group', isOnline(server), ownState(server).state),
      ...certificateChecks(server, row, described, evidence),
      ...groupChecks(server, described, servers.length),
      ...channelChecks(server, row, cluster, evidence),
      ...accountChecks(
        row,
        'recoveryAccountUser',
        described,
        servers.flatMap((each) => each.server ?? []),
      ),
    ]
  })
}

/** The modes that a member's settings speak of. */
function groupModes({ picture }: Server): readonly string[] {
  const { variables, persisted } = picture
  const value = (name: string): string => variables[`group_replication_${name}`] ?? ''
  const recovery =
    value('recovery_use_ssl') !== 'ON'
      ? 'DISABLED'
      : value('recovery_ssl_verify_server_cert') === 'ON'
        ? 'VERIFY_IDENTITY'
        : value('recovery_ssl_ca') + value('recovery_ssl_capath') === ''
          ? 'REQUIRED'
          : 'VERIFY_CA'
  return [value('ssl_mode') || 'DISABLED', persisted['group_replication_ssl_mode'] ?? 'DISABLED', recovery]
}

function groupChecks(
  { host, picture }: Server,
  { sslMode, authType }: Described,
  members: number,
): readonly Check[] {
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
      mode === sslMode
        ? `${mode} (recorded nowhere else; ${members === 1 ? 'it is the only member' : `none of the ${members} members says more`})`
        : `${mode}; what is persisted, the recovery channel or another member says ${sslMode}`,
    ),
    check(
      host,
      'group_replication_ssl_mode after a restart',
      kept === sslMode,
      kept === sslMode ? kept : `${kept ?? 'nothing'} is persisted`,
    ),
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
