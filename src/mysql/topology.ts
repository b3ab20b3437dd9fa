import { isWithin, parseGtidSet } from './gtid-set.js'
import type { InstancePicture, Metadata } from './instance.js'
import type { AuthType } from './step.js'

/** A server of the inventory with its picture. */
export interface Server {
  /** Inventory name. */
  readonly host: string
  readonly picture: InstancePicture
}

export type ClusterRow = Metadata['clusters'][number]
export type InstanceRow = Metadata['instances'][number]

/** A cluster as metadata and its running members describe it. */
export interface Cluster {
  readonly row: ClusterRow
  readonly groupName: string
  readonly authType: AuthType
  readonly issuer: string
  readonly allowedHost: string
  /** Members of the group; not the read replicas, which belong to the cluster, too. */
  readonly instances: readonly InstanceRow[]
  readonly readReplicas: readonly InstanceRow[]
  /** Servers of the inventory whose group it is and who are ONLINE in it. */
  readonly online: readonly Server[]
  /** Undefined also when there are two: {@link split}. */
  readonly primary: Server | undefined
  /** Primaries of one group name that do not see each other: the group was started twice, and each side takes writes. */
  readonly split?: readonly Server[]
}

export interface ClusterSet {
  readonly id: string
  readonly domainName: string
  readonly sslMode: string
  readonly authType: AuthType
  readonly issuer: string
  /** Host part of the accounts of its channels. */
  readonly allowedHost: string
  readonly primaryClusterId: string | undefined
  /** Clusters that are valid: those of the newest view. */
  readonly memberIds: readonly string[]
  /** Clusters that belong to the set but were left behind by a forced failover or switchover. */
  readonly invalidatedIds: readonly string[]
}

/** All clusters that the servers know of. */
export interface Topology {
  readonly servers: readonly Server[]
  /** The metadata that counts: that with the newest view of the ClusterSet; among equals that of the primary cluster's primary. */
  readonly metadata: Metadata | undefined
  readonly clusters: readonly Cluster[]
  readonly clusterset: ClusterSet | undefined
  /** Where metadata is written: the primary of the primary cluster, or of the only cluster. */
  readonly globalPrimary: Server | undefined
}

export const attribute = (values: Readonly<Record<string, unknown>>, key: string, fallback = ''): string => {
  const value = values[key]
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : fallback
}

/** The state of a server in its own group. */
export function ownState({ picture }: Server): { readonly state: string; readonly role: string } {
  const me = picture.members.find((member) => member.uuid === picture.uuid)
  return { state: me?.state ?? 'OFFLINE', role: me?.role ?? '' }
}

export const isOnline = (server: Server): boolean => ownState(server).state === 'ONLINE'

/** Whether a server sees the majority of its group: without it, it can neither write nor tell who is primary. */
export function hasQuorum({ picture }: Server): boolean {
  const reachable = picture.members.filter(({ state }) => state === 'ONLINE' || state === 'RECOVERING')
  return reachable.length > picture.members.length / 2
}

/** Whether what a server records can be true: one that was removed keeps the record of that day, without itself. */
function isMember(server: Server): boolean {
  const { uuid, metadata } = server.picture
  return isOnline(server) || metadata?.instances.some((row) => row.uuid === uuid) === true
}

/** Ids of the clusters that a server's record describes, if the server runs in one of them. */
function ownClusters(server: Server): readonly string[] {
  const { uuid, metadata } = server.picture
  return isOnline(server) && metadata?.instances.some((row) => row.uuid === uuid) === true
    ? metadata.clusters.filter(({ type }) => type === 'gr').map(({ id }) => id)
    : []
}

const GROUP_NAME = 'group_replication_group_name'

/**
 * Puts the pictures of servers together. Pure.
 * @param about the server that a task is for: when it runs in a cluster, those that have nothing to do with that do not count
 */
export function topologyOf(servers: readonly Server[], about?: Server): Topology {
  const own = about === undefined ? [] : ownClusters(about)
  const isRelated = ({ picture }: Server): boolean =>
    own.length === 0 || picture.metadata?.clusters.some(({ id }) => own.includes(id)) === true
  const withMetadata = servers.filter(
    (server) =>
      server.picture.metadata?.clusters.some(({ type }) => type === 'gr') === true &&
      isMember(server) &&
      isRelated(server),
  )
  const score = (server: Server): number => {
    const { metadata } = server.picture
    const own = ownState(server)
    const me = metadata?.instances.find((row) => row.uuid === server.picture.uuid)
    const isPrimaryCluster =
      metadata?.clustersetMembers.some((row) => row.clusterId === me?.clusterId && row.primary) ?? false
    return (
      (own.state === 'ONLINE' && hasQuorum(server) ? 4 : 0) +
      (own.role === 'PRIMARY' ? 2 : 0) +
      (isPrimaryCluster ? 8 : 0) +
      (metadata?.clustersets.length ? 1 : 0)
    )
  }
  // A failover adds 2^32 to the number: what a cluster that was left behind believes never counts.
  const view = ({ picture }: Server): bigint =>
    (picture.metadata?.clustersetMembers ?? []).reduce<bigint>((newest, row) => {
      const number = /^\d+$/.test(row.viewId) ? BigInt(row.viewId) : 0n
      return number > newest ? number : newest
    }, 0n)
  // A member that has not got yet what another one of its group has believes in what is no more: a ClusterSet that was
  // dissolved. Of several primaries any may be the one that is ahead.
  const isOutdone = (one: Server, other: Server): boolean => {
    if (!isOnline(one) || !isOnline(other) || !hasQuorum(other) || !sees(other, one)) return false
    const [own, others] = [one, other].map(({ picture }) => picture.gtidExecuted)
    return own === others
      ? ownState(other).role === 'PRIMARY' && ownState(one).role !== 'PRIMARY'
      : isWithin(parseGtidSet(own ?? ''), parseGtidSet(others ?? ''))
  }
  const isBetter = (one: Server, other: Server): boolean =>
    view(one) !== view(other) ? view(one) > view(other) : score(one) > score(other)
  const best = withMetadata
    .filter((one) => !withMetadata.some((other) => isOutdone(one, other)))
    .reduce<Server | undefined>(
      (found, one) => (found === undefined || isBetter(one, found) ? one : found),
      undefined,
    )
  const metadata = best?.picture.metadata
  // ReplicaSets have no group; they are put together in replicaset/replicaset.ts.
  const clusters = (metadata?.clusters ?? [])
    .filter(({ type }) => type === 'gr')
    .map((row) => clusterOf(row, metadata, servers))
  const set = metadata?.clustersets[0]
  const members = metadata?.clustersetMembers ?? []
  const primaryClusterId = members.find((row) => row.primary)?.clusterId
  const primaryCluster =
    primaryClusterId === undefined ? clusters[0] : clusters.find(({ row }) => row.id === primaryClusterId)
  return {
    servers,
    metadata,
    clusters,
    globalPrimary: primaryCluster?.primary,
    clusterset:
      set === undefined
        ? undefined
        : {
            id: set.id,
            domainName: set.domainName,
            sslMode: attribute(set.attributes, 'opt_clusterSetReplicationSslMode', 'REQUIRED'),
            authType: attribute(set.attributes, 'opt_memberAuthType', 'PASSWORD') as AuthType,
            issuer: attribute(set.attributes, 'opt_certIssuer'),
            allowedHost: attribute(set.attributes, 'opt_replicationAllowedHost', '%'),
            primaryClusterId,
            memberIds: members.map((row) => row.clusterId),
            invalidatedIds: (metadata?.clusters ?? [])
              .filter(
                ({ id, clustersetId }) =>
                  clustersetId === set.id && !members.some((row) => row.clusterId === id),
              )
              .map(({ id }) => id),
          },
  }
}

function clusterOf(row: ClusterRow, metadata: Metadata | undefined, servers: readonly Server[]): Cluster {
  const groupName = attribute(row.attributes, 'group_replication_group_name')
  const recorded = (metadata?.instances ?? []).filter((instance) => instance.clusterId === row.id)
  const instances = recorded.filter(({ type }) => type !== 'read-replica')
  const online = servers.filter(
    (server) => server.picture.variables[GROUP_NAME] === groupName && isOnline(server),
  )
  const primaries = online.filter((server) => ownState(server).role === 'PRIMARY' && hasQuorum(server))
  const split = primaries.filter((one) => primaries.some((other) => !sees(one, other) && !sees(other, one)))
  return {
    row,
    groupName,
    instances,
    readReplicas: recorded.filter(({ type }) => type === 'read-replica'),
    online,
    authType: attribute(row.attributes, 'opt_memberAuthType', 'PASSWORD') as AuthType,
    issuer: attribute(row.attributes, 'opt_certIssuer'),
    allowedHost: attribute(row.attributes, 'opt_replicationAllowedHost', '%'),
    primary: split.length > 0 ? undefined : primaries[0],
    ...(split.length > 0 ? { split } : {}),
  }
}

/** Whether a server has another, or itself, in its group. */
const sees = ({ picture }: Server, other: Server): boolean =>
  picture.members.some(({ uuid }) => uuid === other.picture.uuid)

/** The cluster of a name; undefined if there is none. Names are compared like the server does: without case. */
export function clusterNamed(topology: Topology, name: string): Cluster | undefined {
  return topology.clusters.find(({ row }) => row.name.toLowerCase() === name.toLowerCase())
}

/** The cluster that a server is recorded in. */
export function clusterOfServer(topology: Topology, server: Server): Cluster | undefined {
  return topology.clusters.find(({ instances }) => instances.some((row) => row.uuid === server.picture.uuid))
}

/** The addresses that metadata records of a server. @param groupAddress where the group dials it, if it is in one */
export function recordedAddresses(server: Server, groupAddress?: string): Readonly<Record<string, string>> {
  const x = xAddressOf(server)
  return {
    mysqlClassic: addressOf(server),
    ...(x === '' ? {} : { mysqlX: x }),
    ...(groupAddress === undefined ? {} : { grLocal: groupAddress }),
  }
}

/** Where a server speaks the X protocol; empty where it does not. */
export function xAddressOf({ picture }: Server): string {
  const port = picture.variables['mysqlx_port']
  return port === undefined ? '' : hostPort(picture.host, Number(port))
}

/** `host:port` as other servers are given it. */
export const addressOf = ({ picture }: Server): string => hostPort(picture.host, picture.port)

/** `host:port`, an IPv6 address in brackets. */
export const hostPort = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
