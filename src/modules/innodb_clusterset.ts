import { planCreateClusterSet } from '../mysql/clusterset/create.js'
import { planDissolveClusterSet } from '../mysql/clusterset/plan-dissolve.js'
import { clusterOfServer } from '../mysql/topology.js'
import { viewCluster } from './cluster-probe.js'
import { sslModeOf } from './innodb_cluster.js'
import { defineModule, type Plan } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import type { SslMode } from '../mysql/step.js'

export const innodb_clusterset = defineModule({
  name: 'innodb_clusterset',
  aliases: [],
  summary:
    "Makes the cluster of the task's server the primary cluster of a ClusterSet: AdminAPI's createClusterSet. The authentication is the cluster's.",
  args: {
    name: { type: 'string', required: true, description: 'Name of the ClusterSet (its domain).' },
    state: {
      type: 'string',
      enum: ['present', 'absent'],
      default: 'present',
      description:
        'absent: the ClusterSet is no more; its primary cluster, which must be its last, goes on as a cluster of its own.',
    },
    cluster_set_replication_ssl_mode: {
      type: 'string',
      enum: ['AUTO', 'DISABLED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'],
      description:
        "How the channels between clusters are encrypted and verified (default: as in the cluster's group).",
    },
    replication_allowed_host: {
      type: 'string',
      default: '%',
      description: 'Host part of the accounts that are made.',
    },
    members: {
      type: 'strings',
      description: 'Inventory names of servers to look at (default: all hosts of the play).',
    },
    ...LOGIN_ARGS,
  },
  returns: { clusterset: 'Name.', primary_cluster: 'Name of the primary cluster; empty if there is none.' },
  examples: [
    {
      description: 'A ClusterSet whose channels are verified',
      args: { name: 'clusterset', cluster_set_replication_ssl_mode: 'VERIFY_IDENTITY' },
    },
  ],
  probe: (host, args, task) => viewCluster(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view): Plan => {
    if (args.state === 'absent') return planDissolveClusterSet(args.name, view.topology, loginOf(args))
    const group = (view.server.picture.variables['group_replication_ssl_mode'] ?? 'REQUIRED') as SslMode
    const sslMode =
      args.cluster_set_replication_ssl_mode === undefined
        ? group
        : sslModeOf(args.cluster_set_replication_ssl_mode, view.server.picture.tls)
    return planCreateClusterSet(
      { name: args.name, sslMode, allowedHost: args.replication_allowed_host },
      view.server,
      view.topology,
      loginOf(args),
    )
  },
  result: (args, view) => ({
    clusterset: args.name,
    primary_cluster: clusterOfServer(view.topology, view.server)?.row.name ?? '',
  }),
})
