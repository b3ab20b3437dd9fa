import { planForceQuorum } from '../mysql/members/plan-quorum.js'
import { clusterOfServer, hasQuorum } from '../mysql/topology.js'
import { viewCluster } from './cluster-probe.js'
import { MEMBERS_ARGS } from './members-args.js'
import { defineModule } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'

export const innodb_cluster_quorum = defineModule({
  name: 'innodb_cluster_quorum',
  aliases: [],
  summary:
    "Lets a group go on that has lost its majority, with the members that the task's server still sees: AdminAPI's forceQuorumUsingPartitionOf. Refused where another part of the group may run. Once for a cluster: give the task run_once.",
  args: { ...MEMBERS_ARGS, ...LOGIN_ARGS },
  returns: {
    cluster: 'Name of the cluster.',
    had_quorum: 'Whether the server saw a majority before.',
  },
  examples: [{ description: 'Two of three members are gone for good', args: {} }],
  probe: (host, args, task) => viewCluster(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view) => planForceQuorum(view.server, view.topology, loginOf(args)),
  result: (_args, view) => ({
    cluster: clusterOfServer(view.topology, view.server)?.row.name ?? '',
    had_quorum: hasQuorum(view.server),
  }),
})
