import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { changes, play, results, signet, transcript, type Run } from './signet.js'
import { resetHosts, serverState, shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { kill, start } from './task.js'

const LAB = testLab('rs-life')
const TASK = `
- hosts: replicaset
  become: true
  gather_facts: false
  tasks:
`
const MEMBER = `${TASK}
    - name: Member
      innodb_replicaset_instance: {replicaset: replicaset, cert_subject: "/CN={{ inventory_hostname }}", recovery_method: "{{ how | default('auto') }}"}
      throttle: 1
`
const PRIMARY = `${TASK}
    - name: Primary
      innodb_replicaset_primary: {replicaset: replicaset, force: "{{ force | default(false) }}", timeout: "{{ patience | default(60) }}", invalidate_error_instances: "{{ invalidate | default(false) }}"}
      when: inventory_hostname == to
`
const REMOVE = `${TASK}
    - name: Remove
      innodb_replicaset_instance: {replicaset: replicaset, state: absent}
      when: inventory_hostname == gone
`
const FORGET = `${TASK}
    - name: Forget
      innodb_replicaset_instance: {replicaset: replicaset, state: absent, instance: "s3:3306", force: "{{ force | default(false) }}"}
      when: inventory_hostname == 's1'
`
const OPTIONS = `${TASK}
    - name: Member
      innodb_replicaset_instance:
        replicaset: replicaset
        replication_connect_retry: 7
        label: "{{ inventory_hostname }} here"
        tags: {rack: "{{ inventory_hostname[1:] | int }}", _hidden: "{{ inventory_hostname == 's3' }}"}
      throttle: 1
    - name: Set
      innodb_replicaset:
        name: replicaset
        member_auth_type: CERT_SUBJECT
        cert_issuer: /CN=MyName
        replication_allowed_host: "10.80.0.%"
        tags: {site: north}
      run_once: true
`
const RESCAN = `${TASK}
    - name: Rescan
      innodb_replicaset_rescan: {add_unmanaged: "{{ add | default(false) }}", remove_obsolete: "{{ remove | default(false) }}"}
      run_once: true
`
const LABEL = `${TASK}
    - name: Label
      innodb_replicaset_instance: {replicaset: replicaset, label: s1 here}
      when: inventory_hostname == 's2'
`
const DISSOLVE = `${TASK}
    - name: Dissolve
      innodb_replicaset: {name: replicaset, state: absent}
      run_once: true
`

describe('the life of a ReplicaSet', () => {
  let lab: TestLab
  const file = (name: string): string => join(lab.directory, name)
  const words = (more: readonly string[]): readonly string[] => [
    '-i',
    lab.inventory,
    '-i',
    file('groups.yml'),
    '-e',
    'innodb_replicaset_member_auth_type=CERT_SUBJECT',
    ...more,
  ]
  const build = (...more: string[]): Promise<Run> => play(['playbooks/replicaset.yml', ...words(more)])
  const run = (name: string, ...more: string[]): Promise<Run> => play([file(name), ...words(more)])
  async function succeeds(running: Promise<Run>): Promise<readonly string[]> {
    const done = await running
    assert.equal(done.code, 0, transcript(done))
    return changes(done)
  }
  async function refuses(expected: RegExp, running: Promise<Run>): Promise<void> {
    const done = await running
    assert.equal(done.code, 2, transcript(done))
    assert.match(done.stdout, expected)
  }
  /** Check mode, the run and a second run of one playbook: the run changes what check mode said, the second nothing. */
  async function changesOnce(expected: readonly string[], name: string, ...more: string[]): Promise<void> {
    assert.deepEqual(await succeeds(run(name, ...more, '--check')), expected, 'check mode')
    assert.deepEqual(await succeeds(run(name, ...more)), expected, 'the run')
    assert.deepEqual(await succeeds(run(name, ...more)), [], 'the second run')
  }
  async function killed(name: string, moment: string, ...more: string[]): Promise<void> {
    const dead = await play([file(name), ...words(more), '-v'], {
      onOutput: (text, end) => {
        if (text.includes(moment)) end('SIGKILL')
      },
    })
    assert.equal(dead.signal, 'SIGKILL', transcript(dead))
  }
  /** `s1:PRIMARY:ONLINE …` in AdminAPI's words. */
  async function members(): Promise<readonly string[]> {
    const shown = await signet(['cluster', 'status', '--json', '-i', lab.inventory])
    assert.equal(shown.code, 0, transcript(shown))
    const { replicaSets } = JSON.parse(shown.stdout) as {
      replicaSets: { replicaSet: { topology: Record<string, { instanceRole: string; status: string }> } }[]
    }
    return Object.entries(replicaSets[0]?.replicaSet.topology ?? {})
      .map(([label, { instanceRole, status }]) => `${label.slice(0, 2)}:${instanceRole}:${status}`)
      .sort()
  }
  /** All three follow a primary, and every account still demands a certificate and has no password. */
  async function isWhole(primary: string): Promise<void> {
    assert.deepEqual(
      await members(),
      lab.hosts.map((host) => `${host}:${host === primary ? 'PRIMARY' : 'SECONDARY'}:ONLINE`),
    )
    const accounts =
      "SELECT User, LENGTH(authentication_string), CONVERT(x509_issuer USING utf8mb4), CONVERT(x509_subject USING utf8mb4) FROM mysql.user WHERE User LIKE 'mysql\\_innodb\\_%' ORDER BY 1"
    for (const host of lab.hosts)
      assert.deepEqual(
        await sql(LAB, host, accounts),
        [1, 2, 3].map((id) => `mysql_innodb_rs_${id}\t0\t/CN=MyName\t/CN=s${id}`),
        host,
      )
    for (const host of lab.hosts.filter((one) => one !== primary))
      assert.deepEqual(
        await sql(LAB, host, "SELECT User_password FROM mysql.slave_master_info WHERE Channel_name = ''"),
        [],
        host,
      )
  }

  before(async () => {
    lab = await startLab(LAB, 3)
    await writeFile(
      file('groups.yml'),
      'mysql:\n  children:\n    replicaset:\n      hosts:\n        s1:\n        s2:\n        s3:\n',
    )
    for (const [name, text] of Object.entries({
      member: MEMBER,
      primary: PRIMARY,
      remove: REMOVE,
      forget: FORGET,
      options: OPTIONS,
      rescan: RESCAN,
      label: LABEL,
      dissolve: DISSOLVE,
    }))
      await writeFile(file(`${name}.yml`), text)
    await succeeds(build())
    await isWhole('s1')
    await shell(LAB, 's1', 'mysql -e "CREATE DATABASE app; CREATE TABLE app.t (id INT PRIMARY KEY)"')
  })
  after(() => stopLab(LAB))

  it('a planned change of the primary under load loses nothing', async () => {
    await shell(
      LAB,
      's1',
      `cat > /root/write.sh <<'END'
i=0; while mysql -e "INSERT INTO app.t VALUES ($i)" 2>/dev/null; do echo $i >> /root/written; i=$((i+1)); done; touch /root/refused
END
setsid sh /root/write.sh </dev/null >/dev/null 2>&1 & until test "$(wc -l < /root/written)" -gt 10; do sleep 0.1; done`,
    )
    await changesOnce(['s2: Primary'], 'primary.yml', '-e', 'to=s2')
    await shell(LAB, 's1', 'until test -e /root/refused; do sleep 0.1; done')
    const written = Number(await shell(LAB, 's1', 'wc -l < /root/written'))
    for (const host of lab.hosts)
      assert.deepEqual(await sql(LAB, host, 'SELECT COUNT(*), MAX(id) FROM app.t'), [
        `${written}\t${written - 1}`,
      ])
    await isWhole('s2')
    assert.deepEqual(await succeeds(build()), [])
  })

  it('a change of the primary that fails half-way is turned back', async () => {
    const states = (): Promise<readonly string[]> =>
      Promise.all(lab.hosts.map((host) => serverState(LAB, host)))
    const before = await states()
    // Nobody can close a server for writes while somebody holds a lock.
    await shell(
      LAB,
      's2',
      'setsid mysql -e "LOCK TABLES app.t WRITE; DO SLEEP(600)" </dev/null >/dev/null 2>&1 & until mysql -NBe "SHOW PROCESSLIST" | grep -q SLEEP; do sleep 0.1; done',
    )
    await refuses(/make s2 read-only.*undone/s, run('primary.yml', '-e', 'to=s1', '-e', 'patience=1'))
    await shell(
      LAB,
      's2',
      `mysql -e "KILL $(mysql -NBe "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'DO SLEEP%'")"`,
    )
    assert.deepEqual(await states(), before)
    await isWhole('s2')
  })

  it('a primary that is lost is replaced by force, and rejoins', async () => {
    await kill(LAB, 's2')
    await refuses(/s2:3306 .* is not among the servers that answer/, run('primary.yml', '-e', 'to=s1'))
    await changesOnce(['s1: Primary'], 'primary.yml', '-e', 'to=s1', '-e', 'force=true')
    await shell(LAB, 's1', 'mysql -e "INSERT INTO app.t VALUES (-1)"')
    await start(LAB, 's2')
    assert.deepEqual(await members(), ['s1:PRIMARY:ONLINE', 's2:null:INVALIDATED', 's3:SECONDARY:ONLINE'])
    await changesOnce(['s2: Member'], 'member.yml')
    await isWhole('s1')
    assert.deepEqual(await sql(LAB, 's2', 'SELECT MIN(id), @@global.super_read_only FROM app.t'), ['-1\t1'])
  })

  it('a member with transactions of its own does not rejoin, unless it shall be cloned', async () => {
    await shell(LAB, 's2', 'mysql -e "SET GLOBAL super_read_only = OFF; CREATE DATABASE strange"')
    const before = await serverState(LAB, 's2')
    await refuses(/s2 has transactions that the primary s1 .* lacks \([0-9a-f-]{36}:\d+\)/, run('member.yml'))
    assert.equal(await serverState(LAB, 's2'), before)
    await changesOnce(['s2: Member'], 'member.yml', '-e', 'how=clone')
    await isWhole('s1')
    assert.deepEqual(await sql(LAB, 's2', "SHOW DATABASES LIKE 'strange'"), [])
    assert.deepEqual(await succeeds(build()), [])
  })

  it('labels, tags, channel options and the host part of accounts are changed, once', async () => {
    await changesOnce(['s1: Member', 's1: Set', 's2: Member', 's3: Member'], 'options.yml')
    const { stdout } = await signet(['cluster', 'options', '-i', lab.inventory])
    const { replicaSets } = JSON.parse(stdout) as {
      replicaSets: {
        replicaSet: {
          globalOptions: { option: string; value: unknown }[]
          tags: unknown
          topology: Record<string, { option?: string; value: unknown; variable?: unknown }[]>
        }
      }[]
    }
    const set = replicaSets[0]?.replicaSet
    const rack = (value: number) => [
      { option: 'rack', value },
      { option: '_hidden', value: value === 3 },
    ]
    assert.deepEqual(set?.tags, {
      global: [{ option: 'site', value: 'north' }],
      's1 here': rack(1),
      's2 here': rack(2),
      's3 here': rack(3),
    })
    assert.deepEqual(set.globalOptions[0], { option: 'replicationAllowedHost', value: '10.80.0.%' })
    assert.deepEqual(
      set.topology['s3 here']?.find(({ option }) => option === 'replicationConnectRetry'),
      { option: 'replicationConnectRetry', value: 7, variable: 7 },
    )
    await refuses(/The label "s1 here" belongs to s1:3306 already/, run('label.yml'))
    await shell(LAB, 's3', "mysql -e \"STOP REPLICA FOR CHANNEL ''; START REPLICA FOR CHANNEL ''\"")
    assert.deepEqual(await succeeds(build()), [])
    await isWhole('s1')
  })

  it('a rescan corrects identities, drops accounts of nobody, and makes members of replicas made by hand', async () => {
    const record = 'mysql_innodb_cluster_metadata.instances'
    await sql(
      LAB,
      's1',
      `CREATE USER mysql_innodb_rs_99; UPDATE ${record} SET address = 'old:3306' WHERE address = 's2:3306'`,
    )
    await shell(LAB, 's3', 'systemctl stop mysql; rm /var/lib/mysql/auto.cnf; systemctl start mysql')
    assert.deepEqual(await members(), [
      's1:PRIMARY:ONLINE',
      's2:SECONDARY:ONLINE',
      's3:SECONDARY:UNREACHABLE',
    ])
    await changesOnce(['s1: Rescan'], 'rescan.yml')
    await isWhole('s1')
    assert.deepEqual(
      await sql(LAB, 's1', `SELECT address, addresses->>'$.mysqlClassic' FROM ${record} ORDER BY 1`),
      lab.hosts.map((host) => `${host}:3306\t${host}:3306`),
    )
    await sql(
      LAB,
      's1',
      `USE mysql_innodb_cluster_metadata; DELETE m FROM async_cluster_members m JOIN instances i USING (instance_id) WHERE i.address = 's3:3306'; DELETE FROM instances WHERE address = 's3:3306'`,
    )
    const looked = await run('rescan.yml')
    assert.equal(looked.code, 0, transcript(looked))
    assert.deepEqual(changes(looked), [])
    assert.deepEqual(results(looked)[0]?.result.warnings, [
      's3:3306 follows the primary without a record; add_unmanaged: true makes it a member.',
    ])
    await changesOnce(['s1: Rescan'], 'rescan.yml', '-e', 'add=true')
    await isWhole('s1')
  })

  it('a member is removed; a controller that dies while it comes back is followed by a run that completes', async () => {
    await changesOnce(['s3: Remove'], 'remove.yml', '-e', 'gone=s3')
    assert.deepEqual(await members(), ['s1:PRIMARY:ONLINE', 's2:SECONDARY:ONLINE'])
    assert.deepEqual(
      await sql(
        LAB,
        's1',
        "SELECT COUNT(*) FROM mysql.user WHERE User = 'mysql_innodb_rs_3' UNION ALL SELECT COUNT(*) FROM mysql_innodb_cluster_metadata.instances",
      ),
      ['0', '2'],
    )
    for (const moment of [
      'make the replication account of s3',
      'let s3 follow s1',
      'record s3 in ReplicaSet',
    ])
      await killed('member.yml', moment)
    await succeeds(run('member.yml'))
    await isWhole('s1')
    assert.deepEqual(await succeeds(run('member.yml')), [])
  })

  it('a member that is gone for good is forgotten by force; a new one in its place is cloned when it must be', async () => {
    await kill(LAB, 's3')
    const dead = await run('primary.yml', '-e', 'to=s3')
    assert.equal(dead.code, 4, transcript(dead))
    await refuses(/s3:3306 does not answer.*force: true/, run('forget.yml'))
    assert.deepEqual(await succeeds(run('rescan.yml', '-e', 'remove=true', '--check')), ['s1: Rescan'])
    await changesOnce(['s1: Forget'], 'forget.yml', '-e', 'force=true')
    await shell(LAB, 's1', 'mysql -e "FLUSH BINARY LOGS; PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY"')
    await resetHosts(LAB, ['s3'])
    await refuses(
      /s1 has purged binary logs that s3 would need/,
      build('-e', 'innodb_replicaset_recovery_method=incremental'),
    )
    assert.deepEqual(await succeeds(build()), ['s3: innodb_replicaset : Member of ReplicaSet replicaset'])
    await isWhole('s1')
    assert.deepEqual(await succeeds(build()), [])
  })

  it('a controller that dies while the primary changes is followed by a run that completes', async () => {
    const turns = [
      ['s3', 'record s3 as the primary'],
      ['s2', 'make s3 read-only'],
      ['s1', 'stop replication on s1'],
      ['s3', 'let s1 follow s3'],
      ['s2', 'let s2 take writes'],
    ] as const
    for (const [to, moment] of turns) {
      await killed('primary.yml', moment, '-e', `to=${to}`)
      await succeeds(run('primary.yml', '-e', `to=${to}`))
      assert.deepEqual(
        await members(),
        lab.hosts.map((host) => `${host}:${host === to ? 'PRIMARY' : 'SECONDARY'}:ONLINE`),
        moment,
      )
    }
    assert.deepEqual(await succeeds(run('primary.yml', '-e', 'to=s1')), ['s1: Primary'])
    await shell(LAB, 's1', 'mysql -e "INSERT INTO app.t VALUES (-2)"')
    await isWhole('s1')
    assert.deepEqual(await succeeds(build()), [])
  })

  it('a failover leaves members out that do not answer; forgotten, they are added anew', async () => {
    const stop = (host: string): Promise<string> => shell(LAB, host, 'systemctl stop mysql')
    const force = ['primary.yml', '-e', 'to=s2', '-e', 'force=true'] as const
    await Promise.all([stop('s1'), stop('s3')])
    await refuses(/s3:3306 does not answer.*invalidate_error_instances/s, run(...force))
    await changesOnce(['s2: Primary'], ...force, '-e', 'invalidate=true')
    assert.deepEqual(await members(), ['s1:null:INVALIDATED', 's2:PRIMARY:ONLINE', 's3:null:INVALIDATED'])
    await changesOnce(['s2: Rescan'], 'rescan.yml', '-e', 'remove=true', '-l', 's2,s3')
    assert.deepEqual(await members(), ['s2:PRIMARY:ONLINE'])
    await Promise.all(['s1', 's3'].map((host) => shell(LAB, host, 'systemctl start mysql')))
    const added = await run('member.yml')
    assert.equal(added.code, 2, transcript(added))
    assert.deepEqual(changes(added), ['s1: Member'])
    assert.match(added.stdout, /s3 replicates from s1:3306, which is not the primary s2:3306/)
    await shell(LAB, 's3', "mysql -e 'STOP REPLICA; RESET REPLICA ALL'")
    await changesOnce(['s3: Member'], 'member.yml')
    await isWhole('s2')
  })

  it('dissolved, it leaves neither accounts nor channels nor metadata; secondaries stay closed', async () => {
    await sql(LAB, 's2', 'INSERT INTO app.t VALUES (-3)')
    await changesOnce(['s1: Dissolve'], 'dissolve.yml')
    for (const host of lab.hosts) {
      assert.deepEqual(
        await sql(
          LAB,
          host,
          "SELECT User FROM mysql.user WHERE User LIKE 'mysql\\_innodb\\_%' UNION SELECT HOST FROM performance_schema.replication_connection_configuration UNION SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'mysql\\_innodb\\_cluster%'",
        ),
        [],
      )
      assert.deepEqual(await sql(LAB, host, 'SELECT MIN(id), @@global.super_read_only FROM app.t'), [
        `-3\t${host === 's2' ? 0 : 1}`,
      ])
    }
    const shown = await signet(['cluster', 'status', '-i', lab.inventory])
    assert.equal(shown.code, 2, transcript(shown))
  })
})
