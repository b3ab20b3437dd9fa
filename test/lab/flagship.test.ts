import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { changes, play, recap, results, signet, transcript, type Run } from './signet.js'
import {
  fileState,
  serverState,
  shell,
  sql,
  startLab,
  stopLab,
  tryShell,
  type TestLab,
  testLab,
} from './servers.js'

const LAB = testLab('flagship')
const PLAYBOOK = 'playbooks/clusterset.yml'

describe('the flagship: from four plain hosts to a certificate-authenticated ClusterSet', () => {
  let lab: TestLab
  let checked: Run
  let first: Run

  before(async () => {
    lab = await startLab(LAB, 4)
  })
  after(() => stopLab(LAB))

  const run = (...words: string[]): Promise<Run> => play([PLAYBOOK, '-i', lab.inventory, ...words])
  const snapshot = async (): Promise<string> =>
    (await Promise.all(lab.hosts.flatMap((host) => [fileState(LAB, host), serverState(LAB, host)]))).join(
      '\n==\n',
    )

  it('check mode on blank hosts exits 0, changes nothing and knows everything', async () => {
    const before = await snapshot()
    checked = await run('--check', '--diff')
    assert.equal(checked.code, 0, transcript(checked))
    assert.equal(await snapshot(), before, 'check mode changed something on a host')
    assert.equal(
      existsSync(join(lab.directory, 'pki')),
      false,
      'check mode changed something on the controller',
    )
    assert.deepEqual(
      results(checked).filter(({ result }) => result.status === 'unknown'),
      [],
    )
    assert.ok(changes(checked).length > 25, transcript(checked))
  })

  it('the run changes exactly what check mode said', async () => {
    first = await run()
    assert.equal(first.code, 0, transcript(first))
    assert.deepEqual(changes(first), changes(checked))
    assert.deepEqual(
      results(first).flatMap(({ result }) => result.warnings),
      [],
    )
  })

  it('results of check and run have the same keys', () => {
    const keys = (run: Run): readonly string[] =>
      results(run)
        .filter(({ result }) => result.status === 'changed')
        .map(({ host, task, result }) => `${host} ${task}: ${Object.keys(result.values).sort().join(' ')}`)
        .sort()
    assert.deepEqual(keys(first), keys(checked))
  })

  it('a second run changes nothing, with at most 5 round trips for each host', async () => {
    const again = await run()
    assert.equal(again.code, 0, transcript(again))
    assert.deepEqual(changes(again), [])
    for (const host of lab.hosts) {
      const { roundTrips } = recap(again)[host]?.traffic ?? { roundTrips: NaN }
      assert.ok(roundTrips <= 5, `${host}: ${roundTrips} round trips`)
    }
  })

  it('openssl accepts the certificates; keys are closed to others', async () => {
    const pki = join(lab.directory, 'pki')
    for (const host of lab.hosts) {
      const verified = execFileSync('openssl', [
        'verify',
        '-CAfile',
        join(pki, 'ca.pem'),
        '-verify_hostname',
        host,
        '-purpose',
        'sslserver',
        join(pki, `${host}-cert.pem`),
      ]).toString()
      assert.match(verified, /: OK/)
      assert.equal(
        await shell(LAB, host, 'stat -c "%a %U %G" /etc/mysql/ssl/server-key.pem'),
        '600 mysql mysql',
      )
    }
    assert.equal(statSync(join(pki, 'ca-key.pem')).mode & 0o777, 0o600)
    assert.throws(
      () =>
        execFileSync('openssl', ['pkey', '-in', join(pki, 'ca-key.pem'), '-passin', 'pass:wrong', '-noout'], {
          stdio: 'pipe',
        }),
      'the key of the authority is not encrypted',
    )
  })

  it('accounts demand issuer and subject of the certificate, and a password', async () => {
    const rows = await sql(
      LAB,
      's1',
      "SELECT user, host, ssl_type, CONVERT(x509_issuer USING utf8mb4), CONVERT(x509_subject USING utf8mb4), LENGTH(authentication_string) > 0 FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_%' ORDER BY user",
    )
    assert.deepEqual(rows, [
      ...[1, 2, 3, 4].map((id) =>
        ['mysql_innodb_cluster_' + String(id), '%', 'SPECIFIED', '/CN=MyName', `/CN=s${id}`, '1'].join('\t'),
      ),
      ...[1, 3, 4].map((id) =>
        ['mysql_innodb_cs_' + String(id), '%', 'SPECIFIED', '/CN=MyName', `/CN=s${id}`, '1'].join('\t'),
      ),
    ])
    for (const host of ['s2', 's3', 's4']) {
      const same = await sql(
        LAB,
        host,
        "SELECT user, HEX(authentication_string), x509_subject FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_%' ORDER BY user",
      )
      assert.deepEqual(
        same,
        await sql(
          LAB,
          's1',
          "SELECT user, HEX(authentication_string), x509_subject FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_%' ORDER BY user",
        ),
        host,
      )
    }
  })

  it('channels and groups verify the identity of servers', async () => {
    for (const host of lab.hosts) {
      const [row] = await sql(
        LAB,
        host,
        'SELECT @@group_replication_ssl_mode, @@group_replication_recovery_use_ssl, @@group_replication_recovery_ssl_verify_server_cert, @@group_replication_recovery_ssl_ca, @@require_secure_transport',
      )
      assert.equal(row, 'VERIFY_IDENTITY\t1\t1\t/etc/mysql/ssl/ca.pem\t1', host)
    }
    for (const host of ['s3', 's4']) {
      const [row] = await sql(
        LAB,
        host,
        "SELECT HOST, SSL_ALLOWED, SSL_VERIFY_SERVER_CERTIFICATE, SSL_CA_FILE, SSL_CERTIFICATE, SSL_KEY, AUTO_POSITION, SOURCE_CONNECTION_AUTO_FAILOVER FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME='clusterset_replication'",
      )
      assert.equal(
        row,
        's1\tYES\tYES\t/etc/mysql/ssl/ca.pem\t/etc/mysql/ssl/server-cert.pem\t/etc/mysql/ssl/server-key.pem\t1\t1',
        host,
      )
    }
  })

  it('live connections between servers are TLS', async () => {
    for (const host of lab.hosts) {
      const rows = await sql(
        LAB,
        host,
        "SELECT DISTINCT t.PROCESSLIST_USER, s.VARIABLE_VALUE FROM performance_schema.threads t JOIN performance_schema.status_by_thread s USING (THREAD_ID) WHERE t.PROCESSLIST_USER LIKE 'mysql\\_innodb\\_%' AND s.VARIABLE_NAME='Ssl_version'",
      )
      assert.ok(rows.length > 0, `${host} has no connection of another server`)
      for (const row of rows) assert.match(row, /\tTLSv1\.[23]$/, host)
    }
  })

  it('every member is ONLINE; rows of s1 arrive on s4; replicas refuse writes', async () => {
    const states = await Promise.all(
      ['s1', 's3'].map((host) =>
        sql(
          LAB,
          host,
          'SELECT MEMBER_HOST, MEMBER_STATE FROM performance_schema.replication_group_members ORDER BY 1',
        ),
      ),
    )
    assert.deepEqual(states, [
      ['s1\tONLINE', 's2\tONLINE'],
      ['s3\tONLINE', 's4\tONLINE'],
    ])
    await sql(
      LAB,
      's1',
      'CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY); INSERT INTO shop.orders VALUES (42)',
    )
    await shell(
      LAB,
      's4',
      'for i in $(seq 600); do [ "$(mysql -NBe "SELECT id FROM shop.orders" 2>/dev/null)" = 42 ] && exit 0; sleep 0.1; done; exit 1',
    )
    for (const host of ['s2', 's3', 's4']) {
      const refused = await tryShell(LAB, host, 'mysql -e "INSERT INTO shop.orders VALUES (43)"')
      assert.notEqual(refused.code, 0)
      assert.match(refused.text, /1290.*super-read-only/)
    }
  })

  it('refuses: no certificate, another CA with the same names, another subject, no TLS', async () => {
    await sql(
      LAB,
      's1',
      "CREATE USER gate@'%' IDENTIFIED BY 'Gate-1234' REQUIRE ISSUER '/CN=MyName' AND SUBJECT '/CN=s2'",
    )
    await shell(
      LAB,
      's2',
      'mkdir -p /root/other && cd /root/other && openssl req -x509 -newkey rsa:2048 -nodes -keyout ca-key.pem -out ca.pem -subj /CN=MyName -days 2 2>/dev/null && openssl req -newkey rsa:2048 -nodes -keyout key.pem -out req.pem -subj /CN=s2 2>/dev/null && openssl x509 -req -in req.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out cert.pem -days 2 2>/dev/null',
    )
    const login = (host: string, options: string) =>
      tryShell(LAB, host, `MYSQL_PWD=Gate-1234 mysql -h s1 -u gate ${options} -NBe 'SELECT CURRENT_USER()'`)
    const own = '--ssl-cert=/etc/mysql/ssl/server-cert.pem --ssl-key=/etc/mysql/ssl/server-key.pem'
    const verify = '--ssl-mode=VERIFY_IDENTITY --ssl-ca=/etc/mysql/ssl/ca.pem'
    assert.match((await login('s2', `${verify} ${own}`)).text, /gate@%/, 'the right certificate')
    assert.match((await login('s2', verify)).text, /1045/, 'no certificate')
    assert.match(
      (await login('s2', `${verify} --ssl-cert=/root/other/cert.pem --ssl-key=/root/other/key.pem`)).text,
      /ERROR (2013|2026)/,
      'another authority',
    )
    assert.match((await login('s4', `${verify} ${own}`)).text, /1045/, 'another subject')
    assert.match(
      (await login('s2', '--ssl-mode=DISABLED --get-server-public-key')).text,
      /ERROR (1045|3159)/,
      'no TLS',
    )
    await sql(LAB, 's1', 'DROP USER gate')
  })

  it('shows the topology with the security of every connection', async () => {
    const shown = await signet(['cluster', 'status', '-i', lab.inventory])
    assert.equal(shown.code, 0, transcript(shown))
    assert.match(shown.stdout, /ClusterSet clusterset: HEALTHY/)
    assert.equal(shown.stdout.match(/ONLINE/g)?.length, 4, shown.stdout)
    assert.match(
      shown.stdout,
      /clusterset +s3:3306 +→ s1:3306 +VERIFY_IDENTITY +\S+ TLSv1\.3 +requires issuer \/CN=MyName \+ subject \/CN=s3 \+ password/,
    )
    const options = await signet(['cluster', 'options', '-i', lab.inventory])
    const data = JSON.parse(options.stdout) as {
      clusters: {
        clusterName: string
        defaultReplicaSet: { globalOptions: { option: string; value: unknown }[] }
      }[]
    }
    for (const cluster of data.clusters) {
      const value = (option: string): unknown =>
        cluster.defaultReplicaSet.globalOptions.find((each) => each.option === option)?.value
      assert.deepEqual(
        [value('memberSslMode'), value('memberAuthType'), value('certIssuer')],
        ['VERIFY_IDENTITY', 'CERT_SUBJECT_PASSWORD', '/CN=MyName'],
        cluster.clusterName,
      )
    }
  })

  it('a renewed certificate is loaded without a restart', async () => {
    const since = await sql(
      LAB,
      's4',
      "SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME='Uptime'",
    )
    const run = await play([
      PLAYBOOK,
      '-i',
      lab.inventory,
      '-e',
      'server_certificate_renew_before_days=9999',
      '-e',
      '{"server_certificate_days": 20000}',
      '-l',
      's4',
    ])
    assert.equal(run.code, 0, transcript(run))
    assert.deepEqual(changes(run), [
      's4: mysql_tls : Certificate of the server',
      's4: mysql_tls : Key of the server',
      's4: mysql_tls : MySQL runs with these options and this certificate',
      's4: server_certificate : Certificate of the server',
    ])
    const served = await shell(
      LAB,
      's4',
      'mysql -NBe "SHOW STATUS LIKE \'Ssl_server_not_after\'" | cut -f2; openssl x509 -in /etc/mysql/ssl/server-cert.pem -noout -enddate | cut -d= -f2',
    )
    const [running, onDisk] = served.split('\n')
    assert.equal(Date.parse(running ?? ''), Date.parse(onDisk ?? ''))
    const now = await sql(
      LAB,
      's4',
      "SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME='Uptime'",
    )
    assert.ok(Number(now[0]) >= Number(since[0]), 'the server was restarted')
  })

  it('restarts a running group secondaries first and the primary last, each ONLINE before the next', async () => {
    const run = await play([
      PLAYBOOK,
      '-i',
      lab.inventory,
      '-v',
      '-e',
      '{"mysql_extra_options": {"max_connections": 222}}',
    ])
    assert.equal(run.code, 0, transcript(run))
    const notes = run.events.flatMap((event) =>
      event.event === 'note' && /^(restart mysqld|wait for)/.test(event.text) ? [event.text] : [],
    )
    const at = (text: string): number => notes.indexOf(text)
    assert.ok(
      at('restart mysqld on s2') < at('wait for s2') && at('wait for s2') < at('restart mysqld on s1'),
      notes.join('\n'),
    )
    assert.ok(
      at('restart mysqld on s4') < at('wait for s4') && at('wait for s4') < at('restart mysqld on s3'),
      notes.join('\n'),
    )
    for (const host of lab.hosts) {
      assert.deepEqual(
        await sql(
          LAB,
          host,
          'SELECT @@max_connections, (SELECT MEMBER_STATE FROM performance_schema.replication_group_members WHERE MEMBER_ID=@@server_uuid)',
        ),
        ['222\tONLINE'],
      )
    }
  })

  it('options that mysqld does not start with are taken back, and the run says so', async () => {
    const before = await shell(LAB, 's2', 'cat /etc/mysql/mysql.conf.d/zz-signet.cnf')
    const stops = async (): Promise<number> =>
      Number(
        await shell(
          LAB,
          's2',
          "journalctl -u mysql | awk '/Stopping mysql.service/ { n++ } END { print n + 0 }'",
        ),
      )
    const stopped = await stops()
    const run = await play([
      PLAYBOOK,
      '-i',
      lab.inventory,
      '-e',
      '{"mysql_extra_options": {"max_connections": 222, "innodb_page_size": 12345}}',
      '-l',
      's2',
    ])
    assert.equal(run.code, 2, transcript(run))
    assert.match(run.stdout, /undone/)
    assert.equal(await shell(LAB, 's2', 'cat /etc/mysql/mysql.conf.d/zz-signet.cnf'), before)
    // Its previous options do not restart it again while it comes back to its group: that takes a minute.
    assert.equal(await stops(), stopped + 1)
    await shell(
      LAB,
      's2',
      'for i in $(seq 900); do [ "$(mysql -NBe "SELECT MEMBER_STATE FROM performance_schema.replication_group_members WHERE MEMBER_ID=@@server_uuid" 2>/dev/null)" = ONLINE ] && exit 0; sleep 0.2; done; exit 1',
    )
  })
})
