import type { ReplicationChannel } from '../instance.js'
import type { Value, ValueMap } from '../../value/value.js'
import { addressOf, ownState, type Cluster, type Server, type Topology } from '../topology.js'

/** The SSL mode that a channel really has, from its configuration. */
export function channelSslMode(channel: ReplicationChannel): string {
  if (!channel.ssl) return 'DISABLED'
  if (channel.verifyServerCert) return 'VERIFY_IDENTITY'
  return channel.sslCa === '' ? 'REQUIRED' : 'VERIFY_CA'
}

/** `TLS_AES_128_GCM_SHA256 TLSv1.3` of the connection of an account, as the servers that it is logged in to see it; null if there is none. */
export function liveTls(user: string, servers: readonly Server[]): string | null {
  for (const { picture } of servers) {
    const thread = picture.secureThreads.find((one) => one.user === user && one.version !== '')
    if (thread) return `${thread.cipher} ${thread.version}`
  }
  return null
}

function stateOf(cluster: Cluster): { readonly status: string; readonly statusText: string } {
  const total = cluster.instances.length
  const online = cluster.online.length
  if (online === 0) return { status: 'OFFLINE', statusText: 'All members of the group are OFFLINE.' }
  if (cluster.primary === undefined)
    return {
      status: 'NO_QUORUM',
      statusText: 'Cluster has no primary and cannot process write transactions.',
    }
  const tolerated = Math.floor((online - 1) / 2)
  const inactive = total - online
  const tail =
    inactive === 0 ? '' : inactive === 1 ? ' 1 member is not active.' : ` ${inactive} members are not active.`
  const partial = inactive === 0 ? '' : '_PARTIAL'
  if (tolerated === 0)
    return {
      status: `OK_NO_TOLERANCE${partial}`,
      statusText: `Cluster is NOT tolerant to any failures.${tail}`,
    }
  return {
    status: `OK${partial}`,
    statusText: `Cluster is ONLINE and can tolerate up to ${tolerated === 1 ? 'ONE failure' : `${tolerated} failures`}.${tail}`,
  }
}

/** What AdminAPI's cluster.status() returns. Pure. */
export function clusterStatus(cluster: Cluster, topology: Topology): ValueMap {
  const { clusterset } = topology
  const role =
    clusterset === undefined
      ? undefined
      : clusterset.primaryClusterId === cluster.row.id
        ? 'PRIMARY'
        : 'REPLICA'
  const { primary } = cluster
  return {
    clusterName: cluster.row.name,
    ...(role === undefined || clusterset === undefined
      ? {}
      : { clusterRole: role, domainName: clusterset.domainName }),
    ...(role === 'REPLICA' ? { clusterSetReplicationStatus: replicationStatus(cluster) } : {}),
    defaultReplicaSet: {
      name: 'default',
      primary: primary === undefined ? '?' : addressOf(primary),
      ssl: primary?.picture.variables['group_replication_ssl_mode'] ?? null,
      ...stateOf(cluster),
      topology: Object.fromEntries(
        cluster.instances.map((row): readonly [string, Value] => [
          row.name,
          memberStatus(row.uuid, row.address, cluster, topology),
        ]),
      ),
      topologyMode: 'Single-Primary',
    },
    groupInformationSourceMember: primary === undefined ? null : addressOf(primary),
  }
}

function memberStatus(uuid: string, address: string, cluster: Cluster, topology: Topology): ValueMap {
  const server = topology.servers.find(({ picture }) => picture.uuid === uuid)
  const seen = cluster.primary?.picture.members.find((member) => member.uuid === uuid)
  if (server === undefined)
    return {
      address,
      memberRole: seen?.role ?? null,
      mode: 'n/a',
      role: 'HA',
      status: seen?.state ?? '(MISSING)',
    }
  const { state, role } = ownState(server)
  const writable = state === 'ONLINE' && server.picture.variables['super_read_only'] === 'OFF'
  return {
    address,
    memberRole: role,
    mode: state !== 'ONLINE' ? 'n/a' : writable ? 'R/W' : 'R/O',
    readReplicas: {},
    role: 'HA',
    status: state === 'OFFLINE' ? '(MISSING)' : state,
    version: server.picture.version,
  }
}

function replicationStatus(cluster: Cluster): string {
  const channel = cluster.primary?.picture.channels.find(({ name }) => name === 'clusterset_replication')
  if (channel === undefined) return 'MISSING'
  if (channel.error !== '') return channel.receiver === 'CONNECTING' ? 'CONNECTING' : 'ERROR'
  if (channel.receiver === 'CONNECTING') return 'CONNECTING'
  return channel.receiver === 'ON' && channel.applier === 'ON' ? 'OK' : 'STOPPED'
}

/** What AdminAPI's clusterSet.status() returns; null without a ClusterSet. Pure. */
export function clusterSetStatus(topology: Topology): ValueMap | null {
  const { clusterset } = topology
  if (clusterset === undefined) return null
  const members = topology.clusters.filter(({ row }) => clusterset.memberIds.includes(row.id))
  const primary = members.find(({ row }) => row.id === clusterset.primaryClusterId)
  const clusters = Object.fromEntries(
    members.map((cluster): readonly [string, Value] => [
      cluster.row.name,
      memberCluster(cluster, cluster === primary, topology),
    ]),
  )
  const wellReplicas = members
    .filter((cluster) => cluster !== primary)
    .every((cluster) => replicationStatus(cluster) === 'OK' && cluster.primary !== undefined)
  const status = primary?.primary === undefined ? 'UNAVAILABLE' : wellReplicas ? 'HEALTHY' : 'AVAILABLE'
  const texts = {
    UNAVAILABLE: 'Primary Cluster is not available.',
    HEALTHY: 'All Clusters available.',
    AVAILABLE: 'Primary Cluster available, there are issues with a Replica cluster.',
  }
  return {
    clusters,
    domainName: clusterset.domainName,
    globalPrimaryInstance: topology.globalPrimary === undefined ? null : addressOf(topology.globalPrimary),
    primaryCluster: primary?.row.name ?? null,
    status,
    statusText: texts[status],
  }
}

function memberCluster(cluster: Cluster, isPrimary: boolean, topology: Topology): ValueMap {
  const replication = replicationStatus(cluster)
  const available = cluster.primary !== undefined
  const channel = cluster.primary?.picture.channels.find(({ name }) => name === 'clusterset_replication')
  return {
    clusterRole: isPrimary ? 'PRIMARY' : 'REPLICA',
    globalStatus: !available ? 'NOT_OK' : isPrimary || replication === 'OK' ? 'OK' : 'OK_NOT_REPLICATING',
    primary: cluster.primary === undefined ? null : addressOf(cluster.primary),
    ...(isPrimary ? {} : { clusterSetReplicationStatus: replication }),
    ...(channel === undefined || isPrimary
      ? {}
      : {
          clusterSetReplication: {
            source: `${channel.host}:${channel.port}`,
            receiverStatus: channel.receiver,
            applierStatus: channel.applier,
            replicationSslMode: channelSslMode(channel),
            replicationSsl: liveTls(channel.user, topology.servers),
          },
        }),
  }
}
