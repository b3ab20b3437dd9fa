import { addressOf, hasQuorum, type Cluster, type Topology } from '../topology.js'
import { channelAt } from './channel-status.js'
import { informantOf, listMembers, seenBy } from './listed-members.js'

/** AdminAPI's word and sentence for a cluster by itself. */
export function stateOf(
  cluster: Cluster,
  topology: Topology,
): { readonly status: string; readonly statusText: string } {
  const { clusterset } = topology
  const source = seenBy(cluster)
  const group = source?.picture.members ?? []
  const inactive = cluster.instances.length - group.filter(({ state }) => state === 'ONLINE').length
  const tail =
    inactive <= 0 ? '' : inactive === 1 ? ' 1 member is not active.' : ` ${inactive} members are not active.`
  if (source === undefined) {
    // One that does not answer could be ONLINE.
    const silent = listMembers(cluster, topology).filter(({ server }) => server === undefined).length
    if (silent === 0) return { status: 'OFFLINE', statusText: 'All members of the group are OFFLINE.' }
    return {
      status: 'UNREACHABLE',
      statusText:
        silent === cluster.instances.length
          ? 'No member of the cluster answers.'
          : 'No member that answers is ONLINE.',
    }
  }
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
export function replicationStatus(cluster: Cluster, topology: Topology): string {
  const at = cluster.primary ?? informantOf(cluster, topology)
  if (at === undefined) return 'UNKNOWN'
  const found = channelAt(at, 'clusterset_replication')
  switch (found?.state) {
    case undefined:
      return 'MISSING'
    case 'CONNECTING':
      return 'CONNECTING'
    case 'ON': {
      const source = at.picture.channelDetails['clusterset_replication']?.sourceUuid ?? ''
      const wanted = topology.globalPrimary?.picture.uuid
      return wanted === undefined || source === '' || source === wanted ? 'OK' : 'MISCONFIGURED'
    }
    case 'CONNECTION_ERROR':
    case 'APPLIER_ERROR':
      return 'ERROR'
    default:
      return 'STOPPED'
  }
}
