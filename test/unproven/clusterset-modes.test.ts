import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { changes, play, PROJECT, transcript, type Run } from '../lab/signet.js'
import { sql, startLab, stopLab, type TestLab, testLab } from '../lab/servers.js'

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
    lab = await startLab(LAB, 2)
    await writeFile(join(lab.directory, 'setup.yml'), SETUP)
    await writeFile(join(lab.directory, 'made.yml'), MADE)
    await writeFile(join(lab.directory, 'gone.yml'), GONE)
    await done('setup.yml')
  })
  after(() => stopLab(LAB))

  for (const [mode, recorded, ssl, ca, verified] of MODES) {
    it(mode, async () => {
      const both = ['s1: ClusterSet', 's2: Replica']
      // What check mode says does not depend on the mode: once is enough.
      const first = mode === 'VERIFY_IDENTITY'
      if (first) assert.deepEqual(changes(await done('made.yml', '--check', '-e', `mode=${mode}`)), both)
      assert.deepEqual(changes(await done('made.yml', '-e', `mode=${mode}`)), both)
      assert.deepEqual(
        await sql(
          LAB,
          's2',
          "SELECT c.SSL_ALLOWED, c.SSL_CA_FILE, c.SSL_VERIFY_SERVER_CERTIFICATE, s.SERVICE_STATE, @@super_read_only FROM performance_schema.replication_connection_configuration c JOIN performance_schema.replication_connection_status s USING (CHANNEL_NAME) WHERE CHANNEL_NAME='clusterset_replication'",
        ),
        [`${ssl}\t${ca}\t${verified}\tON\t1`],
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
})
