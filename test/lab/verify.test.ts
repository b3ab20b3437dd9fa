import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { arrived } from './arrived.js'
import { play, signet, transcript } from './signet.js'
import { shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { runTask } from './task.js'

const LAB = testLab('verify')

interface Report {
  readonly checks: number
  readonly tried: number
  readonly read: number
  readonly undecided: number
  readonly problems: readonly { readonly where: string; readonly what: string; readonly found: string }[]
}

/** A ClusterSet whose primary cluster is s1 and s2; its replica cluster is s3 alone. */
describe('signet cluster verify', () => {
  let lab: TestLab
  before(async () => {
    lab = await startLab(LAB, 3)
    const made = await play(['playbooks/clusterset.yml', '-i', lab.inventory])
    assert.equal(made.code, 0, transcript(made))
    await arrived(lab)
  })
  after(() => stopLab(LAB))

  const verify = async (code: number): Promise<Report> => {
    const run = await signet(['cluster', 'verify', '--json', '-i', lab.inventory])
    assert.equal(run.code, code, transcript(run))
    return JSON.parse(run.stdout) as Report
  }
  const named = ({ problems }: Report): readonly string[] =>
    problems.map(({ where, what }) => `${where}: ${what}`)
  const mysql = (host: string, statements: string): Promise<string> =>
    shell(LAB, host, `mysql -e "${statements}"`)
  const channel = (options: string): Promise<string> =>
    mysql(
      's3',
      `STOP REPLICA FOR CHANNEL 'clusterset_replication'; CHANGE REPLICATION SOURCE TO ${options} FOR CHANNEL 'clusterset_replication'; START REPLICA FOR CHANNEL 'clusterset_replication'`,
    )
  /** The channel has connected again, so that its connection is seen; to the primary, if it had turned to another source. */
  const connected = (): Promise<string> =>
    shell(
      LAB,
      's3',
      'for i in $(seq 600); do [ "$(mysql -NBe "SELECT CONCAT(HOST, SERVICE_STATE) FROM performance_schema.replication_connection_status JOIN performance_schema.replication_connection_configuration USING (CHANNEL_NAME) WHERE CHANNEL_NAME=\'clusterset_replication\'")" = s1ON ] && exit 0; sleep 0.2; done; exit 1',
    )

  let whole = 0

  it('finds nothing in a ClusterSet as the playbook makes it, and says what was tried', async () => {
    const { checks, problems, tried, read, undecided } = await verify(0)
    assert.deepEqual(problems, [])
    assert.equal(tried + read + undecided, checks)
    // Every account at every server of its cluster, and that of the channel at both members of the primary cluster, each
    // with the right password but no certificate, and without TLS.
    assert.deepEqual([tried, undecided], [(4 + 1 + 2) * 2, 0])
    whole = checks
    const table = await signet(['cluster', 'verify', '--all', '-i', lab.inventory])
    assert.match(
      table.stdout,
      /s1 +refuses mysql_innodb_cluster_2 without TLS +from s2: refused, with the right password/,
    )
    assert.match(
      table.stdout,
      /s2 +refuses mysql_innodb_cluster_1 without a certificate +from s1: refused, with the right password/,
    )
    assert.match(table.stdout, /s1 +live connections of mysql_innodb_cs_3 +TLSv1\.3/)
    assert.match(table.stdout, /s2 +live connections of mysql_innodb_cluster_1 +TLSv1\.3/)
    assert.match(table.stdout, /VERIFY_IDENTITY \(recorded nowhere else; none of the 2 members says more\)/)
  })

  it('looks at the same things each time', async () => {
    for (let time = 0; time < 3; time++) assert.equal((await verify(0)).checks, whole)
  })

  it('finds accounts and servers that were weakened', async () => {
    await mysql(
      's1',
      "ALTER USER 'mysql_innodb_cs_3'@'%' REQUIRE NONE; ALTER USER 'mysql_innodb_cluster_2'@'%' REQUIRE SUBJECT '/CN=other' AND ISSUER '/CN=MyName'; SET GLOBAL require_secure_transport = OFF",
    )
    await shell(LAB, 's2', 'chmod 644 /etc/mysql/ssl/server-key.pem')
    await arrived(lab)
    const report = await verify(2)
    assert.deepEqual(named(report), [
      's1: require_secure_transport',
      's2: its key is closed to others',
      's1: account mysql_innodb_cluster_2 demands',
      's2: account mysql_innodb_cluster_2 demands',
      's3: account mysql_innodb_cs_3 demands',
      's1: refuses mysql_innodb_cs_3 without TLS',
      's1: refuses mysql_innodb_cs_3 without a certificate',
      's2: refuses mysql_innodb_cs_3 without a certificate',
    ])
    assert.equal(report.checks, whole)
    const found = (what: string): string =>
      report.problems.find((problem) => problem.what === what)?.found ?? ''
    assert.equal(
      found('account mysql_innodb_cs_3 demands'),
      'password; described is issuer /CN=MyName + subject /CN=s3 + password',
    )
    assert.equal(found('refuses mysql_innodb_cs_3 without a certificate'), 'from s3: accepted')
    assert.equal(report.undecided, 0)
    await mysql(
      's1',
      "ALTER USER 'mysql_innodb_cs_3'@'%' REQUIRE ISSUER '/CN=MyName' AND SUBJECT '/CN=s3'; ALTER USER 'mysql_innodb_cluster_2'@'%' REQUIRE ISSUER '/CN=MyName' AND SUBJECT '/CN=s2'; SET GLOBAL require_secure_transport = ON",
    )
    await shell(LAB, 's2', 'chmod 600 /etc/mysql/ssl/server-key.pem')
    await arrived(lab)
    await verify(0)
  })

  it('finds channels and groups that were weakened', async () => {
    await channel('SOURCE_SSL_VERIFY_SERVER_CERT=0')
    await mysql(
      's2',
      'SET PERSIST group_replication_recovery_ssl_verify_server_cert = OFF; SET PERSIST group_replication_recovery_use_ssl = OFF',
    )
    await connected()
    const first = await verify(2)
    assert.deepEqual(named(first), [
      's2: recovery uses TLS',
      's2: recovery verifies the name',
      's3: clusterset_replication: SSL mode',
    ])
    assert.equal(first.problems[2]?.found, 'VERIFY_CA, described is VERIFY_IDENTITY')
    await channel("SOURCE_SSL_VERIFY_SERVER_CERT=1, SOURCE_SSL_CA='', SOURCE_SSL=0")
    await mysql(
      's2',
      'SET PERSIST group_replication_recovery_ssl_verify_server_cert = ON; SET PERSIST group_replication_recovery_use_ssl = ON',
    )
    // Not running, but the next start would use it. And a channel without TLS can not even log in.
    await mysql('s1', "SET PERSIST_ONLY group_replication_ssl_mode = 'REQUIRED'")
    const second = await verify(2)
    assert.deepEqual(named(second), [
      's1: group_replication_ssl_mode after a restart',
      's3: clusterset_replication: SSL mode',
    ])
    assert.equal(second.problems[1]?.found, 'DISABLED, described is VERIFY_IDENTITY')
    await mysql('s1', "SET PERSIST_ONLY group_replication_ssl_mode = 'VERIFY_IDENTITY'")
    await channel("SOURCE_SSL=1, SOURCE_SSL_CA='/etc/mysql/ssl/ca.pem', SOURCE_SSL_VERIFY_SERVER_CERT=1")
    await connected()
    assert.deepEqual((await verify(0)).problems, [])
  })

  it('says what it can not decide, which is no problem; that a server can not be reached is one', async () => {
    // The server has lost the password of its own account: its logins would be refused in any case.
    await mysql(
      's2',
      "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD='' FOR CHANNEL 'group_replication_recovery'",
    )
    const report = await verify(0)
    assert.deepEqual([report.problems, report.checks, report.undecided], [[], whole, 4])
    const table = await signet(['cluster', 'verify', '--all', '-i', lab.inventory])
    assert.equal(table.code, 0, transcript(table))
    assert.match(table.stdout, /^None of \d+ checks found a problem, but 4 of them prove nothing/)
    for (const host of ['s1', 's2'])
      for (const lacking of ['TLS', 'a certificate'])
        assert.match(
          table.stdout,
          new RegExp(
            `ok\\? +${host} +refuses mysql_innodb_cluster_2 without ${lacking} +from s2: refused, but the login lacked the password, too`,
          ),
        )
    const renewed = await runTask(lab, 's1', 'innodb_cluster_recovery_accounts', { members: ['s1', 's2'] })
    assert.equal(renewed.code, 0, transcript(renewed))
    await arrived(lab)
    assert.equal((await verify(0)).undecided, 0)
    // The replica's channel may have to turn to s2.
    const [address = ''] = (await shell(LAB, 's3', 'getent ahostsv4 s2')).split(' ')
    await shell(LAB, 's3', `ip route add unreachable ${address}/32`)
    const { problems, checks } = await verify(2)
    assert.equal(checks, whole)
    assert.deepEqual(
      problems.map(({ where, what }) => `${where}: ${what}`),
      ['s2: refuses mysql_innodb_cs_3 without TLS', 's2: refuses mysql_innodb_cs_3 without a certificate'],
    )
    for (const { found } of problems) assert.match(found, /^from s3: unreachable \(/)
    await shell(LAB, 's3', `ip route del unreachable ${address}/32`)
    await verify(0)
  })

  it('finds a certificate that expires, and one that is not served yet', async () => {
    const before = await sql(LAB, 's1', "SHOW STATUS LIKE 'Ssl_server_not_after'")
    const soon = join(lab.directory, 'soon.yml')
    await writeFile(soon, 'server_certificate_days: 10\nserver_certificate_renew_before_days: 900\n')
    await shell(
      LAB,
      's1',
      'cp -a /etc/mysql/ssl/server-cert.pem /root/; cp -a /etc/mysql/ssl/server-key.pem /root/',
    )
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
    assert.notDeepEqual(await sql(LAB, 's1', "SHOW STATUS LIKE 'Ssl_server_not_after'"), before)
    const expiring = (await verify(2)).problems
    assert.deepEqual(
      expiring.map(({ where, what }) => `${where}: ${what}`),
      ['s1: its certificate is valid'],
    )
    assert.match(expiring[0]?.found ?? '', /expires in (9|10) days/)
    // The old pair again, but not served: nobody told the server.
    await shell(LAB, 's1', 'cp -a /root/server-cert.pem /root/server-key.pem /etc/mysql/ssl/')
    assert.deepEqual(named(await verify(2)), ['s1: serves the certificate on disk'])
    await mysql('s1', 'ALTER INSTANCE RELOAD TLS')
    await verify(0)
  })

  it('says so when there is nothing to verify, or a server is silent', async () => {
    await shell(LAB, 's2', 'systemctl stop mysql')
    const silent = await verify(2)
    assert.ok(named(silent).includes('s2: answers'), JSON.stringify(silent.problems))
    const inventory = join(lab.directory, 'one.yml')
    await writeFile(inventory, await readFile(lab.inventory, 'utf8'))
    await shell(
      LAB,
      's3',
      'systemctl stop mysql; rm -rf /var/lib/mysql/*; mysqld --initialize-insecure --user=mysql; systemctl start mysql',
    )
    const nothing = await signet(['cluster', 'verify', '-i', inventory, '-l', 's3'])
    assert.equal(nothing.code, 2)
    assert.match(nothing.stdout, /no cluster, ClusterSet or ReplicaSet: nothing to verify/)
  })
})
