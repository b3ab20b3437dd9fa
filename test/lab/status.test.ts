import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hostLayout, labLayout } from '../../src/lab/layout.js'
import { clusterStatusFaults, keyFaults, valueAt, type Json } from '../adminapi-keys.js'
import { shell, sql, startLab, stopLab, testLab, tryShell, type TestLab } from './servers.js'
import { play, PROJECT, transcript } from './signet.js'
import {
  clusterErrorsOf,
  clusterIn,
  errorsOf,
  healthy,
  look,
  memberIn,
  seen,
  tells,
  text,
  type View,
} from './status-view.js'
import { resultOf, runTask, type TaskArguments } from './task.js'

const LAB = testLab('status')
const MD = 'mysql_innodb_cluster_metadata'

/** The lab's inventory with s1 to s3 as the primary cluster and s4 as the replica cluster. */
function asThreeAndOne(inventory: string): string {
  const lines = inventory.trimEnd().split('\n')
  const s3 = lines.findIndex((line) => line.trim() === 's3:')
  const replica = lines.findIndex((line) => line.trim() === 'replica_cluster:')
  const moved = lines.slice(s3, s3 + 3)
  return [...lines.slice(0, replica), ...moved, ...lines.slice(replica, s3), ...lines.slice(s3 + 3), ''].join(
    '\n',
  )
}

describe('what signet cluster status tells of odd clusters', () => {
  let lab: TestLab
  const at1 = (statement: string): Promise<readonly string[]> => sql(LAB, 's1', statement)
  const recorded = (host: string, change: string): string =>
    `UPDATE ${MD}.instances SET ${change} WHERE mysql_server_uuid = (SELECT MEMBER_ID FROM performance_schema.replication_group_members WHERE MEMBER_HOST = '${host}')`
  const done = async (host: string, module: string, args: TaskArguments): Promise<void> => {
    const run = await runTask(lab, host, module, args)
    assert.equal(run.code, 0, transcript(run))
  }
  const rescan = (args: TaskArguments = {}): Promise<void> =>
    done('s1', 'innodb_cluster_rescan', { cluster: 'primary', ...args })
  const rejoin = (host: string): Promise<void> =>
    done(host, 'innodb_cluster_instance', { cluster: 'primary', cert_subject: `/CN=${host}` })
  const isHealthy = (): Promise<View> => seen(() => look(lab), healthy)
  /** Routes of a host into nowhere, or none of them. */
  const route = (action: 'add unreachable' | 'del', from: string, to: readonly string[]): void => {
    const layout = labLayout(LAB)
    for (const host of to)
      execFileSync('ip', [
        '-n',
        hostLayout(layout, from).namespace,
        'route',
        ...action.split(' '),
        hostLayout(layout, host).address,
      ])
  }

  before(async () => {
    lab = await startLab(LAB, 4)
    await writeFile(lab.inventory, asThreeAndOne(await readFile(lab.inventory, 'utf8')))
    await symlink(join(PROJECT, 'roles'), join(lab.directory, 'roles'))
    const run = await play(['playbooks/clusterset.yml', '-i', lab.inventory])
    assert.equal(run.code, 0, transcript(run))
    await at1('CREATE DATABASE d')
    await isHealthy()
  })
  after(() => stopLab(LAB))

  it('records that are not as the servers are, and what rescan makes of them', async () => {
    await at1(
      [
        recorded(
          's2',
          "attributes = JSON_REMOVE(attributes, '$.server_id', '$.recoveryAccountUser', '$.opt_certSubject'), addresses = JSON_SET(JSON_REMOVE(addresses, '$.grLocal'), '$.mysqlX', 's2:1')",
        ),
        recorded(
          's3',
          "address = 'away:3306', attributes = JSON_SET(attributes, '$.server_id', 33, '$.recoveryAccountUser', 'mysql_innodb_cluster_2')",
        ),
        `UPDATE ${MD}.clusters SET attributes = JSON_REMOVE(attributes, '$.opt_transactionSizeLimit') WHERE cluster_name = 'primary'`,
        "CREATE USER mysql_innodb_cluster_77@'%'",
        "ALTER USER mysql_innodb_cluster_1@'%' REQUIRE NONE",
        "SELECT group_replication_set_communication_protocol('8.0.16')",
      ].join('; '),
    )
    const view = await look(lab)
    tells(errorsOf(view, 's1'), [
      /memberAuthType is CERT_SUBJECT_PASSWORD, but mysql_innodb_cluster_1 demands no issuer/,
      /mysql_innodb_cluster_1 demands no subject/,
      /No member uses .*mysql_innodb_cluster_77@%.*: innodb_cluster_rescan/,
    ])
    tells(errorsOf(view, 's2'), [
      /NOTE: server_id is not recorded/,
      /grLocal\) is not recorded/,
      /X protocol is at s2:33060, but s2:1 is recorded/,
      /no certSubject is recorded/,
      /No recovery account is recorded/,
    ])
    const s3 = valueAt(clusterIn(view, 'primary'), 'defaultReplicaSet', 'topology', 's3:3306') as Json
    tells(s3['instanceErrors'] as readonly string[], [
      /server_id is 3, but 33 is recorded/,
      /calls itself s3:3306, but away:3306 is recorded/,
      /recovers with the account mysql_innodb_cluster_3, but mysql_innodb_cluster_2 is recorded/,
    ])
    tells(clusterErrorsOf(view, 'primary'), [
      /NOTE: The group speaks protocol 8.0.16; its members could speak 8.0.27/,
      /transactionSizeLimit is not recorded/,
    ])
    assert.match(await text(lab), /s2:3306 .*\n {4}NOTE: server_id is not recorded/)
    await at1(
      [
        recorded('s2', "attributes = JSON_SET(attributes, '$.opt_certSubject', '/CN=s2')"),
        "SELECT group_replication_set_communication_protocol('8.0.27')",
      ].join('; '),
    )
    await done('s1', 'innodb_cluster', {
      name: 'primary',
      cert_issuer: '/CN=MyName',
      cert_subject: '/CN=s1',
      transaction_size_limit: 150_000_000,
    })
    await rescan()
    await isHealthy()
  })

  it('a member that nobody recorded', async () => {
    await at1(
      `DELETE FROM ${MD}.instances WHERE mysql_server_uuid = (SELECT MEMBER_ID FROM performance_schema.replication_group_members WHERE MEMBER_HOST = 's3')`,
    )
    const view = await look(lab)
    tells(errorsOf(view, 's3'), [/runs in the group, but is not recorded.*add_unmanaged/])
    assert.equal(memberIn(view, 's3')['status'], 'ONLINE')
    await rescan({ add_unmanaged: true })
    await isHealthy()
  })

  it('a secondary that takes writes, replicates from elsewhere, and has other settings', async () => {
    await sql(
      LAB,
      's2',
      'SET GLOBAL super_read_only = OFF; SET GLOBAL group_replication_transaction_size_limit = 1000000; SET PERSIST_ONLY offline_mode = ON',
    )
    // Only a primary may run such a channel.
    await at1(
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST = 's4', SOURCE_USER = 'nobody', SOURCE_SSL = 1 FOR CHANNEL 'stray'; START REPLICA IO_THREAD FOR CHANNEL 'stray'`,
    )
    await sql(
      LAB,
      's3',
      "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'somebody' FOR CHANNEL 'group_replication_recovery'",
    )
    const view = await look(lab)
    tells(errorsOf(view, 's2'), [
      /super_read_only is OFF, though this instance is not the primary of the primary cluster/,
      /transaction_size_limit is 1000000, but the cluster's is 150000000/,
      /offline_mode is persisted as ON/,
    ])
    assert.deepEqual(
      ['mode', 'fenceSysVars', 'memberState'].map((key) => memberIn(view, 's2')[key]),
      ['R/W', ['read_only'], 'ONLINE'],
    )
    tells(errorsOf(view, 's1'), [/The channel "stray" from s4:3306 runs on this instance/])
    tells(errorsOf(view, 's3'), [/recovers with the account somebody, which is not one of a cluster/])
    await sql(
      LAB,
      's3',
      "CHANGE REPLICATION SOURCE TO SOURCE_USER = '' FOR CHANNEL 'group_replication_recovery'",
    )
    tells(errorsOf(await look(lab), 's3'), [/channel of the recovery has no account/])
    await sql(
      LAB,
      's2',
      `RESET PERSIST offline_mode;
       SET GLOBAL super_read_only = ON; SET GLOBAL group_replication_transaction_size_limit = 150000000`,
    )
    await at1("STOP REPLICA FOR CHANNEL 'stray'; RESET REPLICA ALL FOR CHANNEL 'stray'")
    await done('s1', 'innodb_cluster_recovery_accounts', {})
    await isHealthy()
  })

  it('a member whose Group Replication is stopped', async () => {
    await sql(
      LAB,
      's2',
      "STOP GROUP_REPLICATION; SET GLOBAL replica_preserve_commit_order = OFF; SET GLOBAL group_replication_ssl_mode = 'REQUIRED'; SET GLOBAL offline_mode = ON",
    )
    const view = await seen(
      () => look(lab, 0),
      (found) => {
        tells(errorsOf(found, 's2'), [
          /NOTE: Group Replication does not run/,
          /NOTE: replica_preserve_commit_order has to be ON/,
          /memberSslMode is REQUIRED here, but VERIFY_IDENTITY/,
          /offline_mode is ON/,
        ])
        // The others hear of it a moment later.
        assert.equal(memberIn(found, 's2')['status'], '(MISSING)')
      },
    )
    const s2 = memberIn(view, 's2')
    assert.deepEqual(
      ['memberState', 'mode', 'version'].map((key) => s2[key]),
      ['OFFLINE', 'n/a', memberIn(view, 's1')['version']],
    )
    assert.equal(
      valueAt(clusterIn(view, 'primary'), 'defaultReplicaSet', 'statusText'),
      'Cluster is NOT tolerant to any failures. 1 member is not active.',
    )
    await sql(
      LAB,
      's2',
      "SET GLOBAL offline_mode = OFF; SET GLOBAL replica_preserve_commit_order = ON; SET GLOBAL group_replication_ssl_mode = 'VERIFY_IDENTITY'; START GROUP_REPLICATION",
    )
    await isHealthy()
  })

  it('a member that can not recover, and one whose applier has failed', async () => {
    const clash = (verb: string): string =>
      `SET GLOBAL super_read_only = OFF; SET sql_log_bin = 0; ${verb} DATABASE clash; SET GLOBAL super_read_only = ON`
    await sql(LAB, 's2', `STOP GROUP_REPLICATION; ${clash('CREATE')}`)
    await at1('CREATE DATABASE clash')
    await sql(LAB, 's2', 'START GROUP_REPLICATION')
    const level3 = await seen(
      () => look(lab, 3),
      (view) => {
        tells(errorsOf(view, 's2'), [
          /^ERROR: The applier of the channel group_replication_recovery stopped: .*database exists' on query \(1007\) at \d/,
        ])
      },
    )
    const s2 = memberIn(level3, 's2')
    assert.equal(s2['recoveryStatusText'], 'Distributed recovery in progress')
    assert.deepEqual(clusterStatusFaults(clusterIn(level3, 'primary'), 3), [])
    assert.deepEqual(keyFaults('recovery', s2['recovery'], 3), [])
    assert.deepEqual(keyFaults('recoveryChannel', valueAt(s2, 'recovery', 'recoveryChannel'), 2), [])
    assert.deepEqual(
      ['applierErrorNumber', 'state'].map((key) => valueAt(s2, 'recovery', key)),
      [1007, 'APPLIER_ERROR'],
    )
    // It tries again by itself, and has no error meanwhile.
    await seen(
      () => text(lab),
      (shown) => {
        assert.match(shown, /Distributed recovery in progress: .*database exists' on query\n/)
      },
    )
    await sql(LAB, 's2', `STOP GROUP_REPLICATION; ${clash('DROP')}; START GROUP_REPLICATION`)
    await isHealthy()

    await at1('DROP DATABASE clash')
    await seen(
      () => sql(LAB, 's2', "SHOW DATABASES LIKE 'clash'"),
      (rows) => {
        assert.deepEqual(rows, [])
      },
    )
    await sql(LAB, 's2', clash('CREATE'))
    await at1('CREATE DATABASE clash')
    const failed = await seen(
      () => look(lab),
      (view) => {
        tells(errorsOf(view, 's2'), [
          /^ERROR: Group Replication has stopped with an error/,
          /^ERROR: Its error log says: \d/,
          /^ERROR: The applier of the channel group_replication_applier stopped: .*database exists/,
          /offline_mode is ON/,
        ])
        assert.equal(memberIn(view, 's2')['status'], '(MISSING)')
      },
    )
    const channel = memberIn(failed, 's2')['applierChannel']
    assert.deepEqual(keyFaults('applierChannel', channel), [])
    assert.deepEqual(
      [valueAt(channel, 'applierStatus'), memberIn(failed, 's2')['memberState']],
      ['ERROR', 'ERROR'],
    )
    await sql(
      LAB,
      's2',
      `STOP GROUP_REPLICATION; SET GLOBAL offline_mode = OFF; ${clash('DROP')}; START GROUP_REPLICATION`,
    )
    await isHealthy()
  })

  it('a member that recovers by clone, while it does', async () => {
    await sql(
      LAB,
      's3',
      'STOP GROUP_REPLICATION; SET GLOBAL group_replication_clone_threshold = 1, GLOBAL clone_autotune_concurrency = OFF, GLOBAL clone_max_concurrency = 1, GLOBAL clone_max_data_bandwidth = 1',
    )
    await at1('CREATE TABLE d.t (n INT PRIMARY KEY); INSERT INTO d.t VALUES (1); INSERT INTO d.t VALUES (2)')
    await sql(LAB, 's3', 'START GROUP_REPLICATION')
    const view = await seen(
      () => look(lab, 0),
      (found) => {
        assert.equal(valueAt(memberIn(found, 's3'), 'recovery', 'currentStage'), 'FILE COPY')
      },
    )
    const s3 = memberIn(view, 's3')
    assert.deepEqual(
      ['status', 'recoveryStatusText', 'mode'].map((key) => s3[key]),
      ['RECOVERING', 'Cloning in progress', 'n/a'],
    )
    assert.deepEqual(keyFaults('clone', s3['recovery']), [])
    assert.deepEqual(
      ['cloneState', 'currentStageState'].map((key) => valueAt(s3, 'recovery', key)),
      ['In Progress', 'In Progress'],
    )
    assert.match(await text(lab), /s3:3306 .*RECOVERING.*\n {4}Cloning in progress: FILE COPY \d+ %\n/)
    await sql(LAB, 's3', 'SET GLOBAL clone_max_data_bandwidth = 0')
    await seen(
      () => tryShell(LAB, 's3', 'mysql -N -e "SELECT STATE FROM performance_schema.clone_status"'),
      (found) => {
        assert.equal(found.text.trim(), 'Completed')
      },
    )
    // The donor's channel came with its data: its account is not that of this server.
    await rejoin('s3')
    await isHealthy()
  })

  it('a member that is cut off, tries to come back, and does so under another identity', async () => {
    await sql(LAB, 's3', 'SET GLOBAL group_replication_unreachable_majority_timeout = 40')
    route('add unreachable', 's3', ['s1', 's2'])
    const cut = await seen(
      () => look(lab),
      (view) => {
        tells(errorsOf(view, 's3'), [/^ERROR: split-brain: this instance is ONLINE in a group/])
      },
    )
    assert.match(String(memberIn(cut, 's3')['status']), /UNREACHABLE|\(MISSING\)/)
    const gone = await seen(
      () => look(lab),
      (view) => {
        assert.equal(memberIn(view, 's3')['autoRejoinRunning'], true)
      },
    )
    assert.deepEqual(
      ['status', 'memberState', 'mode'].map((key) => memberIn(gone, 's3')[key]),
      ['(MISSING)', 'ERROR', 'n/a'],
    )
    await seen(
      () => text(lab),
      (shown) => {
        assert.match(shown, /s3:3306 .*\n {4}It was expelled, and tries to come back by itself\./)
      },
    )
    route('del', 's3', ['s1', 's2'])
    // Killed: it would finish its attempt first.
    await shell(
      LAB,
      's3',
      'systemctl kill -s KILL mysql; systemctl stop mysql; rm /var/lib/mysql/auto.cnf; systemctl start mysql',
    )
    const other = await seen(
      () => look(lab),
      (view) => {
        tells(errorsOf(view, 's3'), [/server_uuid is .*, but .* is recorded: innodb_cluster_rescan/])
        assert.equal(memberIn(view, 's3')['status'], 'ONLINE')
      },
    )
    assert.deepEqual([memberIn(other, 's3')['memberId']], await sql(LAB, 's3', 'SELECT @@server_uuid'))
    await rescan()
    await isHealthy()
  })

  it('a cluster without a quorum, two of whose servers say nothing', async () => {
    await Promise.all(['s2', 's3'].map((host) => shell(LAB, host, 'kill -STOP $(pidof mysqld)')))
    const view = await seen(
      () => look(lab),
      (found) => {
        assert.equal(valueAt(clusterIn(found, 'primary'), 'defaultReplicaSet', 'status'), 'NO_QUORUM')
      },
    )
    await Promise.all(['s2', 's3'].map((host) => shell(LAB, host, 'kill -CONT $(pidof mysqld)')))
    tells(clusterErrorsOf(view, 'primary'), [/^ERROR: Cluster has no quorum.*innodb_cluster_quorum/])
    assert.match(view.warnings, /no answer from s2: .*\nwarning: no answer from s3: /)
    const s2 = memberIn(view, 's2')
    assert.deepEqual(
      ['status', 'memberState', 'mode', 'version'].map((key) => s2[key]),
      ['UNREACHABLE', '(MISSING)', 'n/a', memberIn(view, 's1')['version']],
    )
    assert.match(String(s2['shellConnectError']), /does not answer/)
    await isHealthy()
  })

  it('clusters of a ClusterSet that do not replicate as they should', async () => {
    const ofSet = (view: View, name: string, ...path: readonly string[]): unknown =>
      valueAt(view.json, 'clusterSet', 'clusters', name, ...path)
    const states = (view: View): readonly unknown[] =>
      ['globalStatus', 'clusterSetReplicationStatus'].map((key) => ofSet(view, 'replica', key))
    const errors = (view: View, name: string): readonly string[] =>
      (ofSet(view, name, 'clusterErrors') ?? []) as readonly string[]

    await sql(LAB, 's4', "STOP REPLICA FOR CHANNEL 'clusterset_replication'")
    await at1(
      `UPDATE ${MD}.clusters SET attributes = JSON_SET(attributes, '$.opt_replConnectRetry', 7) WHERE cluster_name = 'replica'`,
    )
    const stopped = await look(lab)
    assert.deepEqual(states(stopped), ['OK_NOT_REPLICATING', 'STOPPED'])
    tells(errors(stopped, 'replica'), [
      /is not set as recorded \(s4:3306: connectRetry\)/,
      /does not run as it should: STOPPED/,
    ])
    await sql(LAB, 's4', "START REPLICA FOR CHANNEL 'clusterset_replication'")
    await seen(
      () => look(lab),
      (view) => {
        tells(errors(view, 'replica'), [/is not set as recorded \(s4:3306: connectRetry\)/])
      },
    )

    await sql(
      LAB,
      's4',
      `STOP REPLICA FOR CHANNEL 'clusterset_replication';
       CHANGE REPLICATION SOURCE TO SOURCE_HOST = 's2', SOURCE_CONNECTION_AUTO_FAILOVER = 0 FOR CHANNEL 'clusterset_replication'; START REPLICA FOR CHANNEL 'clusterset_replication'`,
    )
    const astray = await seen(
      () => look(lab),
      (view) => {
        assert.deepEqual(states(view), ['OK_MISCONFIGURED', 'MISCONFIGURED'])
      },
    )
    assert.match(errors(astray, 'replica').join('\n'), /It replicates from s2:3306; the primary is s1:3306/)

    await sql(
      LAB,
      's4',
      `STOP REPLICA FOR CHANNEL 'clusterset_replication'; RESET REPLICA ALL FOR CHANNEL 'clusterset_replication'`,
    )
    const missing = await look(lab)
    assert.deepEqual(states(missing), ['OK_MISCONFIGURED', 'MISSING'])
    tells(errors(missing, 'replica'), [/The channel from the primary cluster is missing/])
    assert.deepEqual(ofSet(missing, 'replica', 'clusterSetReplication'), {})
    assert.match(
      await text(lab),
      /Cluster replica .*\n.*\n {2}WARNING: The channel from the primary cluster is missing/,
    )

    // A primary cluster that replicates, and is closed.
    await at1(
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST = 's4', SOURCE_USER = 'nobody', SOURCE_SSL = 1 FOR CHANNEL 'clusterset_replication'; START REPLICA FOR CHANNEL 'clusterset_replication'`,
    )
    const both = await seen(
      () => look(lab),
      (view) => {
        assert.equal(ofSet(view, 'primary', 'globalStatus'), 'OK_MISCONFIGURED')
      },
    )
    assert.equal(
      valueAt(both.json, 'clusterSet', 'statusText'),
      'Primary Cluster available but requires attention.',
    )
    tells(errors(both, 'primary'), [/a member of the primary cluster, has a channel clusterset_replication/])
    await at1(
      `STOP REPLICA FOR CHANNEL 'clusterset_replication'; RESET REPLICA ALL FOR CHANNEL 'clusterset_replication'; SET GLOBAL super_read_only = ON`,
    )
    const fenced = await look(lab)
    assert.equal(ofSet(fenced, 'primary', 'globalStatus'), 'OK_FENCED_WRITES')
    tells(errors(fenced, 'primary'), [/Cluster is fenced from write traffic/])
    await at1('SET GLOBAL super_read_only = OFF')

    // The replica cluster wrote by itself.
    await sql(
      LAB,
      's4',
      'SET GLOBAL super_read_only = OFF; CREATE DATABASE errant; SET GLOBAL super_read_only = ON; STOP GROUP_REPLICATION',
    )
    const offline = await look(lab)
    assert.equal(ofSet(offline, 'replica', 'globalStatus'), 'NOT_OK')
    assert.equal(ofSet(offline, 'replica', 'transactionSetConsistencyStatus'), 'INCONSISTENT')
    assert.deepEqual(
      ['status', 'primary', 'ssl'].map((key) =>
        valueAt(clusterIn(offline, 'replica'), 'defaultReplicaSet', key),
      ),
      ['OFFLINE', undefined, 'VERIFY_IDENTITY'],
    )
    tells(errors(offline, 'replica'), [
      /All members answer, but Group Replication runs on none of them.*innodb_cluster_reboot/,
      /^ERROR: It has transactions that the primary cluster lacks/,
    ])
    assert.match(
      String(valueAt(clusterIn(offline, 'replica'), 'defaultReplicaSet', 'warning')),
      /comes from s4:3306, which is OFFLINE/,
    )
  })

  it('the module tells the same, wherever it runs', async () => {
    const run = await runTask(lab, 's4', 'innodb_cluster_info', { extended: 1 })
    const { values } = resultOf(run)
    assert.equal(run.code, 0, transcript(run))
    const status = valueAt(values, 'clusters', 'replica', 'status')
    assert.deepEqual(status, clusterIn(await look(lab), 'replica'))
  })
})
