import { clusterNamed } from '../mysql/topology.js'
import { describeCluster, describeClusterSet } from '../mysql/views/describe.js'
import { clusterOptions, clusterSetOptions } from '../mysql/views/options.js'
import { linkValues } from '../mysql/views/security.js'
import { clusterSetStatus, clusterStatus } from '../mysql/views/status.js'
import { viewCluster } from './cluster-probe.js'
import { defineModule } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'

export const innodb_cluster_info = defineModule({
  name: 'innodb_cluster_info',
  aliases: [],
  summary:
    "Reads clusters and the ClusterSet: AdminAPI's status(), options() and describe(), in its names and nesting. Changes nothing.",
  args: {
    cluster: { type: 'string', description: 'Only this cluster.' },
    members: {
      type: 'strings',
      description: 'Inventory names of the servers to read (default: all hosts of the play).',
    },
    ...LOGIN_ARGS,
  },
  returns: {
    clusters: 'status, options and describe of each cluster, by name.',
    clusterset: 'status, options and describe of the ClusterSet; null without one.',
    connections: 'How every kind of connection between servers is encrypted, verified and authenticated.',
  },
  examples: [{ description: 'Everything that the servers of the play know', args: {} }],
  probe: (host, args, task) => viewCluster(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, { topology, silent }) => {
    const missing = args.cluster !== undefined && clusterNamed(topology, args.cluster) === undefined
    return {
      steps: [],
      diff: [],
      warnings: silent.map((each) => `No answer from ${each}`),
      ...(missing ? { failure: `There is no cluster "${args.cluster ?? ''}" among these servers.` } : {}),
    }
  },
  result: (args, { topology }) => ({
    clusters: Object.fromEntries(
      topology.clusters
        .filter(({ row }) => args.cluster === undefined || row.name === args.cluster)
        .map((cluster) => [
          cluster.row.name,
          {
            status: clusterStatus(cluster, topology),
            options: clusterOptions(cluster),
            describe: describeCluster(cluster),
          },
        ]),
    ),
    clusterset:
      topology.clusterset === undefined
        ? null
        : {
            status: clusterSetStatus(topology),
            options: clusterSetOptions(topology),
            describe: describeClusterSet(topology),
          },
    connections: linkValues(topology),
  }),
})
