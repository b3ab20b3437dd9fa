import { clusterNamed } from '../mysql/topology.js'
import { describeCluster, describeClusterSet } from '../mysql/views/describe.js'
import { clusterOptions, clusterSetOptions } from '../mysql/views/options.js'
import { linkValues } from '../mysql/views/security.js'
import { clusterSetStatus } from '../mysql/views/clusterset-status.js'
import { clusterStatus } from '../mysql/views/status.js'
import { readDetail } from './extended-probe.js'
import { defineModule } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { routersByName, viewRouters } from './router-probe.js'
import { viewStatus } from './status-probe.js'

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
    extended: {
      type: 'integer',
      minimum: 0,
      maximum: 3,
      default: 0,
      description: 'How much status() tells.',
    },
    all: {
      type: 'boolean',
      default: false,
      description: 'options() with every variable of Group Replication.',
    },
    ...LOGIN_ARGS,
  },
  returns: {
    clusters: 'status, options and describe of each cluster, by name.',
    clusterset: 'status, options and describe of the ClusterSet; null without one.',
    connections: 'How every kind of connection between servers is encrypted, verified and authenticated.',
    routers: "AdminAPI's listRouters() of each cluster and of the ClusterSet, by name.",
  },
  examples: [{ description: 'Everything that the servers of the play know', args: {} }],
  probe: async (host, args, task) => {
    const names = args.members ?? task.playHosts
    const view = await viewStatus(host, [host.host, ...names], loginOf(args))
    const answering = view.topology.servers.map((server) => server.host)
    const routers = await viewRouters(host, answering, loginOf(args))
    const detail = await readDetail(host, view, loginOf(args), args.extended)
    return { ...view, routers, detail }
  },
  plan: (args, { topology, silent }) => {
    const missing = args.cluster !== undefined && clusterNamed(topology, args.cluster) === undefined
    return {
      steps: [],
      diff: [],
      warnings: silent.map((each) => `No answer from ${each}`),
      ...(missing ? { failure: `There is no cluster "${args.cluster ?? ''}" among these servers.` } : {}),
    }
  },
  result: (args, { topology, routers, detail }) => ({
    clusters: Object.fromEntries(
      topology.clusters
        .filter(({ row }) => args.cluster === undefined || row.name === args.cluster)
        .map((cluster) => [
          cluster.row.name,
          {
            status: clusterStatus(cluster, topology, detail),
            options: clusterOptions(cluster, topology, args.all),
            describe: describeCluster(cluster),
          },
        ]),
    ),
    clusterset:
      topology.clusterset === undefined
        ? null
        : {
            status: clusterSetStatus(topology, detail),
            options: clusterSetOptions(topology),
            describe: describeClusterSet(topology),
          },
    connections: linkValues(topology),
    routers: routersByName(routers),
  }),
})
