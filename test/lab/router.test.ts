import assert from 'node:assert/strict'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { arrived } from './arrived.js'
import { upload } from './cluster-hosts.js'
import { changes, play, PROJECT, results, signet, transcript, type Run } from './signet.js'
import { resetHosts, shell, sql, startLab, stopLab, testLab, tryShell, type TestLab } from './servers.js'
import { seen } from './status-view.js'
import { kill, resultOf, runTask } from './task.js'

const LAB = testLab('router')
const ACCOUNT = "'mysqlrouter'@'%'"
const APP =
  "CREATE USER app IDENTIFIED BY 'App-4711' REQUIRE SSL; CREATE DATABASE app; GRANT ALL ON app.* TO app; CREATE TABLE app.notes (id INT AUTO_INCREMENT PRIMARY KEY, note TEXT)"

/** s1, s2 and s3 are the primary cluster, s4 is the replica cluster and has the Router. */
function asClusters(inventory: string): string {
  const lines = inventory.split('\n')
  const moved = lines.splice(
    lines.findIndex((line) => line.trim() === 's3:'),
    3,
  )
  lines.splice(
    lines.findIndex((line) => line.trim() === 'replica_cluster:'),
    0,
    ...moved,
  )
  return `${lines.join('\n').trimEnd()}\n    routers:\n      hosts:\n        s4:\n`
}

/** s1 and s2 are a ReplicaSet, s3 has the Router. */
const asReplicaSet = (inventory: string): string =>
  `${inventory.trimEnd()}\n    replicaset:\n      hosts:\n        s1:\n        s2:\n    routers:\n      hosts:\n        s3:\n`

const warnings = (run: Run): readonly string[] => results(run).flatMap(({ result }) => result.warnings)

describe('MySQL Router', () => {
  let servers: TestLab
  let blank: string
  /** The host with the Router. */
  let at = 's4'
  let password = 'Router-4711'

  before(async () => {
    servers = await startLab(LAB, 4)
    blank = await readFile(servers.inventory, 'utf8')
    await writeFile(servers.inventory, asClusters(blank))
    // Playbooks of this test's own find the roles beside them.
    await symlink(join(PROJECT, 'roles'), join(servers.directory, 'roles'))
  })
  after(() => stopLab(LAB))

  const run = (playbook: string, ...words: string[]): Promise<Run> =>
    play([playbook, '-i', servers.inventory, '-e', `mysql_router_password=${password}`, ...words])
  const done = async (playbook: string, ...words: string[]): Promise<Run> => {
    const ended = await run(playbook, ...words)
    assert.equal(ended.code, 0, transcript(ended))
    return ended
  }
  const router = (...words: string[]): Promise<Run> => done('playbooks/router.yml', ...words)
  const task = async (host: string, module: string, args: object, ...words: string[]): Promise<Run> => {
    const ended = await runTask(servers, host, module, { ...args }, ...words)
    assert.equal(ended.code, 0, transcript(ended))
    return ended
  }
  const client = (mode = 'VERIFY_IDENTITY'): string =>
    // A session that a dead server holds is given up: it is the next one that counts.
    `timeout 10 mysql -N -h ${at} -u app -pApp-4711 --ssl-mode=${mode} --ssl-ca=/etc/mysqlrouter/ssl/ca.pem`
  const through = (port: number, statement: string): Promise<{ code: number; text: string }> =>
    tryShell(LAB, at, `${client()} -P ${port} -e "${statement}" 2>/dev/null`)
  const answers = async (port: number, statement: string, wanted: RegExp, seconds = 120): Promise<string> => {
    const deadline = Date.now() + seconds * 1000
    for (;;) {
      const { code, text } = await through(port, statement)
      if (code === 0 && wanted.test(text.trim())) return text.trim()
      assert.ok(
        Date.now() < deadline,
        `${statement} by port ${port}: "${text.slice(-200)}", not ${wanted.source}`,
      )
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
  const eventually = (port: number, wanted: RegExp, seconds?: number): Promise<string> =>
    answers(port, 'SELECT @@report_host', wanted, seconds)
  const write = async (note: string): Promise<void> => {
    // A member that was just elected takes no writes until it has applied what it had received.
    await answers(6446, 'SELECT @@super_read_only', /^0$/)
    const { code, text } = await through(6446, `INSERT INTO app.notes (note) VALUES ('${note}')`)
    assert.equal(code, 0, text)
  }
  const registered = (host: string): Promise<readonly string[]> =>
    sql(
      LAB,
      host,
      "SELECT address, router_name, attributes->>'$.bootstrapTargetType', attributes->>'$.MetadataUser', clusterset_id IS NOT NULL FROM mysql_innodb_cluster_metadata.v2_routers",
    )

  describe('for a cluster', () => {
    it('is bootstrapped as check mode said, at once as wanted, and a second run changes nothing', async () => {
      const cluster = join(servers.directory, 'cluster.yml')
      const text = await readFile('playbooks/clusterset.yml', 'utf8')
      await writeFile(cluster, text.slice(0, text.indexOf('- name: ClusterSet and replica cluster')))
      await done(cluster)
      const checked = await router('--check')
      const first = await router()
      assert.deepEqual(warnings(first), [])
      assert.deepEqual(changes(first), changes(checked))
      assert.deepEqual(changes(await router()), [])
      assert.deepEqual(await registered('s1'), ['s4\tmain\tcluster\tmysqlrouter\t0'])
    })

    it('leads to the primary and to secondaries, with TLS that is verified all the way', async () => {
      await shell(LAB, 's1', `mysql -e "${APP}"`)
      await eventually(6446, /^s1$/)
      await eventually(6447, /^s[23]$/)
      await write('by the cluster')
      const refused = await tryShell(
        LAB,
        at,
        `${client()} -P 6447 -e "INSERT INTO app.notes (note) VALUES ('x')"`,
      )
      assert.match(refused.text, /super-read-only|read-only/)
      const plain = await tryShell(LAB, at, `${client('DISABLED')} -P 6446 -e "SELECT 1"`)
      assert.notEqual(plain.code, 0, 'a session without TLS was accepted')
      const versions = await seen(
        () =>
          sql(
            LAB,
            's1',
            `SELECT DISTINCT s.VARIABLE_VALUE FROM performance_schema.threads t JOIN performance_schema.status_by_thread s USING (THREAD_ID)
             WHERE t.PROCESSLIST_USER = 'mysqlrouter' AND s.VARIABLE_NAME = 'Ssl_version'`,
          ),
        (found) => {
          assert.ok(found.length > 0, 'Router has no connection of its own')
        },
      )
      assert.deepEqual(versions, ['TLSv1.3'])
      const configuration = await shell(LAB, at, 'cat /var/lib/mysqlrouter/mysqlrouter.conf')
      for (const line of [
        'ssl_mode=VERIFY_IDENTITY',
        'server_ssl_verify=VERIFY_IDENTITY',
        'client_ssl_mode=REQUIRED',
      ])
        assert.ok(configuration.split('\n').includes(line), line)
      assert.doesNotMatch(configuration, /PREFERRED/)
    })

    it('refuses servers whose authority it does not know', async () => {
      await shell(
        LAB,
        at,
        'openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=Other -keyout /tmp/o.key -out /etc/mysqlrouter/ssl/other.pem 2>&1; chmod 644 /etc/mysqlrouter/ssl/other.pem',
      )
      await shell(
        LAB,
        at,
        "sed -i 's#ssl/ca.pem#ssl/other.pem#' /var/lib/mysqlrouter/mysqlrouter.conf; : > /var/lib/mysqlrouter/log/mysqlrouter.log; systemctl restart --no-block mysqlrouter",
      )
      await shell(
        LAB,
        at,
        'for i in $(seq 600); do grep -q "certificate verify failed" /var/lib/mysqlrouter/log/mysqlrouter.log && exit 0; sleep 0.2; done; tail -n 20 /var/lib/mysqlrouter/log/mysqlrouter.log; exit 1',
      )
      const blocked = await through(6446, 'SELECT 1')
      assert.notEqual(blocked.code, 0, blocked.text)
      // Drift: the playbook finds the configuration changed and puts it right.
      assert.ok(changes(await router()).includes('s4: mysql_router : MySQL Router knows its servers'))
      await eventually(6446, /^s1$/)
    })

    it('refuses a server that shows a certificate of the right authority with another name', async () => {
      const ssl = '/etc/mysql/ssl'
      const show = (of: string): Promise<string> =>
        shell(
          LAB,
          's1',
          `for part in cert key; do cat /root/pki/${of}-$part.pem > ${ssl}/server-$part.pem; done; mysql -e 'ALTER INSTANCE RELOAD TLS'`,
        )
      await upload(servers, 's1', join(servers.directory, 'pki'), '/root/pki', [
        's1-cert.pem',
        's1-key.pem',
        's2-cert.pem',
        's2-key.pem',
      ])
      await show('s2')
      // Connections that Router keeps are of before.
      await shell(LAB, at, 'systemctl restart mysqlrouter')
      await eventually(6447, /^s[23]$/)
      await seen(
        () => tryShell(LAB, at, `${client()} -P 6446 -e "SELECT 1"`),
        ({ code, text }) => {
          assert.notEqual(code, 0)
          assert.match(text, /certificate verify failed/)
        },
      )
      // Bootstrapped anew, it does not even read what such a server says.
      const drifted = await shell(
        LAB,
        at,
        "sed -i 's/^client_ssl_mode=.*/client_ssl_mode=PREFERRED/' /var/lib/mysqlrouter/mysqlrouter.conf; cat /var/lib/mysqlrouter/mysqlrouter.conf",
      )
      const failed = await run('playbooks/router.yml')
      assert.equal(failed.code, 2, transcript(failed))
      assert.match(
        results(failed).find(({ result }) => result.status === 'failed')?.result.message ?? '',
        /s1:3306.*(certificate verify failed|name)/is,
      )
      assert.equal(await shell(LAB, at, 'cat /var/lib/mysqlrouter/mysqlrouter.conf'), drifted)
      await show('s1')
      assert.ok(changes(await router()).includes('s4: mysql_router : MySQL Router knows its servers'))
      await eventually(6446, /^s1$/)
    })

    it('follows routing options, for all Routers and for one, and AdminAPI reads them', async () => {
      const set = (args: object, ...words: string[]): Promise<Run> =>
        task('s2', 'innodb_routing_options', args, ...words)
      // There is no read replica: reading falls back to the primary.
      const all = { options: { read_only_targets: 'read_replicas', tags: { site: 'north', old: 1 } } }
      assert.equal(resultOf(await set(all, '--check')).status, 'changed')
      assert.equal(resultOf(await set(all)).status, 'changed')
      assert.equal(resultOf(await set(all)).status, 'ok')
      await eventually(6447, /^s1$/)
      await set({ router: 's4::main', options: { read_only_targets: 'secondaries' } })
      await set({ options: { tags: { old: null } } })
      const shown = await signet(['cluster', 'routers', '-i', servers.inventory])
      assert.equal(shown.code, 0, transcript(shown))
      const [{ listRouters, routingOptions }] = JSON.parse(shown.stdout) as [
        {
          listRouters: { clusterName: string; routers: Record<string, Record<string, unknown>> }
          routingOptions: unknown
        },
      ]
      assert.equal(listRouters.clusterName, 'primary')
      const entry = listRouters.routers['s4::main']
      assert.deepEqual(
        { hostname: entry?.['hostname'], rw: entry?.['rwPort'], ro: entry?.['roPort'] },
        { hostname: 's4', rw: '6446', ro: '6447' },
      )
      assert.deepEqual(routingOptions, {
        clusterName: 'primary',
        global: { read_only_targets: 'read_replicas', tags: { site: 'north' } },
        routers: { 's4::main': { read_only_targets: 'secondaries' } },
      })
      const wrong = await runTask(servers, 's2', 'innodb_routing_options', {
        options: { target_cluster: 'primary' },
      })
      assert.match(resultOf(wrong).message ?? '', /no routing option "target_cluster" for a cluster/)
      // The default again for the one Router; the ClusterSet that comes will adopt what the cluster has.
      await set({ router: 's4::main', options: { read_only_targets: null } })
    })

    it('an administrator by innodb_admin_account can do all of that', async () => {
      const account = {
        user: 'clusteradmin',
        password: 'Admin-4711',
        require_ssl: true,
        password_expiration: 'NEVER',
      }
      assert.equal(resultOf(await task('s3', 'innodb_admin_account', account, '--check')).status, 'changed')
      const made = resultOf(await task('s3', 'innodb_admin_account', account))
      assert.deepEqual([made.status, made.values['server']], ['changed', 's1'])
      assert.equal(resultOf(await task('s3', 'innodb_admin_account', account)).status, 'ok')
      await arrived(servers)
      const login = { login_user: 'clusteradmin', login_password: 'Admin-4711', login_host: '127.0.0.1' }
      const read = resultOf(await task('s2', 'innodb_cluster_info', login))
      assert.deepEqual(Object.keys(read.values['clusters'] as object), ['primary'])
      const routers = read.values['routers'] as Record<string, { routers: object }>
      assert.deepEqual(Object.keys(routers['primary']?.routers ?? {}), ['s4::main'])
      const weight = { cluster: 'primary', member_weight: 60, cert_subject: '/CN=s2', ...login }
      assert.equal(resultOf(await task('s2', 'innodb_cluster_instance', weight)).status, 'changed')
      assert.deepEqual(await sql(LAB, 's2', 'SELECT @@group_replication_member_weight'), ['60'])
      await task('s2', 'innodb_cluster_instance', { ...weight, member_weight: 50 })
      const other = { ...account, password: 'Admin-4712', update_password: 'always' }
      assert.equal(resultOf(await task('s1', 'innodb_admin_account', other)).status, 'changed')
      assert.equal(resultOf(await task('s1', 'innodb_admin_account', other)).status, 'ok')
      await arrived(servers)
      const refused = await runTask(servers, 's2', 'innodb_cluster_info', login)
      assert.equal(refused.code, 2, transcript(refused))
      await task('s2', 'innodb_admin_account', { user: 'clusteradmin', state: 'absent' })
      assert.deepEqual(await sql(LAB, 's1', "SELECT user FROM mysql.user WHERE user = 'clusteradmin'"), [])
    })

    it('is registered anew when its record was removed', async () => {
      const gone = { router: 's4::main' }
      assert.equal(resultOf(await task('s3', 'innodb_router_metadata', gone, '--check')).status, 'changed')
      assert.equal(resultOf(await task('s3', 'innodb_router_metadata', gone)).status, 'changed')
      assert.equal(resultOf(await task('s3', 'innodb_router_metadata', gone)).status, 'ok')
      assert.deepEqual(await registered('s1'), [])
      await router()
      assert.deepEqual(await registered('s1'), ['s4\tmain\tcluster\tmysqlrouter\t0'])
    })

    it('gets another password, with its account', async () => {
      password = 'Router-4712'
      const checked = await router('--check')
      const changed = await router()
      assert.deepEqual(changes(changed), changes(checked))
      assert.deepEqual(changes(changed), [
        's4: mysql_router : MySQL Router knows its servers',
        's4: mysql_router : MySQL Router runs',
        's4: mysql_router : MySQL account of MySQL Router',
      ])
      assert.deepEqual(changes(await router()), [])
      await eventually(6446, /^s1$/)
    })
  })

  describe('for a ClusterSet', () => {
    it('is bootstrapped anew when the cluster becomes part of it', async () => {
      await done('playbooks/clusterset.yml')
      assert.ok(changes(await router()).includes('s4: mysql_router : MySQL Router knows its servers'))
      assert.deepEqual(await registered('s1'), ['s4\tmain\tclusterset\tmysqlrouter\t1'])
      assert.deepEqual(
        await sql(
          LAB,
          's1',
          "SELECT JSON_REMOVE(router_options, '$.Configuration') FROM mysql_innodb_cluster_metadata.clustersets",
        ),
        [
          '{"tags": {}, "target_cluster": "primary", "read_only_targets": "read_replicas", "use_replica_primary_as_rw": false, "invalidated_cluster_policy": "drop_all"}',
        ],
      )
      await task('s1', 'innodb_routing_options', { options: { read_only_targets: null } })
      await eventually(6446, /^s1$/)
      await eventually(6447, /^s[23]$/)
    })

    it('follows the new primary when the primary is killed', async () => {
      await shell(LAB, 's1', 'systemctl kill -s KILL mysql; systemctl stop mysql')
      await eventually(6446, /^s[23]$/, 120)
      await write('after the primary was killed')
    })

    it('the playbook needs no certain server; the account is put right when it differs', async () => {
      const primary = await eventually(6446, /^s[23]$/)
      await shell(
        LAB,
        primary,
        `mysql -e "REVOKE UPDATE ON mysql_innodb_cluster_metadata.clusters FROM ${ACCOUNT}; ALTER USER ${ACCOUNT} REQUIRE NONE"`,
      )
      assert.deepEqual(changes(await router()), ['s4: mysql_router : MySQL account of MySQL Router'])
      const grants = await sql(LAB, primary, `SHOW GRANTS FOR ${ACCOUNT}`)
      assert.equal(
        grants.filter((line) => line.includes('mysql_innodb_cluster_metadata')).length,
        9,
        grants.join('\n'),
      )
      assert.deepEqual(
        await sql(LAB, primary, "SELECT ssl_type FROM mysql.user WHERE user = 'mysqlrouter'"),
        ['ANY'],
      )
    })

    it('follows to the replica cluster when the whole primary cluster is lost', async () => {
      // Replication between clusters is asynchronous: what had not arrived would be lost.
      await shell(
        LAB,
        's4',
        `for i in $(seq 600); do mysql -NBe "SELECT note FROM app.notes" | grep -q killed && exit 0; sleep 0.2; done; exit 1`,
      )
      for (const host of ['s2', 's3']) await kill(LAB, host)
      const force = ['-e', 'cluster=replica', '-e', 'confirm=yes']
      await done('playbooks/failover.yml', ...force)
      await eventually(6446, /^s4$/, 120)
      await write('after the failover')
      await eventually(6447, /^s4$/)
      const notes = await through(6447, 'SELECT note FROM app.notes ORDER BY id')
      assert.deepEqual(notes.text.trim().split('\n'), [
        'by the cluster',
        'after the primary was killed',
        'after the failover',
      ])
    })
  })

  describe('for a ReplicaSet', () => {
    before(async () => {
      await resetHosts(LAB, ['s1', 's2', 's3'])
      await writeFile(servers.inventory, asReplicaSet(blank))
      at = 's3'
      await done('playbooks/replicaset.yml')
    })

    const group = ['-e', 'mysql_router_server_group=replicaset']

    it('is bootstrapped as check mode said, at once as wanted, and a second run changes nothing', async () => {
      const checked = await router('--check', ...group)
      const first = await router(...group)
      assert.deepEqual(warnings(first), [])
      assert.deepEqual(changes(first), changes(checked))
      assert.deepEqual(changes(await router(...group)), [])
      assert.deepEqual(await registered('s1'), ['s3\tmain\treplicaset\tmysqlrouter\t0'])
    })

    it('leads to the primary and to the secondary', async () => {
      await shell(LAB, 's1', `mysql -e "${APP}"`)
      await eventually(6446, /^s1$/)
      await eventually(6447, /^s2$/)
      await write('by the ReplicaSet')
    })

    it('follows the new primary when the primary is killed and another one takes over', async () => {
      await shell(LAB, 's1', 'systemctl kill -s KILL mysql; systemctl stop mysql')
      await task('s2', 'innodb_replicaset_primary', {
        replicaset: 'replicaset',
        force: true,
        members: ['s1', 's2'],
      })
      await eventually(6446, /^s2$/)
      await write('after the failover')
      assert.deepEqual(changes(await router(...group)), [])
    })
  })
})
