import type { Plan } from '../../host/plan.js'
import type { MysqlLogin } from '../login.js'
import { hasQuorum, type Cluster, type InstanceRow, type Server, type Topology } from '../topology.js'
import { isIn } from './members.js'
import { planInstanceOptions, type InstanceOptions } from './plan-instance-options.js'
import { planRejoin } from './plan-rejoin.js'

/** A server that is recorded as a member: it is brought back if it is not ONLINE, and its options are kept. */
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
  const runs = isIn(cluster, server) && hasQuorum(server)
  if (runs) return planInstanceOptions(options, server, row, cluster, topology, login)
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
