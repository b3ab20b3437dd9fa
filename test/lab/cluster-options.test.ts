import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { catchesUp, makeCertificates, members, tearDown, tlsVariables, variables } from './cluster-hosts.js'
import { seen } from './status-view.js'
import { serverState, shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { changes, play, PROJECT, results, transcript, type Run } from './signet.js'

const LAB = testLab('options')

const head = (hosts: string): string => `- hosts: ${hosts}\n  become: true\n  gather_facts: false\n`
const tasks = (hosts: string, module: string, args: string): string =>
  `${head(hosts)}  tasks: [{ name: ${module}, ${module}: { ${args} } }]\n`

describe('options of a cluster and its members', () => {
  let lab: TestLab
  const file = (name: string): string => join(lab.directory, name)
  const run = async (playbook: string, ...words: string[]): Promise<Run> => {
    await writeFile(file('play.yml'), playbook)
    return play([file('play.yml'), '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles'), ...words])
  }
  const must = async (playbook: string, ...words: string[]): Promise<Run> => {
    const done = await run(playbook, ...words)
    assert.equal(done.code, 0, transcript(done))
    return done
  }
  const refused = async (playbook: string, expected: RegExp): Promise<void> => {
    const failed = await run(playbook)
    assert.equal(failed.code, 2, transcript(failed))
    assert.match(failed.stdout, expected)
  }

  const secondaryFirst = (): readonly string[] => [...lab.hosts].reverse()
  /** Waits until both members are ONLINE: a member that starts recovers first. */
  const online = (): Promise<unknown> =>
    seen(
      () => members(lab, 's1'),
      (rows) => {
        assert.deepEqual(rows, ['s1\tONLINE\tPRIMARY', 's2\tONLINE\tSECONDARY'])
      },
    )

  before(async () => {
    lab = await startLab(LAB, 2)
    await makeCertificates(file('pki'), lab.hosts)
    await must(`${head('mysql')}  roles: [mysql_tls]\n`, '-e', tlsVariables(file('pki')))
  })
  afterEach(() => tearDown(lab, lab.hosts))
  after(() => stopLab(LAB))

  it('each option has its effect: XCOM, several primaries, addresses, what a member does in trouble', async () => {
    const common = 'ip_allowlist: 10.80.0.0/24'
    const playbook =
      tasks(
        's1',
        'innodb_cluster',
        `name: options, member_ssl_mode: VERIFY_IDENTITY, member_auth_type: CERT_ISSUER_PASSWORD, cert_issuer: /CN=MyName,
         communication_stack: XCOM, multi_primary: true, force: true, exit_state_action: READ_ONLY, member_weight: 70,
         consistency: BEFORE, expel_timeout: 9, auto_rejoin_tries: 5, local_address: "s1:33071", manual_start_on_boot: true,
         replication_allowed_host: "10.80.0.%", transaction_size_limit: 7000000,
         group_name: aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee, ${common}`,
      ) +
      tasks('s2', 'innodb_cluster_instance', `cluster: options, members: [s1], member_weight: 30, ${common}`)
    await must(playbook)
    assert.deepEqual(changes(await must(playbook)), [])
    assert.deepEqual(await members(lab, 's1'), ['s1\tONLINE\tPRIMARY', 's2\tONLINE\tPRIMARY'])
    const expected = {
      communication_stack: 'XCOM',
      group_name: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
      ip_allowlist: '10.80.0.0/24',
      single_primary_mode: 'OFF',
      enforce_update_everywhere_checks: 'ON',
      start_on_boot: 'OFF',
      ssl_mode: 'VERIFY_IDENTITY',
      transaction_size_limit: '7000000',
    }
    const own = {
      s1: {
        exit_state_action: 'READ_ONLY',
        member_weight: '70',
        consistency: 'BEFORE',
        member_expel_timeout: '9',
        autorejoin_tries: '5',
        local_address: 's1:33071',
        group_seeds: 's2:33061',
      },
      s2: { member_weight: '30', local_address: 's2:33061', group_seeds: 's1:33071' },
    }
    for (const host of ['s1', 's2'] as const) {
      const is = await variables(lab, host, 'group_replication_%')
      for (const [name, value] of Object.entries({ ...expected, ...own[host] }))
        assert.equal(is[`group_replication_${name}`], value, `${host}: ${name}`)
      const { auto_increment_increment: increment, auto_increment_offset: offset } = await variables(
        lab,
        host,
        'auto_increment_%',
      )
      assert.deepEqual([increment, offset], ['7', String(1 + Number(host.slice(1)))])
    }
    await catchesUp(lab, 's2', 's1')
    assert.deepEqual(
      await sql(LAB, 's2', "SELECT user, host FROM mysql.user WHERE user LIKE 'mysql\\_innodb%' ORDER BY 1"),
      ['mysql_innodb_cluster_1\t10.80.0.%', 'mysql_innodb_cluster_2\t10.80.0.%'],
    )
    assert.deepEqual(
      await sql(
        LAB,
        's2',
        "SELECT primary_mode, attributes->>'$.opt_manualStartOnBoot', attributes->>'$.capabilities.communicationStack.value', attributes->>'$.opt_transactionSizeLimit' FROM mysql_innodb_cluster_metadata.clusters",
      ),
      ['mm\ttrue\tXCOM\t7000000'],
    )
    // An option that is given with another value later is brought in line while the member runs.
    const later = await must(
      tasks('s2', 'innodb_cluster_instance', 'cluster: options, members: [s1], member_weight: 31'),
    )
    assert.deepEqual(changes(later), ['s2: innodb_cluster_instance'])
    assert.equal(
      (await variables(lab, 's2', 'group_replication_member_weight')).group_replication_member_weight,
      '31',
    )
  })

  it('a member by clone: its data are replaced, its accounts, channels and certificate name are its own', async () => {
    const subject =
      'member_auth_type: CERT_SUBJECT, member_ssl_mode: VERIFY_CA, cert_issuer: /CN=MyName, cert_subject: /CN=s1'
    await must(tasks('s1', 'innodb_cluster', `name: copied, ${subject}`))
    await shell(
      LAB,
      's1',
      `mysql -e "CREATE DATABASE app; CREATE TABLE app.t (id INT PRIMARY KEY); INSERT INTO app.t VALUES (7); FLUSH BINARY LOGS; PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 SECOND"`,
    )
    await shell(LAB, 's2', 'mysql -e "CREATE DATABASE junk"')
    const add = (method: string): string =>
      tasks(
        's2',
        'innodb_cluster_instance',
        `cluster: copied, members: [s1], cert_subject: /CN=s2, recovery_method: ${method}`,
      )
    const persisted = (host: string): Promise<readonly string[]> =>
      sql(
        LAB,
        host,
        "SELECT VARIABLE_NAME FROM performance_schema.persisted_variables WHERE VARIABLE_NAME IN ('skip_replica_start', 'clone_valid_donor_list')",
      )
    const before = await serverState(LAB, 's2')
    await refused(add('auto'), /s2 has transactions that s1 lacks/)
    assert.equal(await serverState(LAB, 's2'), before)
    // A controller that dies while the data are there but the server is not back: the next run goes on with the copy.
    await writeFile(file('play.yml'), add('clone'))
    const killed = await play([file('play.yml'), '-i', lab.inventory, '-v'], {
      onOutput: (text, end) => {
        if (text.includes('wait until s2 is back')) end('SIGKILL')
      },
    })
    assert.equal(killed.signal, 'SIGKILL', transcript(killed))
    await shell(
      LAB,
      's2',
      `until [ "$(mysql -NBe "SELECT STATE FROM performance_schema.clone_status" 2>&1)" = Completed ]; do sleep 0.2; done`,
    )
    assert.notDeepEqual(await persisted('s2'), [])
    await must(add('auto'))
    assert.deepEqual(await persisted('s2'), [])
    assert.deepEqual(await members(lab, 's1'), ['s1\tONLINE\tPRIMARY', 's2\tONLINE\tSECONDARY'])
    await catchesUp(lab, 's2', 's1')
    assert.deepEqual(await sql(LAB, 's2', "SELECT id FROM app.t; SHOW DATABASES LIKE 'junk'"), ['7'])
    assert.deepEqual(
      await sql(
        LAB,
        's2',
        "SELECT User_name, User_password FROM mysql.slave_master_info WHERE Channel_name='group_replication_recovery'; SELECT x509_subject, authentication_string='' FROM mysql.user WHERE user='mysql_innodb_cluster_2'; SELECT @@group_replication_start_on_boot",
      ),
      ['mysql_innodb_cluster_2\t', '/CN=s2\t1', '1'],
    )
    assert.deepEqual(changes(await must(add('clone'))), [])
    for (const host of secondaryFirst())
      await shell(
        LAB,
        host,
        'mysql -e "STOP GROUP_REPLICATION; SET GLOBAL super_read_only = OFF; SET sql_log_bin = 0; DROP DATABASE app"',
      )
  })

  it('a group that was made by hand is adopted', async () => {
    const adopt = tasks('s1', 'innodb_cluster', 'name: adopted, adopt_from_gr: true, members: [s1, s2]')
    await refused(adopt, /is for a running group/)
    const byHand = (host: string, bootstrap: boolean): string => `
      SET sql_log_bin=0; CREATE USER IF NOT EXISTS hand@'%' IDENTIFIED BY 'Hand-1'; GRANT REPLICATION SLAVE, BACKUP_ADMIN, GROUP_REPLICATION_STREAM, CONNECTION_ADMIN ON *.* TO hand@'%'; SET sql_log_bin=1;
      CHANGE REPLICATION SOURCE TO SOURCE_USER='hand', SOURCE_PASSWORD='Hand-1' FOR CHANNEL 'group_replication_recovery';
      SET GLOBAL group_replication_group_name='aaaaaaaa-1111-4ccc-8ddd-eeeeeeeeeeee'; SET GLOBAL group_replication_communication_stack='XCOM';
      SET GLOBAL group_replication_single_primary_mode=ON; SET GLOBAL group_replication_ip_allowlist='10.80.0.0/24'; SET GLOBAL group_replication_recovery_get_public_key=ON;
      SET GLOBAL group_replication_ssl_mode='DISABLED'; SET GLOBAL group_replication_recovery_use_ssl=OFF;
      SET GLOBAL group_replication_local_address='${host}:33061'; SET GLOBAL group_replication_group_seeds='s1:33061,s2:33061';
      SET GLOBAL group_replication_bootstrap_group=${bootstrap ? 'ON' : 'OFF'}; START GROUP_REPLICATION; SET GLOBAL group_replication_bootstrap_group=OFF`
    for (const host of lab.hosts)
      await shell(
        LAB,
        host,
        `mysql -e "INSTALL PLUGIN group_replication SONAME 'group_replication.so'" 2>/dev/null; mysql <<'E'\nSET GLOBAL group_replication_enforce_update_everywhere_checks=OFF;\n${byHand(host, host === 's1')}\nE`,
      )
    await online()
    await refused(
      tasks('s1', 'innodb_cluster', 'name: adopted'),
      /no metadata describes. Set adopt_from_gr: true/,
    )
    await refused(
      tasks(
        's1',
        'innodb_cluster',
        'name: adopted, adopt_from_gr: true, members: [s1, s2], member_ssl_mode: REQUIRED',
      ),
      /takes a group over as it is: member_ssl_mode can't be given/,
    )
    await must(adopt)
    await catchesUp(lab, 's2', 's1')
    assert.deepEqual(
      await sql(
        LAB,
        's2',
        "SELECT cluster_name, attributes->>'$.adopted', attributes->>'$.opt_memberAuthType', attributes->>'$.capabilities.communicationStack.value' FROM mysql_innodb_cluster_metadata.clusters; SELECT address, attributes->>'$.recoveryAccountUser', addresses->>'$.grLocal' FROM mysql_innodb_cluster_metadata.instances ORDER BY 1; SELECT User_name FROM mysql.slave_master_info WHERE Channel_name='group_replication_recovery'",
      ),
      [
        'adopted\t1\tPASSWORD\tXCOM',
        's1:3306\tmysql_innodb_cluster_1\ts1:33061',
        's2:3306\tmysql_innodb_cluster_2\ts2:33061',
        'mysql_innodb_cluster_2',
      ],
    )
    assert.deepEqual(changes(await must(adopt)), [])
    // The new accounts are what members log in with from now on.
    await shell(LAB, 's2', 'mysql -e "STOP GROUP_REPLICATION; START GROUP_REPLICATION"')
    await online()
    for (const host of secondaryFirst())
      await shell(
        LAB,
        host,
        `mysql -e "STOP GROUP_REPLICATION; SET GLOBAL super_read_only = OFF; SET sql_log_bin = 0; DROP USER hand@'%'; RESET PERSIST; SET GLOBAL group_replication_ip_allowlist = 'AUTOMATIC'"`,
      )
  })

  it('options that contradict one another are refused, and nothing is touched', async () => {
    const before = await serverState(LAB, 's1')
    const cases: readonly (readonly [string, RegExp])[] = [
      ['multi_primary: true', /needs force: true/],
      ['multi_primary: true, force: true, paxos_single_leader: true', /for clusters with a single primary/],
      ['ip_allowlist: 10.0.0.0/8', /not possible with communication_stack MYSQL/],
      ['local_address: "s1:3307"', /must have the port of the server, 3306/],
      ['communication_stack: XCOM, local_address: "s1:3306"', /needs a port of its own/],
      ['member_auth_type: CERT_ISSUER', /needs cert_issuer/],
      ['member_auth_type: CERT_SUBJECT, cert_issuer: /CN=MyName', /needs cert_subject/],
      [
        'member_auth_type: CERT_ISSUER, cert_issuer: /CN=Other',
        /issued by "\/CN=MyName", but cert_issuer is "\/CN=Other"/,
      ],
    ]
    for (const [args, expected] of cases)
      await refused(tasks('s1', 'innodb_cluster', `name: never, ${args}`), expected)
    assert.equal(await serverState(LAB, 's1'), before)
  })

  it('innodb_instance reports, sets, and restarts only when told', async () => {
    await shell(
      LAB,
      's1',
      `printf '[mysqld]\\ngtid_mode=OFF\\nenforce_gtid_consistency=OFF\\nbinlog_format=MIXED\\nreplica_preserve_commit_order=OFF\\n' > /etc/mysql/mysql.conf.d/zzz-wrong.cnf; systemctl restart mysql; mysql -e "CREATE DATABASE app; CREATE TABLE app.keyless (a INT)"`,
    )
    const task = (args: string): string => tasks('s1', 'innodb_instance', args)
    await refused(
      task('report_only: true'),
      /gtid_mode is OFF, must be ON \(needs a restart\)[\s\S]*app\.keyless has no primary key/,
    )
    const looked = await must(task('restart: true'), '--check')
    assert.deepEqual(changes(looked), ['s1: innodb_instance'])
    assert.equal((await variables(lab, 's1', 'binlog_format')).binlog_format, 'MIXED')
    const set = await must(task('applier_worker_threads: 6'))
    assert.equal(results(set)[0]?.result.values['restart_required'], true)
    const running = await variables(lab, 's1', '%')
    assert.deepEqual(
      ['binlog_format', 'replica_preserve_commit_order', 'replica_parallel_workers', 'gtid_mode'].map(
        (name) => running[name],
      ),
      ['ROW', 'ON', '6', 'OFF'],
    )
    const waiting = await must(task('applier_worker_threads: 6'))
    assert.deepEqual(changes(waiting), [])
    assert.match(waiting.stdout, /needs a restart for enforce_gtid_consistency, gtid_mode/)
    await must(task('applier_worker_threads: 6, restart: true'))
    assert.equal((await variables(lab, 's1', 'gtid_mode')).gtid_mode, 'ON')
    assert.deepEqual(changes(await must(task('applier_worker_threads: 6, restart: true'))), [])
    await shell(LAB, 's1', 'rm /etc/mysql/mysql.conf.d/zzz-wrong.cnf; mysql -e "DROP DATABASE app"')
  })
})
