import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { arrived } from './arrived.js'
import { SERVERS } from './cluster-hosts.js'
import { changes, play, PROJECT, transcript, type Run } from './signet.js'
import { resetHosts, serverState, shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { checkRunRerun, kill, resultOf, runTask, start, type TaskArguments } from './task.js'

const LAB = testLab('members')
const METADATA = 'mysql_innodb_cluster_metadata'
const CLUSTER = `${SERVERS}- hosts: mysql
  become: true
  gather_facts: false
  roles:
    - role: innodb_cluster
      innodb_cluster_name: one
      innodb_cluster_member_auth_type: CERT_SUBJECT
`
const cluster = (host: string, more: TaskArguments = {}): TaskArguments => ({
  name: 'one',
  member_ssl_mode: 'VERIFY_IDENTITY',
  member_auth_type: 'CERT_SUBJECT',
  cert_issuer: '/CN=MyName',
  cert_subject: `/CN=${host}`,
  ...more,
})
const instance = (host: string, more: TaskArguments = {}): TaskArguments => ({
  cluster: 'one',
  cert_subject: `/CN=${host}`,
  ...more,
})

describe('members of a cluster without passwords', () => {
  let lab: TestLab
  const members = (host: string): Promise<readonly string[]> =>
    sql(
      LAB,
      host,
      'SELECT MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members ORDER BY 1',
    )
  const addresses = (host: string): Promise<readonly string[]> =>
    sql(LAB, host, `SELECT address FROM ${METADATA}.instances ORDER BY 1`)
  /** Recovery accounts: what they demand, and whether they have a password. */
  const accounts = (host: string): Promise<readonly string[]> =>
    sql(
      LAB,
      host,
      "SELECT user, host, CONVERT(x509_issuer USING utf8mb4), CONVERT(x509_subject USING utf8mb4), authentication_string <> '' FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_cluster\\_%' ORDER BY 1",
    )
  const account = (number: number, allowed = '%'): string =>
    `mysql_innodb_cluster_${number}\t${allowed}\t/CN=MyName\t/CN=s${number}\t0`
  /** The group has given up a member that does not answer. */
  const expelled = async (host: string): Promise<void> => {
    await shell(
      LAB,
      's1',
      `until [ "$(mysql -NBe "SELECT COUNT(*) FROM performance_schema.replication_group_members WHERE MEMBER_HOST = '${host}'")" = 0 ]; do sleep 0.2; done`,
    )
    await arrived(lab)
  }
  const make = async (...words: readonly string[]): Promise<Run> => {
    const run = await play([
      join(lab.directory, 'cluster.yml'),
      '-i',
      lab.inventory,
      '--roles-path',
      join(PROJECT, 'roles'),
      ...words,
    ])
    await arrived(lab)
    return run
  }
  async function converges(host: string, module: string, args: TaskArguments): Promise<Run> {
    const { check, run, changed } = await checkRunRerun(lab, host, module, args)
    assert.deepEqual(changed, [1, 1, 0], `${transcript(check)}\n${transcript(run)}`)
    assert.equal(run.code, 0, transcript(run))
    // Cases look at any member.
    await arrived(lab)
    return run
  }
  async function refused(host: string, module: string, args: TaskArguments, why: RegExp): Promise<void> {
    const states = (): Promise<readonly string[]> =>
      Promise.all(['s1', 's2'].map((one) => serverState(LAB, one)))
    await arrived(lab)
    const before = await states()
    const run = await runTask(lab, host, module, args)
    assert.equal(run.code, 2, transcript(run))
    assert.match(run.stdout, why)
    assert.deepEqual(await states(), before)
  }

  before(async () => {
    lab = await startLab(LAB, 3)
    await writeFile(join(lab.directory, 'cluster.yml'), CLUSTER)
    const run = await make()
    assert.equal(run.code, 0, transcript(run))
  })
  after(() => stopLab(LAB))

  it('another member becomes the primary', async () => {
    await converges('s2', 'innodb_cluster_primary', { running_transactions_timeout: 10 })
    assert.deepEqual(await members('s1'), [
      's1\tONLINE\tSECONDARY',
      's2\tONLINE\tPRIMARY',
      's3\tONLINE\tSECONDARY',
    ])
  })

  it('several primaries, and one again', async () => {
    await converges('s1', 'innodb_cluster', cluster('s1', { multi_primary: true, force: true }))
    assert.deepEqual(await members('s1'), [
      's1\tONLINE\tPRIMARY',
      's2\tONLINE\tPRIMARY',
      's3\tONLINE\tPRIMARY',
    ])
    assert.deepEqual(await sql(LAB, 's3', 'SELECT @@auto_increment_increment, @@super_read_only'), ['7\t0'])
    assert.deepEqual(await sql(LAB, 's3', `SELECT primary_mode FROM ${METADATA}.clusters`), ['mm'])
    await refused('s1', 'innodb_cluster_primary', {}, /multi-primary mode/)
    await converges('s1', 'innodb_cluster', cluster('s1', { multi_primary: false }))
    assert.deepEqual(await members('s1'), [
      's1\tONLINE\tPRIMARY',
      's2\tONLINE\tSECONDARY',
      's3\tONLINE\tSECONDARY',
    ])
    assert.deepEqual(
      await sql(
        LAB,
        's3',
        "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.persisted_variables WHERE VARIABLE_NAME LIKE 'auto%' OR VARIABLE_NAME LIKE '%single_primary_mode' ORDER BY 1",
      ),
      [
        'auto_increment_increment\t1',
        'auto_increment_offset\t2',
        'group_replication_single_primary_mode\tON',
      ],
    )
  })

  it('options of the cluster are kept on all members and in the record', async () => {
    const wanted = {
      // Short: cases below wait until members that died are expelled.
      expel_timeout: 4,
      member_weight: 60,
      transaction_size_limit: 1_000_000,
      disable_clone: true,
      replication_allowed_host: '10.%',
      tags: { owner: 'web' },
    }
    await converges('s2', 'innodb_cluster', cluster('s2', wanted))
    for (const host of ['s1', 's2', 's3'])
      assert.deepEqual(
        await sql(
          LAB,
          host,
          "SELECT VARIABLE_VALUE FROM performance_schema.persisted_variables WHERE VARIABLE_NAME IN ('group_replication_member_expel_timeout', 'group_replication_member_weight', 'group_replication_transaction_size_limit') ORDER BY VARIABLE_NAME; SELECT COUNT(*) FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'clone'",
        ),
        ['4', '60', '1000000', '0'],
      )
    assert.deepEqual(
      await accounts('s3'),
      [1, 2, 3].map((number) => account(number, '10.%')),
    )
    assert.deepEqual(
      await sql(
        LAB,
        's3',
        `SELECT attributes->>'$.opt_replicationAllowedHost', attributes->'$.opt_disableClone', attributes->'$.opt_transactionSizeLimit', attributes->>'$.tags.owner' FROM ${METADATA}.clusters; SELECT DISTINCT attributes->>'$.recoveryAccountHost' FROM ${METADATA}.instances`,
      ),
      ['10.%\ttrue\t1000000\tweb', '10.%'],
    )
    await converges(
      's1',
      'innodb_cluster',
      cluster('s1', { disable_clone: false, replication_allowed_host: '%' }),
    )
  })

  it('a cluster is renamed, and gets its name back', async () => {
    await converges('s1', 'innodb_cluster', cluster('s1', { name: 'shop', previous_name: 'one' }))
    assert.deepEqual(await sql(LAB, 's3', `SELECT cluster_name FROM ${METADATA}.clusters`), ['shop'])
    await converges('s1', 'innodb_cluster', cluster('s1', { previous_name: 'shop' }))
  })

  it('options of one member', async () => {
    await converges(
      's3',
      'innodb_cluster_instance',
      instance('s3', { label: 'third', tags: { rack: 4 }, member_weight: 20 }),
    )
    assert.deepEqual(
      await sql(
        LAB,
        's1',
        `SELECT instance_name, attributes->'$.tags.rack' FROM ${METADATA}.instances WHERE address = 's3:3306'`,
      ),
      ['third\t4'],
    )
    assert.deepEqual(await sql(LAB, 's3', 'SELECT @@group_replication_member_weight'), ['20'])
    await refused(
      's2',
      'innodb_cluster_instance',
      instance('s2', { label: 'third' }),
      /belongs to s3:3306 already/,
    )
  })

  it('accounts without passwords stay without; one that something gave a password loses it', async () => {
    const none = await runTask(lab, 's1', 'innodb_cluster_recovery_accounts', {})
    assert.deepEqual(changes(none), [], transcript(none))
    await sql(LAB, 's1', "ALTER USER 'mysql_innodb_cluster_3'@'%' IDENTIFIED BY 'Secret-0123456789'")
    await converges('s2', 'innodb_cluster_recovery_accounts', {})
    assert.deepEqual(
      await accounts('s1'),
      [1, 2, 3].map((number) => account(number)),
    )
  })

  it('a member that is OFFLINE or failed comes back, without a password', async () => {
    await sql(LAB, 's3', 'STOP GROUP_REPLICATION; SET PERSIST group_replication_group_seeds = DEFAULT')
    await converges('s3', 'innodb_cluster_instance', instance('s3'))
    assert.deepEqual(
      await accounts('s3'),
      [1, 2, 3].map((number) => account(number)),
    )
    assert.deepEqual(await sql(LAB, 's3', 'SELECT @@group_replication_group_seeds <> ""'), ['1'])
    // Transactions that nobody else has.
    await sql(LAB, 's3', 'STOP GROUP_REPLICATION; SET GLOBAL super_read_only = OFF; CREATE DATABASE errant')
    await refused(
      's3',
      'innodb_cluster_instance',
      instance('s3'),
      /transactions that s1 lacks: [0-9a-f-]+:1\./,
    )
    await sql(LAB, 's3', 'RESET BINARY LOGS AND GTIDS')
    const set = (await sql(LAB, 's1', "SELECT REPLACE(@@gtid_executed, '\\n', '')")).join('')
    await sql(
      LAB,
      's3',
      `DROP DATABASE errant; RESET BINARY LOGS AND GTIDS; SET GLOBAL gtid_purged = '${set}'`,
    )
    const back = await runTask(lab, 's3', 'innodb_cluster_instance', instance('s3'))
    assert.equal(back.code, 0, transcript(back))
  })

  it('rescan mends the record, the accounts and what members know of each other', async () => {
    await sql(
      LAB,
      's1',
      `UPDATE ${METADATA}.clusters SET primary_mode = 'mm'; UPDATE ${METADATA}.instances SET attributes = JSON_REMOVE(attributes, '$.recoveryAccountUser', '$.server_id') WHERE address = 's2:3306'; CREATE USER mysql_innodb_cluster_99; ALTER USER mysql_innodb_cluster_2 REQUIRE ISSUER '/CN=MyName' AND SUBJECT '/CN=other'`,
    )
    await sql(LAB, 's2', 'SET PERSIST group_replication_group_seeds = DEFAULT')
    const run = await converges('s1', 'innodb_cluster_rescan', {})
    assert.equal(resultOf(run).values['topology_mode_differs'], true)
    assert.deepEqual(
      await accounts('s2'),
      [1, 2, 3].map((number) => account(number)),
    )
    assert.deepEqual(
      await sql(
        LAB,
        's2',
        `SELECT primary_mode FROM ${METADATA}.clusters; SELECT attributes->'$.server_id', attributes->>'$.recoveryAccountUser' FROM ${METADATA}.instances WHERE address = 's2:3306'`,
      ),
      ['pm', '2\tmysql_innodb_cluster_2'],
    )
  })

  it('the primary is removed in good order, and is added again', async () => {
    await converges('s1', 'innodb_cluster_instance', instance('s1', { state: 'absent' }))
    assert.deepEqual(await addresses('s2'), ['s2:3306', 's3:3306'])
    assert.deepEqual(await addresses('s1'), ['s2:3306', 's3:3306'])
    assert.deepEqual(
      await accounts('s2'),
      [2, 3].map((number) => account(number)),
    )
    assert.deepEqual(
      await sql(
        LAB,
        's1',
        "SELECT @@group_replication_start_on_boot, @@super_read_only, @@group_replication_group_seeds, @@group_replication_local_address; SELECT COUNT(*) FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME LIKE 'group_replication%' AND USER <> ''",
      ),
      ['0\t1\t\t', '0'],
    )
    await converges('s1', 'innodb_cluster_instance', instance('s1'))
    assert.deepEqual(
      await accounts('s3'),
      [1, 2, 3].map((number) => account(number)),
    )
  })

  it('a member that is gone is removed by force only, and is not let in when it is back', async () => {
    await kill(LAB, 's3')
    await expelled('s3')
    const absent = instance('s3', { state: 'absent', address: 's3:3306' })
    await refused('s1', 'innodb_cluster_instance', absent, /s3:3306 does not answer/)
    await converges('s1', 'innodb_cluster_instance', { ...absent, force: true })
    assert.deepEqual(await addresses('s2'), ['s1:3306', 's2:3306'])
    assert.deepEqual(
      await accounts('s1'),
      [1, 2].map((number) => account(number)),
    )
    await start(LAB, 's3')
    assert.deepEqual(
      (await members('s1')).filter((line) => line.startsWith('s3')),
      [],
    )
    const scan = await runTask(lab, 's1', 'innodb_cluster_rescan', {})
    assert.deepEqual(changes(scan), [], transcript(scan))
    // What is left on it is cleared away; then it is a server like any other.
    await converges('s3', 'innodb_cluster_instance', instance('s3', { state: 'absent' }))
    await converges('s3', 'innodb_cluster_instance', instance('s3'))
  })

  it('a server that was set up anew at the same address takes the place of its predecessor', async () => {
    const uuid = (): Promise<readonly string[]> =>
      sql(LAB, 's1', `SELECT mysql_server_uuid FROM ${METADATA}.instances WHERE address = 's3:3306'`)
    const before = await uuid()
    const [primary = ''] = (await members('s1')).filter((line) => line.endsWith('PRIMARY'))
    await sql(
      LAB,
      primary.slice(0, 2),
      `UPDATE ${METADATA}.instances SET attributes = JSON_SET(attributes, '$.server_id', 33, '$.recoveryAccountUser', 'mysql_innodb_cluster_33') WHERE address = 's3:3306'; CREATE USER mysql_innodb_cluster_33`,
    )
    await resetHosts(LAB, ['s3'])
    await expelled('s3')
    const check = await make('--check')
    const run = await make()
    assert.equal(run.code, 0, transcript(run))
    assert.deepEqual(changes(run), changes(check))
    assert.deepEqual(changes(await make()), [])
    assert.deepEqual(await addresses('s3'), ['s1:3306', 's2:3306', 's3:3306'])
    assert.notDeepEqual(await uuid(), before)
    assert.deepEqual(
      await accounts('s3'),
      [1, 2, 3].map((number) => account(number)),
    )
    const [seeds = ''] = await sql(LAB, 's2', 'SELECT @@group_replication_group_seeds')
    assert.deepEqual(seeds.split(',').sort(), ['s1:3306', 's3:3306'])
  })
})
