import { CLUSTER, fence, task } from './broken-cluster.js'
import { BrokenOperations, LIMIT, type Action, type Operation, type Task } from './broken-operations.js'
import { stopLab, testLab } from './servers.js'

const LAB = testLab('undo-cl')

const multi = (several: boolean): Task =>
  task('s1', 'innodb_cluster', { name: 'one', multi_primary: several })
const METADATA = 'USE mysql_innodb_cluster_metadata'
const WRONG_RECORD: Action = {
  host: 's1',
  sql: `${METADATA};
    UPDATE instances SET attributes = JSON_REMOVE(attributes, '$.server_id'), addresses = JSON_SET(addresses, '$.mysqlX', 'elsewhere:1') WHERE address = 's2:3306';
    UPDATE clusters SET primary_mode = 'mm';
    CREATE USER IF NOT EXISTS mysql_innodb_cluster_999;
    SET PERSIST group_replication_group_seeds = 's2:3306'`,
}
const NO_RECORD: Action = {
  host: 's1',
  sql: `${METADATA}; DELETE FROM instances WHERE address = 's3:3306'`,
}
/** The group runs on, and nothing describes it. */
const NO_CLUSTER: Action = {
  host: 's1',
  sql: 'DROP DATABASE mysql_innodb_cluster_metadata; DROP USER IF EXISTS mysql_innodb_cluster_1, mysql_innodb_cluster_2, mysql_innodb_cluster_3',
}
/** One after the other, on the same cluster. */
const OPERATIONS: readonly Operation[] = [
  {
    name: 'resetRecoveryAccountsPassword',
    always: true,
    ...task('s2', 'innodb_cluster_recovery_accounts', {}),
  },
  { name: 'fenceWrites', ...fence('writes'), back: [fence('none')] },
  { name: 'unfenceWrites', ...fence('none'), back: [fence('writes')] },
  { name: 'switchToMultiPrimaryMode', ...multi(true), back: [multi(false)] },
  { name: 'switchToSinglePrimaryMode', ...multi(false), back: [multi(true)] },
  { name: 'rescan', prepare: [WRONG_RECORD], ...task('s2', 'innodb_cluster_rescan', {}) },
  {
    name: 'rescan, a member without a record',
    prepare: [NO_RECORD],
    ...task('s1', 'innodb_cluster_rescan', { add_unmanaged: true }),
  },
  {
    name: 'adoptFromGR',
    prepare: [NO_CLUSTER],
    ...task('s1', 'innodb_cluster', { name: 'one', adopt_from_gr: true }),
  },
  { name: 'dissolve', ...task('s1', 'innodb_cluster', { name: 'one', state: 'absent' }), back: CLUSTER },
]

describe('an operation on a cluster of which a statement fails', function () {
  this.timeout(LIMIT)
  let broken: BrokenOperations
  before(async () => {
    broken = await BrokenOperations.start(LAB, 3)
    await broken.do(CLUSTER)
  })
  after(() => stopLab(LAB))

  for (const [order, operation] of OPERATIONS.entries())
    it(operation.name, () => broken.test(operation, order))
})
