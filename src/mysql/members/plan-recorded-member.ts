import type { Plan } from '../../host/plan.js'
import type { MysqlLogin } from '../login.js'
import { hasQuorum, type Cluster, type InstanceRow, type Server, type Topology } from '../topology.js'
import { seedSteps } from './group-steps.js'
import { groupAddress, isIn, seedsFor } from './members.js'
import { planInstanceOptions, type InstanceOptions } from './plan-instance-options.js'
import { planRejoin } from './plan-rejoin.js'

/**
 * A server that is recorded as a member: it is brought back if it is not ONLINE, its options are kept, and the members
 * know one another's addresses, which a run that died right after recording it had not told them.
 */
export function planRecordedMember(
  server: Server,
  row: InstanceRow,
  cluster: Cluster,
  options: InstanceOptions,
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const { primary } = cluster
  const { name } = cluster.row
  const runs = isIn(cluster, server) && hasQuorum(server) && !isExpelled(server, primary)
  if (runs) {
    const kept = planInstanceOptions(options, server, row, cluster, topology, login)
    if (kept.failure !== undefined) return kept
    const unaware = cluster.online.filter((member) => isUnaware(member, server, row, cluster))
    return {
      ...kept,
      steps: [...kept.steps, ...seedSteps(unaware, cluster.instances, login)],
      diff: [
        ...kept.diff,
        ...unaware.map(({ host, picture }) => ({
          what: `addresses of other members that ${host} knows`,
          before: `${picture.variables[SEEDS] ?? ''}\n`,
          after: `${seedsFor(picture.uuid, cluster.instances)}\n`,
        })),
      ],
    }
  }
  if (primary === undefined)
    return {
      steps: [],
      diff: [],
      failure: `Cluster "${name}" has no primary that is ONLINE with quorum and answers, so ${server.host} can't come back. If no member runs, reboot the cluster (innodb_cluster_reboot); if the majority is lost, restore the quorum (innodb_cluster_quorum).`,
    }
  const back = planRejoin({
    server,
    row,
    cluster,
    primary,
    writer: topology.globalPrimary ?? primary,
    topology,
    login,
    given: options.given,
  })
  if (back.failure !== undefined) return back
  const record = planInstanceOptions({ ...options, given: [] }, server, row, cluster, topology, login)
  if (record.failure !== undefined) return record
  return {
    ...back,
    steps: [...back.steps, ...record.steps],
    diff: [...back.diff, ...record.diff],
  }
}

/** A member that was cut off or frozen takes a moment to learn that the group goes on without it. */
const isExpelled = (server: Server, primary: Server | undefined): boolean =>
  primary !== undefined && !primary.picture.members.some(({ uuid }) => uuid === server.picture.uuid)

const SEEDS = 'group_replication_group_seeds'

/** Whether a member lacks the address of the server, or the server that of any other. More than these is its own affair. */
function isUnaware(member: Server, server: Server, row: InstanceRow, cluster: Cluster): boolean {
  const known = (member.picture.variables[SEEDS] ?? '').split(',').map((address) => address.trim())
  const others =
    member.picture.uuid === server.picture.uuid
      ? cluster.instances.filter(({ uuid }) => uuid !== server.picture.uuid)
      : [row]
  return others.some((other) => !known.includes(groupAddress(other)))
}
