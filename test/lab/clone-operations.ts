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
