import { BrokenOperations, LIMIT, type Action, type Operation, type Task } from './broken-operations.js'
import { stopLab, testLab } from './servers.js'

const LAB = testLab('undo-rs')

const task = (host: string, module: string, args: Task['args']): Task => ({
  host,
  module,
  args: { replicaset: 'replicas', ...args },
})
const member = (host: string): Task =>
  task(host, 'innodb_replicaset_instance', { cert_subject: `/CN=${host}` })
const REPLICASET: readonly Action[] = [
  {
    host: 's1',
    module: 'innodb_replicaset',
    args: {
      name: 'replicas',
      replication_ssl_mode: 'VERIFY_IDENTITY',
      member_auth_type: 'CERT_SUBJECT_PASSWORD',
      cert_issuer: '/CN=MyName',
      cert_subject: '/CN=s1',
    },
  },
  member('s2'),
  member('s3'),
]
const METADATA = 'USE mysql_innodb_cluster_metadata'
const NEWEST = 'view_id = (SELECT v FROM (SELECT MAX(view_id) v FROM async_cluster_views) newest)'
const id = (host: string): string => `(SELECT instance_id FROM instances WHERE address = '${host}:3306')`
const FORGET_CHANNEL = "STOP REPLICA FOR CHANNEL ''; RESET REPLICA ALL FOR CHANNEL ''"

/** After a failover from s1. */
const AS_BEFORE: readonly Action[] = [
  { host: 's1', shell: 'systemctl start mysql' },
  member('s1'),
  task('s1', 'innodb_replicaset_primary', {}),
]

/** One after the other, on the same ReplicaSet. */
const OPERATIONS: readonly Operation[] = [
  {
    name: 'rejoinInstance, without a channel',
    prepare: [{ host: 's2', sql: FORGET_CHANNEL }],
    ...member('s2'),
  },
  {
    name: 'rejoinInstance, with another channel',
    prepare: [
      {
        host: 's3',
        sql: "STOP REPLICA FOR CHANNEL ''; CHANGE REPLICATION SOURCE TO SOURCE_SSL_CA = '' FOR CHANNEL ''",
      },
    ],
    ...member('s3'),
  },
  {
    name: 'rejoinInstance, invalidated',
    prepare: [
      {
        host: 's1',
        sql: `${METADATA}; DELETE FROM async_cluster_members WHERE instance_id = ${id('s2')} AND ${NEWEST}`,
      },
      {
        host: 's2',
        shell: `until mysql -NBe "${METADATA}; SELECT COUNT(*) FROM async_cluster_members WHERE instance_id = ${id('s2')} AND ${NEWEST}" | grep -qx 0; do sleep 0.1; done`,
      },
      { host: 's2', sql: FORGET_CHANNEL },
    ],
    ...member('s2'),
  },
  {
    name: 'rescan',
    prepare: [
      {
        host: 's1',
        sql: `${METADATA}; UPDATE instances SET attributes = JSON_SET(attributes, '$.server_id', 77) WHERE address = 's2:3306';
          CREATE USER IF NOT EXISTS mysql_innodb_rs_99`,
      },
    ],
    ...task('s2', 'innodb_replicaset_rescan', {}),
  },
  {
    name: 'rescan, a member without a record',
    prepare: [
      {
        host: 's1',
        sql: `${METADATA}; DELETE FROM async_cluster_members WHERE instance_id = ${id('s3')}; DELETE FROM instances WHERE address = 's3:3306'`,
      },
    ],
    ...task('s1', 'innodb_replicaset_rescan', { add_unmanaged: true }),
  },
  {
    name: 'forcePrimaryInstance',
    // A member that lacks what another has got could not take over.
    prepare: ['arrived', { host: 's1', shell: 'systemctl kill -s KILL mysql; systemctl stop mysql' }],
    ...task('s2', 'innodb_replicaset_primary', { force: true }),
    away: ['s1'],
    back: AS_BEFORE,
    after: AS_BEFORE,
  },
  {
    name: 'dissolve',
    host: 's2',
    module: 'innodb_replicaset',
    args: { name: 'replicas', state: 'absent' },
    back: REPLICASET,
  },
]

describe('an operation on a ReplicaSet of which a statement fails', function () {
  this.timeout(LIMIT)
  let broken: BrokenOperations
  before(async () => {
    broken = await BrokenOperations.start(LAB, 3)
    await broken.do(REPLICASET)
  })
  after(() => stopLab(LAB))

  for (const [order, operation] of OPERATIONS.entries())
    it(operation.name, () => broken.test(operation, order))
})
