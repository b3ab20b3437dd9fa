import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { play, signet, transcript } from '../lab/signet.js'
import { shell, startLab, stopLab, testLab, type TestLab } from '../lab/servers.js'

const LAB = testLab('verify')

interface Report {
  readonly checks: number
  readonly problems: readonly { readonly where: string; readonly what: string; readonly found: string }[]
}

describe('signet cluster verify', () => {
  let lab: TestLab
  before(async () => {
    lab = await startLab(LAB, 2)
    // A ClusterSet of two clusters with one member each.
    const text = await readFile(lab.inventory, 'utf8')
    const lines = text.split('\n')
    if (!text.includes('replica_cluster:')) {
      const at = lines.findIndex((line) => line.trim() === 's2:')
      lines.splice(at, 0, '        replica_cluster:', '          hosts:')
      await writeFile(lab.inventory, lines.join('\n'))
    }
    const made = await play(['playbooks/clusterset.yml', '-i', lab.inventory])
    assert.equal(made.code, 0, transcript(made))
  })
  after(() => stopLab(LAB))

  const verify = async (code: number): Promise<Report> => {
    const run = await signet(['cluster', 'verify', '--json', '-i', lab.inventory])
    assert.equal(run.code, code, transcript(run))
    return JSON.parse(run.stdout) as Report
  }

  it('finds nothing in a ClusterSet as the playbook makes it', async () => {
    const { checks, problems } = await verify(0)
    assert.deepEqual(problems, [])
    assert.ok(checks > 35, String(checks))
    const table = await signet(['cluster', 'verify', '--all', '-i', lab.inventory])
    assert.match(table.stdout, /s1 +refuses mysql_innodb_cluster_1 without TLS +from s1: refused/)
    assert.match(table.stdout, /s1 +live connections of mysql_innodb_cs_2 +TLSv1\.3/)
  })

  it('finds what was broken on purpose, each by its name', async () => {
    await shell(
      LAB,
      's1',
      `mysql -e "ALTER USER 'mysql_innodb_cs_2'@'%' REQUIRE NONE; SET GLOBAL require_secure_transport = OFF"`,
    )
    await shell(LAB, 's2', 'chmod 644 /etc/mysql/ssl/server-key.pem')
    await shell(
      LAB,
      's2',
      `mysql -e "STOP REPLICA FOR CHANNEL 'clusterset_replication'; CHANGE REPLICATION SOURCE TO SOURCE_SSL_VERIFY_SERVER_CERT=0 FOR CHANNEL 'clusterset_replication'; START REPLICA FOR CHANNEL 'clusterset_replication'"`,
    )
    const { problems } = await verify(2)
    assert.deepEqual(
      problems.map(({ where, what }) => `${where}: ${what}`),
      [
        's1: require_secure_transport',
        's2: its key is closed to others',
        's2: clusterset_replication: SSL mode',
        's2: account mysql_innodb_cs_2 demands',
      ],
    )
    assert.match(
      problems[3]?.found ?? '',
      /^password; described is issuer \/CN=MyName \+ subject \/CN=s2 \+ password$/,
    )
  })

  it('finds a certificate that expires, and one that is not served yet', async () => {
    const soon = join(lab.directory, 'soon.yml')
    await writeFile(soon, 'server_certificate_days: 10\nserver_certificate_renew_before_days: 900\n')
    const renewed = await play([
      'playbooks/clusterset.yml',
      '-i',
      lab.inventory,
      '-l',
      's1',
      '-e',
      `@${soon}`,
    ])
    assert.equal(renewed.code, 0, transcript(renewed))
    const { problems } = await verify(2)
    const found = problems.find(({ where, what }) => where === 's1' && what === 'its certificate is valid')
    assert.match(found?.found ?? '', /expires in (9|10) days/)
  })
})
