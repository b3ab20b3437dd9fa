import type { Plan, Prediction } from '../../host/plan.js'
import type { MysqlInstance } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import { clusterOfServer, topologyOf, type Cluster, type Server, type Topology } from '../topology.js'
import { planClusterOptions, type ClusterOptions } from './plan-cluster-options.js'
import { planTopologyMode } from './plan-topology-mode.js'

/** Keeps the options of a cluster that runs, and how many primaries it has. */
export function planExistingCluster(
  wanted: ClusterOptions & { readonly multiPrimary: boolean | undefined },
  server: Server,
  cluster: Cluster,
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const options = planClusterOptions(wanted, cluster, topology, login)
  if (options.failure !== undefined || wanted.multiPrimary === undefined) return options
  // The mode is planned on what the options leave behind.
  const after = foreseen(server, topology, options.predicts ?? [])
  const then = clusterOfServer(after, server) ?? cluster
  const self = after.servers.find(({ host }) => host === server.host) ?? server
  const mode = planTopologyMode(wanted.multiPrimary, self, then, after, login)
  if (mode.failure !== undefined) return mode
  return {
    steps: [...options.steps, ...mode.steps],
    diff: [...options.diff, ...mode.diff],
    predicts: [...(options.predicts ?? []), ...(mode.predicts ?? [])],
    ...(options.warnings === undefined ? {} : { warnings: options.warnings }),
  }
}

/** The servers as predictions have them. */
function foreseen(about: Server, topology: Topology, predictions: readonly Prediction[]): Topology {
  const servers = topology.servers.map((server) => {
    const found = predictions.find(
      ({ host, question }) => host === server.host && question.ask === 'mysql_instance',
    )
    const picture = found?.answer as MysqlInstance | undefined
    return picture?.kind === 'up' ? { host: server.host, picture } : server
  })
  return topologyOf(servers, about)
}
