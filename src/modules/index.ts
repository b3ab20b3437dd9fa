import { assert } from './assert.js'
import { blockinfile } from './blockinfile.js'
import { certificate_authority } from './certificate_authority.js'
import { certificate } from './certificate.js'
import { command } from './command.js'
import { copy } from './copy.js'
import { debug } from './debug.js'
import { fail } from './fail.js'
import { file } from './file.js'
import { group } from './group.js'
import { ini_file } from './ini_file.js'
import { innodb_admin_account } from './innodb_admin_account.js'
import { innodb_cluster_fence } from './innodb_cluster_fence.js'
import { innodb_cluster_info } from './innodb_cluster_info.js'
import { innodb_cluster_instance } from './innodb_cluster_instance.js'
import { innodb_cluster_primary } from './innodb_cluster_primary.js'
import { innodb_cluster_quorum } from './innodb_cluster_quorum.js'
import { innodb_cluster_reboot } from './innodb_cluster_reboot.js'
import { innodb_cluster_recovery_accounts } from './innodb_cluster_recovery_accounts.js'
import { innodb_cluster_rescan } from './innodb_cluster_rescan.js'
import { innodb_cluster } from './innodb_cluster.js'
import { innodb_clusterset_primary } from './innodb_clusterset_primary.js'
import { innodb_clusterset } from './innodb_clusterset.js'
import { innodb_instance } from './innodb_instance.js'
import { innodb_replica_cluster } from './innodb_replica_cluster.js'
import { innodb_replicaset_info } from './innodb_replicaset_info.js'
import { innodb_replicaset_instance } from './innodb_replicaset_instance.js'
import { innodb_replicaset_primary } from './innodb_replicaset_primary.js'
import { innodb_replicaset_rescan } from './innodb_replicaset_rescan.js'
import { innodb_replicaset } from './innodb_replicaset.js'
import { innodb_router_account } from './innodb_router_account.js'
import { innodb_router_metadata } from './innodb_router_metadata.js'
import { innodb_routing_options } from './innodb_routing_options.js'
import { lineinfile } from './lineinfile.js'
import type { Module } from './module.js'
import { mysql_option_file } from './mysql_option_file.js'
import { mysql_query } from './mysql_query.js'
import { mysql_router } from './mysql_router.js'
import { mysql_server } from './mysql_server.js'
import { mysql_user } from './mysql_user.js'
import { mysql_variables } from './mysql_variables.js'
import { packageModule } from './package.js'
import { pause } from './pause.js'
import { ping } from './ping.js'
import { replace } from './replace.js'
import { script } from './script.js'
import { service } from './service.js'
import { set_fact } from './set_fact.js'
import { setup } from './setup.js'
import { shell } from './shell.js'
import { slurp } from './slurp.js'
import { stat } from './stat.js'
import { template } from './template.js'
import { user } from './user.js'
import { wait_for } from './wait_for.js'

/** All modules. Adding one is a file and a line here. */
export const MODULES = [
  assert,
  blockinfile,
  certificate,
  certificate_authority,
  command,
  copy,
  debug,
  fail,
  file,
  group,
  ini_file,
  innodb_admin_account,
  innodb_cluster,
  innodb_cluster_fence,
  innodb_cluster_info,
  innodb_cluster_instance,
  innodb_cluster_primary,
  innodb_cluster_quorum,
  innodb_cluster_reboot,
  innodb_cluster_recovery_accounts,
  innodb_cluster_rescan,
  innodb_clusterset,
  innodb_clusterset_primary,
  innodb_instance,
  innodb_replica_cluster,
  innodb_replicaset,
  innodb_replicaset_info,
  innodb_replicaset_instance,
  innodb_replicaset_primary,
  innodb_replicaset_rescan,
  innodb_router_account,
  innodb_router_metadata,
  innodb_routing_options,
  lineinfile,
  mysql_option_file,
  mysql_query,
  mysql_router,
  mysql_server,
  mysql_user,
  mysql_variables,
  packageModule,
  pause,
  ping,
  replace,
  script,
  service,
  set_fact,
  setup,
  shell,
  slurp,
  stat,
  template,
  user,
  wait_for,
] as unknown as readonly Module[]

const byName = new Map(
  MODULES.flatMap((module) => [module.name, ...module.aliases].map((name) => [name, module] as const)),
)

/** The module of a name, an alias or a fully qualified name; undefined if there is none. */
export function findModule(name: string): Module | undefined {
  return byName.get(name) ?? byName.get(name.replace(/^(ansible\.builtin|ansible\.legacy|signet)\./, ''))
}

/** All names that a task may use, for "did you mean". */
export function moduleNames(): Iterable<string> {
  return byName.keys()
}
