import { planReboot } from '../mysql/members/plan-reboot.js'
import { clusterOfServer } from '../mysql/topology.js'
import { heard, viewCluster } from './cluster-probe.js'
import { MEMBERS_ARGS } from './members-args.js'
import { defineModule } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'

export const innodb_cluster_reboot = defineModule({
  name: 'innodb_cluster_reboot',
  aliases: [],
  summary:
    "Starts an InnoDB Cluster again of which no member runs: AdminAPI's rebootClusterFromCompleteOutage. The member with the most transactions begins, the others join it; in a ClusterSet the cluster keeps its role. Once for a cluster: give the task run_once.",
  args: {
    cluster: { type: 'string', description: 'Name of the cluster (default: the one that the server is in).' },
    primary: {
      type: 'string',
      description:
        'Inventory name or address of the member to begin with (default: the one with the most transactions).',
    },
    force: {
      type: 'boolean',
      default: false,
      description:
        'Also when members do not answer, or have transactions that the first one lacks: they are left out.',
    },
    ...MEMBERS_ARGS,
    ...LOGIN_ARGS,
  },
  returns: { cluster: 'Name of the cluster.' },
  examples: [
    { description: 'After a power failure', args: {} },
    {
      description: 'Begin with a certain member, whatever the others have',
      args: { cluster: 'primary', primary: 's2', force: true },
    },
  ],
  probe: (host, args, task) => viewCluster(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view) =>
    heard(
      planReboot(
        { cluster: args.cluster, seed: args.primary, force: args.force },
        view.server,
        view.topology,
        loginOf(args),
      ),
      view.silent,
    ),
  result: (args, view) => ({
    cluster: args.cluster ?? clusterOfServer(view.topology, view.server)?.row.name ?? '',
  }),
})
