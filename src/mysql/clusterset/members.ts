import { clustersetUser } from '../account.js'
import type { ReplicationChannel } from '../instance.js'
import type { Requirement } from '../step.js'
import {
  attribute,
  ownState,
  type Cluster,
  type ClusterSet,
  type Server,
  type Topology,
  hostPort,
} from '../topology.js'

/** Name of the channel between clusters. */
export const CLUSTERSET_CHANNEL = 'clusterset_replication'

/** The ClusterSet's channel of a server. */
export function channelOf({ picture }: Server): ReplicationChannel | undefined {
  return picture.channels.find(({ name }) => name === CLUSTERSET_CHANNEL)
}

/** Whether both threads of the channel of a server run. */
export function replicates(server: Server): boolean {
  const channel = channelOf(server)
  return channel?.receiver === 'ON' && channel.applier === 'ON'
}

/** Whether the primary of a cluster takes writes. */
export function isOpen(cluster: Cluster): boolean {
  return cluster.primary?.picture.variables['super_read_only'] === 'OFF'
}

/**
 * The servers of a cluster that answer, the primary last: a channel with failover must be on all others before it is on
 * the primary. Those that are out of their group just now would not come back with a wrong channel.
 */
export function primaryLast(cluster: Cluster, topology: Topology): readonly Server[] {
  const { primary } = cluster
  const others = recordedServers(topology, cluster).filter((server) => server !== primary)
  return primary === undefined ? others : [...others, primary]
}

/** Clusters of the newest view, in the order of the metadata. */
export function validClusters(topology: Topology, clusterset: ClusterSet): readonly Cluster[] {
  return topology.clusters.filter(({ row }) => clusterset.memberIds.includes(row.id))
}

/** Clusters that were left behind. */
export function invalidatedClusters(topology: Topology, clusterset: ClusterSet): readonly Cluster[] {
  return topology.clusters.filter(({ row }) => clusterset.invalidatedIds.includes(row.id))
}

/** The account that a member's channel logs in with, and what it must demand: each member shows its own certificate. */
export interface ChannelAccount {
  readonly user: string
  readonly host: string
  readonly requirement: Requirement
}

/** The account of a member in a ClusterSet. */
export function channelAccount(member: Server, topology: Topology, clusterset: ClusterSet): ChannelAccount {
  const row = topology.metadata?.instances.find(({ uuid }) => uuid === member.picture.uuid)
  return {
    user: clustersetUser(member.picture.serverId),
    host: clusterset.allowedHost,
    requirement: {
      authType: clusterset.authType,
      issuer: clusterset.issuer,
      subject: attribute(row?.attributes ?? {}, 'opt_certSubject'),
    },
  }
}

/** Members that a group has at the moment but that were not looked at: without the channel they would leave the group. */
export function unseenMembers(cluster: Cluster, topology: Topology): readonly string[] {
  return (cluster.primary?.picture.members ?? [])
    .filter(({ state }) => state === 'ONLINE' || state === 'RECOVERING')
    .filter(({ uuid }) => !topology.servers.some(({ picture }) => picture.uuid === uuid))
    .map(({ host, port }) => hostPort(host, port))
}

/** Servers of the play that are recorded in a cluster, whatever their state. */
export function recordedServers(topology: Topology, cluster: Cluster): readonly Server[] {
  return topology.servers.filter(({ picture }) => cluster.instances.some(({ uuid }) => uuid === picture.uuid))
}

/** "s1 (ONLINE), s2 (OFFLINE)". */
export function statesText(servers: readonly Server[]): string {
  return servers.map((server) => `${server.host} (${ownState(server).state})`).join(', ')
}
