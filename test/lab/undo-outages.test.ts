import { CLUSTER, fence, member, task } from './broken-cluster.js'
import { BrokenOperations, LIMIT, type Action, type Operation } from './broken-operations.js'
import { stopLab, testLab } from './servers.js'

const LAB = testLab('undo-out')

const stay = (host: string): Action => ({ host, sql: 'SET PERSIST group_replication_start_on_boot = OFF' })
const kill = (host: string): Action => ({
  host,
  shell: 'systemctl kill -s KILL mysql; systemctl stop mysql',
})
const start = (host: string): Action => ({ host, shell: 'systemctl start mysql' })
const ALONE =
  "SELECT COUNT(*) = 2 FROM performance_schema.replication_group_members WHERE MEMBER_STATE = 'UNREACHABLE'"
const REBOOT = task('s1', 'innodb_cluster_reboot', { primary: 's1' })

/** One after the other, on the same cluster. */
const OPERATIONS: readonly Operation[] = [
  { name: 'fenceAllTraffic', ...fence('all_traffic'), back: [REBOOT] },
  { name: 'rebootClusterFromCompleteOutage', ...REBOOT, back: [fence('all_traffic')] },
  {
    name: 'forceQuorumUsingPartitionOf',
    prepare: [
      stay('s2'),
      stay('s3'),
      // Right after one another: one that is lost alone is soon expelled by the two others.
      kill('s2'),
      kill('s3'),
      { host: 's1', shell: `until [ "$(mysql -NBe "${ALONE}")" = 1 ]; do sleep 0.2; done` },
    ],
    ...task('s1', 'innodb_cluster_quorum', {}),
    away: ['s2', 's3'],
    back: [start('s2'), start('s3'), member('s2'), member('s3')],
  },
]

describe('an operation on a cluster that is down, of which a statement fails', function () {
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
