import assert from 'node:assert/strict'
import { BrokenOperations, LIMIT, type Operation, type Task } from './broken-operations.js'
import { stopLab, testLab } from './servers.js'

const LAB = testLab('undo')

const SOCKET = { login_unix_socket: '/run/mysqld/mysqld.sock' }

const CERTIFIED = { member_auth_type: 'CERT_SUBJECT', cert_issuer: '/CN=MyName' }
const member = (cluster: string, host: string): Task => ({
  host,
  module: 'innodb_cluster_instance',
  args: { cluster, cert_subject: `/CN=${host}` },
})
const follower = (host: string): Task => ({
  host,
  module: 'innodb_replicaset_instance',
  args: { replicaset: 'replicas', cert_subject: `/CN=${host}` },
})

/** One after the other, on the same servers. */
const CLUSTERS: readonly Operation[] = [
  {
    name: 'createCluster',
    host: 's1',
    module: 'innodb_cluster',
    args: { name: 'primary', member_ssl_mode: 'VERIFY_IDENTITY', ...CERTIFIED, cert_subject: '/CN=s1' },
  },
  { name: 'addInstance', ...member('primary', 's2') },
  {
    name: 'createClusterSet',
    host: 's1',
    module: 'innodb_clusterset',
    args: { name: 'set', cluster_set_replication_ssl_mode: 'VERIFY_IDENTITY' },
  },
  {
    name: 'createReplicaCluster',
    host: 's3',
    module: 'innodb_replica_cluster',
    args: { name: 'replica', cert_subject: '/CN=s3' },
  },
  { name: 'addInstance, replica cluster', ...member('replica', 's4') },
  {
    name: 'setupAdminAccount',
    host: 's1',
    module: 'innodb_admin_account',
    args: { user: 'boss', require_cert_issuer: '/CN=MyName', require_cert_subject: '/CN=boss' },
  },
  {
    name: 'setupRouterAccount',
    host: 's1',
    module: 'innodb_router_account',
    args: { user: 'router', password: 'Secret-4711', require_ssl: true },
  },
  {
    name: 'mysql_user, new',
    host: 's1',
    module: 'mysql_user',
    args: { name: 'app', host: '%', password: 'Secret-4712', priv: 'sys.*:SELECT', ...SOCKET },
  },
  {
    name: 'mysql_user, changed',
    host: 's1',
    module: 'mysql_user',
    args: {
      name: 'app',
      host: '%',
      password: 'Secret-4713',
      tls_requires: { SSL: null },
      priv: 'sys.*:SELECT,EXECUTE',
      ...SOCKET,
    },
  },
  {
    name: 'setOption',
    host: 's1',
    module: 'innodb_cluster',
    args: { name: 'primary', expel_timeout: 7, auto_rejoin_tries: 5, tags: { site: 'north' } },
  },
  {
    name: 'setInstanceOption',
    host: 's2',
    module: 'innodb_cluster_instance',
    args: { ...member('primary', 's2').args, member_weight: 70, label: 'two', tags: { rack: 2 } },
  },
  {
    name: 'setPrimaryInstance',
    host: 's2',
    module: 'innodb_cluster_primary',
    args: {},
    back: [{ host: 's1', module: 'innodb_cluster_primary', args: {} }],
  },
  {
    name: 'rejoinInstance',
    ...member('primary', 's1'),
    prepare: [{ host: 's1', sql: 'STOP GROUP_REPLICATION' }],
  },
  {
    name: 'setPrimaryCluster',
    host: 's1',
    module: 'innodb_clusterset_primary',
    args: { cluster: 'replica' },
    back: [{ host: 's1', module: 'innodb_clusterset_primary', args: { cluster: 'primary' } }],
  },
  {
    name: 'removeInstance',
    host: 's1',
    module: 'innodb_cluster_instance',
    args: { cluster: 'primary', state: 'absent' },
    back: [member('primary', 's1')],
  },
]
const REPLICASETS: readonly Operation[] = [
  {
    name: 'createReplicaSet',
    host: 's1',
    module: 'innodb_replicaset',
    args: { name: 'replicas', replication_ssl_mode: 'VERIFY_IDENTITY', ...CERTIFIED, cert_subject: '/CN=s1' },
  },
  {
    name: 'addInstance, ReplicaSet',
    ...follower('s2'),
    back: [{ ...follower('s2'), args: { replicaset: 'replicas', state: 'absent' } }],
  },
  {
    name: 'setPrimaryInstance, ReplicaSet',
    host: 's2',
    module: 'innodb_replicaset_primary',
    args: { replicaset: 'replicas' },
    back: [{ host: 's1', module: 'innodb_replicaset_primary', args: { replicaset: 'replicas' } }],
  },
  {
    name: 'removeInstance, ReplicaSet',
    host: 's1',
    module: 'innodb_replicaset_instance',
    args: { replicaset: 'replicas', state: 'absent' },
    back: [follower('s1')],
  },
]

describe('an operation of which a statement fails', function () {
  this.timeout(LIMIT)
  let broken: BrokenOperations
  before(async () => {
    broken = await BrokenOperations.start(LAB, 4)
  })
  after(() => stopLab(LAB))

  describe('clusters and a ClusterSet', () => live(CLUSTERS))
  describe('a ReplicaSet', () => live(REPLICASETS))

  /** All operations once as they are, for their states and numbers of statements; then each with failures. */
  function live(operations: readonly Operation[]): void {
    const wanted = new Map<Operation, Awaited<ReturnType<BrokenOperations['whole']>>>()

    before(async () => {
      await broken.tearDown()
      for (const operation of operations) wanted.set(operation, await broken.whole(operation))
      await broken.tearDown()
    })

    for (const [order, operation] of operations.entries())
      it(operation.name, async () => {
        const whole = wanted.get(operation)
        assert.ok(whole)
        await broken.breaks(operation, order, whole)
      })
  }
})
