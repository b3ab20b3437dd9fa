import { addressOf, hasQuorum, type Cluster, type Topology } from '../topology.js'
import { seenBy } from './member-status.js'

/** AdminAPI's word and sentence for a cluster by itself. */
export function stateOf(
  cluster: Cluster,
  topology: Topology,
): { readonly status: string; readonly statusText: string } {
  const { clusterset } = topology
  const total = cluster.instances.length
  const online = cluster.online.length
  const source = seenBy(cluster)
  const inactive = total - online
  const tail =
    inactive === 0 ? '' : inactive === 1 ? ' 1 member is not active.' : ` ${inactive} members are not active.`
  const anybody = cluster.instances.some(({ uuid }) =>
    topology.servers.some(({ picture }) => picture.uuid === uuid),
  )
  if (source === undefined)
    return anybody
      ? { status: 'OFFLINE', statusText: 'All members of the group are OFFLINE.' }
      : { status: 'UNREACHABLE', statusText: 'No member of the cluster answers.' }
  if (!hasQuorum(source))
    return {
      status: 'NO_QUORUM',
      statusText: `Cluster has no quorum as visible from '${addressOf(source)}' and cannot process write transactions.${tail}`,
    }
  if (clusterset?.invalidatedIds.includes(cluster.row.id) === true)
    return {
      status: 'INVALIDATED',
      statusText: `Cluster was invalidated by the ClusterSet it belongs to.${tail}`,
    }
  if (isFenced(cluster, topology))
    return { status: 'FENCED_WRITES', statusText: `Cluster is fenced from Write Traffic.${tail}` }
  const group = source.picture.members
  const voting = group.filter(({ state }) => state === 'ONLINE' || state === 'RECOVERING').length
  const tolerated = Math.floor((voting - 1) / 2)
  const missing = cluster.instances.some(({ uuid }) => !group.some((member) => member.uuid === uuid))
  const partial = missing || group.length !== voting ? '_PARTIAL' : ''
  if (tolerated < 1)
    return {
      status: `OK_NO_TOLERANCE${partial}`,
      statusText: `Cluster is NOT tolerant to any failures.${tail}`,
    }
  return {
    status: `OK${partial}`,
    statusText: `Cluster is ONLINE and can tolerate up to ${tolerated === 1 ? 'ONE failure' : `${tolerated} failures`}.${tail}`,
  }
}

/** A primary that is kept from writes on purpose: its member action would have opened it. */
export function isFenced(cluster: Cluster, { clusterset }: Topology): boolean {
  const { primary } = cluster
  return (
    primary !== undefined &&
    (clusterset === undefined || clusterset.primaryClusterId === cluster.row.id) &&
    primary.picture.variables['super_read_only'] === 'ON'
  )
}

/** AdminAPI's word for the channel of a cluster in a ClusterSet. */
export function replicationStatus(cluster: Cluster): string {
  const channel = cluster.primary?.picture.channels.find(({ name }) => name === 'clusterset_replication')
  if (channel === undefined) return 'MISSING'
  if (channel.error !== '') return channel.receiver === 'CONNECTING' ? 'CONNECTING' : 'ERROR'
  if (channel.receiver === 'CONNECTING') return 'CONNECTING'
  return channel.receiver === 'ON' && channel.applier === 'ON' ? 'OK' : 'STOPPED'
}
