import assert from 'node:assert/strict'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createMetadataSchema } from '../../src/mysql/metadata/schema.js'
import {
  clusterSetStatusFaults,
  clusterStatusFaults,
  describeFaults,
  keyFaults,
  OPTIONS,
  optionNames,
  replicaSetStatusFaults,
  valueAt,
  type Json,
} from '../adminapi-keys.js'
import { arrived } from './arrived.js'
import { changes, play, PROJECT, signet, transcript, type Run } from './signet.js'
import { quote, shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { resultOf, runTask } from './task.js'

const LAB = testLab('ecosystem')
const MD = 'mysql_innodb_cluster_metadata'

/** Inventory of five hosts: s1 and s2 the primary cluster, s3 the replica cluster, s4 and s5 a ReplicaSet. */
function asThree(inventory: string): string {
  const lines = inventory.trimEnd().split('\n')
  const head = lines.slice(
    0,
    lines.findIndex((line) => line.trim() === 'primary_cluster:'),
  )
  const group = (name: string, hosts: readonly string[]): readonly string[] => [
    `        ${name}:`,
    '          hosts:',
    ...hosts.flatMap((host) => {
      const at = lines.findIndex((line) => line.trim() === `${host}:`)
      return lines.slice(at, at + 3)
    }),
  ]
  return [
    ...head,
    ...group('primary_cluster', ['s1', 's2']),
    ...group('replica_cluster', ['s3']),
    ...group('replicaset', ['s4', 's5']),
    '',
  ].join('\n')
}

/**
 * What MySQL Shell asks to recognise an instance (get_instance_type, check_instance_type, is_active_member,
 * check_cluster_set), as a host would be classified by the answers.
 */
async function kindOf(host: string): Promise<string> {
  const [row] = await sql(
    LAB,
    host,
    `SELECT (SELECT CONCAT(t.cluster_type, ' ', t.instance_type) FROM ${MD}.v2_this_instance t),
      (SELECT COUNT(*) FROM performance_schema.replication_group_members g WHERE g.member_id = @@server_uuid AND g.member_state NOT IN ('OFFLINE', 'UNREACHABLE')),
      (SELECT c.clusterset_id IS NOT NULL FROM ${MD}.clusters c JOIN ${MD}.instances i USING (cluster_id) WHERE i.address = '${host}:3306')`,
  )
  const [type, active, inSet] = (row ?? '').split('\t')
  if (type === 'gr group-member' && active === '1')
    return inSet === '1' ? 'InnoDBClusterSet' : 'InnoDBCluster'
  return type === 'ar async-member' && active === '0' ? 'AsyncReplicaSet' : `? ${row ?? ''}`
}

/** The rows that MySQL Shell makes its cluster objects of. */
const clusterRows = (host: string): Promise<readonly string[]> =>
  sql(
    LAB,
    host,
    `SELECT a.cluster_type, a.primary_mode, a.cluster_name, a.description, NULL, a.async_topology_type, 0 FROM ${MD}.v2_ar_clusters a
     UNION ALL SELECT g.cluster_type, g.primary_mode, g.cluster_name, g.description, g.group_name = (SELECT v.VARIABLE_VALUE FROM performance_schema.global_variables v WHERE v.VARIABLE_NAME = 'group_replication_group_name'), NULL, COALESCE(m.invalidated, 0)
     FROM ${MD}.v2_gr_clusters g LEFT JOIN ${MD}.v2_cs_members m ON m.cluster_id = g.cluster_id ORDER BY 3`,
  )

/** The rows that MySQL Shell makes its instance objects of. */
const instanceRows = (host: string): Promise<readonly string[]> =>
  sql(
    LAB,
    host,
    `SELECT i.label, i.address, i.endpoint, i.xendpoint, r.addresses->>'$.grLocal', CAST(r.attributes->'$.server_id' AS UNSIGNED),
       IFNULL(CAST(r.attributes->'$.tags._hidden' AS UNSIGNED), false), i.instance_type, m.member_role, m.master_member_id IS NOT NULL
     FROM ${MD}.v2_instances i LEFT JOIN ${MD}.instances r ON r.instance_id = i.instance_id
     LEFT JOIN ${MD}.v2_ar_members m ON m.instance_id = i.instance_id ORDER BY 1`,
  )

/** Whether as many members are recorded as are ONLINE; read replicas are not counted. */
const allOnline = (host: string): Promise<readonly string[]> =>
  sql(
    LAB,
    host,
    `SELECT (SELECT COUNT(*) FROM ${MD}.instances i WHERE i.instance_type <> 'read-replica' AND i.cluster_id =
       (SELECT o.cluster_id FROM ${MD}.instances o WHERE o.mysql_server_uuid = @@server_uuid))
       = (SELECT COUNT(*) FROM performance_schema.replication_group_members WHERE member_state = 'ONLINE')`,
  )

describe('MySQL Shell', () => {
  let lab: TestLab
  let cluster: string
  before(async () => {
    lab = await startLab(LAB, 5)
    await writeFile(lab.inventory, asThree(await readFile(lab.inventory, 'utf8')))
    await symlink(join(PROJECT, 'roles'), join(lab.directory, 'roles'))
    cluster = join(lab.directory, 'cluster.yml')
    const text = await readFile('playbooks/clusterset.yml', 'utf8')
    await writeFile(cluster, text.slice(0, text.indexOf('- name: ClusterSet and replica cluster')))
    await done(cluster)
    await done('playbooks/replicaset.yml')
  })
  after(() => stopLab(LAB))

  /** A run that succeeds, and whose changes have arrived everywhere. */
  const done = async (playbook: string, ...words: string[]): Promise<Run> => {
    const run = await play([playbook, '-i', lab.inventory, ...words])
    assert.equal(run.code, 0, transcript(run))
    await arrived(lab)
    return run
  }
  const read = async (action: string, ...words: string[]): Promise<Json> => {
    const run = await signet(['cluster', action, '--format', 'json', '-i', lab.inventory, ...words])
    assert.equal(run.code, 0, transcript(run))
    return JSON.parse(run.stdout) as Json
  }
  const member = (id: number): string =>
    `s${id}:3306\ts${id}:3306\ts${id}:3306\ts${id}:33060\ts${id}:3306\t${id}\t0\tgroup-member\tNULL\t0`

  it('would recognise a cluster as its own', async () => {
    assert.deepEqual(await Promise.all(['s1', 's2'].map(kindOf)), ['InnoDBCluster', 'InnoDBCluster'])
    assert.deepEqual(await sql(LAB, 's2', `SELECT major, minor, patch FROM ${MD}.schema_version`), [
      '2\t4\t0',
    ])
    assert.deepEqual(await clusterRows('s2'), ['gr\tpm\tprimary\tDefault Cluster\t1\tNULL\t0'])
    assert.deepEqual(await instanceRows('s2'), [member(1), member(2)])
    assert.deepEqual(await allOnline('s1'), ['1'])
  })

  it('would recognise a ReplicaSet as its own', async () => {
    assert.deepEqual(await Promise.all(['s4', 's5'].map(kindOf)), ['AsyncReplicaSet', 'AsyncReplicaSet'])
    assert.deepEqual(await clusterRows('s5'), [
      'ar\tpm\treplicaset\tDefault ReplicaSet\tNULL\tSINGLE-PRIMARY-TREE\t0',
    ])
    assert.deepEqual(await instanceRows('s5'), [
      's4:3306\ts4:3306\ts4:3306\ts4:33060\tNULL\t4\t0\tasync-member\tPRIMARY\t0',
      's5:3306\ts5:3306\ts5:3306\ts5:33060\tNULL\t5\t0\tasync-member\tSECONDARY\t1',
    ])
  })

  it('the other way: signet works on with metadata that it did not write, and leaves read replicas alone', async () => {
    // The same cluster, recorded statement by statement as MySQL Shell does, by the schema of Shell 8.4.
    const attributes = (name: string, value: string): string =>
      `UPDATE clusters SET attributes = JSON_SET(attributes, '$.${name}', CAST('${value}' AS JSON));`
    const instance = (id: number): string => `
      INSERT INTO instances (cluster_id, address, mysql_server_uuid, instance_name, addresses, attributes, instance_type)
        SELECT @cluster, 's${id}:3306', MEMBER_ID, 's${id}:3306', JSON_OBJECT('mysqlClassic', 's${id}:3306', 'mysqlX', 's${id}:33060', 'grLocal', 's${id}:3306'), JSON_OBJECT('server_id', ${id}), 'group-member'
        FROM performance_schema.replication_group_members WHERE MEMBER_HOST = 's${id}';
      UPDATE instances SET attributes = JSON_SET(attributes, '$.recoveryAccountUser', 'mysql_innodb_cluster_${id}', '$.recoveryAccountHost', '%', '$.opt_certSubject', '/CN=s${id}', '$.joinTime', '2026-01-01 00:00:00.000') WHERE address = 's${id}:3306';`
    const statements = `DELIMITER //
${['DROP SCHEMA mysql_innodb_cluster_metadata', ...createMetadataSchema('8.4.8')].join('//\n')}//
DELIMITER ;
      USE ${MD};
      START TRANSACTION;
      SET @cluster = UUID();
      INSERT INTO clusters (cluster_id, cluster_name, description, cluster_type, primary_mode, attributes)
        VALUES (@cluster, 'primary', 'Default Cluster', 'gr', 'pm', JSON_OBJECT('adopted', 0, 'group_replication_group_name', @@group_replication_group_name));
      ${attributes('opt_replicationAllowedHost', '"%"')}
      UPDATE clusters SET attributes = JSON_MERGE_PATCH(attributes, '{"capabilities":{"communicationStack":{"value":"MYSQL","allow":[]}}}');
      ${attributes('opt_gtidSetIsComplete', 'false')}
      ${attributes('opt_manualStartOnBoot', 'false')}
      ${attributes('default', 'true')}
      UPDATE clusters SET attributes = JSON_SET(attributes, '$.opt_transactionSizeLimit', @@group_replication_transaction_size_limit);
      UPDATE clusters SET router_options = JSON_SET(IFNULL(router_options, '{}'), '$.tags', CAST('{}' AS JSON), '$.read_only_targets', 'secondaries');
      ${attributes('opt_memberAuthType', '"CERT_SUBJECT_PASSWORD"')}
      ${attributes('opt_certIssuer', '"/CN=MyName"')}
      ${instance(1)}
      ${instance(2)}
      INSERT INTO instances (cluster_id, address, mysql_server_uuid, instance_name, addresses, attributes, instance_type)
        VALUES (@cluster, 'away:3306', UUID(), 'away:3306', JSON_OBJECT('mysqlClassic', 'away:3306', 'mysqlX', 'away:33060'),
          JSON_OBJECT('server_id', 99, 'replicationSources', 'PRIMARY', 'readReplicaReplicationAccountUser', 'mysql_innodb_replica_99'), 'read-replica');
      COMMIT;`
    await shell(LAB, 's1', `printf %s ${quote(statements)} | mysql`)
    await arrived(lab)
    assert.deepEqual(changes(await done(cluster, '--check')), [])
    const rescan = resultOf(
      await runTask(
        lab,
        's1',
        'innodb_cluster_rescan',
        { cluster: 'primary', members: ['s1', 's2'] },
        '--check',
      ),
    )
    assert.equal(rescan.status, 'ok', JSON.stringify(rescan))
    const [first] = (await read('describe', '-l', 's1,s2'))['clusters'] as readonly Json[]
    assert.deepEqual(valueAt(first, 'defaultReplicaSet', 'topology'), [
      { address: 's1:3306', label: 's1:3306', role: 'HA' },
      { address: 's2:3306', label: 's2:3306', role: 'HA' },
      { address: 'away:3306', label: 'away:3306', replicationSources: ['PRIMARY'], role: 'READ_REPLICA' },
    ])
    const [status] = (await read('status', '-l', 's1,s2'))['clusters'] as readonly Json[]
    assert.equal(valueAt(status, 'defaultReplicaSet', 'status'), 'OK_NO_TOLERANCE')
    assert.deepEqual(valueAt(status, 'defaultReplicaSet', 'topology', 's1:3306', 'readReplicas'), {
      'away:3306': {
        address: 'away:3306',
        instanceErrors: [
          'ERROR: The read replica does not answer, or is not among the servers that were read.',
        ],
        role: 'READ_REPLICA',
        status: 'UNREACHABLE',
      },
    })
    await sql(LAB, 's1', `DELETE FROM ${MD}.instances WHERE instance_type = 'read-replica'`)
  })

  it('would recognise the ClusterSet that signet makes of it', async () => {
    await done('playbooks/clusterset.yml')
    assert.deepEqual(
      await Promise.all(['s1', 's2', 's3'].map(kindOf)),
      ['s1', 's2', 's3'].map(() => 'InnoDBClusterSet'),
    )
    assert.deepEqual(await sql(LAB, 's3', `SELECT major, minor, patch FROM ${MD}.schema_version`), [
      '2\t2\t0',
    ])
    assert.deepEqual(await clusterRows('s3'), [
      'gr\tpm\tprimary\tDefault Cluster\t0\tNULL\t0',
      'gr\tpm\treplica\tDefault Cluster\t1\tNULL\t0',
    ])
    assert.deepEqual(await instanceRows('s3'), [member(1), member(2), member(3)])
    assert.deepEqual(await Promise.all(['s1', 's2', 's3'].map(allOnline)), [['1'], ['1'], ['1']])
    assert.deepEqual(
      await sql(
        LAB,
        's3',
        `SELECT s.domain_name, c.cluster_name, m.view_id, m.member_role, m.master_cluster_id IS NULL, m.invalidated
         FROM ${MD}.v2_cs_members m JOIN ${MD}.v2_gr_clusters c ON c.cluster_id = m.cluster_id
         JOIN ${MD}.clustersets s ON s.clusterset_id = m.clusterset_id ORDER BY 2`,
      ),
      ['clusterset\tprimary\t2\tPRIMARY\t1\t0', 'clusterset\treplica\t2\tREPLICA\t0\t0'],
    )
    assert.deepEqual(changes(await done('playbooks/clusterset.yml')), [])
  })

  for (const level of [0, 1, 2, 3])
    it(`has the same keys in status() with extended ${level}`, async () => {
      const shown = await read('status', '--extended', String(level))
      const [clusters, sets] = [shown['clusters'], shown['replicaSets']] as readonly Json[][]
      assert.deepEqual([clusters?.length, sets?.length], [2, 1])
      assert.deepEqual(
        [
          ...(clusters ?? []).flatMap((each) => clusterStatusFaults(each, level)),
          ...clusterSetStatusFaults(shown['clusterSet'], level),
          ...(sets ?? []).flatMap((each) => replicaSetStatusFaults(each, level)),
        ],
        [],
      )
      assert.equal(valueAt(shown, 'clusterSet', 'status'), 'HEALTHY')
      for (const each of clusters ?? [])
        for (const row of Object.values(valueAt(each, 'defaultReplicaSet', 'topology') as Json))
          assert.deepEqual([valueAt(row, 'status'), valueAt(row, 'instanceErrors')], ['ONLINE', undefined])
      if (level === 0) return
      assert.equal(valueAt(shown, 'clusterSet', 'clusters', 'replica', 'transactionSetErrantGtidSet'), '')
      assert.equal(
        valueAt(shown, 'clusterSet', 'clusters', 'replica', 'clusterSetReplication', 'replicationSslMode'),
        'VERIFY_IDENTITY',
      )
      const [first] = clusters ?? []
      assert.match(String(valueAt(first, 'defaultReplicaSet', 'GRProtocolVersion')), /^\d+\.\d+\.\d+$/)
      assert.match(String(valueAt(first, 'defaultReplicaSet', 'groupViewId')), /^\d+:\d+$/)
    })

  it('has the same keys and names in options() and describe(), also by the module', async () => {
    const [options, describe] = [await read('options'), await read('describe')]
    const each = (value: unknown): readonly Json[] => value as readonly Json[]
    assert.deepEqual(
      [
        ...each(describe['clusters']).flatMap((one) => describeFaults('cluster', one)),
        ...describeFaults('clusterSet', describe['clusterSet']),
        ...each(describe['replicaSets']).flatMap((one) => describeFaults('replicaSet', one)),
        ...each(options['clusters']).flatMap((one) => [
          ...keyFaults('clusterOptions', one),
          ...keyFaults('groupOptions', one['defaultReplicaSet']),
        ]),
        ...keyFaults('clusterSetOptions', options['clusterSet']),
        ...keyFaults('clusterSetOptionsInner', valueAt(options, 'clusterSet', 'clusterSet')),
        ...each(options['replicaSets']).flatMap((one) => [
          ...keyFaults('replicaSetOptions', one),
          ...keyFaults('replicaSetOptionsInner', one['replicaSet']),
        ]),
      ],
      [],
    )
    const [primary, replica] = each(options['clusters'])
    const global = (one: Json | undefined): readonly string[] =>
      optionNames(valueAt(one, 'defaultReplicaSet', 'globalOptions'))
    assert.deepEqual(global(primary), [...OPTIONS.cluster, ...OPTIONS.clusterOfSet])
    assert.deepEqual(
      optionNames(valueAt(primary, 'defaultReplicaSet', 'topology', 's2:3306')),
      OPTIONS.member,
    )
    assert.deepEqual(optionNames(valueAt(replica, 'defaultReplicaSet', 'topology', 's3:3306')), [
      ...OPTIONS.member,
      ...OPTIONS.clusterOfSet,
    ])
    assert.deepEqual(Object.keys(valueAt(primary, 'defaultReplicaSet', 'tags') as object), [
      'global',
      's1:3306',
      's2:3306',
    ])
    const [set] = each(options['replicaSets'])
    assert.deepEqual(optionNames(valueAt(set, 'replicaSet', 'globalOptions')), OPTIONS.replicaSet)
    const info = resultOf(
      await runTask(lab, 's2', 'innodb_cluster_info', {
        extended: 3,
        all: true,
        members: ['s1', 's2', 's3'],
      }),
    )
    const values = info.values as Json
    assert.deepEqual(clusterStatusFaults(valueAt(values, 'clusters', 'primary', 'status'), 3), [])
    assert.deepEqual(values['routers'], {
      primary: { clusterName: 'primary', routers: {} },
      replica: { clusterName: 'replica', routers: {} },
      clusterset: { domainName: 'clusterset', routers: {} },
    })
    const rows = valueAt(values, 'clusters', 'primary', 'options', 'defaultReplicaSet', 'topology', 's1:3306')
    assert.ok(
      (rows as readonly Json[]).some(({ variable }) => variable === 'group_replication_flow_control_mode'),
    )
  })

  it('and refuses levels and formats that it does not know', async () => {
    for (const words of [
      ['--extended', '4'],
      ['--format', 'xml'],
    ]) {
      const run = await signet(['cluster', 'status', '-i', lab.inventory, ...words])
      assert.equal(run.code, 5, transcript(run))
    }
  })
})
