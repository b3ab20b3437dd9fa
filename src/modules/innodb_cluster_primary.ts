import { planSetPrimary } from '../mysql/members/plan-primary.js'
import { clusterNamed, clusterOfServer } from '../mysql/topology.js'
import { viewCluster } from './cluster-probe.js'
import { MEMBERS_ARGS } from './members-args.js'
import { defineModule } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'

export const innodb_cluster_primary = defineModule({
  name: 'innodb_cluster_primary',
  aliases: [],
  summary:
    "Makes the task's server the primary of its InnoDB Cluster: AdminAPI's setPrimaryInstance. All members must be ONLINE.",
  args: {
    cluster: { type: 'string', description: 'Name of the cluster (default: the one that the server is in).' },
    running_transactions_timeout: {
      type: 'integer',
      minimum: 0,
      maximum: 3600,
      description:
        'Seconds that transactions may go on which run on the old primary (default: as long as they take).',
    },
    ...MEMBERS_ARGS,
    ...LOGIN_ARGS,
  },
  returns: { cluster: 'Name of the cluster.', previous: 'Host that was the primary before.' },
  examples: [
    { description: 'This server becomes the primary', args: {} },
    {
      description: 'Transactions get ten seconds to end',
      args: { cluster: 'primary', running_transactions_timeout: 10 },
    },
  ],
  probe: (host, args, task) => viewCluster(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view) =>
    planSetPrimary(
      { cluster: args.cluster, patience: args.running_transactions_timeout },
      view.server,
      view.topology,
      loginOf(args),
    ),
  result: (args, { server, topology }) => {
    const cluster =
      args.cluster === undefined ? clusterOfServer(topology, server) : clusterNamed(topology, args.cluster)
    return { cluster: cluster?.row.name ?? '', previous: cluster?.primary?.host ?? '' }
  },
})
