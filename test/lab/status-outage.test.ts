import assert from 'node:assert/strict'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keyFaults, valueAt } from '../adminapi-keys.js'
import { catchesUp, members } from './cluster-hosts.js'
import { shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { play, PROJECT, transcript } from './signet.js'
import { clusterIn, errorsOf, healthy, look, memberIn, seen, tells, text, type View } from './status-view.js'
import { runTask, type TaskArguments } from './task.js'

const LAB = testLab('status-outage')
const OF_SET = "FOR CHANNEL 'clusterset_replication'"

/** The lab's inventory with s1 as the primary cluster and s2 to s4 as the replica cluster. */
function asOneAndThree(inventory: string): string {
  const lines = inventory.trimEnd().split('\n')
  const s2 = lines.findIndex((line) => line.trim() === 's2:')
  const hosts = lines.findIndex((line) => line.trim() === 'replica_cluster:') + 2
  return [
    ...lines.slice(0, s2),
    ...lines.slice(s2 + 3, hosts),
    ...lines.slice(s2, s2 + 3),
    ...lines.slice(hosts),
    '',
  ].join('\n')
}

describe('what signet cluster status tells of a ClusterSet that is half down', () => {
  let lab: TestLab
  const on = (host: string, statement: string): Promise<readonly string[]> => sql(LAB, host, statement)
  const done = async (host: string, module: string, args: TaskArguments): Promise<void> => {
    const run = await runTask(lab, host, module, args)
    assert.equal(run.code, 0, transcript(run))
  }
  /** The server stands still: it holds its connections, and says nothing. */
  const freeze = (...hosts: readonly string[]): Promise<unknown> =>
    Promise.all(hosts.map((host) => shell(LAB, host, 'kill -STOP $(pidof mysqld)')))
  const thaw = (...hosts: readonly string[]): Promise<unknown> =>
    Promise.all(hosts.map((host) => shell(LAB, host, 'kill -CONT $(pidof mysqld)')))
  const isHealthy = (): Promise<View> => seen(() => look(lab), healthy)

  const ofSet = (view: View, name: string, key: string): unknown =>
    valueAt(view.json, 'clusterSet', 'clusters', name, key)
  /** How a cluster stands: by itself, in its ClusterSet, and its channel. */
  const states = (view: View, name: string): readonly unknown[] => [
    valueAt(clusterIn(view, name), 'defaultReplicaSet', 'status'),
    ofSet(view, name, 'globalStatus'),
    ofSet(view, name, 'clusterSetReplicationStatus'),
  ]
  const errors = (view: View, name: string): readonly string[] =>
    (ofSet(view, name, 'clusterErrors') ?? []) as readonly string[]
  const whole = (view: View): readonly unknown[] =>
    ['status', 'statusText'].map((key) => valueAt(view.json, 'clusterSet', key))
  const standing = (name: string, wanted: readonly unknown[]): Promise<View> =>
    seen(
      () => look(lab),
      (view) => {
        assert.deepEqual(states(view, name), wanted)
      },
    )

  before(async () => {
    lab = await startLab(LAB, 4)
    await writeFile(lab.inventory, asOneAndThree(await readFile(lab.inventory, 'utf8')))
    await symlink(join(PROJECT, 'roles'), join(lab.directory, 'roles'))
    const run = await play(['playbooks/clusterset.yml', '-i', lab.inventory])
    assert.equal(run.code, 0, transcript(run))
    await isHealthy()
  })
  after(() => stopLab(LAB))

  it('a clone that failed', async () => {
    await on('s4', 'STOP GROUP_REPLICATION')
    await on('s1', 'CREATE DATABASE d')
    // What s4 lacks is in no binary log any more, so that it has to be cloned; and the donors refuse that.
    for (const host of ['s2', 's3']) {
      await seen(
        () => on(host, "SHOW DATABASES LIKE 'd'"),
        (rows) => {
          assert.deepEqual(rows, ['d'])
        },
      )
      await on(host, 'FLUSH BINARY LOGS; PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY')
    }
    const [has] = await on('s4', 'SELECT @@gtid_executed')
    const [missing] = await on(
      's2',
      `SELECT GTID_SUBTRACT(@@gtid_executed, '${String(has).replaceAll('\\n', '')}')`,
    )
    assert.match(String(missing), /^[0-9a-f-]{36}:\d+$/)
    await on('s1', "REVOKE BACKUP_ADMIN ON *.* FROM 'mysql_innodb_cluster_4'@'%'")
    for (const donor of ['s2', 's3']) await catchesUp(lab, donor, 's1')
    await on('s4', 'START GROUP_REPLICATION')
    const view = await seen(
      () => look(lab),
      (found) => {
        tells(errorsOf(found, 's4'), [
          /^ERROR: Group Replication has stopped with an error: when that is mended, innodb_cluster_instance brings it back/,
          /^ERROR: Its error log says: \d.* There was an issue when cloning from another server: .*BACKUP_ADMIN.* \/ .*offline mode/,
          /offline_mode is ON/,
        ])
        assert.equal(memberIn(found, 's4')['status'], '(MISSING)')
      },
    )
    assert.equal(memberIn(view, 's4')['memberState'], 'ERROR')
    assert.match(
      await text(lab),
      /s4:3306 .*\(MISSING\).*\n {4}ERROR: Group Replication has stopped.*\n {4}ERROR: Its error log says: .*BACKUP_ADMIN/,
    )
    // Stopped, it is OFFLINE: what its error log said may be of long ago, but not that its last clone failed.
    await on('s4', 'STOP GROUP_REPLICATION; SET GLOBAL offline_mode = OFF')
    tells(errorsOf(await look(lab), 's4'), [
      /^NOTE: Group Replication does not run on this instance: innodb_cluster_instance brings it back/,
      /^ERROR: The last clone that it received, begun at \d.*, failed: Clone Donor Error: .*BACKUP_ADMIN.* \(3862\)\.$/,
    ])
    await on('s1', "GRANT BACKUP_ADMIN ON *.* TO 'mysql_innodb_cluster_4'@'%'")
    // What it lacks comes to it by another way.
    await on(
      's4',
      `SET GLOBAL super_read_only = OFF; SET gtid_next = '${String(missing)}'; CREATE DATABASE d; SET gtid_next = AUTOMATIC; SET GLOBAL super_read_only = ON; START GROUP_REPLICATION`,
    )
    await isHealthy()
  })

  it('the channel of the ClusterSet: a refused login, an applier that failed, transactions of its own', async () => {
    const subject = (name: string): Promise<readonly string[]> =>
      on('s1', `ALTER USER 'mysql_innodb_cs_2'@'%' REQUIRE ISSUER '/CN=MyName' AND SUBJECT '/CN=${name}'`)
    const again = `STOP REPLICA ${OF_SET}; START REPLICA ${OF_SET}`
    await subject('other')
    await on('s2', again)
    // AdminAPI's words do not tell it from a channel that connects in a moment.
    const refused = await seen(
      () => look(lab),
      (view) => {
        assert.deepEqual(states(view, 'replica'), ['OK', 'OK', 'CONNECTING'])
        assert.equal(errors(view, 'replica').length, 1)
      },
    )
    const why =
      /WARNING: s2:3306 does not get through to the primary cluster: .*Access denied for user 'mysql_innodb_cs_2'.* \(\d+\) at \d.*signet cluster verify/
    tells(errors(refused, 'replica'), [why])
    // The channel begins anew by itself, and has no error meanwhile.
    await seen(
      () => text(lab),
      (shown) => {
        assert.match(
          shown,
          new RegExp(
            `Cluster replica .*\\n {2}globalStatus OK, clusterSetReplicationStatus CONNECTING, .*\\n {2}${why.source}`,
          ),
        )
      },
    )
    await on(
      's2',
      `STOP REPLICA ${OF_SET}; CHANGE REPLICATION SOURCE TO SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 1, SOURCE_CONNECTION_AUTO_FAILOVER = 0 ${OF_SET}; START REPLICA ${OF_SET}`,
    )
    const gaveUp = await standing('replica', ['OK', 'OK_NOT_REPLICATING', 'ERROR'])
    assert.match(
      errors(gaveUp, 'replica').join('\n'),
      /Replication from the primary cluster to s2:3306 does not run as it should: ERROR, .*Access denied.*: innodb_replica_cluster starts it again when that is mended/,
    )
    assert.deepEqual(whole(gaveUp), [
      'AVAILABLE',
      'Primary Cluster available, there are issues with a Replica cluster.',
    ])
    await subject('s2')
    await done('s2', 'innodb_replica_cluster', { name: 'replica' })
    await isHealthy()

    const clash = (verb: string): string =>
      `SET GLOBAL super_read_only = OFF; SET sql_log_bin = 0; ${verb} DATABASE clash; SET GLOBAL super_read_only = ON`
    await on('s2', clash('CREATE'))
    await on('s1', 'CREATE DATABASE clash')
    const failed = await standing('replica', ['OK', 'OK_NOT_REPLICATING', 'ERROR'])
    tells(errors(failed, 'replica'), [
      /to s2:3306 does not run as it should: ERROR, .*Can't create database 'clash'; database exists' on query \(1007\) at \d/,
    ])
    assert.deepEqual(
      keyFaults('clusterSetReplication', ofSet(failed, 'replica', 'clusterSetReplication'), 0),
      [],
    )
    await on('s2', `${clash('DROP')}; ${again}`)
    await isHealthy()

    await on('s2', 'SET GLOBAL super_read_only = OFF; CREATE DATABASE own; SET GLOBAL super_read_only = ON')
    const astray = await standing('replica', ['OK', 'OK_NOT_CONSISTENT', 'OK'])
    tells(errors(astray, 'replica'), [/^ERROR: It has transactions that the primary cluster lacks/])
    const errant = String(ofSet(astray, 'replica', 'transactionSetErrantGtidSet'))
    assert.match(errant, /^[0-9a-f-]{36}:\d+$/)
    // The primary cluster takes it as done.
    await on('s1', `SET gtid_next = '${errant}'; COMMIT; SET gtid_next = AUTOMATIC`)
    await isHealthy()
  })

  it('a replica cluster of which some servers are down, some hang', async () => {
    const reason = 'does not answer: '
    const down = new RegExp(`s4:3306 .*\\(MISSING\\).*\\n {4}Not read: it ${reason}.*systemctl status mysql`)
    const hangs = 'the server did not let the login end within 10 s'

    await shell(LAB, 's4', 'systemctl stop mysql')
    await freeze('s3')
    const lost = await standing('replica', ['NO_QUORUM', 'NOT_OK', 'OK'])
    const shown = await text(lab)
    assert.deepEqual(
      ['s2', 's3', 's4'].map((host) => memberIn(lost, host)['status']),
      ['ONLINE', 'UNREACHABLE', '(MISSING)'],
    )
    assert.deepEqual(whole(lost), [
      'AVAILABLE',
      'Primary Cluster available, there are issues with a Replica cluster.',
    ])
    tells(errors(lost, 'replica'), [
      /^ERROR: Cluster has no quorum, and takes no writes: innodb_cluster_quorum/,
    ])
    assert.match(String(memberIn(lost, 's3')['shellConnectError']), new RegExp(hangs))
    assert.match(shown, new RegExp(`s3:3306 .*UNREACHABLE.*\\n {4}Not read: it ${reason}${hangs}`))
    assert.match(shown, down)

    await freeze('s2')
    const gone = await standing('replica', ['UNREACHABLE', 'UNKNOWN', 'UNKNOWN'])
    tells(errors(gone, 'replica'), [/^ERROR: No member answers: they could be ONLINE all the same/])
    await thaw('s2', 's3')
    // A server that finds no group when it starts does not look for it again.
    await seen(
      () => members(lab, 's2'),
      (rows) => {
        assert.deepEqual(rows, ['s2\tONLINE\tPRIMARY', 's3\tONLINE\tSECONDARY'])
      },
    )
    await shell(LAB, 's4', 'systemctl start mysql')
    await isHealthy()

    await on('s2', 'STOP GROUP_REPLICATION')
    await on('s3', 'STOP GROUP_REPLICATION')
    await freeze('s4')
    const some = await standing('replica', ['UNREACHABLE', 'UNKNOWN', 'STOPPED'])
    await thaw('s4')
    tells(errors(some, 'replica'), [
      /^ERROR: The members that answer are OFFLINE; those that do not answer could be ONLINE.*innodb_cluster_reboot/,
    ])
    for (const host of ['s2', 's3']) await on(host, 'START GROUP_REPLICATION')
    await isHealthy()
  })

  it('a primary cluster that is fenced, stopped, hangs, and is replaced', async () => {
    const noWrites =
      /^ERROR: The ClusterSet takes no writes\. Bring this cluster back; if it is lost, innodb_clusterset_primary with force: true/
    await on('s1', 'SET GLOBAL super_read_only = ON')
    const fenced = await look(lab)
    assert.deepEqual(states(fenced, 'primary'), ['FENCED_WRITES', 'OK_FENCED_WRITES', undefined])
    assert.deepEqual(whole(fenced), ['UNAVAILABLE', 'Primary Cluster is fenced from write traffic.'])
    tells(errors(fenced, 'primary'), [/innodb_cluster_fence with fenced none opens it/])

    await on('s1', 'STOP GROUP_REPLICATION')
    const stopped = await look(lab)
    assert.deepEqual(states(stopped, 'primary'), ['OFFLINE', 'NOT_OK', undefined])
    assert.match(String(whole(stopped)), /^UNAVAILABLE,Primary Cluster is not available\. .*failover\.$/)
    tells(errors(stopped, 'primary'), [
      /Group Replication runs on none of them: innodb_cluster_reboot/,
      noWrites,
    ])
    await done('s1', 'innodb_cluster_reboot', {})
    await isHealthy()

    await freeze('s1')
    const [silent, shown] = await Promise.all([look(lab), text(lab)])
    assert.deepEqual(states(silent, 'primary'), ['UNREACHABLE', 'UNKNOWN', undefined])
    assert.deepEqual(whole(silent), [
      'UNAVAILABLE',
      'Primary Cluster does not answer: it is taken to be unavailable.',
    ])
    tells(errors(silent, 'primary'), [/^ERROR: No member answers/, noWrites])
    assert.match(shown, /ClusterSet clusterset: UNAVAILABLE/)
    assert.match(
      shown,
      /Cluster primary .*\n {2}globalStatus UNKNOWN, .*\n.*\n {2}ERROR: The ClusterSet takes no writes/,
    )
    await done('s2', 'innodb_clusterset_primary', { cluster: 'replica', force: true })
    await thaw('s1')
    const replaced = await standing('primary', ['INVALIDATED', 'INVALIDATED', 'MISSING'])
    assert.match(
      errors(replaced, 'primary').join('\n'),
      /Cluster was invalidated: let it rejoin \(innodb_replica_cluster\)/,
    )
    assert.deepEqual(whole(replaced), [
      'AVAILABLE',
      'Primary Cluster available, there are issues with a Replica cluster.',
    ])
    assert.match(
      await text(lab),
      /Cluster primary \(REPLICA\): INVALIDATED .*\n {2}globalStatus INVALIDATED, .*\n.*WARNING: .*\n/,
    )
  })
})
