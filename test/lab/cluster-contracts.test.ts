import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { catchesUp, members, SERVERS } from './cluster-hosts.js'
import { Life } from './cluster-life.js'
import { LIVES } from './cluster-modules.js'
import { shell, sql, startLab, stopLab, testLab, tryShell, type TestLab } from './servers.js'
import { play, PROJECT, results, transcript } from './signet.js'
import { seen } from './status-view.js'

const LAB = testLab('c-cluster')
const METADATA = 'mysql_innodb_cluster_metadata'

describe('contracts and examples of the modules for clusters', () => {
  let lab: TestLab
  let life: Life
  before(async () => {
    lab = await startLab(LAB, 3)
    life = new Life(lab)
  })
  after(async () => {
    await life.close()
    await stopLab(LAB)
  })

  /** What a server says of its group, which it may hear a moment after others did. */
  const group = (host: string, wanted: readonly string[]): Promise<unknown> =>
    seen(
      () => members(lab, host),
      (rows) => {
        assert.deepEqual(rows, wanted)
      },
    )
  /** Asks a server when it has all that s1, the primary, has executed. */
  const ask = async (host: string, query: string): Promise<readonly string[]> => {
    await catchesUp(lab, host, 's1')
    return sql(LAB, host, query)
  }
  const ALL = ['s1\tONLINE\tPRIMARY', 's2\tONLINE\tSECONDARY', 's3\tONLINE\tSECONDARY']
  const recorded = (host: string): Promise<readonly string[]> =>
    ask(host, `SELECT address FROM ${METADATA}.instances ORDER BY 1`)
  /** Recovery accounts: what they demand, and whether they have a password. */
  const accounts = (host: string): Promise<readonly string[]> =>
    ask(
      host,
      "SELECT user, CONVERT(x509_issuer USING utf8mb4), CONVERT(x509_subject USING utf8mb4), authentication_string <> '' FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_cluster\\_%' ORDER BY 1",
    )
  const account = (number: number, password: 0 | 1): string =>
    `mysql_innodb_cluster_${number}\t/CN=MyName\t/CN=s${number}\t${password}`

  it('a plain server is prepared', async () => {
    await shell(
      LAB,
      's1',
      "printf '[mysqld]\\ngtid_mode=OFF\\nenforce_gtid_consistency=OFF\\n' > /etc/mysql/mysql.conf.d/zz-plain.cnf; systemctl restart mysql",
    )
    await life.example('innodb_instance', 'Set what can be set, restart if need be', 's1')
    await life.example('innodb_instance', 'Only look, and fail when the server is not ready', 's1', {
      reads: true,
    })
    assert.deepEqual(await sql(LAB, 's1', 'SELECT @@gtid_mode, @@enforce_gtid_consistency'), ['ON\tON'])
    await life.task('innodb_instance', { server_id: 1, applier_worker_threads: 3 }, 's1')
    const somebody = { user: 'somebody', members: [] }
    await life.task(
      'innodb_admin_account',
      { ...somebody, password: 'Somebody-1', password_expiration: '90' },
      's1',
    )
    await life.task('innodb_admin_account', { ...somebody, state: 'absent' }, 's1')
    const file = join(lab.directory, 'servers.yml')
    await writeFile(file, SERVERS)
    const run = await play([file, '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles')])
    assert.equal(run.code, 0, transcript(run))
  })

  it('a cluster without passwords is made and dissolved', async () => {
    await life.example('innodb_cluster', 'Without a password', 's1')
    assert.deepEqual(await accounts('s1'), [account(1, 0)])
    assert.deepEqual(await sql(LAB, 's1', 'SELECT @@group_replication_ssl_mode'), ['VERIFY_CA'])
    await life.example('innodb_cluster', 'No cluster any more', 's1')
    assert.deepEqual(await accounts('s1'), [])
    assert.deepEqual(await sql(LAB, 's1', `SHOW DATABASES LIKE '${METADATA}'`), [])
  })

  it('a group of its own port, and one that is taken over', async () => {
    await life.example('innodb_cluster', 'A group of its own port, every member writable', 's1')
    assert.deepEqual(
      await sql(
        LAB,
        's1',
        'SELECT @@group_replication_communication_stack, @@group_replication_local_address, @@group_replication_single_primary_mode',
      ),
      ['XCOM\ts1:33061\t0'],
    )
    await sql(LAB, 's1', `DROP SCHEMA ${METADATA}; DROP USER mysql_innodb_cluster_1`)
    await life.example('innodb_cluster', 'A group that runs already is taken over', 's1')
    assert.deepEqual(
      await sql(
        LAB,
        's1',
        `SELECT cluster_name, primary_mode, attributes->'$.adopted' FROM ${METADATA}.clusters`,
      ),
      ['primary\tmm\t1'],
    )
    await life.task('innodb_cluster', { name: 'primary', state: 'absent' }, 's1')
  })

  it('three members, verified and authenticated by certificate and password', async () => {
    await life.example(
      'innodb_cluster',
      'Encrypted, verified, authenticated by certificate and password',
      's1',
    )
    await life.example('innodb_cluster_instance', 'A second member', 's2')
    await life.example('innodb_cluster_instance', 'A member that is preferred as primary', 's3')
    await group('s1', ALL)
    assert.deepEqual(
      await accounts('s3'),
      [1, 2, 3].map((number) => account(number, 1)),
    )
    for (const [host, weight] of [
      ['s2', '50'],
      ['s3', '80'],
    ] as const)
      assert.deepEqual(
        await sql(LAB, host, 'SELECT @@group_replication_ssl_mode, @@group_replication_member_weight'),
        [`VERIFY_IDENTITY\t${weight}`],
      )
  })

  it('what is known of it', async () => {
    const run = await life.example(
      'innodb_cluster_info',
      'Everything that the servers of the play know',
      's2',
      {
        reads: true,
      },
    )
    const told = results(run).find(({ host }) => host === 's2')?.result.values['clusters']
    assert.deepEqual(Object.keys(told as object), ['primary'])
  })

  it('an administrator', async () => {
    await life.example(
      'innodb_admin_account',
      'An administrator who must show a certificate, and a password',
      's2',
    )
    assert.deepEqual(
      await ask(
        's3',
        "SELECT CONVERT(x509_issuer USING utf8mb4), CONVERT(x509_subject USING utf8mb4), password_lifetime FROM mysql.user WHERE user = 'clusteradmin'",
      ),
      ['/CN=MyName\t/CN=clusteradmin\t0'],
    )
  })

  it('passwords of recovery accounts', async () => {
    const hashes = (): Promise<readonly string[]> =>
      sql(
        LAB,
        's1',
        "SELECT HEX(authentication_string) FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_cluster\\_%' ORDER BY user",
      )
    const before = await hashes()
    await life.example('innodb_cluster_recovery_accounts', 'New passwords now', 's2', { everyTime: true })
    const after = await hashes()
    assert.equal(new Set([...before, ...after]).size, 6)
    await sql(
      LAB,
      's1',
      "UPDATE mysql.user SET password_last_changed = NOW() - INTERVAL 91 DAY WHERE user = 'mysql_innodb_cluster_2'",
    )
    await life.example('innodb_cluster_recovery_accounts', 'New passwords every quarter', 's1')
    const last = await hashes()
    assert.deepEqual([last[0], last[2]], [after[0], after[2]])
    assert.notEqual(last[1], after[1])
  })

  it('the primary changes', async () => {
    await life.example('innodb_cluster_primary', 'This server becomes the primary', 's2')
    await group('s3', ['s1\tONLINE\tSECONDARY', 's2\tONLINE\tPRIMARY', 's3\tONLINE\tSECONDARY'])
    await life.example('innodb_cluster_primary', 'Transactions get ten seconds to end', 's1')
    await group('s3', ALL)
  })

  it('writes are fenced off, and let in again', async () => {
    await life.example('innodb_cluster_fence', 'No writes until further notice', 's2')
    assert.match((await tryShell(LAB, 's1', 'mysql -e "CREATE DATABASE d"')).text, /super-read-only/)
    await life.example('innodb_cluster_fence', 'Writes again', 's2')
    await sql(LAB, 's1', 'CREATE DATABASE d')
  })

  it('the record is mended, forgets a member and learns of one', async () => {
    await sql(
      LAB,
      's1',
      `UPDATE ${METADATA}.clusters SET primary_mode = 'mm'; CREATE USER mysql_innodb_cluster_99; ALTER USER mysql_innodb_cluster_2 REQUIRE SUBJECT '/CN=other'`,
    )
    const mended = await life.example(
      'innodb_cluster_rescan',
      'Mend what can be mended, report the rest',
      's1',
    )
    assert.deepEqual(results(mended).find(({ host }) => host === 's1')?.result.values['unused_accounts'], [
      'mysql_innodb_cluster_99@%',
    ])
    assert.deepEqual(await ask('s3', `SELECT primary_mode FROM ${METADATA}.clusters`), ['pm'])
    assert.deepEqual(
      await accounts('s3'),
      [1, 2, 3].map((number) => account(number, 1)),
    )

    await sql(LAB, 's3', 'STOP GROUP_REPLICATION')
    await online('s1', 2)
    await life.example('innodb_cluster_rescan', 'Forget members that are gone', 's1')
    assert.deepEqual(await recorded('s2'), ['s1:3306', 's2:3306'])

    const byHand =
      "CREATE USER IF NOT EXISTS by_hand IDENTIFIED BY 'By-hand-4711' REQUIRE SUBJECT '/CN=s3'; GRANT REPLICATION SLAVE, CONNECTION_ADMIN, BACKUP_ADMIN, GROUP_REPLICATION_STREAM ON *.* TO by_hand"
    await sql(LAB, 's1', byHand)
    await sql(
      LAB,
      's3',
      `SET GLOBAL super_read_only = OFF; SET sql_log_bin = 0; ${byHand}; CHANGE REPLICATION SOURCE TO SOURCE_USER = 'by_hand', SOURCE_PASSWORD = 'By-hand-4711' FOR CHANNEL 'group_replication_recovery'; START GROUP_REPLICATION`,
    )
    await online('s1', 3)
    await life.example('innodb_cluster_rescan', 'Record members that joined by hand', 's1')
    assert.deepEqual(await recorded('s2'), ['s1:3306', 's2:3306', 's3:3306'])
    assert.deepEqual(
      await accounts('s3'),
      [1, 2, 3].map((number) => account(number, 1)),
    )
  })

  it('another name', async () => {
    await life.example('innodb_cluster', 'Another name and options for all members', 's1')
    assert.deepEqual(
      await ask('s3', `SELECT cluster_name, attributes->>'$.tags.owner' FROM ${METADATA}.clusters`),
      ['shop\tweb'],
    )
    assert.deepEqual(await sql(LAB, 's3', 'SELECT @@group_replication_member_expel_timeout'), ['10'])
    await life.task('innodb_cluster', { name: 'primary', previous_name: 'shop' }, 's1')
  })

  it('a member leaves, and comes back as a copy', async () => {
    await life.example('innodb_cluster_instance', 'No member any more', 's2')
    assert.deepEqual(await recorded('s1'), ['s1:3306', 's3:3306'])
    await life.example(
      'innodb_cluster_instance',
      'A member that gets all data as a copy; what it had is lost',
      's2',
    )
    await group('s2', ALL)
    assert.deepEqual(await sql(LAB, 's2', 'SELECT COUNT(*) FROM performance_schema.clone_status'), ['1'])
  })

  it('a power failure, and an outage after which a certain member begins', async () => {
    // Members that start by themselves look for each other for a minute before they can be told anything.
    for (const host of lab.hosts) await sql(LAB, host, 'SET PERSIST group_replication_start_on_boot = OFF')
    await life.kill('s1', 's2', 's3')
    await life.start('s1', 's2', 's3')
    await life.example('innodb_cluster_reboot', 'After a power failure', 's1')
    await online('s2', 3)
    for (const host of ['s2', 's3', 's1']) await sql(LAB, host, 'STOP GROUP_REPLICATION')
    await life.example('innodb_cluster_reboot', 'Begin with a certain member, whatever the others have', 's1')
    await group('s1', ['s1\tONLINE\tSECONDARY', 's2\tONLINE\tPRIMARY', 's3\tONLINE\tSECONDARY'])
  })

  it('two of three members are lost, one of them for good', async () => {
    await life.kill('s2', 's3')
    await shell(
      LAB,
      's1',
      `until [ "$(mysql -NBe "SELECT COUNT(*) FROM performance_schema.replication_group_members WHERE MEMBER_STATE = 'UNREACHABLE'")" = 2 ]; do sleep 0.2; done`,
    )
    await life.example('innodb_cluster_quorum', 'Two of three members are gone for good', 's1')
    assert.deepEqual(await members(lab, 's1'), ['s1\tONLINE\tPRIMARY'])
    await life.example('innodb_cluster_instance', 'A member that is gone for good', 's1')
    assert.deepEqual(await recorded('s1'), ['s1:3306', 's2:3306'])
    assert.deepEqual(
      await accounts('s1'),
      [1, 2].map((number) => account(number, 1)),
    )
  })

  it('check mode foresees what each task leaves', () => assert.deepEqual(life.surprises, []))
  it('no example was left out', () => assert.deepEqual(life.missed(LIVES.cluster), []))

  /** Waits until a group has so many members ONLINE. */
  async function online(host: string, count: number): Promise<void> {
    await shell(
      LAB,
      host,
      `for i in $(seq 1000); do [ "$(mysql -NBe "SELECT COUNT(*) FROM performance_schema.replication_group_members WHERE MEMBER_STATE = 'ONLINE'")" = ${count} ] && exit 0; sleep 0.2; done; exit 1`,
    )
  }
})
