import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { changes, play, signet, transcript, type Run } from '../lab/signet.js'
import { shell, sql, startLab, stopLab, testLab, tryShell, type TestLab } from '../lab/servers.js'

const LAB = testLab('router')
const PASSWORDS = ['-e', 'mysql_router_password=Router-4711']
const CLIENT =
  'mysql -N -h s4 -u app -pApp-4711 --ssl-mode=VERIFY_IDENTITY --ssl-ca=/etc/mysqlrouter/ssl/ca.pem'
const ACCOUNT = "'mysqlrouter'@'%'"

/** s1, s2 and s3 are the primary cluster, s4 is the replica cluster and has the Router. */
async function arrange(text: string, file: string): Promise<void> {
  const lines = text.split('\n')
  const at = lines.findIndex((line) => line.trim() === 's3:')
  const moved = lines.splice(at, 3)
  lines.splice(
    lines.findIndex((line) => line.trim() === 'replica_cluster:'),
    0,
    ...moved,
  )
  await writeFile(file, `${lines.join('\n').trimEnd()}\n    routers:\n      hosts:\n        s4:\n`)
}

describe('MySQL Router', () => {
  let servers: TestLab
  before(async () => {
    servers = await startLab(LAB, 4)
    await arrange(await readFile(servers.inventory, 'utf8'), servers.inventory)
  })
  after(() => stopLab(LAB))

  const run = (playbook: string, ...words: string[]): Promise<Run> =>
    play([playbook, '-i', servers.inventory, ...PASSWORDS, ...words])
  const router = (...words: string[]): Promise<Run> => run('playbooks/router.yml', ...words)
  const through = (port: number, statement: string): Promise<{ code: number; text: string }> =>
    tryShell(LAB, 's4', `${CLIENT} -P ${port} -e "${statement}" 2>/dev/null`)
  const serverBehind = async (port: number): Promise<string> =>
    (await through(port, 'SELECT @@report_host')).text.trim()
  const eventually = async (wanted: string, port: number, seconds: number): Promise<void> => {
    const deadline = Date.now() + seconds * 1000
    let last = ''
    for (;;) {
      last = await serverBehind(port)
      if (last === wanted) return
      if (Date.now() > deadline) assert.fail(`port ${port} leads to "${last}", not ${wanted}`)
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }

  it('is bootstrapped against a cluster, as check mode said, and a second run changes nothing', async () => {
    const cluster = join(servers.directory, 'cluster.yml')
    const text = await readFile('playbooks/clusterset.yml', 'utf8')
    await writeFile(cluster, text.slice(0, text.indexOf('- name: ClusterSet and replica cluster')))
    const made = await play([cluster, '-i', servers.inventory])
    assert.equal(made.code, 0, transcript(made))
    const checked = await router('--check')
    assert.equal(checked.code, 0, transcript(checked))
    const first = await router()
    assert.equal(first.code, 0, transcript(first))
    assert.deepEqual(changes(first), changes(checked))
    const again = await router()
    assert.deepEqual(changes(again), [], transcript(again))
    assert.deepEqual(
      await sql(
        LAB,
        's1',
        "SELECT address, router_name, attributes->>'$.bootstrapTargetType', attributes->>'$.MetadataUser' FROM mysql_innodb_cluster_metadata.v2_routers",
      ),
      ['s4\tmain\tcluster\tmysqlrouter'],
    )
  })

  it('leads to the primary and to secondaries, with TLS that is verified all the way', async () => {
    await shell(
      LAB,
      's1',
      `mysql -e "CREATE USER app IDENTIFIED BY 'App-4711' REQUIRE SSL; CREATE DATABASE app; GRANT ALL ON app.* TO app; CREATE TABLE app.notes (id INT AUTO_INCREMENT PRIMARY KEY, note TEXT)"`,
    )
    await eventually('s1', 6446, 20)
    assert.match(await serverBehind(6447), /^s[23]$/)
    const written = await through(6446, "INSERT INTO app.notes (note) VALUES ('by the cluster')")
    assert.equal(written.code, 0, written.text)
    const refused = await tryShell(
      LAB,
      's4',
      `${CLIENT} -P 6447 -e "INSERT INTO app.notes (note) VALUES ('x')"`,
    )
    assert.match(refused.text, /super-read-only|read-only/)
    const plain = await tryShell(
      LAB,
      's4',
      `${CLIENT.replace('VERIFY_IDENTITY', 'DISABLED')} -P 6446 -e "SELECT 1"`,
    )
    assert.notEqual(plain.code, 0, 'a session without TLS was accepted')
    const versions = await sql(
      LAB,
      's1',
      `SELECT DISTINCT s.VARIABLE_VALUE FROM performance_schema.threads t JOIN performance_schema.status_by_thread s USING (THREAD_ID)
       WHERE t.PROCESSLIST_USER = 'mysqlrouter' AND s.VARIABLE_NAME = 'Ssl_version'`,
    )
    assert.deepEqual(versions, ['TLSv1.3'])
    const configuration = await shell(LAB, 's4', 'cat /var/lib/mysqlrouter/mysqlrouter.conf')
    for (const line of [
      'ssl_mode=VERIFY_IDENTITY',
      'server_ssl_verify=VERIFY_IDENTITY',
      'client_ssl_mode=REQUIRED',
    ])
      assert.ok(configuration.split('\n').includes(line), line)
    assert.doesNotMatch(configuration, /PREFERRED/)
  })

  it('refuses servers whose authority it does not know', async () => {
    const other =
      'openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=Other -keyout /tmp/o.key -out /etc/mysqlrouter/ssl/other.pem 2>&1'
    await shell(LAB, 's4', `${other}; chmod 644 /etc/mysqlrouter/ssl/other.pem`)
    await shell(
      LAB,
      's4',
      "sed -i.kept 's#ssl/ca.pem#ssl/other.pem#' /var/lib/mysqlrouter/mysqlrouter.conf; systemctl restart mysqlrouter; sleep 2",
    )
    const blocked = await through(6446, 'SELECT 1')
    assert.notEqual(blocked.code, 0, blocked.text)
    const log = await shell(LAB, 's4', 'tail -n 60 /var/lib/mysqlrouter/log/mysqlrouter.log')
    assert.match(log, /certificate verify failed/)
    // Drift: the playbook finds the configuration changed and puts it right.
    const repaired = await router()
    assert.equal(repaired.code, 0, transcript(repaired))
    await eventually('s1', 6446, 20)
  })

  it('is bootstrapped anew when the cluster becomes part of a ClusterSet', async () => {
    const set = await run('playbooks/clusterset.yml')
    assert.equal(set.code, 0, transcript(set))
    const anew = await router()
    assert.equal(anew.code, 0, transcript(anew))
    assert.ok(changes(anew).includes('s4: MySQL Router knows its servers'), transcript(anew))
    assert.deepEqual(
      await sql(
        LAB,
        's1',
        "SELECT attributes->>'$.bootstrapTargetType', clusterset_id IS NOT NULL FROM mysql_innodb_cluster_metadata.v2_routers",
      ),
      ['clusterset\t1'],
    )
    await eventually('s1', 6446, 20)
  })

  it('follows the primary that is killed', async () => {
    const killed = await signet(['lab', '--name', LAB, 'kill', 's1'])
    assert.equal(killed.code, 0, transcript(killed))
    const deadline = Date.now() + 60_000
    let behind = ''
    while (!/^s[23]$/.test(behind) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      behind = await serverBehind(6446)
    }
    assert.match(behind, /^s[23]$/)
    const written = await through(6446, "INSERT INTO app.notes (note) VALUES ('after the failover')")
    assert.equal(written.code, 0, written.text)
  })

  it('accounts have the grants of AdminAPI and are put right when they differ', async () => {
    const primary = await serverBehind(6446)
    await shell(
      LAB,
      primary,
      `mysql -e "REVOKE UPDATE ON mysql_innodb_cluster_metadata.clusters FROM ${ACCOUNT}; ALTER USER ${ACCOUNT} REQUIRE NONE"`,
    )
    const repaired = await router()
    assert.equal(repaired.code, 0, transcript(repaired))
    assert.deepEqual(changes(repaired), ['s4: MySQL account of MySQL Router'])
    const grants = await sql(LAB, primary, `SHOW GRANTS FOR ${ACCOUNT}`)
    assert.equal(
      grants.filter((line) => line.includes('mysql_innodb_cluster_metadata')).length,
      9,
      grants.join('\n'),
    )
    assert.deepEqual(await sql(LAB, primary, "SELECT ssl_type FROM mysql.user WHERE user = 'mysqlrouter'"), [
      'ANY',
    ])
  })
})
