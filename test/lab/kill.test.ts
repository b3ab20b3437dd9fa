import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tearDown } from './cluster-hosts.js'
import { changes, play, PROJECT, transcript, type Run } from './signet.js'
import { sql, startLab, stopLab, testLab, type TestLab } from './servers.js'

const LAB = testLab('kill')

/**
 * How many of the flagship's admin statements the controller is killed after, each in turn on plain servers; spread
 * evenly. SIGNET_TEST_KILL_POINTS=all takes hours and is for changes of the admin part; it may be done in parts,
 * such as SIGNET_TEST_KILL_POINTS=1-100.
 */
const POINTS = process.env['SIGNET_TEST_KILL_POINTS'] ?? '3'

const SERVERS = `
- hosts: mysql
  gather_facts: false
  roles: [certificate_authority, server_certificate]
- hosts: mysql
  become: true
  gather_facts: false
  roles: [mysql_tls]
`
const ADMIN = `
- hosts: primary_cluster
  become: true
  gather_facts: false
  roles: [{role: innodb_cluster, innodb_cluster_name: primary}]
- hosts: primary_cluster:replica_cluster
  become: true
  gather_facts: false
  roles: [innodb_clusterset]
`

describe('a controller that dies after any statement: the next run ends in the same state', function () {
  this.timeout(/^\d$/.test(POINTS) ? 900_000 : 0)
  let lab: TestLab
  let wanted: string
  let total: number
  const file = (name: string): string => join(lab.directory, name)
  const run = (playbook: string, env: Record<string, string> = {}): Promise<Run> =>
    play([file(playbook), '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles'), '-v'], {
      env: { NODE_OPTIONS: `--import=${join(PROJECT, 'test/lab/kill-after.mjs')}`, ...env },
    })

  before(async () => {
    lab = await startLab(LAB, 4)
    await writeFile(file('servers.yml'), SERVERS)
    await writeFile(file('admin.yml'), ADMIN)
    const servers = await run('servers.yml')
    assert.equal(servers.code, 0, transcript(servers))
    const whole = await run('admin.yml', { SIGNET_TEST_COUNT: file('count') })
    assert.equal(whole.code, 0, transcript(whole))
    total = Number(await readFile(file('count'), 'utf8'))
    wanted = await state(lab)
  })
  after(() => stopLab(LAB))

  it(`killed after ${POINTS} of its statements, in turn`, async () => {
    assert.ok(total > 100, `only ${total} statements`)
    for (const point of pointsOf(POINTS, total)) {
      await tearDown(lab, lab.hosts)
      const killed = await run('admin.yml', { SIGNET_TEST_KILL_AFTER: String(point) })
      assert.equal(killed.signal, 'SIGKILL', `statement ${point} of ${total}: ${transcript(killed)}`)
      const completed = await run('admin.yml')
      assert.equal(
        completed.code,
        0,
        `killed after statement ${point}:\n${transcript(killed)}\n${transcript(completed)}`,
      )
      assert.equal(await state(lab), wanted, `killed after statement ${point}`)
    }
    assert.deepEqual(changes(await run('admin.yml')), [])
  })

  it('killed again and again, a little later each time', async () => {
    await tearDown(lab, lab.hosts)
    let runs = 0
    for (let point = 2; ; point = Math.ceil(point * 1.5)) {
      const killed = await run('admin.yml', { SIGNET_TEST_KILL_AFTER: String(point) })
      runs += 1
      if (killed.signal === null) {
        assert.equal(killed.code, 0, transcript(killed))
        break
      }
    }
    assert.ok(runs > 4, `${runs} runs`)
    assert.equal(await state(lab), wanted)
  })
})

/** The statements to kill after: those of a range, or spread evenly over all. */
function pointsOf(points: string, total: number): readonly number[] {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(points) ?? []
  if (first !== undefined)
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index)
  const count = points === 'all' ? total : Number(points)
  return Array.from({ length: count }, (_, index) => Math.round(((index + 0.5) * total) / count) || 1)
}

/** All that two ClusterSets of the same description have in common: everything but passwords, UUIDs and counters. */
async function state(lab: TestLab): Promise<string> {
  const queries = [
    "SELECT user, host, ssl_type, CONVERT(x509_issuer USING utf8mb4), CONVERT(x509_subject USING utf8mb4), plugin, LENGTH(authentication_string) > 0 FROM mysql.user WHERE user LIKE 'mysql\\_innodb%' ORDER BY 1, 2",
    "SELECT GRANTEE, GROUP_CONCAT(PRIVILEGE_TYPE ORDER BY 1) FROM information_schema.USER_PRIVILEGES WHERE GRANTEE LIKE '%mysql\\_innodb%' GROUP BY 1 ORDER BY 1",
    "SELECT VARIABLE_NAME, IF(VARIABLE_VALUE REGEXP '^[0-9a-f]{8}-', 'uuid', VARIABLE_VALUE) FROM performance_schema.persisted_variables ORDER BY 1",
    "SELECT CHANNEL_NAME, USER, SSL_ALLOWED, SSL_VERIFY_SERVER_CERTIFICATE, SSL_CA_FILE, SOURCE_CONNECTION_AUTO_FAILOVER FROM performance_schema.replication_connection_configuration WHERE USER <> '' ORDER BY 1",
    'SELECT CHANNEL_NAME, SERVICE_STATE FROM performance_schema.replication_connection_status ORDER BY 1',
    'SELECT MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members ORDER BY 1',
    'SELECT name, enabled FROM performance_schema.replication_group_member_actions ORDER BY 1',
    'SELECT @@global.super_read_only, @@global.group_replication_start_on_boot, @@global.gtid_mode',
    "SELECT cluster_name, JSON_REMOVE(attributes, '$.group_replication_group_name', '$.group_replication_view_change_uuid') FROM mysql_innodb_cluster_metadata.clusters ORDER BY 1",
    "SELECT address, addresses, JSON_REMOVE(attributes, '$.joinTime') FROM mysql_innodb_cluster_metadata.instances ORDER BY 1",
    'SELECT domain_name, attributes, router_options FROM mysql_innodb_cluster_metadata.clustersets',
    'SELECT c.cluster_name, m.member_role FROM mysql_innodb_cluster_metadata.v2_cs_members m JOIN mysql_innodb_cluster_metadata.clusters c USING (cluster_id) ORDER BY 1',
  ]
  const parts = await Promise.all(
    lab.hosts.map(async (host) => `${host}: ${(await sql(lab.name, host, queries.join('; '))).join('\n')}`),
  )
  return parts.join('\n')
}
