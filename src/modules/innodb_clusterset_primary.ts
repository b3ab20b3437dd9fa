import { planSetPrimaryCluster } from '../mysql/clusterset/plan-primary.js'
import { clusterNamed } from '../mysql/topology.js'
import { viewCluster } from './cluster-probe.js'
import { defineModule, type Plan } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'

export const innodb_clusterset_primary = defineModule({
  name: 'innodb_clusterset_primary',
  aliases: [],
  summary:
    "Makes a cluster the primary one of its ClusterSet: AdminAPI's setPrimaryCluster, a switchover that loses nothing, or with `force` forcePrimaryCluster, a failover when the primary cluster is lost. All that can fail is proven while the old primary cluster still takes writes: accounts, logins with them, channels. Never do two clusters take writes, and accounts without a password stay so. Completes a switchover that was cut short.",
  args: {
    cluster: { type: 'string', required: true, description: 'Name of the cluster that shall be primary.' },
    force: {
      type: 'boolean',
      default: false,
      description:
        'Also when the present primary cluster is lost, and only then: it is invalidated, and what it had not replicated is lost.',
    },
    invalidate_replica_clusters: {
      type: 'strings',
      default: [],
      description: 'Names of replica clusters that are not available and are to be left behind.',
    },
    timeout: {
      type: 'integer',
      default: 60,
      minimum: 1,
      description:
        'Seconds to wait for transactions to arrive and for tables that clients have locked. When time runs out, everything is as it was.',
    },
    members: {
      type: 'strings',
      description: 'Inventory names of servers to look at (default: all hosts of the play).',
    },
    ...LOGIN_ARGS,
  },
  returns: {
    cluster: 'Name of the primary cluster.',
    primary: 'Address that writes go to; empty if there is none.',
  },
  examples: [
    { description: 'Switch over', args: { cluster: 'replica' } },
    {
      description: 'Fail over when the primary cluster and one more cluster are lost',
      args: { cluster: 'replica', force: true, invalidate_replica_clusters: ['third'] },
    },
  ],
  probe: (host, args, task) => viewCluster(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view): Plan =>
    planSetPrimaryCluster(
      {
        cluster: args.cluster,
        force: args.force,
        invalidate: args.invalidate_replica_clusters,
        timeout: args.timeout,
      },
      view.topology,
      view.silent,
      loginOf(args),
    ),
  result: (args, view) => {
    const primary = clusterNamed(view.topology, args.cluster)?.primary
    return {
      cluster: args.cluster,
      primary: primary === undefined ? '' : `${primary.picture.host}:${primary.picture.port}`,
    }
  },
})
