import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { arrived } from './arrived.js'
import { SERVERS, upload } from './cluster-hosts.js'
import { Life } from './cluster-life.js'
import { LIVES } from './cluster-modules.js'
import { shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { play, PROJECT, transcript } from './signet.js'

const LAB = testLab('c-clusterset')
const METADATA = 'mysql_innodb_cluster_metadata'
const CLUSTER = `${SERVERS}- hosts: s1,s2
  become: true
  gather_facts: false
  roles:
    - role: innodb_cluster
      innodb_cluster_name: primary
`

describe('contracts and examples of the modules for ClusterSets and Routers', () => {
  let lab: TestLab
  let life: Life
  before(async () => {
    lab = await startLab(LAB, 4)
    // The host of applications is s4 by another name.
    life = new Life(lab, { app1: 's4' })
    const file = join(lab.directory, 'servers.yml')
    await writeFile(file, CLUSTER)
    const run = await play([file, '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles')])
    assert.equal(run.code, 0, transcript(run))
  })
  after(async () => {
    await life.close()
    await stopLab(LAB)
  })

  /** Clusters of the ClusterSet and which is the primary one, as a server has them. */
  const clusters = async (host: string): Promise<readonly string[]> => {
    await arrived(lab)
    return sql(LAB, host, `SELECT cluster_name, member_role FROM ${METADATA}.v2_cs_members ORDER BY 1`)
  }
  const channel = (host: string): Promise<readonly string[]> =>
    sql(
      LAB,
      host,
      "SELECT HOST, USER, SSL_VERIFY_SERVER_CERTIFICATE, SSL_CERTIFICATE FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME = 'clusterset_replication'",
    )
  const VERIFIED = (source: string, id: number): readonly string[] => [
    `${source}\tmysql_innodb_cs_${id}\tYES\t/etc/mysql/ssl/server-cert.pem`,
  ]
  const readOnly = (host: string): Promise<readonly string[]> => sql(LAB, host, 'SELECT @@super_read_only')

  it('a ClusterSet', async () => {
    await life.example('innodb_clusterset', 'A ClusterSet whose channels are verified', 's1')
    assert.deepEqual(await clusters('s2'), ['primary\tPRIMARY'])
  })

  it('a replica cluster comes, goes, and comes back as a copy of a secondary', async () => {
    await life.example('innodb_replica_cluster', 'A replica cluster', 's3')
    assert.deepEqual(await channel('s3'), VERIFIED('s1', 3))
    assert.deepEqual(await clusters('s3'), ['primary\tPRIMARY', 'replica\tREPLICA'])
    await life.example('innodb_replica_cluster', 'No more', 's3')
    assert.deepEqual(await clusters('s1'), ['primary\tPRIMARY'])
    assert.deepEqual([await channel('s3'), await readOnly('s3')], [[], ['1']])
    await life.example(
      'innodb_replica_cluster',
      'A replica cluster whose first member is a copy of a secondary of the primary cluster',
      's3',
    )
    assert.deepEqual(await sql(LAB, 's3', 'SELECT SOURCE FROM performance_schema.clone_status'), ['s2:3306'])
    assert.deepEqual(await channel('s3'), VERIFIED('s1', 3))
    assert.deepEqual(await clusters('s3'), ['primary\tPRIMARY', 'replica\tREPLICA'])
  })

  it('accounts for Routers', async () => {
    await life.example('innodb_router_account', 'An account that Routers run with; TLS is demanded', 's2')
    await life.example('innodb_router_account', 'Only for hosts of one network', 's1')
    assert.deepEqual(
      await sql(
        LAB,
        's1',
        "SELECT host, ssl_type, password_lifetime FROM mysql.user WHERE user = 'mysqlrouter' ORDER BY 1",
      ),
      ['%\tANY\t0', '10.80.0.%\t\tNULL'],
    )
  })

  it('Routers are bootstrapped, and their options set', async () => {
    const ssl = '/etc/mysqlrouter/ssl'
    await upload(lab, 's4', join(lab.directory, 'pki'), ssl, ['ca.pem', 's4-cert.pem', 's4-key.pem'])
    await shell(
      LAB,
      's4',
      `useradd --system mysqlrouter && cd ${ssl} && mv s4-cert.pem router-cert.pem && mv s4-key.pem router-key.pem && chown -R mysqlrouter: .`,
    )
    await life.example(
      'mysql_router',
      'A Router that verifies the servers, for clients that speak TLS',
      'app1',
      {
        play: ['app1'],
      },
    )
    assert.match(
      await shell(LAB, 's4', 'cat /var/lib/mysqlrouter/mysqlrouter.conf'),
      /^server_ssl_verify=VERIFY_IDENTITY$/m,
    )
    await life.task(
      'mysql_router',
      {
        members: ['s1', 's2', 's3'],
        name: 'site_b',
        account: 'mysqlrouter',
        password: 'Secret-4711',
        ssl_ca: `${ssl}/ca.pem`,
        directory: '/var/lib/mysqlrouter-b',
        service: 'mysqlrouter-b',
        base_port: 6546,
      },
      'app1',
      { play: ['app1'] },
    )
    const routers = async (): Promise<readonly string[]> => {
      await arrived(lab)
      return sql(
        LAB,
        's3',
        `SELECT address, router_name, attributes->>'$.bootstrapTargetType' FROM ${METADATA}.routers ORDER BY 2`,
      )
    }
    assert.deepEqual(await routers(), ['app1\tmain\tclusterset', 'app1\tsite_b\tclusterset'])

    await life.example('innodb_routing_options', 'Reads from read replicas as well as from secondaries', 's1')
    await life.example(
      'innodb_routing_options',
      'One Router of a ClusterSet stays with the cluster of its site',
      's1',
    )
    assert.deepEqual(
      await sql(
        LAB,
        's1',
        `SELECT router_options->>'$.read_only_targets' FROM ${METADATA}.clustersets;
         SELECT options->>'$.target_cluster' = (SELECT attributes->>'$.group_replication_group_name' FROM ${METADATA}.clusters WHERE cluster_name = 'replica'), options->'$.use_replica_primary_as_rw' FROM ${METADATA}.routers WHERE router_name = 'site_b'`,
      ),
      ['all', '1\ttrue'],
    )
    await life.example('innodb_router_metadata', 'A Router whose host was given up', 's2')
    assert.deepEqual(await routers(), ['app1\tsite_b\tclusterset'])
  })

  it('another cluster becomes the primary one', async () => {
    await life.example('innodb_clusterset_primary', 'Switch over', 's1')
    assert.deepEqual(await clusters('s1'), ['primary\tREPLICA', 'replica\tPRIMARY'])
    assert.deepEqual([await readOnly('s1'), await readOnly('s3')], [['1'], ['0']])
    assert.deepEqual([await channel('s1'), await channel('s3')], [VERIFIED('s3', 1), []])
    await life.task('innodb_clusterset_primary', { cluster: 'primary' }, 's1')
  })

  it('the primary cluster and one more are lost', async () => {
    await life.task('innodb_replica_cluster', { name: 'third', cert_subject: '/CN=s4' }, 's4')
    await life.kill('s1', 's2', 's4')
    await life.example(
      'innodb_clusterset_primary',
      'Fail over when the primary cluster and one more cluster are lost',
      's3',
    )
    assert.deepEqual([await readOnly('s3'), await channel('s3')], [['0'], []])
    assert.deepEqual(
      await sql(
        LAB,
        's3',
        `SELECT cluster_name, member_role, invalidated FROM ${METADATA}.v2_cs_members ORDER BY 1`,
      ),
      ['primary\tNULL\t1', 'replica\tPRIMARY\t0', 'third\tNULL\t1'],
    )
  })

  it('check mode foresees what each task leaves', () => assert.deepEqual(life.surprises, []))
  it('no example was left out', () => assert.deepEqual(life.missed(LIVES.clusterset), []))
})
