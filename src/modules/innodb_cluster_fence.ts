import { FENCES, planFence } from '../mysql/members/plan-fence.js'
import { clusterOfServer } from '../mysql/topology.js'
import { viewCluster } from './cluster-probe.js'
import { MEMBERS_ARGS } from './members-args.js'
import { defineModule } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'

export const innodb_cluster_fence = defineModule({
  name: 'innodb_cluster_fence',
  aliases: [],
  summary:
    "Fences an InnoDB Cluster off from writes or from all traffic, and opens it again: AdminAPI's fenceWrites, fenceAllTraffic and unfenceWrites. Fenced off from all traffic, no member runs any more; innodb_cluster_reboot brings the cluster back. Once for a cluster: give the task run_once.",
  args: {
    fenced: {
      type: 'string',
      enum: FENCES,
      required: true,
      description:
        'none: clients read and write; writes: they only read; all_traffic: they are sent away, and the group is stopped.',
    },
    ...MEMBERS_ARGS,
    ...LOGIN_ARGS,
  },
  returns: { cluster: 'Name of the cluster.' },
  examples: [
    { description: 'No writes until further notice', args: { fenced: 'writes' } },
    { description: 'Writes again', args: { fenced: 'none' } },
  ],
  probe: (host, args, task) => viewCluster(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view) => planFence(args.fenced, view.server, view.topology, loginOf(args)),
  result: (_args, view) => ({ cluster: clusterOfServer(view.topology, view.server)?.row.name ?? '' }),
})
