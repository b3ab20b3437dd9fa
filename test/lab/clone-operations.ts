import type { TaskArguments } from './task.js'

/** An operation that clones, as one task. */
export interface Operation {
  readonly name: string
  readonly host: string
  readonly module: string
  readonly args: TaskArguments
  /** What takes it back. */
  readonly back: TaskArguments
}

/**
 * A server that is being cloned crashes, and comes up again with what it has. Not before files are copied: InnoDB 9.7.4 does
 * not always survive a crash right after it has dropped its data (an assertion of its purge, trx_undo_get_next_rec, at
 * each start), and then there is nothing to be cloned.
 */
export const CRASH_WHILE_COPYING = `
until mysql -NBe "SELECT STATE FROM performance_schema.clone_progress WHERE STAGE = 'FILE COPY'" | grep -q Progress; do sleep 0.1; done
systemctl kill -s KILL mysql
timeout 120 sh -c 'until mysqladmin ping >/dev/null 2>&1; do sleep 0.2; done' || { tail -n 60 /var/log/mysql/error.log >&2; exit 1; }`

/** s2 joins the cluster of s1. */
export const JOIN: Operation = {
  name: 'addInstance',
  host: 's2',
  module: 'innodb_cluster_instance',
  args: { cluster: 'primary', cert_subject: '/CN=s2', recovery_method: 'clone' },
  back: { cluster: 'primary', state: 'absent' },
}
/** s3 becomes a replica cluster. */
export const REPLICA: Operation = {
  name: 'createReplicaCluster',
  host: 's3',
  module: 'innodb_replica_cluster',
  args: { name: 'replica', cert_subject: '/CN=s3', recovery_method: 'clone' },
  back: { name: 'replica', state: 'absent' },
}
