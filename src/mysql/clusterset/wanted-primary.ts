import type { Cluster, ClusterSet, Topology } from '../topology.js'
import { clusterNamed } from '../topology.js'
import {
  invalidatedClusters,
  isOpen,
  recordedServers,
  statesText,
  unseenMembers,
  validClusters,
} from './members.js'

/** What is asked for: a cluster that shall be the primary one. */
export interface SetPrimaryCluster {
  readonly cluster: string
  /** Also when the present primary cluster is lost; what had not been replicated is lost with it. */
  readonly force: boolean
  /** Clusters that can't be reached and are to be left behind. */
  readonly invalidate: readonly string[]
  /** Seconds: for transactions to arrive, for tables that clients have locked. */
  readonly timeout: number
}

/** The clusters that a change of the primary cluster has to do with. */
export interface Roles {
  readonly clusterset: ClusterSet
  readonly target: Cluster
  /** Where the newest data is: the cluster that is open, or was until a switchover closed it. */
  readonly current: Cluster
  /** Further valid clusters that have a primary. */
  readonly replicas: readonly Cluster[]
  /** Valid clusters that are to be left behind. */
  readonly lost: readonly Cluster[]
  readonly invalidated: readonly Cluster[]
}

const names = (clusters: readonly Cluster[]): string => clusters.map(({ row }) => `"${row.name}"`).join(', ')

/** Who is who; or a sentence why nothing can be done. Read from what is there, so that an unfinished switchover is seen. */
export function rolesOf(
  wanted: SetPrimaryCluster,
  topology: Topology,
  silent: readonly string[],
): Roles | string {
  const { clusterset } = topology
  const unheard = silent.length === 0 ? '' : ` No answer from ${silent.join('; ')}.`
  if (clusterset === undefined) return `There is no ClusterSet among the servers of this play.${unheard}`
  const valid = validClusters(topology, clusterset)
  const invalidated = invalidatedClusters(topology, clusterset)
  const target = clusterNamed(topology, wanted.cluster)
  if (target !== undefined && invalidated.includes(target))
    return `Cluster "${target.row.name}" was invalidated and may lack transactions: let it rejoin the ClusterSet first (innodb_replica_cluster).`
  if (target === undefined || !valid.includes(target))
    return `ClusterSet "${clusterset.domainName}" has no cluster "${wanted.cluster}"; it has ${names(valid)}.`
  if (target.primary === undefined)
    return `Cluster "${target.row.name}" has no primary that is ONLINE and has a quorum, so it can't become the primary cluster.${unheard}`
  const open = valid.filter(isOpen)
  if (open.length > 1)
    return `Clusters ${names(open)} take writes, all of them. Find out which one holds the data, set super_read_only=ON on the primary of the others, and let them rejoin (innodb_replica_cluster).`
  const recorded = valid.find(({ row }) => row.id === clusterset.primaryClusterId)
  // A failover that was cut short has opened the target, but not for clients: the lost cluster counts until another is
  // recorded.
  const isLost = recorded !== undefined && recorded.primary === undefined
  const current = isLost ? recorded : (open[0] ?? recorded)
  if (current === undefined)
    return `The metadata of ClusterSet "${clusterset.domainName}" names no primary cluster.`
  const unavailable = valid.filter(
    (cluster) => cluster !== target && cluster !== current && cluster.primary === undefined,
  )
  const listed = (cluster: Cluster): boolean =>
    wanted.invalidate.some((name) => name.toLowerCase() === cluster.row.name.toLowerCase())
  const unknown = wanted.invalidate.filter(
    (name) => ![...valid, ...invalidated].some(({ row }) => row.name.toLowerCase() === name.toLowerCase()),
  )
  if (unknown.length > 0)
    return `invalidate_replica_clusters names ${unknown.map((name) => `"${name}"`).join(', ')}, which ClusterSet "${clusterset.domainName}" does not have.`
  const needless = valid.filter((cluster) => listed(cluster) && !unavailable.includes(cluster))
  if (needless.length > 0 && current !== target)
    return `invalidate_replica_clusters names ${names(needless)}, but only replica clusters that are not available are left behind.`
  const missing = unavailable.filter((cluster) => !listed(cluster))
  if (missing.length > 0 && current !== target)
    return `Replica cluster ${names(missing)} is not available. Bring it back, or leave it behind: invalidate_replica_clusters.${unheard}`
  const unseen = valid.flatMap((cluster) => unseenMembers(cluster, topology))
  if (unseen.length > 0)
    return `${unseen.join(', ')} is a member of a group, but not among the servers that are looked at. A member without the right channel would leave its group: name it in members, or run on all hosts.${unheard}`
  const refusal = current === target ? undefined : refuseCurrent(wanted, topology, current, unheard)
  if (refusal !== undefined) return refusal
  return {
    clusterset,
    target,
    current,
    replicas: valid.filter((cluster) => cluster !== target && cluster !== current && cluster.primary),
    lost: unavailable,
    invalidated,
  }
}

/** A switchover needs the present primary cluster; a failover must be impossible to mistake for one. */
function refuseCurrent(
  wanted: SetPrimaryCluster,
  topology: Topology,
  current: Cluster,
  unheard: string,
): string | undefined {
  const { name } = current.row
  const reached = recordedServers(topology, current)
  if (!wanted.force)
    return current.primary === undefined
      ? `The primary cluster "${name}" has no primary that is ONLINE and has a quorum, so no switchover is possible.${unheard} If members of it run, restore it first (reboot it, or force its quorum); if it is lost, fail over: force: true.`
      : undefined
  if (current.primary !== undefined)
    return `The primary cluster "${name}" is available: its primary is ${current.primary.host}. A switchover (without force) loses nothing.`
  if (reached.length > 0)
    return `Servers of the primary cluster "${name}" can be reached: ${statesText(reached)}. Restore it (reboot the cluster, or force its quorum); a failover would leave its transactions behind. If it must not come back, stop mysqld on them first.`
  return undefined
}
