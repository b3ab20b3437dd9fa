import { MODULES } from '../../src/modules/index.js'

/** The modules that each life of servers goes through, with all examples of their documentation: see Life. */
export const LIVES = {
  cluster: [
    'innodb_admin_account',
    'innodb_cluster',
    'innodb_cluster_fence',
    'innodb_cluster_info',
    'innodb_cluster_instance',
    'innodb_cluster_primary',
    'innodb_cluster_quorum',
    'innodb_cluster_reboot',
    'innodb_cluster_recovery_accounts',
    'innodb_cluster_rescan',
    'innodb_instance',
  ],
  clusterset: [
    'innodb_clusterset',
    'innodb_clusterset_primary',
    'innodb_replica_cluster',
    'innodb_router_account',
    'innodb_router_metadata',
    'innodb_routing_options',
    'mysql_router',
  ],
  replicaset: [
    'innodb_replicaset',
    'innodb_replicaset_info',
    'innodb_replicaset_instance',
    'innodb_replicaset_primary',
    'innodb_replicaset_rescan',
  ],
} as const

/** Modules whose contracts need servers that form clusters: the lives hold them, the generic contract tests do not. */
export const isClusterModule = (name: string): boolean => /^innodb_|^mysql_router$/.test(name)

/** All of them. */
export const CLUSTER_MODULES = MODULES.filter(({ name }) => isClusterModule(name))
