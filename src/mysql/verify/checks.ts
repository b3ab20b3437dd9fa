import { needsCertificate } from '../account.js'
import { replicasetsOf } from '../replicaset/replicaset.js'
import { attribute, isOnline, ownState, type Cluster, type InstanceRow, type Server } from '../topology.js'
import { accountChecks, channelSecurity, requirementCheck } from './account-checks.js'
import { check, serverOf, type Check, type Described, type Evidence } from './evidence.js'
import { replicasetChecks } from './replicaset-checks.js'
import { certificateChecks, liveChecks, serverChecks } from './server-checks.js'

const RANK: readonly string[] = ['DISABLED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY']

/** Compares everything that was found with what the metadata describes. Pure; problems first found come first. */
export function verify(evidence: Evidence): readonly Check[] {
  const { topology, silent } = evidence
  return [
    ...silent.map((each) => check(each.split(':')[0] ?? each, 'answers', false, each)),
    ...topology.clusters.flatMap((cluster) => clusterChecks(cluster, evidence)),
    ...replicasetsOf(topology.servers).flatMap((set) => replicasetChecks(set, evidence)),
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

function clusterChecks(cluster: Cluster, evidence: Evidence): readonly Check[] {
  const { topology } = evidence
  const servers = cluster.instances.map((row) => ({ row, server: serverOf(topology, row.uuid) }))
  const modes = servers.flatMap(({ server }) =>
    server === undefined ? [] : [server.picture.variables['group_replication_ssl_mode'] ?? 'DISABLED'],
  )
  const described: Described = {
    // The mode of a group is recorded nowhere: it is the strictest that a member has.
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
      ...groupChecks(server, described),
      ...channelChecks(server, row, cluster, evidence),
      ...accountChecks(
        row,
        'recoveryAccountUser',
        described,
        servers.flatMap((each) => each.server ?? []),
      ),
      ...liveChecks(server),
    ]
  })
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
