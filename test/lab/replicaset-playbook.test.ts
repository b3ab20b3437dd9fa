import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { arrived } from './arrived.js'
import { fileState, serverState, shell, sql, startLab, stopLab, testLab, tryShell } from './servers.js'
import { changes, play, recap, results, signet, transcript, type Run } from './signet.js'
import type { TestLab } from './servers.js'

const LAB = testLab('rs-playbook')

interface Report {
  readonly checks: number
  readonly problems: readonly { readonly where: string; readonly what: string; readonly found: string }[]
}

describe('from plain hosts to a certificate-authenticated ReplicaSet, by its playbook', () => {
  let lab: TestLab
  let inventory: readonly string[]
  let checked: Run
  let first: Run

  before(async () => {
    lab = await startLab(LAB, 3)
    const groups = join(lab.directory, 'groups.yml')
    await writeFile(
      groups,
      'mysql:\n  children:\n    replicaset:\n      hosts:\n        s1:\n        s2:\n        s3:\n',
    )
    inventory = ['-i', lab.inventory, '-i', groups]
  })
  after(() => stopLab(LAB))

  const run = (...words: string[]): Promise<Run> => play(['playbooks/replicaset.yml', ...inventory, ...words])
  const cluster = async (code: number, ...words: string[]): Promise<string> => {
    const shown = await signet(['cluster', ...words, ...inventory])
    assert.equal(shown.code, code, transcript(shown))
    assert.equal(shown.stderr, '')
    return shown.stdout
  }
  const json = async <T>(code: number, ...words: string[]): Promise<T> =>
    JSON.parse(await cluster(code, ...words)) as T
  const snapshot = async (): Promise<string> =>
    (await Promise.all(lab.hosts.flatMap((host) => [fileState(LAB, host), serverState(LAB, host)]))).join(
      '\n==\n',
    )

  it('there is nothing to show before there is one', async () => {
    assert.equal(
      await cluster(2, 'verify'),
      'There is no cluster, ClusterSet or ReplicaSet: nothing to verify.\n',
    )
  })

  it('check mode on blank hosts exits 0, changes nothing and knows everything', async () => {
    const before = await snapshot()
    checked = await run('--check', '--diff')
    assert.equal(checked.code, 0, transcript(checked))
    assert.equal(await snapshot(), before, 'check mode changed something on a host')
    assert.equal(existsSync(join(lab.directory, 'pki')), false, 'check mode changed the controller')
    assert.deepEqual(
      results(checked).filter(({ result }) => result.status === 'unknown'),
      [],
    )
  })

  it('the run changes exactly what check mode said, with results of the same keys', async () => {
    first = await run()
    assert.equal(first.code, 0, transcript(first))
    assert.deepEqual(changes(first), changes(checked))
    assert.ok(changes(first).includes('s3: innodb_replicaset : Member of ReplicaSet replicaset'))
    assert.deepEqual(
      results(first).flatMap(({ result }) => result.warnings),
      [],
    )
    const keys = (one: Run): readonly string[] =>
      results(one)
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

  it('accounts demand issuer, subject and password; channels verify identity, over TLS', async () => {
    await arrived(lab)
    const accounts =
      "SELECT user, host, ssl_type, CONVERT(x509_issuer USING utf8mb4), CONVERT(x509_subject USING utf8mb4), LENGTH(authentication_string) > 0 FROM mysql.user WHERE user LIKE 'mysql\\_innodb\\_%' ORDER BY user"
    for (const host of lab.hosts)
      assert.deepEqual(
        await sql(LAB, host, accounts),
        [1, 2, 3].map((id) => `mysql_innodb_rs_${id}\t%\tSPECIFIED\t/CN=MyName\t/CN=s${id}\t1`),
        host,
      )
    for (const host of ['s2', 's3'])
      assert.deepEqual(
        await sql(
          LAB,
          host,
          "SELECT HOST, USER, SSL_ALLOWED, SSL_VERIFY_SERVER_CERTIFICATE, SSL_CA_FILE, SSL_CERTIFICATE, SSL_KEY, AUTO_POSITION FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME = ''",
        ),
        [
          `s1\tmysql_innodb_rs_${host.slice(1)}\tYES\tYES\t/etc/mysql/ssl/ca.pem\t/etc/mysql/ssl/server-cert.pem\t/etc/mysql/ssl/server-key.pem\t1`,
        ],
      )
    assert.deepEqual(
      await sql(
        LAB,
        's1',
        "SELECT t.PROCESSLIST_USER, s.VARIABLE_VALUE FROM performance_schema.threads t JOIN performance_schema.status_by_thread s USING (THREAD_ID) WHERE t.PROCESSLIST_USER LIKE 'mysql\\_innodb\\_%' AND s.VARIABLE_NAME = 'Ssl_version' ORDER BY 1",
      ),
      ['mysql_innodb_rs_2\tTLSv1.3', 'mysql_innodb_rs_3\tTLSv1.3'],
    )
  })

  it('rows of the primary arrive; secondaries refuse writes', async () => {
    await sql(
      LAB,
      's1',
      'CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY); INSERT INTO shop.orders VALUES (42)',
    )
    for (const host of ['s2', 's3']) {
      await shell(
        LAB,
        host,
        'for i in $(seq 900); do [ "$(mysql -NBe "SELECT id FROM shop.orders" 2>/dev/null)" = 42 ] && exit 0; sleep 0.1; done; exit 1',
      )
      const refused = await tryShell(LAB, host, 'mysql -e "INSERT INTO shop.orders VALUES (43)"')
      assert.match(refused.text, /1290.*super-read-only/)
    }
  })

  it('shows members, channels and options to people and as JSON', async () => {
    const text = await cluster(0, 'status')
    assert.match(text, /^ReplicaSet replicaset: AVAILABLE \(All instances available\.\)$/m)
    assert.match(
      text,
      /replicationSslMode VERIFY_IDENTITY, memberAuthType CERT_SUBJECT_PASSWORD, certIssuer \/CN=MyName/,
    )
    assert.match(text, /s1:3306 +PRIMARY +R\/W +ONLINE .*certSubject \/CN=s1/)
    assert.match(text, /s3:3306 +SECONDARY +R\/O +ONLINE .*certSubject \/CN=s3/)
    assert.match(
      text,
      /s2:3306 → s1:3306 +VERIFY_IDENTITY +\S+ TLSv1\.3 +requires issuer \/CN=MyName \+ subject \/CN=s2 \+ password/,
    )
    const { replicaSets, channels, clusters } = await json<{
      replicaSets: { replicaSet: { primary: string; status: string; topology: object } }[]
      channels: { from: string; to: string; sslMode: string; tls: string; requires: string }[]
      clusters: unknown[]
    }>(0, 'status', '--json')
    assert.deepEqual(clusters, [])
    assert.equal(replicaSets.length, 1)
    assert.deepEqual(
      [
        replicaSets[0]?.replicaSet.primary,
        replicaSets[0]?.replicaSet.status,
        Object.keys(replicaSets[0]?.replicaSet.topology ?? {}),
      ],
      ['s1:3306', 'AVAILABLE', ['s1:3306', 's2:3306', 's3:3306']],
    )
    assert.deepEqual(
      channels.map(({ from, to, sslMode, requires }) => `${from} ${to} ${sslMode} ${requires}`),
      [2, 3].map(
        (id) => `s${id}:3306 s1:3306 VERIFY_IDENTITY issuer /CN=MyName + subject /CN=s${id} + password`,
      ),
    )
    const options = await json<{
      replicaSets: {
        replicaSet: {
          globalOptions: { option: string; value: unknown }[]
          topology: Partial<Record<string, { option?: string; value: unknown }[]>>
        }
      }[]
    }>(0, 'options')
    const set = options.replicaSets[0]?.replicaSet
    assert.deepEqual(
      set?.globalOptions.map(({ option, value }) => `${option} ${String(value)}`),
      [
        'replicationAllowedHost %',
        'memberAuthType CERT_SUBJECT_PASSWORD',
        'certIssuer /CN=MyName',
        'replicationSslMode VERIFY_IDENTITY',
      ],
    )
    const own = (option: string): unknown =>
      set.topology['s2:3306']?.find((each) => each.option === option)?.value
    assert.deepEqual([own('certSubject'), own('replicationConnectRetry')], ['/CN=s2', 60])
    const told = await play(['playbooks/status.yml', ...inventory])
    assert.equal(told.code, 0, transcript(told))
    assert.deepEqual(changes(told), [])
    assert.match(told.stdout, /"statusText": "All instances available\."/)
    assert.match(told.stdout, /"requires": "issuer \/CN=MyName \+ subject \/CN=s3 \+ password"/)
    const described = await json<{ replicaSets: unknown[] }>(0, 'describe')
    assert.deepEqual(described.replicaSets, [
      {
        name: 'replicaset',
        topology: ['PRIMARY', 'REPLICA', 'REPLICA'].map((instanceRole, i) => ({
          address: `s${i + 1}:3306`,
          instanceRole,
          label: `s${i + 1}:3306`,
        })),
      },
    ])
  })

  it('proves from outside that every connection is as described, and finds what was broken on purpose', async () => {
    const { checks, problems } = await json<Report>(0, 'verify', '--json')
    assert.deepEqual(problems, [])
    assert.ok(checks > 40, String(checks))
    const table = await cluster(0, 'verify', '--all')
    // The primary has no channel, and so no password of its own to try.
    assert.match(table, /^None of \d+ checks found a problem, but 4 of them prove nothing/)
    assert.match(table, /s1 +refuses mysql_innodb_rs_2 without TLS +from s2: refused/)
    assert.match(table, /s3 +the default channel: SSL mode +VERIFY_IDENTITY/)
    assert.match(table, /s1 +live connections of mysql_innodb_rs_3 +TLSv1\.3/)

    await shell(
      LAB,
      's1',
      `mysql -e "ALTER USER 'mysql_innodb_rs_3'@'%' REQUIRE NONE; SET GLOBAL require_secure_transport = OFF"`,
    )
    await shell(
      LAB,
      's2',
      `chmod 644 /etc/mysql/ssl/server-key.pem; mysql -e "STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_SSL_VERIFY_SERVER_CERT=0; START REPLICA; SET GLOBAL super_read_only = OFF"`,
    )
    await arrived(lab)
    const broken = await json<Report>(2, 'verify', '--json')
    assert.deepEqual(broken.problems.map(({ where, what }) => `${where}: ${what}`).sort(), [
      's1: account mysql_innodb_rs_3 demands',
      's1: refuses mysql_innodb_rs_3 without TLS',
      's1: refuses mysql_innodb_rs_3 without a certificate',
      's1: require_secure_transport',
      's2: account mysql_innodb_rs_3 demands',
      's2: its key is closed to others',
      's2: refuses mysql_innodb_rs_3 without a certificate',
      's2: stays read-only',
      's2: the default channel: SSL mode',
      's3: account mysql_innodb_rs_3 demands',
    ])
    assert.equal(
      broken.problems.find(({ what }) => what === 'account mysql_innodb_rs_3 demands')?.found,
      'password; described is issuer /CN=MyName + subject /CN=s3 + password',
    )
    assert.match(await cluster(2, 'verify'), /^10 of \d+ checks found a problem:\n/)
  })

  it('the next run mends it', async () => {
    const mended = await run()
    assert.equal(mended.code, 0, transcript(mended))
    await shell(LAB, 's1', 'mysql -e "SET GLOBAL require_secure_transport = ON"')
    await arrived(lab)
    assert.deepEqual((await json<Report>(0, 'verify', '--json')).problems, [])
    assert.deepEqual(changes(await run()), [])
  })

  /** Looks first, then does it, then has nothing left to do. */
  async function done(playbook: string, ...words: string[]): Promise<void> {
    const all = [`playbooks/${playbook}.yml`, ...inventory, '-e', 'replicaset=replicaset', ...words]
    const looked = await play([...all, '--check'])
    assert.equal(looked.code, 0, transcript(looked))
    const ran = await play([...all, '-e', 'confirm=yes'])
    assert.equal(ran.code, 0, transcript(ran))
    assert.deepEqual(changes(ran), changes(looked))
    assert.notDeepEqual(changes(ran), [])
    if (playbook === 'failover') return
    const again = await play([...all, '-e', 'confirm=yes'])
    assert.equal(again.code, 0, transcript(again))
    assert.deepEqual(changes(again), [], transcript(again))
  }
  const isPrimary = async (host: string): Promise<void> =>
    assert.match(await cluster(0, 'status'), new RegExp(`${host}:3306 +PRIMARY +R/W +ONLINE`))

  it('switchover.yml makes another member the primary', async () => {
    await done('switchover', '-e', 'instance=s2')
    await isPrimary('s2')
  })

  it('remove-instance.yml wants to be told to do it, and does it; add-instance.yml adds it again', async () => {
    const words = ['-e', 'replicaset=replicaset', '-e', 'instance=s3']
    const unconfirmed = await play(['playbooks/remove-instance.yml', ...inventory, ...words])
    assert.equal(unconfirmed.code, 2, transcript(unconfirmed))
    assert.match(unconfirmed.stdout, /takes s3 out of replicaset.*-e confirm=yes/)
    await done('remove-instance', '-e', 'instance=s3')
    assert.doesNotMatch(await cluster(0, 'status'), /s3:3306 +SECONDARY/)
    await done('add-instance', '-e', 'instance=s3')
    assert.match(await cluster(0, 'status'), /s3:3306 +SECONDARY +R\/O +ONLINE/)
  })

  it('failover.yml wants to be told to do it, and does it when the primary is lost; replicaset.yml takes it back', async () => {
    await shell(LAB, 's2', 'systemctl kill -s KILL mysql; systemctl stop mysql')
    const words = ['-e', 'instance=s1']
    const unconfirmed = await play([
      'playbooks/failover.yml',
      ...inventory,
      '-e',
      'replicaset=replicaset',
      ...words,
    ])
    assert.equal(unconfirmed.code, 2, transcript(unconfirmed))
    assert.match(unconfirmed.stdout, /-e confirm=yes/)
    await done('failover', ...words)
    await shell(LAB, 's2', 'systemctl start mysql')
    const back = await run()
    assert.equal(back.code, 0, transcript(back))
    assert.deepEqual(changes(back), ['s2: innodb_replicaset : Member of ReplicaSet replicaset'])
    await isPrimary('s1')
  })
})
