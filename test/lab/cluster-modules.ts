/**
 * Modules whose contracts need servers that form clusters: the lab tests of clusters hold them (a second run changes
 * nothing, check and run give the same keys). innodb_cluster_info only reads, and has one of its own.
 */
export const isClusterModule = (name: string): boolean =>
  /^(innodb|mysql_router|mysql_replicaset)/.test(name) && name !== 'innodb_cluster_info'
