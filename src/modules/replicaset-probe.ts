import type { HostReader } from '../host/host.js'
import type { MysqlLogin } from '../mysql/login.js'
import { replicasetsOf, type ReplicaSet } from '../mysql/replicaset/replicaset.js'
import { viewCluster, type ClusterView } from './cluster-probe.js'

/** What every ReplicaSet module looks at. */
export interface ReplicaSetView extends ClusterView {
  readonly sets: readonly ReplicaSet[]
}

/** Reads one picture of each server. @throws SignetError mysql-unreachable when the task's own server does not answer */
export async function viewReplicaSets(
  host: HostReader,
  names: readonly string[],
  login: MysqlLogin,
): Promise<ReplicaSetView> {
  const view = await viewCluster(host, names, login, { onlyLook: true })
  return { ...view, sets: replicasetsOf(view.topology.servers) }
}
