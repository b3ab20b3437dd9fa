import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { catchesUp, SERVERS } from './cluster-hosts.js'
import { killedBefore } from './killed.js'
import { changes, play, PROJECT, transcript, type Run } from './signet.js'
import { shell, sql, startLab, stopLab, type TestLab, testLab } from './servers.js'
import { seen } from './status-view.js'

const LAB = testLab('switchover')

const SETUP = `${SERVERS}- hosts: mysql
  become: true
  gather_facts: false
  tasks:
    - name: Cluster
      innodb_cluster:
        name: east
        member_ssl_mode: VERIFY_IDENTITY
        member_auth_type: CERT_SUBJECT
        cert_issuer: /CN=MyName
        cert_subject: /CN=s1
      when: inventory_hostname == 's1'
    - name: Member
      innodb_cluster_instance: {cluster: east, cert_subject: /CN=s2}
      when: inventory_hostname == 's2'
    - name: ClusterSet
      innodb_clusterset: {name: globe, cluster_set_replication_ssl_mode: VERIFY_IDENTITY}
      when: inventory_hostname == 's1'
    - name: Replica
      innodb_replica_cluster:
        name: west
        cert_subject: /CN=s3
        cluster_set_replication_connect_retry: 2
        cluster_set_replication_heartbeat_period: 4.5
        cluster_set_replication_compression_algorithms: zstd,uncompressed
        cluster_set_replication_zstd_compression_level: 5
      when: inventory_hostname == 's3'
`
const PRIMARY = `
- hosts: "{{ on | default('mysql') }}"
  become: true
  gather_facts: false
  tasks:
    - name: Primary cluster
      innodb_clusterset_primary:
        cluster: "{{ cluster }}"
        force: "{{ force | default(false) }}"
        members: [s1, s2, s3]
      run_once: true
`
const REJOIN = `
- hosts: s1
  become: true
  gather_facts: false
  tasks:
    - name: Rejoin
      innodb_replica_cluster: {name: east, members: [s1, s2, s3]}
`

describe('the primary cluster of a ClusterSet changes', () => {
  let lab: TestLab
  const file = (name: string): string => join(lab.directory, name)
  const run = (playbook: string, ...words: string[]): Promise<Run> =>
    play([file(playbook), '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles'), ...words])
  const done = async (playbook: string, ...words: string[]): Promise<Run> => {
    const ended = await run(playbook, ...words)
    assert.equal(ended.code, 0, transcript(ended))
    return ended
  }

  before(async () => {
    lab = await startLab(LAB, 3)
    await writeFile(file('setup.yml'), SETUP)
    await writeFile(file('primary.yml'), PRIMARY)
    await writeFile(file('rejoin.yml'), REJOIN)
    await done('setup.yml')
    await sql(
      LAB,
      's1',
      'CREATE DATABASE shop; CREATE TABLE shop.orders (id INT AUTO_INCREMENT PRIMARY KEY, at TEXT)',
    )
  })
  after(() => stopLab(LAB))

  /** Which of the servers that may be primary take writes. */
  const open = async (): Promise<readonly string[]> => {
    const states = await Promise.all(
      ['s1', 's2', 's3'].map(
        async (host) => [host, ...(await sql(LAB, host, 'SELECT @@super_read_only'))] as const,
      ),
    )
    return states.filter(([, closed]) => closed === '0').map(([host]) => host)
  }

  async function consistent(primary: string, replica: string): Promise<void> {
    assert.deepEqual(await open(), [primary])
    await catchesUp(lab, replica, primary)
    const [own = ''] = await sql(LAB, replica, "SELECT REPLACE(@@gtid_executed, '\\n', '')")
    assert.deepEqual(await sql(LAB, primary, `SELECT GTID_SUBSET('${own}', @@gtid_executed)`), ['1'])
  }

  const channel = (host: string): Promise<readonly string[]> =>
    sql(
      LAB,
      host,
      "SELECT c.HOST, c.USER, c.SSL_VERIFY_SERVER_CERTIFICATE, c.SSL_CERTIFICATE, c.SOURCE_CONNECTION_AUTO_FAILOVER, s.SERVICE_STATE FROM performance_schema.replication_connection_configuration c JOIN performance_schema.replication_connection_status s USING (CHANNEL_NAME) WHERE CHANNEL_NAME='clusterset_replication'",
    )

  /** It connects when it connects. */
  const channelIs = (host: string, wanted: readonly string[]): Promise<unknown> =>
    seen(
      () => channel(host),
      (found) => {
        assert.deepEqual(found, wanted)
      },
    )
  /** What a controller that was killed sent last may still be under way. */
  const isIdle = (host: string): Promise<unknown> =>
    seen(
      () =>
        sql(
          LAB,
          host,
          "SELECT INFO FROM performance_schema.processlist WHERE USER = 'root' AND COMMAND = 'Query' AND ID <> CONNECTION_ID()",
        ),
      (found) => {
        assert.deepEqual(found, [])
      },
    )

  it('the channel has the options that were asked for', async () => {
    assert.deepEqual(
      await sql(
        LAB,
        's3',
        "SELECT CONNECTION_RETRY_INTERVAL, HEARTBEAT_INTERVAL, COMPRESSION_ALGORITHM, ZSTD_COMPRESSION_LEVEL FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME='clusterset_replication'",
      ),
      ['2\t4.500\tzstd,uncompressed\t5'],
    )
    assert.deepEqual(changes(await run('setup.yml', '--check')), [])
  })

  it('switches over while a client writes: no acknowledged row is lost, and check mode said so', async () => {
    const checked = await done('primary.yml', '--check', '-e', 'cluster=west')
    assert.deepEqual(await open(), ['s1'])
    // Each row that the server acknowledged is noted outside of it; the client goes on to whichever server takes it.
    const writer = (host: string): Promise<string> =>
      shell(
        LAB,
        host,
        `rm -f /tmp/stop /tmp/acknowledged; i=0; while [ ! -e /tmp/stop ]; do i=$((i+1)); mysql -e "INSERT INTO shop.orders (at) VALUES ('${host}-$i')" 2>/dev/null && echo "${host}-$i" >> /tmp/acknowledged; done; exit 0`,
      )
    const writers = ['s1', 's3'].map(writer)
    const switched = await done('primary.yml', '-e', 'cluster=west')
    await shell(
      LAB,
      's3',
      'for i in $(seq 600); do [ "$(cat /tmp/acknowledged 2>/dev/null | wc -l)" -ge 2 ] && exit 0; sleep 0.1; done; exit 1',
    )
    for (const host of ['s1', 's3']) await shell(LAB, host, 'touch /tmp/stop')
    await Promise.all(writers)
    assert.deepEqual(changes(switched), changes(checked))
    await consistent('s3', 's1')
    for (const host of ['s1', 's3']) {
      const acknowledged = (await shell(LAB, host, 'cat /tmp/acknowledged')).split('\n')
      assert.ok(acknowledged.length > 1, `${host} took no rows`)
      for (const reader of ['s1', 's3']) {
        const rows = new Set(await sql(LAB, reader, 'SELECT at FROM shop.orders'))
        assert.deepEqual(
          acknowledged.filter((row) => !rows.has(row)),
          [],
          `rows of ${host} are missing on ${reader}`,
        )
      }
    }
  })

  it('channels and accounts are right on all members, without a password as before', async () => {
    assert.deepEqual(await channel('s3'), [])
    const cert = '/etc/mysql/ssl/server-cert.pem'
    await channelIs('s1', [`s3\tmysql_innodb_cs_1\tYES\t${cert}\t1\tON`])
    assert.deepEqual(await channel('s2'), [`s3\tmysql_innodb_cs_2\tYES\t${cert}\t1\tOFF`])
    assert.deepEqual(
      await sql(
        LAB,
        's3',
        "SELECT user, CONVERT(x509_issuer USING utf8mb4), CONVERT(x509_subject USING utf8mb4), LENGTH(authentication_string) FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_cs\\_%' ORDER BY 1",
      ),
      [1, 2, 3].map((id) => `mysql_innodb_cs_${id}\t/CN=MyName\t/CN=s${id}\t0`),
    )
    assert.deepEqual(changes(await done('primary.yml', '-e', 'cluster=west')), [])
  })

  it('a controller that is killed at any point of a switchover: the next run completes it, and nothing is ever open twice', async () => {
    const moments = [
      /lead the channel of s3 to s1/,
      /close cluster "\w+" for writes/,
      /open cluster "\w+" for writes/,
      /start the channel of s\d/,
      // The last of all: by the time that it is read about the run may be over.
      "RESET REPLICA ALL FOR CHANNEL 'clusterset_replication'",
    ]
    let [from, to] = ['west', 'east']
    for (const moment of moments) {
      const label = String(moment)
      const killed = await play(
        [file('primary.yml'), '-i', lab.inventory, '-v', '-e', `cluster=${to}`],
        typeof moment === 'string'
          ? { env: killedBefore(moment) }
          : {
              onOutput: (text, kill) => {
                if (
                  moment.test(text) ||
                  (moment.source.startsWith('lead') && /lead the channel of s1/.test(text))
                )
                  kill('SIGKILL')
              },
            },
      )
      assert.equal(killed.signal, 'SIGKILL', `${label}\n${transcript(killed)}`)
      assert.ok((await open()).length <= 1, `${label}: ${(await open()).join(' ')} are open`)
      for (const host of lab.hosts) await isIdle(host)
      assert.ok((await open()).length <= 1, `${label}: ${(await open()).join(' ')} are open`)
      await done('primary.yml', '-e', `cluster=${to}`)
      await consistent(to === 'east' ? 's1' : 's3', to === 'east' ? 's3' : 's1')
      assert.deepEqual(changes(await done('primary.yml', '--check', '-e', `cluster=${to}`)), [], label)
      ;[from, to] = [to, from]
    }
    if (from !== 'east') await done('primary.yml', '-e', 'cluster=east')
  })

  it('fails over when the primary cluster is lost, and only then; the old one rejoins', async () => {
    const early = await run('primary.yml', '-e', 'cluster=west', '-e', 'force=true', '-e', 'on=s3')
    assert.equal(early.code, 2)
    assert.match(early.stdout, /primary cluster "east" is available/)
    for (const host of ['s2', 's1'])
      await shell(LAB, host, 'systemctl kill -s KILL mysql; systemctl stop mysql')
    const refused = await run('primary.yml', '-e', 'cluster=west', '-e', 'on=s3')
    assert.equal(refused.code, 2)
    assert.match(refused.stdout, /fail over: force: true/)
    const force = ['-e', 'cluster=west', '-e', 'force=true', '-e', 'on=s3']
    const checked = await done('primary.yml', '--check', ...force)
    const failed = await done('primary.yml', ...force)
    assert.deepEqual(changes(failed), changes(checked))
    assert.deepEqual(changes(await done('primary.yml', ...force)), [])
    await sql(LAB, 's3', "INSERT INTO shop.orders (at) VALUES ('after the failover')")
    // The old cluster comes back as its members' administrator starts it: open, and believing to be the primary one.
    for (const host of ['s1', 's2']) await shell(LAB, host, 'systemctl start mysql')
    await sql(
      LAB,
      's1',
      'STOP GROUP_REPLICATION; SET GLOBAL group_replication_bootstrap_group=ON; START GROUP_REPLICATION; SET GLOBAL group_replication_bootstrap_group=OFF',
    )
    await shell(
      LAB,
      's1',
      'for i in $(seq 600); do [ "$(mysql -NBe "SELECT COUNT(*) FROM performance_schema.replication_group_members WHERE MEMBER_STATE=\'ONLINE\'")" -ge 1 ] && exit 0; sleep 0.2; done; exit 1',
    )
    await done('rejoin.yml')
    await consistent('s3', 's1')
    await channelIs('s1', ['s3\tmysql_innodb_cs_1\tYES\t/etc/mysql/ssl/server-cert.pem\t1\tON'])
    assert.deepEqual(changes(await done('rejoin.yml')), [])
  })
})
