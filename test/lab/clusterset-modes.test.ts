import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { changes, play, PROJECT, transcript, type Run } from './signet.js'
import { serverState, sql, startLab, stopLab, type TestLab, testLab } from './servers.js'
import { seen } from './status-view.js'
import { checkRunRerun, runTask, type TaskArguments } from './task.js'

const LAB = testLab('cs-modes')

const SETUP = `
- hosts: mysql
  gather_facts: false
  roles: [certificate_authority, server_certificate]
- hosts: mysql
  become: true
  gather_facts: false
  roles: [{role: mysql_tls, mysql_require_secure_transport: false}]
- hosts: s1
  become: true
  gather_facts: false
  tasks:
    - name: Cluster
      innodb_cluster: {name: east, member_ssl_mode: REQUIRED}
`
/** Everything is asked for twice: the second time there is nothing to do. */
const MADE = `
- hosts: mysql
  become: true
  gather_facts: false
  tasks:
    - &clusterset
      name: ClusterSet
      innodb_clusterset: {name: globe, cluster_set_replication_ssl_mode: "{{ mode }}"}
      when: inventory_hostname == 's1'
    - &replica
      name: Replica
      innodb_replica_cluster: {name: west}
      when: inventory_hostname == 's2'
    - {<<: *clusterset, name: ClusterSet again}
    - {<<: *replica, name: Replica again}
`
const GONE = `
- hosts: mysql
  become: true
  gather_facts: false
  tasks:
    - &replica
      name: Replica
      innodb_replica_cluster: {name: west, state: absent}
      when: inventory_hostname == 's2'
    - &clusterset
      name: ClusterSet
      innodb_clusterset: {name: globe, state: absent}
      when: inventory_hostname == 's1'
    - {<<: *replica, name: Replica again}
    - {<<: *clusterset, name: ClusterSet again}
`
const CA = '/etc/mysql/ssl/ca.pem'
const MODES: readonly (readonly [
  mode: string,
  recorded: string,
  ssl: string,
  ca: string,
  verified: string,
])[] = [
  ['VERIFY_IDENTITY', 'VERIFY_IDENTITY', 'YES', CA, 'YES'],
  ['VERIFY_CA', 'VERIFY_CA', 'YES', CA, 'NO'],
  ['REQUIRED', 'REQUIRED', 'YES', '', 'NO'],
  ['DISABLED', 'DISABLED', 'NO', '', 'NO'],
  ['AUTO', 'REQUIRED', 'YES', '', 'NO'],
]

describe('a ClusterSet with each clusterSetReplicationSslMode is made, and is gone again', () => {
  let lab: TestLab
  const run = (name: string, ...words: string[]): Promise<Run> =>
    play([join(lab.directory, name), '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles'), ...words])
  const done = async (name: string, ...words: string[]): Promise<Run> => {
    const ended = await run(name, ...words)
    assert.equal(ended.code, 0, transcript(ended))
    return ended
  }

  before(async () => {
    lab = await startLab(LAB, 3)
    await writeFile(join(lab.directory, 'setup.yml'), SETUP)
    await writeFile(join(lab.directory, 'made.yml'), MADE)
    await writeFile(join(lab.directory, 'gone.yml'), GONE)
    await done('setup.yml')
  })
  after(() => stopLab(LAB))

  /** What connects does so when it does. */
  const comesTo = (host: string, query: string, wanted: readonly string[]): Promise<unknown> =>
    seen(
      () => sql(LAB, host, query),
      (found) => {
        assert.deepEqual(found, wanted)
      },
    )

  for (const [mode, recorded, ssl, ca, verified] of MODES) {
    it(mode, async () => {
      const both = ['s1: ClusterSet', 's2: Replica']
      // What check mode says does not depend on the mode: once is enough.
      const first = mode === 'VERIFY_IDENTITY'
      if (first) assert.deepEqual(changes(await done('made.yml', '--check', '-e', `mode=${mode}`)), both)
      assert.deepEqual(changes(await done('made.yml', '-e', `mode=${mode}`)), both)
      await comesTo(
        's2',
        "SELECT c.SSL_ALLOWED, c.SSL_CA_FILE, c.SSL_VERIFY_SERVER_CERTIFICATE, s.SERVICE_STATE, @@super_read_only FROM performance_schema.replication_connection_configuration c JOIN performance_schema.replication_connection_status s USING (CHANNEL_NAME) WHERE CHANNEL_NAME='clusterset_replication'",
        [`${ssl}\t${ca}\t${verified}\tON\t1`],
      )
      // The login of the channel as the source sees it, once it has noticed that one of before is gone.
      await comesTo(
        's1',
        "SELECT DISTINCT t.PROCESSLIST_USER, s.VARIABLE_VALUE FROM performance_schema.threads t JOIN performance_schema.status_by_thread s USING (THREAD_ID) WHERE t.PROCESSLIST_COMMAND LIKE 'Binlog Dump%' AND s.VARIABLE_NAME = 'Ssl_version'",
        [`mysql_innodb_cs_2\t${ssl === 'YES' ? 'TLSv1.3' : ''}`.trimEnd()],
      )
      assert.deepEqual(
        await sql(
          LAB,
          's2',
          "SELECT attributes->>'$.opt_clusterSetReplicationSslMode' FROM mysql_innodb_cluster_metadata.clustersets",
        ),
        [recorded],
      )
      if (first) assert.deepEqual(changes(await done('gone.yml', '--check')), both)
      assert.deepEqual(changes(await done('gone.yml')), both)
      assert.deepEqual(
        await sql(
          LAB,
          's2',
          "SELECT COUNT(*), @@super_read_only FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME='clusterset_replication'",
        ),
        ['0\t1'],
      )
      assert.deepEqual(
        await sql(LAB, 's1', "SELECT user FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_%' ORDER BY 1"),
        ['mysql_innodb_cluster_1'],
      )
    })
  }

  describe('without passwords', () => {
    const hasNoPassword = async (host: string): Promise<void> =>
      assert.deepEqual(
        await sql(
          LAB,
          host,
          "SELECT user FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_%' AND authentication_string <> ''; SELECT Channel_name FROM mysql.slave_master_info WHERE User_password <> ''",
        ),
        [],
      )
    const skip = async (host: string): Promise<string | undefined> =>
      (
        await sql(
          LAB,
          host,
          "SELECT VARIABLE_VALUE FROM performance_schema.persisted_variables WHERE VARIABLE_NAME = 'skip_replica_start'",
        )
      )[0]
    const channelIs = (host: string, wanted: readonly string[]): Promise<unknown> =>
      comesTo(
        host,
        "SELECT c.HOST, c.USER, c.SSL_VERIFY_SERVER_CERTIFICATE, s.SERVICE_STATE FROM performance_schema.replication_connection_configuration c JOIN performance_schema.replication_connection_status s USING (CHANNEL_NAME) WHERE CHANNEL_NAME = 'clusterset_replication'",
        wanted,
      )
    const converges = async (host: string, module: string, args: TaskArguments): Promise<void> => {
      const { check, run, changed } = await checkRunRerun(lab, host, module, args)
      assert.deepEqual(changed, [1, 1, 0], `${transcript(check)}\n${transcript(run)}`)
      assert.equal(run.code, 0, transcript(run))
    }
    const member = (cluster: string, more: TaskArguments = {}): TaskArguments => ({
      cluster,
      cert_subject: '/CN=s3',
      ...more,
    })

    it('a replica cluster by clone: its data are replaced, its accounts and channels are its own', async () => {
      await converges('s1', 'innodb_cluster', { name: 'east', state: 'absent' })
      await converges('s1', 'innodb_cluster', {
        name: 'east',
        member_ssl_mode: 'VERIFY_IDENTITY',
        member_auth_type: 'CERT_SUBJECT',
        cert_issuer: '/CN=MyName',
        cert_subject: '/CN=s1',
      })
      await converges('s1', 'innodb_clusterset', {
        name: 'globe',
        cluster_set_replication_ssl_mode: 'VERIFY_IDENTITY',
      })
      await sql(
        LAB,
        's1',
        'CREATE DATABASE app; CREATE TABLE app.t (id INT PRIMARY KEY); INSERT INTO app.t VALUES (7)',
      )
      await sql(LAB, 's2', 'SET GLOBAL super_read_only = OFF; CREATE DATABASE junk')
      const west = { name: 'west', cert_subject: '/CN=s2' }
      const before = await serverState(LAB, 's2')
      const refused = await runTask(lab, 's2', 'innodb_replica_cluster', west)
      assert.equal(refused.code, 2, transcript(refused))
      assert.match(refused.stdout, /s2 has transactions that s1 lacks/)
      assert.equal(await serverState(LAB, 's2'), before)
      await converges('s2', 'innodb_replica_cluster', { ...west, recovery_method: 'clone' })
      assert.deepEqual(await sql(LAB, 's2', "SELECT id FROM app.t; SHOW DATABASES LIKE 'junk'"), ['7'])
      await channelIs('s2', ['s1\tmysql_innodb_cs_2\tYES\tON'])
      assert.deepEqual(
        await sql(
          LAB,
          's2',
          "SELECT VARIABLE_NAME FROM performance_schema.persisted_variables WHERE VARIABLE_NAME LIKE 'clone%'",
        ),
        [],
      )
      assert.equal(await skip('s2'), 'ON')
      await hasNoPassword('s1')
      await hasNoPassword('s2')
    })

    it('a member of the primary cluster keeps channels from starting; one that leaves no longer does', async () => {
      await converges('s3', 'innodb_cluster_instance', member('east'))
      assert.equal(await skip('s3'), 'ON')
      await converges('s3', 'innodb_cluster_instance', member('east', { state: 'absent' }))
      assert.equal(await skip('s3'), undefined)
    })

    it('a member of a replica cluster that lost its channel gets it at its return, and can become primary', async () => {
      await converges('s3', 'innodb_cluster_instance', member('west'))
      await channelIs('s3', ['s1\tmysql_innodb_cs_3\tYES\tOFF'])
      await sql(
        LAB,
        's3',
        "STOP GROUP_REPLICATION; RESET REPLICA ALL FOR CHANNEL 'clusterset_replication'; RESET PERSIST skip_replica_start",
      )
      await converges('s3', 'innodb_cluster_instance', member('west'))
      await channelIs('s3', ['s1\tmysql_innodb_cs_3\tYES\tOFF'])
      assert.equal(await skip('s3'), 'ON')
      await converges('s3', 'innodb_cluster_primary', {})
      await channelIs('s3', ['s1\tmysql_innodb_cs_3\tYES\tON'])
      await hasNoPassword('s1')
      await hasNoPassword('s3')
      await converges('s3', 'innodb_cluster_instance', member('west', { state: 'absent' }))
      await channelIs('s3', [])
      assert.equal(await skip('s3'), undefined)
      await channelIs('s2', ['s1\tmysql_innodb_cs_2\tYES\tON'])
    })
  })
})
