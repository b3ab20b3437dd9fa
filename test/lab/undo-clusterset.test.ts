import { BrokenOperations, LIMIT, type Action, type Operation, type Task } from './broken-operations.js'
import { stopLab, testLab } from './servers.js'

const LAB = testLab('undo-cs')

const task = (host: string, module: string, args: Task['args']): Task => ({ host, module, args })
const member = (cluster: string, host: string): Task =>
  task(host, 'innodb_cluster_instance', { cluster, cert_subject: `/CN=${host}` })
const replica = (cluster: string, host: string): Task =>
  task(host, 'innodb_replica_cluster', { name: cluster, cert_subject: `/CN=${host}` })
const clusterset = (host: string): Task =>
  task(host, 'innodb_clusterset', { name: 'globe', cluster_set_replication_ssl_mode: 'VERIFY_IDENTITY' })
const reboot = (host: string, cluster: string): Task =>
  task(host, 'innodb_cluster_reboot', { cluster, primary: host })
const primary = (host: string, cluster: string): Task => task(host, 'innodb_clusterset_primary', { cluster })
const CLUSTERSET: readonly Action[] = [
  task('s1', 'innodb_cluster', {
    name: 'east',
    member_ssl_mode: 'VERIFY_IDENTITY',
    member_auth_type: 'CERT_SUBJECT_PASSWORD',
    cert_issuer: '/CN=MyName',
    cert_subject: '/CN=s1',
  }),
  member('east', 's2'),
  clusterset('s1'),
  replica('west', 's3'),
  member('west', 's4'),
  // So that each has the accounts of a replica.
  primary('s3', 'west'),
  primary('s1', 'east'),
]
const kill = (host: string): readonly Action[] => [
  { host, sql: 'SET PERSIST group_replication_start_on_boot = OFF' },
  { host, shell: 'systemctl kill -s KILL mysql; systemctl stop mysql' },
]
const start = (host: string): Action => ({ host, shell: 'systemctl start mysql' })
const METADATA = 'USE mysql_innodb_cluster_metadata'
const CHANNEL = "'clusterset_replication'"
const FORGET_CHANNEL = `RESET REPLICA ALL FOR CHANNEL ${CHANNEL}`

/** One after the other, on the same ClusterSet. The primary cluster is lost at first; it comes back as a replica. */
const OPERATIONS: readonly Operation[] = [
  {
    name: 'forcePrimaryCluster',
    prepare: [...kill('s2'), ...kill('s1')],
    ...task('s3', 'innodb_clusterset_primary', { cluster: 'west', force: true }),
    away: ['s1', 's2'],
    back: [
      start('s1'),
      start('s2'),
      reboot('s1', 'east'),
      { host: 's1', module: 'innodb_replica_cluster', args: { name: 'east' } },
      primary('s1', 'east'),
    ],
    after: [start('s1'), start('s2')],
  },
  {
    name: 'rebootClusterFromCompleteOutage, invalidated cluster',
    ...reboot('s1', 'east'),
    back: [
      { host: 's2', sql: 'STOP GROUP_REPLICATION' },
      { host: 's1', sql: 'STOP GROUP_REPLICATION' },
    ],
  },
  {
    name: 'rejoinCluster',
    ...task('s1', 'innodb_replica_cluster', { name: 'east' }),
    // As a failover leaves it.
    back: [
      {
        host: 's3',
        sql: `${METADATA}; SELECT clusterset_id INTO @id FROM clustersets; SELECT cluster_id INTO @east FROM clusters WHERE cluster_name = 'east'; CALL v2_cs_add_invalidated_member(@id, @east)`,
      },
      {
        host: 's1',
        shell: `group=$(mysql -NBe 'SELECT MANAGED_NAME FROM performance_schema.replication_asynchronous_connection_failover_managed')
          mysql -e "STOP REPLICA FOR CHANNEL ${CHANNEL}; SET GLOBAL super_read_only = OFF;
            DO asynchronous_connection_failover_delete_managed(${CHANNEL}, '$group');
            ${FORGET_CHANNEL}; SET GLOBAL super_read_only = ON"`,
      },
      { host: 's2', sql: FORGET_CHANNEL },
    ],
  },
  {
    name: 'removeCluster',
    ...task('s3', 'innodb_replica_cluster', { name: 'east', state: 'absent' }),
    back: [replica('east', 's1'), member('east', 's2')],
  },
  {
    name: 'dissolve, ClusterSet',
    ...task('s3', 'innodb_clusterset', { name: 'globe', state: 'absent' }),
    back: [clusterset('s3')],
  },
]

describe('an operation on a ClusterSet of which a statement fails', function () {
  this.timeout(LIMIT)
  let broken: BrokenOperations
  before(async () => {
    broken = await BrokenOperations.start(LAB, 4)
    await broken.do(CLUSTERSET)
  })
  after(() => stopLab(LAB))

  for (const [order, operation] of OPERATIONS.entries())
    it(operation.name, () => broken.test(operation, order))
})
