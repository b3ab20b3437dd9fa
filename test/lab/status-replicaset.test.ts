import assert from 'node:assert/strict'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keyFaults, replicaSetStatusFaults, valueAt, type Json } from '../adminapi-keys.js'
import { SERVERS } from './cluster-hosts.js'
import { shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { play, PROJECT, signet, transcript } from './signet.js'
import {
  clusterErrorsOf,
  clusterIn,
  errorsOf,
  look,
  memberIn,
  seen,
  tells,
  text,
  type View,
} from './status-view.js'
import { resultOf, runTask, type TaskArguments } from './task.js'

const LAB = testLab('status-rs')
const MD = 'mysql_innodb_cluster_metadata'
const READS = 'read_replica_replication'
/** An account for whoever comes over SERVERS. */
const STRAY =
  "CREATE USER stray@'%' IDENTIFIED BY 'stray' REQUIRE SSL; GRANT REPLICATION SLAVE ON *.* TO stray@'%'"

describe('what signet cluster status tells of odd ReplicaSets and read replicas', () => {
  let lab: TestLab
  const on = (host: string, statement: string): Promise<readonly string[]> => sql(LAB, host, statement)
  const done = async (host: string, module: string, args: TaskArguments): Promise<void> => {
    const run = await runTask(lab, host, module, { members: lab.hosts, ...args })
    assert.equal(run.code, 0, transcript(run))
  }
  const rejoin = (): Promise<void> =>
    done('s2', 'innodb_replicaset_instance', { replicaset: 'replicaset', cert_subject: '/CN=s2' })
  const errors = (patterns: readonly RegExp[], host = 's2'): Promise<View> =>
    seen(
      () => look(lab),
      (view) => {
        tells(errorsOf(view, host), patterns)
      },
    )
  const isHealthy = (): Promise<View> =>
    seen(
      () => look(lab),
      (view) => {
        const state = ['s1', 's2'].map((host) => [memberIn(view, host)['status'], errorsOf(view, host)])
        assert.deepEqual(state, [
          ['ONLINE', []],
          ['ONLINE', []],
        ])
      },
    )
  /** The record of s2, in the ReplicaSet's metadata. */
  const recorded = (change: string): Promise<readonly string[]> =>
    on('s1', `UPDATE ${MD}.instances SET ${change} WHERE address = 's2:3306'`)

  before(async () => {
    lab = await startLab(LAB, 4)
    // s1 and s2 are the ReplicaSet; s3 is a cluster, and s4 reads from it.
    const inventory = await readFile(lab.inventory, 'utf8')
    await writeFile(lab.inventory, inventory.replace('primary_cluster', 'replicaset'))
    await symlink(join(PROJECT, 'roles'), join(lab.directory, 'roles'))
    const tls = join(lab.directory, 'tls.yml')
    await writeFile(tls, SERVERS)
    for (const playbook of [tls, 'playbooks/replicaset.yml']) {
      const run = await play([playbook, '-i', lab.inventory])
      assert.equal(run.code, 0, transcript(run))
    }
    await isHealthy()
  })
  after(() => stopLab(LAB))

  it('records that are not as the servers are', async () => {
    await recorded(
      "attributes = JSON_SET(JSON_REMOVE(attributes, '$.replicationAccountUser', '$.opt_certSubject'), '$.server_id', 22, '$.opt_replConnectRetry', 7)",
    )
    await on('s1', "ALTER USER mysql_innodb_rs_2@'%' REQUIRE NONE")
    await errors([
      /server_id is 2, but 22 is recorded: innodb_replicaset_rescan/,
      /channel is not set as recorded \(connectRetry\)/,
      /account that this instance replicates with is not recorded/,
      /memberAuthType is CERT_SUBJECT_PASSWORD, but no certSubject is recorded/,
      /mysql_innodb_rs_2 demands no issuer/,
      /mysql_innodb_rs_2 demands no subject/,
    ])
    await recorded(
      "attributes = JSON_SET(JSON_REMOVE(attributes, '$.opt_replConnectRetry'), '$.replicationAccountUser', 'mysql_innodb_rs_9', '$.server_id', 2, '$.opt_certSubject', '/CN=s2')",
    )
    await on('s1', "ALTER USER mysql_innodb_rs_2@'%' REQUIRE ISSUER '/CN=MyName' AND SUBJECT '/CN=s2'")
    await errors([/The account mysql_innodb_rs_9 is recorded, but the channel uses mysql_innodb_rs_2/])
    await recorded("attributes = JSON_SET(attributes, '$.replicationAccountUser', 'mysql_innodb_rs_2')")
    await isHealthy()
  })

  it('a secondary that takes writes, and channels and replicas that belong to nobody', async () => {
    await on('s1', STRAY)
    await on(
      's4',
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST = 's1', SOURCE_USER = 'stray', SOURCE_PASSWORD = 'stray', SOURCE_SSL = 1, SOURCE_AUTO_POSITION = 1 FOR CHANNEL 'stray'; START REPLICA IO_THREAD FOR CHANNEL 'stray'`,
    )
    await on(
      's2',
      `STOP REPLICA; SET GLOBAL replica_preserve_commit_order = OFF; SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF;
       CHANGE REPLICATION SOURCE TO SOURCE_HOST = 's3', SOURCE_USER = 'nobody', SOURCE_SSL = 1 FOR CHANNEL 'stray'`,
    )
    const view = await errors([
      /super_read_only option is OFF/,
      /^ERROR: Replication is stopped/,
      /The channel "stray" from s3:3306 \(OFF\) belongs to no ReplicaSet/,
      /replica_preserve_commit_order has to be ON/,
    ])
    assert.deepEqual(
      ['status', 'mode', 'fenced', 'unknownChannels'].map((key) => memberIn(view, 's2')[key]),
      ['OFFLINE', 'R/W', false, [{ channel: 'stray', source: 's3:3306' }]],
    )
    const replicas = await seen(
      () => look(lab),
      (found) => {
        assert.deepEqual(memberIn(found, 's1')['unknownReplicas'], ['s4:3306'])
      },
    )
    const [set] = replicas.json['replicaSets'] as readonly Json[]
    assert.deepEqual(replicaSetStatusFaults(set, 1), [])
    assert.match(await text(lab), /s2:3306 .*\n {4}ERROR: .*super_read_only option is OFF/)
    const { values } = resultOf(await runTask(lab, 's1', 'innodb_replicaset_info', { extended: 1 }))
    assert.deepEqual(
      valueAt(
        values,
        'replicasets',
        'replicaset',
        'status',
        'replicaSet',
        'topology',
        's1:3306',
        'unknownReplicas',
      ),
      ['s4:3306'],
    )
    await on('s4', "STOP REPLICA FOR CHANNEL 'stray'; RESET REPLICA ALL FOR CHANNEL 'stray'")
    await on(
      's2',
      `RESET REPLICA ALL FOR CHANNEL 'stray'; SET GLOBAL replica_preserve_commit_order = ON; SET GLOBAL super_read_only = ON; START REPLICA SQL_THREAD`,
    )
    await errors([/Replication I\/O thread \(receiver\) is stopped/])
    await on('s2', 'STOP REPLICA; START REPLICA IO_THREAD')
    await errors([/Replication SQL thread \(applier\) is stopped/])
    await on('s2', 'START REPLICA')
    await isHealthy()
  })

  it('receivers and appliers that fail, or lead elsewhere', async () => {
    await on('s1', "ALTER USER mysql_innodb_rs_2@'%' ACCOUNT LOCK")
    await on('s2', 'STOP REPLICA; START REPLICA')
    const connecting = await errors([/^NOTE: Replication I\/O thread is reconnecting: .*locked/])
    assert.deepEqual(
      [
        memberIn(connecting, 's2')['status'],
        valueAt(memberIn(connecting, 's2'), 'replication', 'receiverStatus'),
      ],
      ['CONNECTING', 'ERROR'],
    )
    await on(
      's2',
      'STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 1; START REPLICA',
    )
    await errors([/receiver\) has stopped with an error: .*locked.* \(\d+\) at \d/])
    await on('s1', "ALTER USER mysql_innodb_rs_2@'%' ACCOUNT UNLOCK")
    await on('s2', 'STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_RETRY_COUNT = 10; START REPLICA')
    await isHealthy()

    const clash = (verb: string): string =>
      `SET GLOBAL super_read_only = OFF; SET sql_log_bin = 0; ${verb} DATABASE clash; SET GLOBAL super_read_only = ON`
    await on('s2', clash('CREATE'))
    await on('s1', 'CREATE DATABASE clash')
    const failed = await errors([
      /applier\) has stopped with an error: .*database exists' on query \(1007\) at \d/,
    ])
    const replication = valueAt(memberIn(failed, 's2'), 'replication')
    assert.deepEqual(keyFaults('replication', replication, 1), [])
    assert.equal(valueAt(replication, 'applierLastErrors', '0', 'errorNumber'), 1007)
    await on('s2', `STOP REPLICA; ${clash('DROP')}; START REPLICA`)
    await isHealthy()

    await on('s3', STRAY)
    await on(
      's2',
      `STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_HOST = 's3', SOURCE_USER = 'stray', SOURCE_PASSWORD = 'stray'; START REPLICA IO_THREAD`,
    )
    const astray = await errors([
      /applier\) is stopped/,
      /Replication source misconfigured. Expected s1:3306 but is s3:3306/,
      /Incorrect recovery account \(stray\) being used, should be mysql_innodb_rs_2/,
      /account mysql_innodb_rs_2 is recorded, but the channel uses stray/,
    ])
    assert.equal(memberIn(astray, 's2')['status'], 'ERROR')
    await on('s2', 'STOP REPLICA; RESET REPLICA ALL')
    await errors([/channel is not configured, should be s1:3306/])
    await rejoin()
    await isHealthy()
  })

  it('a primary that is closed, or replicates; a secondary with another identity', async () => {
    await on(
      's1',
      `SET GLOBAL read_only = ON; CHANGE REPLICATION SOURCE TO SOURCE_HOST = 's3', SOURCE_USER = 'nobody'`,
    )
    const closed = await errors(
      [
        /PRIMARY but is READ-ONLY: read_only=ON/,
        /PRIMARY but is replicating from another/,
        /secured as REQUIRED/,
        /Incorrect recovery account \(nobody\)/,
        /but the channel uses nobody/,
      ],
      's1',
    )
    assert.deepEqual(
      ['status', 'mode', 'fenceSysVars'].map((key) => memberIn(closed, 's1')[key]),
      ['ERROR', 'R/O', ['read_only']],
    )
    await on('s1', 'RESET REPLICA ALL; SET GLOBAL read_only = OFF')
    await shell(
      LAB,
      's2',
      'systemctl stop mysql; rm /var/lib/mysql/auto.cnf; systemctl start mysql; mysql -e "START REPLICA"',
    )
    const other = await errors([/server_uuid is .*, but .* is recorded: innodb_replicaset_rescan/])
    assert.equal(memberIn(other, 's2')['status'], 'ONLINE')
    await done('s1', 'innodb_replicaset_rescan', { replicaset: 'replicaset' })
    await isHealthy()
  })

  it('members that hang, transactions of its own, and a primary that was replaced', async () => {
    const freeze = (...hosts: readonly string[]): Promise<unknown> =>
      Promise.all(hosts.map((host) => shell(LAB, host, 'kill -STOP $(pidof mysqld)')))
    const thaw = (...hosts: readonly string[]): Promise<unknown> =>
      Promise.all(hosts.map((host) => shell(LAB, host, 'kill -CONT $(pidof mysqld)')))
    /** The whole, and then both members. */
    const states = (view: View): readonly unknown[] => [
      valueAt((view.json['replicaSets'] as readonly Json[])[0], 'replicaSet', 'status'),
      ...['s1', 's2'].map((host) => memberIn(view, host)['status']),
    ]
    const standing = (wanted: readonly unknown[]): Promise<View> =>
      seen(
        () => look(lab),
        (view) => {
          assert.deepEqual(states(view), wanted)
        },
      )
    const hangs = 'it does not answer: the server did not let the login end within 10 s'

    await freeze('s2')
    const partial = await standing(['AVAILABLE_PARTIAL', 'ONLINE', 'UNREACHABLE'])
    const forPeople = await text(lab)
    await thaw('s2')
    assert.equal(memberIn(partial, 's2')['connectError'], hangs)
    assert.match(
      forPeople,
      new RegExp(`s2:3306 .*UNREACHABLE.*\\n {4}Not read: ${hangs}. Look there: systemctl`),
    )

    const own = 'SET GLOBAL super_read_only = OFF; CREATE DATABASE own; SET GLOBAL super_read_only = ON'
    await on('s2', own)
    const astray = await standing(['AVAILABLE_PARTIAL', 'ONLINE', 'INCONSISTENT'])
    tells(errorsOf(astray, 's2'), [/^ERROR: 1 errant transaction/])
    const errant = String(memberIn(astray, 's2')['transactionSetErrantGtidSet'])
    assert.match(errant, /^[0-9a-f-]{36}:\d+$/)
    // The primary takes it as done.
    await on('s1', `SET gtid_next = '${errant}'; COMMIT; SET gtid_next = AUTOMATIC`)
    await isHealthy()

    await freeze('s1')
    const lost = await standing(['UNAVAILABLE', 'UNREACHABLE', 'ONLINE'])
    assert.match(
      await text(lab),
      /ReplicaSet replicaset: UNAVAILABLE .*\n.*\n {2}ERROR: The ReplicaSet takes no writes\. Mend the primary \(s1:3306\); if it is lost, innodb_replicaset_primary/,
    )
    assert.equal(memberIn(lost, 's1')['connectError'], hangs)
    await freeze('s2')
    const nobody = await signet(['cluster', 'status', '-i', lab.inventory])
    await thaw('s1', 's2')
    assert.equal(nobody.code, 2)
    assert.match(nobody.stdout, /no cluster among the servers that answer.*may know of one: s1, s2\./)
    assert.match(nobody.stderr, /no answer from s1: .*\nwarning: no answer from s2: /)
    await isHealthy()

    await shell(LAB, 's1', 'systemctl stop mysql')
    await done('s2', 'innodb_replicaset_primary', { replicaset: 'replicaset', force: true })
    await shell(LAB, 's1', 'systemctl start mysql')
    const replaced = await standing(['AVAILABLE_PARTIAL', 'INVALIDATED', 'ONLINE'])
    assert.match(errorsOf(replaced, 's1').join('\n'), /INVALIDATED and must be rejoined or removed/)
    assert.match(await text(lab), /s1:3306 +INVALIDATED .*\n {4}WARNING: Instance was INVALIDATED/)
    await done('s1', 'innodb_replicaset_instance', { replicaset: 'replicaset', cert_subject: '/CN=s1' })
    await isHealthy()
  })

  it('a server with metadata that nobody can read is left out, and named', async () => {
    await on(
      's4',
      `SET sql_log_bin = 0; CREATE DATABASE ${MD}; CREATE VIEW ${MD}.schema_version AS SELECT 1 AS x`,
    )
    const view = await look(lab)
    await on('s4', `SET sql_log_bin = 0; DROP DATABASE ${MD}`)
    assert.match(view.warnings, /warning: no answer from s4: .*Unknown column/)
    assert.deepEqual(
      ['s1', 's2'].map((host) => memberIn(view, host)['status']),
      ['ONLINE', 'ONLINE'],
    )
  })

  it('a cluster with several primaries and settings that have no effect', async () => {
    await on(
      's3',
      `INSTALL PLUGIN group_replication SONAME 'group_replication.so'; SET PERSIST group_replication_view_change_uuid = UUID()`,
    )
    await done('s3', 'innodb_cluster', {
      name: 'many',
      paxos_single_leader: true,
      cert_issuer: '/CN=MyName',
      cert_subject: '/CN=s3',
    })
    await on('s3', 'SELECT group_replication_switch_to_multi_primary_mode()')
    await done('s3', 'innodb_cluster_rescan', { cluster: 'many' })
    const view = await look(lab)
    tells(clusterErrorsOf(view, 'many'), [
      /group_replication_view_change_uuid is .*, but none is recorded/,
      /NOTE: group_replication_paxos_single_leader is ON, but has no effect/,
    ])
    assert.deepEqual(
      ['primary', 'paxosSingleLeader', 'topologyMode'].map((key) =>
        valueAt(clusterIn(view, 'many'), 'defaultReplicaSet', key),
      ),
      [undefined, 'ON', 'Multi-Primary'],
    )
  })

  it('a read replica, made by hand as MySQL Shell makes it', async () => {
    const user = 'mysql_innodb_replica_4'
    await on(
      's3',
      `CREATE USER ${user}@'%' IDENTIFIED BY 'reads' REQUIRE ISSUER '/CN=MyName' AND SUBJECT '/CN=s4'; GRANT REPLICATION SLAVE ON *.* TO ${user}@'%';
       INSERT INTO ${MD}.instances (cluster_id, address, mysql_server_uuid, instance_name, addresses, attributes, instance_type)
         SELECT cluster_id, 's4:3306', '${String((await on('s4', 'SELECT @@server_uuid'))[0])}', 's4:3306', '{"mysqlClassic": "s4:3306", "mysqlX": "s4:33060"}',
           '{"server_id": 4, "opt_certSubject": "/CN=s4", "replicationSources": ["s3:3306"], "readReplicaReplicationAccountUser": "${user}"}', 'read-replica' FROM ${MD}.clusters`,
    )
    await on(
      's4',
      `SET GLOBAL super_read_only = ON;
       CHANGE REPLICATION SOURCE TO SOURCE_HOST = 's3', SOURCE_USER = '${user}', SOURCE_PASSWORD = 'reads', SOURCE_SSL = 1, SOURCE_SSL_CERT = '/etc/mysql/ssl/server-cert.pem', SOURCE_SSL_KEY = '/etc/mysql/ssl/server-key.pem',
         SOURCE_AUTO_POSITION = 1, SOURCE_CONNECTION_AUTO_FAILOVER = 1, SOURCE_CONNECT_RETRY = 1 FOR CHANNEL '${READS}';
       SELECT asynchronous_connection_failover_add_source('${READS}', 's3', 3306, '', 80); START REPLICA FOR CHANNEL '${READS}'`,
    )
    const replica = (view: View): Json => valueAt(memberIn(view, 's3'), 'readReplicas', 's4:3306') as Json
    const tellsOf = (patterns: readonly RegExp[]): Promise<View> =>
      seen(
        () => look(lab),
        (view) => {
          tells((replica(view)['instanceErrors'] ?? []) as readonly string[], patterns)
        },
      )
    await seen(
      () => look(lab, 2),
      (view) => {
        assert.equal(replica(view)['status'], 'ONLINE', JSON.stringify(replica(view)))
      },
    )
    const shown = replica(await look(lab, 3))
    assert.deepEqual(keyFaults('readReplica', shown, 3), [])
    assert.deepEqual(
      ['replicationSources', 'instanceErrors', 'receiverStatus'].map((key) => shown[key]),
      [[{ address: 's3:3306', weight: 80 }], undefined, 'ON'],
    )
    assert.match(String(shown['replicationSsl']), /^TLS_\w+ TLSv1\.3$/)
    await on('s4', `SET GLOBAL super_read_only = OFF; STOP REPLICA FOR CHANNEL '${READS}'`)
    await on(
      's3',
      `UPDATE ${MD}.instances SET attributes = JSON_SET(attributes, '$.replicationSources', JSON_ARRAY('s9:3306')) WHERE instance_type = 'read-replica'`,
    )
    const odd = await tellsOf([
      /super_read_only is OFF on this read replica/,
      /sources are not the recorded replicationSources/,
      /The channel read_replica_replication is stopped/,
    ])
    assert.equal(replica(odd)['status'], 'OFFLINE')
    assert.match(await text(lab), /read replica s4:3306 OFFLINE\n {6}WARNING: super_read_only is OFF/)
    await on(
      's4',
      `SET GLOBAL super_read_only = ON; SELECT asynchronous_connection_failover_delete_source('${READS}', 's3', 3306, ''); RESET REPLICA ALL FOR CHANNEL '${READS}'`,
    )
    await on(
      's3',
      `UPDATE ${MD}.instances SET attributes = JSON_REMOVE(attributes, '$.replicationSources') WHERE instance_type = 'read-replica'`,
    )
    await tellsOf([/No replicationSources are recorded/, /The channel read_replica_replication is missing/])
  })
})
