import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SERVERS } from './cluster-hosts.js'
import { Life } from './cluster-life.js'
import { LIVES } from './cluster-modules.js'
import { sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { play, PROJECT, results, transcript } from './signet.js'

const LAB = testLab('c-replicaset')
const METADATA = 'mysql_innodb_cluster_metadata'

describe('contracts and examples of the modules for ReplicaSets', () => {
  let lab: TestLab
  let life: Life
  before(async () => {
    lab = await startLab(LAB, 3)
    life = new Life(lab)
    const file = join(lab.directory, 'servers.yml')
    await writeFile(file, SERVERS)
    const run = await play([file, '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles')])
    assert.equal(run.code, 0, transcript(run))
  })
  after(async () => {
    await life.close()
    await stopLab(LAB)
  })

  const recorded = async (host: string): Promise<readonly string[]> => {
    await life.arrived()
    return sql(LAB, host, `SELECT address FROM ${METADATA}.instances ORDER BY 1`)
  }
  /** Source, account and security of a server's channel, and how often it connects again. */
  const channel = (host: string): Promise<readonly string[]> =>
    sql(
      LAB,
      host,
      "SELECT HOST, USER, SSL_VERIFY_SERVER_CERTIFICATE, SSL_CERTIFICATE, CONNECTION_RETRY_INTERVAL FROM performance_schema.replication_connection_configuration WHERE HOST <> ''",
    )
  const verified = (source: string, id: number, retry: number): readonly string[] => [
    `${source}\tmysql_innodb_rs_${id}\tYES\t/etc/mysql/ssl/server-cert.pem\t${retry}`,
  ]
  const readOnly = (): Promise<readonly string[]> =>
    Promise.all(lab.hosts.map(async (host) => (await sql(LAB, host, 'SELECT @@super_read_only')).join('')))

  it('a ReplicaSet of three members without passwords', async () => {
    await life.example(
      'innodb_replicaset',
      'Encrypted, verified, authenticated by certificate, without passwords',
      's1',
    )
    await life.example('innodb_replicaset_instance', 'A member', 's2')
    await life.example('innodb_replicaset_instance', 'A member that connects again every 10 s', 's3')
    assert.deepEqual(
      [await channel('s2'), await channel('s3')],
      [verified('s1', 2, 60), verified('s1', 3, 10)],
    )
    assert.deepEqual(
      await sql(
        LAB,
        's3',
        "SELECT user, CONVERT(x509_issuer USING utf8mb4), CONVERT(x509_subject USING utf8mb4), LENGTH(authentication_string) FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_rs\\_%' ORDER BY 1",
      ),
      [1, 2, 3].map((id) => `mysql_innodb_rs_${id}\t/CN=MyName\t/CN=s${id}\t0`),
    )
    assert.deepEqual(await readOnly(), ['0', '1', '1'])
  })

  it('what is known of it', async () => {
    const run = await life.example(
      'innodb_replicaset_info',
      'Everything that the servers of the play know',
      's2',
      { reads: true },
    )
    const told = results(run).find(({ host }) => host === 's2')?.result.values['replicasets']
    assert.deepEqual(Object.keys(told as object), ['replicaset'])
  })

  it('the primary changes', async () => {
    await life.example('innodb_replicaset_primary', 'A planned change', 's2')
    assert.deepEqual(await readOnly(), ['1', '0', '1'])
    assert.deepEqual([await channel('s1'), await channel('s2')], [verified('s2', 1, 60), []])
  })

  it('the record is corrected, forgets a member and learns of one', async () => {
    await sql(LAB, 's2', 'CREATE USER mysql_innodb_rs_99')
    const corrected = await life.example(
      'innodb_replicaset_rescan',
      'Correct what can be corrected, report the rest',
      's2',
    )
    assert.deepEqual(results(corrected).find(({ host }) => host === 's2')?.result.values['unused_accounts'], [
      'mysql_innodb_rs_99@%',
    ])
    await sql(LAB, 's3', 'STOP REPLICA; RESET REPLICA ALL')
    await life.example('innodb_replicaset_rescan', 'Forget members that are gone', 's1')
    assert.deepEqual(await recorded('s1'), ['s1:3306', 's2:3306'])

    await sql(
      LAB,
      's2',
      "CREATE USER by_hand IDENTIFIED BY 'By-hand-4711' REQUIRE SUBJECT '/CN=s3'; GRANT REPLICATION SLAVE ON *.* TO by_hand",
    )
    await sql(
      LAB,
      's3',
      "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 's2', SOURCE_USER = 'by_hand', SOURCE_PASSWORD = 'By-hand-4711', SOURCE_AUTO_POSITION = 1, SOURCE_SSL = 1, SOURCE_SSL_CERT = '/etc/mysql/ssl/server-cert.pem', SOURCE_SSL_KEY = '/etc/mysql/ssl/server-key.pem'; START REPLICA",
    )
    await life.example(
      'innodb_replicaset_rescan',
      'Make members of servers that were made replicas by hand',
      's2',
    )
    assert.deepEqual(await recorded('s1'), ['s1:3306', 's2:3306', 's3:3306'])
    assert.deepEqual(await channel('s3'), verified('s2', 3, 60))
  })

  it('a member is gone for good, and then the primary is lost', async () => {
    await life.kill('s3')
    await life.example(
      'innodb_replicaset_instance',
      'Forget a member that is gone, on any other member',
      's1',
    )
    assert.deepEqual(await recorded('s1'), ['s1:3306', 's2:3306'])
    await life.kill('s2')
    await life.example('innodb_replicaset_primary', 'The primary is lost', 's1')
    assert.deepEqual(await sql(LAB, 's1', 'SELECT @@super_read_only'), ['0'])
    assert.deepEqual(await channel('s1'), [])
  })

  it('the old primary follows the new one; the ReplicaSet is dissolved', async () => {
    await life.start('s2')
    await life.task('innodb_replicaset_instance', { replicaset: 'replicaset' }, 's2')
    assert.deepEqual(await channel('s2'), verified('s1', 2, 60))
    await life.example('innodb_replicaset', 'Dissolve it', 's1')
    for (const host of ['s1', 's2']) {
      assert.deepEqual(await sql(LAB, host, `SHOW DATABASES LIKE '${METADATA}'`), [])
      assert.deepEqual(await channel(host), [])
    }
  })

  it('check mode foresees what each task leaves', () => assert.deepEqual(life.surprises, []))
  it('no example was left out', () => assert.deepEqual(life.missed(LIVES.replicaset), []))
})
