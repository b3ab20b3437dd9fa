import { hasPassword, needsCertificate, recoveryUser } from '../account.js'
import { isReplicaCluster } from '../members/members.js'
import { scanCluster } from '../members/scan.js'
import { parallelApplierErrors } from '../requirements.js'
import {
  addressOf,
  attribute,
  hasQuorum,
  ownState,
  xAddressOf,
  type Cluster,
  type InstanceRow,
  type Server,
  type Topology,
} from '../topology.js'
import { channelAt, channelError, withoutQuery } from './channel-status.js'
import type { Extended } from './extended.js'
import { sameAddress, seenBy, type ListedMember } from './listed-members.js'

const RECOVERY = 'group_replication_recovery'
const APPLIER = 'group_replication_applier'
const OF_SET = 'clusterset_replication'

/** Everything that is wrong with a member: what AdminAPI reports under instanceErrors, in signet's words. Pure. */
export function memberErrors(
  member: ListedMember,
  cluster: Cluster,
  topology: Topology,
  extended?: Extended,
): readonly string[] {
  const { server } = member
  return [
    ...groupErrors(member, cluster, topology),
    ...(server === undefined ? [] : [...failureErrors(server, extended), ...channelErrors(server, cluster)]),
    ...identityErrors(member),
    ...(server === undefined
      ? []
      : [
          ...settingErrors(member, server, cluster, topology),
          ...certificateErrors(member, cluster, topology),
          ...accountErrors(member, server),
        ]),
    ...(member.seen?.role === 'PRIMARY' ? unusedAccounts(cluster, topology) : []),
  ]
}

/** Where the member and its group stand to each other, and who may write. */
function groupErrors(
  { seen, server }: ListedMember,
  cluster: Cluster,
  topology: Topology,
): readonly string[] {
  if (server === undefined) return []
  const { state } = ownState(server)
  const lost = seen === undefined || seen.state === 'UNREACHABLE'
  const open = server.picture.variables['super_read_only'] === 'OFF' && state !== 'RECOVERING'
  const inSet = topology.clusterset !== undefined && cluster.row.clustersetId !== null
  const mayWrite = seen?.role === 'PRIMARY' && !isReplicaCluster(cluster, topology)
  const source = seenBy(cluster)
  // Without a group that it could join, the cluster's own errors tell what to do.
  const back = source !== undefined && hasQuorum(source) ? 'innodb_cluster_instance brings it back' : ''
  return [
    ...(lost && (state === 'ONLINE' || state === 'RECOVERING')
      ? [`ERROR: split-brain: this instance is ${state} in a group that the others do not know.`]
      : []),
    ...(open && inSet && !mayWrite
      ? [
          'WARNING: super_read_only is OFF, though this instance is not the primary of the primary cluster: what is written here, the others will not have.',
        ]
      : []),
    ...(open && !inSet && seen?.role === 'SECONDARY'
      ? ['WARNING: A secondary with super_read_only OFF: writes to it would break the cluster.']
      : []),
    ...(state === 'OFFLINE'
      ? [`NOTE: Group Replication does not run on this instance${back === '' ? '' : `: ${back}`}.`]
      : []),
    ...(state === 'ERROR'
      ? [
          `ERROR: Group Replication has stopped with an error${back === '' ? '' : `: when that is mended, ${back}`}.`,
        ]
      : []),
  ]
}

/** Why a member does not run in its group: what its error log says, and a clone that failed. */
function failureErrors(server: Server, extended: Extended | undefined): readonly string[] {
  const { state } = ownState(server)
  const { clone, log = [] } = extended ?? {}
  return [
    ...(state === 'ERROR' && log.length > 0
      ? [`ERROR: Its error log says: ${log.map(withoutQuery).join(' / ')}`]
      : []),
    ...(state !== 'ONLINE' && clone?.state === 'Failed' && (state !== 'ERROR' || log.length === 0)
      ? [
          `ERROR: The last clone that it received, begun at ${clone.beginTime}, failed: ${clone.error} (${clone.errorNumber}).`,
        ]
      : []),
  ]
}

function channelErrors(server: Server, { row }: Cluster): readonly string[] {
  const stopped = (name: string): readonly string[] => {
    const state = channelAt(server, name)?.state
    const what = state === 'CONNECTION_ERROR' ? 'receiver' : state === 'APPLIER_ERROR' ? 'applier' : undefined
    return what === undefined
      ? []
      : [`ERROR: The ${what} of the channel ${name} stopped: ${channelError(server, name)}.`]
  }
  const managed = [RECOVERY, APPLIER, ...(row.clustersetId === null ? [] : [OF_SET])]
  return [
    ...stopped(RECOVERY),
    ...stopped(APPLIER),
    ...server.picture.channels
      .filter(({ name, receiver }) => receiver !== 'OFF' && !managed.includes(name))
      .map(
        ({ name, host, port }) =>
          `ERROR: The channel "${name}" from ${host}:${port} runs on this instance, but belongs to no cluster: members must not replicate from elsewhere.`,
      ),
  ]
}

/** Whether the record is that of this server. */
function identityErrors({ row, uuid, server }: ListedMember): readonly string[] {
  const rescan = 'innodb_cluster_rescan'
  if (row === undefined) {
    return server !== undefined && ownState(server).state === 'RECOVERING'
      ? []
      : [
          `WARNING: This instance runs in the group, but is not recorded: ${rescan} with add_unmanaged records it.`,
        ]
  }
  const id = Number(row.attributes['server_id'] ?? 0)
  return [
    ...(uuid !== row.uuid
      ? [
          `WARNING: server_uuid is ${uuid}, but ${row.uuid} is recorded: ${rescan} corrects the record of a member.`,
        ]
      : id === 0
        ? [`NOTE: server_id is not recorded: ${rescan} records it.`]
        : server !== undefined && id !== server.picture.serverId
          ? [
              `WARNING: server_id is ${server.picture.serverId}, but ${id} is recorded: ${rescan} corrects it.`,
            ]
          : []),
    ...(/^.+:\d+$/.test(attribute(row.addresses, 'grLocal'))
      ? []
      : [`ERROR: The address that the group dials (grLocal) is not recorded: ${rescan} records it.`]),
    ...(server === undefined || sameAddress(addressOf(server), row.address)
      ? []
      : [
          `ERROR: The instance calls itself ${addressOf(server)}, but ${row.address} is recorded: ${rescan} corrects it.`,
        ]),
    ...(server === undefined || sameAddress(xAddressOf(server), attribute(row.addresses, 'mysqlX'))
      ? []
      : [
          `ERROR: The X protocol is ${xAddressOf(server) === '' ? 'not spoken' : `at ${xAddressOf(server)}`}, but ${attribute(row.addresses, 'mysqlX') || 'none'} is recorded: ${rescan} corrects it.`,
        ]),
  ]
}

function settingErrors(
  { row }: ListedMember,
  server: Server,
  cluster: Cluster,
  topology: Topology,
): readonly string[] {
  const { variables, persisted } = server.picture
  const source = seenBy(cluster)
  const limit = sizeLimit(cluster, topology)
  const own = variables['group_replication_transaction_size_limit']
  const [mode, wanted] = [server, source].map((one) => one?.picture.variables['group_replication_ssl_mode'])
  const applier = parallelApplierErrors(server.picture)
  return [
    ...(applier.length > 0
      ? [
          `NOTE: ${applier.map(({ option, required }) => `${option} has to be ${required}`).join(', ')}, so that transactions are applied in parallel: innodb_instance sets it.`,
        ]
      : []),
    ...(limit !== undefined && own !== undefined && own !== limit
      ? [
          `WARNING: group_replication_transaction_size_limit is ${own}, but the cluster's is ${limit}: transactions may be refused here that the others accept.`,
        ]
      : []),
    ...(row !== undefined && mode !== undefined && wanted !== undefined && mode !== wanted
      ? [`WARNING: memberSslMode is ${mode} here, but ${wanted} where the group is seen from.`]
      : []),
    ...(variables['offline_mode'] === 'ON' ? ['WARNING: offline_mode is ON: nobody can log in.'] : []),
    ...(variables['offline_mode'] !== 'ON' && persisted['offline_mode']?.toUpperCase() === 'ON'
      ? [
          'WARNING: offline_mode is persisted as ON: after its next start nobody can log in, not even the other members.',
        ]
      : []),
  ]
}

/** The limit that is recorded, or that of the primary: a replica cluster has none of its own. */
function sizeLimit(cluster: Cluster, topology: Topology): string | undefined {
  const recorded = isReplicaCluster(cluster, topology)
    ? ''
    : attribute(cluster.row.attributes, 'opt_transactionSizeLimit')
  return recorded === ''
    ? seenBy(cluster)?.picture.variables['group_replication_transaction_size_limit']
    : recorded === '-1'
      ? undefined
      : recorded
}

/** Whether record and account demand what the cluster's type of authentication means. */
function certificateErrors({ row }: ListedMember, cluster: Cluster, topology: Topology): readonly string[] {
  if (row === undefined) return []
  const { authType } = cluster
  const bySubject = authType.includes('SUBJECT')
  const user = attribute(row.attributes, 'recoveryAccountUser')
  const account = (topology.globalPrimary ?? seenBy(cluster))?.picture.accounts.find(
    (each) => each.user === user,
  )
  const is = `WARNING: memberAuthType is ${authType}, but`
  return [
    ...(bySubject && attribute(row.attributes, 'opt_certSubject') === ''
      ? [`${is} no certSubject is recorded for this instance.`]
      : []),
    ...(account !== undefined && needsCertificate(authType) && account.issuer === ''
      ? [`${is} ${user} demands no issuer.`]
      : []),
    ...(account !== undefined && bySubject && account.subject === ''
      ? [`${is} ${user} demands no subject.`]
      : []),
    ...(account !== undefined && hasPassword(authType) !== account.hasPassword
      ? [`${is} ${user} has ${account.hasPassword ? 'a' : 'no'} password.`]
      : []),
  ]
}

/** Whether the account that the member recovers with is its own, and recorded. */
function accountErrors({ row }: ListedMember, server: Server): readonly string[] {
  if (row === undefined) return []
  const recorded = attribute(row.attributes, 'recoveryAccountUser')
  const running = ['ONLINE', 'RECOVERING'].includes(ownState(server).state)
  const used = server.picture.channels.find(({ name }) => name === RECOVERY)?.user ?? ''
  const own = recoveryUser(server.picture.serverId)
  if (running && used === '')
    return ['WARNING: The channel of the recovery has no account: the instance could not come back.']
  if (running && used !== recorded && !used.startsWith(recoveryUser(0).slice(0, -1)))
    return [
      `WARNING: The instance recovers with the account ${used}, which is not one of a cluster: innodb_cluster_recovery_accounts gives it one.`,
    ]
  if (recorded === '')
    return ['WARNING: No recovery account is recorded for this instance: innodb_cluster_rescan repairs it.']
  if (running && used !== recorded)
    return [
      `WARNING: The instance recovers with the account ${used}, but ${recorded} is recorded: innodb_cluster_rescan corrects it.`,
    ]
  return isOwn(recorded, row, own)
    ? []
    : [`WARNING: The recovery account ${recorded} is that of another server_id; ${own} would be its own.`]
}

/** By the server's id, or by the one that is recorded; the names of early Shells have an r before it. */
function isOwn(user: string, row: InstanceRow, own: string): boolean {
  const ids = [own, recoveryUser(Number(row.attributes['server_id'] ?? 0))]
  return ids.some((name) => user === name || user === name.replace(/_(\d+)$/, '_r$1'))
}

function unusedAccounts(cluster: Cluster, topology: Topology): readonly string[] {
  const unused = scanCluster(cluster, topology)?.unused ?? []
  return unused.length === 0
    ? []
    : [
        `WARNING: No member uses ${unused.map(({ user, host }) => `${user}@${host}`).join(', ')}: innodb_cluster_rescan drops what is left over.`,
      ]
}
