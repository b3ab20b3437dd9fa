import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { changes, play, signet, transcript, type Run } from '../lab/signet.js'
import { serverState, shell, sql, startLab, stopLab, type TestLab, testLab } from '../lab/servers.js'

const LAB = testLab('rs-life')
const TASK = `
- hosts: replicaset
  become: true
  gather_facts: false
  tasks:
`
const PRIMARY = `${TASK}
    - name: Primary
      innodb_replicaset_primary: {replicaset: replicaset, force: "{{ force | default(false) }}"}
      when: inventory_hostname == to
`
const REMOVE = `${TASK}
    - name: Remove
      innodb_replicaset_instance: {replicaset: replicaset, state: absent}
      when: inventory_hostname == gone
`
const OPTIONS = `${TASK}
    - name: Member
      innodb_replicaset_instance: {replicaset: replicaset, replication_connect_retry: 7}
      throttle: 1
    - name: Accounts
      innodb_replicaset: {name: replicaset, member_auth_type: CERT_SUBJECT, cert_issuer: /CN=MyName, replication_allowed_host: "{{ from }}"}
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
  async function killed(name: string, moment: string, ...more: string[]): Promise<void> {
    const dead = await play([name, ...words(more), '-v'], {
      onOutput: (text, kill) => {
        if (text.includes(moment)) kill('SIGKILL')
      },
    })
    assert.equal(dead.signal, 'SIGKILL', transcript(dead))
  }
  /** `s1:PRIMARY:ONLINE …` in AdminAPI's words. */
  async function members(): Promise<readonly string[]> {
    const { stdout } = await signet(['cluster', 'status', '--json', '-i', lab.inventory])
    const { replicaSets } = JSON.parse(stdout) as {
      replicaSets: { replicaSet: { topology: Record<string, { instanceRole: string; status: string }> } }[]
    }
    return Object.entries(replicaSets[0]?.replicaSet.topology ?? {})
      .map(([label, { instanceRole, status }]) => `${label.slice(0, 2)}:${instanceRole}:${status}`)
      .sort()
  }

  before(async () => {
    lab = await startLab(LAB, 3)
    await writeFile(
      file('groups.yml'),
      'mysql:\n  children:\n    replicaset:\n      hosts:\n        s1:\n        s2:\n        s3:\n',
    )
    await writeFile(file('primary.yml'), PRIMARY)
    await writeFile(file('remove.yml'), REMOVE)
    await writeFile(file('options.yml'), OPTIONS)
  })
  after(() => stopLab(LAB))

  it('from plain hosts: the run changes what check mode said; a second run changes nothing', async () => {
    const said = await succeeds(build('--check'))
    assert.ok(said.includes('s3: innodb_replicaset : Member of ReplicaSet replicaset'), said.join('\n'))
    assert.deepEqual(await succeeds(build()), said)
    assert.deepEqual(await succeeds(build()), [])
    assert.deepEqual(await members(), ['s1:PRIMARY:ONLINE', 's2:SECONDARY:ONLINE', 's3:SECONDARY:ONLINE'])
  })

  it('a planned change of the primary under load loses nothing, and accounts stay without a password', async () => {
    await shell(LAB, 's1', 'mysql -e "CREATE DATABASE app; CREATE TABLE app.t (id INT PRIMARY KEY)"')
    await shell(
      LAB,
      's1',
      `cat > /root/write.sh <<'END'
i=0; while mysql -e "INSERT INTO app.t VALUES ($i)" 2>/dev/null; do echo $i >> /root/written; i=$((i+1)); done; touch /root/refused
END
setsid sh /root/write.sh </dev/null >/dev/null 2>&1 & sleep 1`,
    )
    const said = await succeeds(run('primary.yml', '-e', 'to=s2', '--check'))
    assert.deepEqual(said, ['s2: Primary'])
    assert.deepEqual(await succeeds(run('primary.yml', '-e', 'to=s2')), said)
    assert.deepEqual(await succeeds(run('primary.yml', '-e', 'to=s2')), [])
    await shell(LAB, 's1', 'until test -e /root/refused; do sleep 0.1; done')
    const written = Number(await shell(LAB, 's1', 'wc -l < /root/written'))
    assert.ok(written > 10, `only ${written} rows were written`)
    for (const host of lab.hosts)
      assert.deepEqual(await sql(LAB, host, 'SELECT COUNT(*), MAX(id) FROM app.t'), [
        `${written}\t${written - 1}`,
      ])
    assert.deepEqual(
      await sql(
        LAB,
        's2',
        "SELECT User, LENGTH(authentication_string), CONVERT(x509_subject USING utf8mb4) FROM mysql.user WHERE User LIKE 'mysql\\_innodb\\_rs\\_%' ORDER BY 1",
      ),
      [1, 2, 3].map((id) => `mysql_innodb_rs_${id}\t0\t/CN=s${id}`),
    )
    assert.deepEqual(await members(), ['s1:SECONDARY:ONLINE', 's2:PRIMARY:ONLINE', 's3:SECONDARY:ONLINE'])
    assert.deepEqual(await succeeds(build()), [])
  })

  it('a primary that is lost is replaced by force; it rejoins, but not with transactions of its own', async () => {
    await shell(LAB, 's2', 'systemctl stop mysql')
    const refused = await run('primary.yml', '-e', 'to=s1')
    assert.equal(refused.code, 2, transcript(refused))
    assert.match(refused.stdout, /s2:3306 .* is not among the servers that answer/)
    assert.deepEqual(await succeeds(run('primary.yml', '-e', 'to=s1', '-e', 'force=true')), ['s1: Primary'])
    assert.deepEqual(await succeeds(run('primary.yml', '-e', 'to=s1', '-e', 'force=true')), [])
    await shell(LAB, 's1', 'mysql -e "INSERT INTO app.t VALUES (-1)"')

    await shell(LAB, 's2', 'systemctl start mysql')
    assert.deepEqual(await members(), ['s1:PRIMARY:ONLINE', 's2:null:INVALIDATED', 's3:SECONDARY:ONLINE'])
    const [set = ''] = await sql(LAB, 's2', "SELECT REPLACE(@@global.gtid_executed, '\\n', '')")
    await shell(LAB, 's2', 'mysql -e "CREATE DATABASE strange"')
    const before = await serverState(LAB, 's2')
    const errant = await build()
    assert.equal(errant.code, 2, transcript(errant))
    assert.match(errant.stdout, /s2 has transactions that the primary s1 .* lacks \([0-9a-f-]{36}:\d+\)/)
    assert.equal(await serverState(LAB, 's2'), before)
    await shell(
      LAB,
      's2',
      `mysql -e "DROP DATABASE strange; RESET BINARY LOGS AND GTIDS; SET GLOBAL gtid_purged='${set}'"`,
    )
    const said = await succeeds(build('--check'))
    assert.deepEqual(said, ['s2: innodb_replicaset : Member of ReplicaSet replicaset'])
    assert.deepEqual(await succeeds(build()), said)
    assert.deepEqual(await members(), ['s1:PRIMARY:ONLINE', 's2:SECONDARY:ONLINE', 's3:SECONDARY:ONLINE'])
    assert.deepEqual(await sql(LAB, 's2', 'SELECT MIN(id), @@global.super_read_only FROM app.t'), ['-1\t1'])
    assert.deepEqual(await succeeds(build()), [])
  })

  it('channel options and the host part of accounts are changed, once', async () => {
    const said = await succeeds(run('options.yml', '-e', 'from=10.80.0.%', '--check'))
    assert.deepEqual(await succeeds(run('options.yml', '-e', 'from=10.80.0.%')), said)
    assert.deepEqual(await succeeds(run('options.yml', '-e', 'from=10.80.0.%')), [])
    assert.deepEqual(
      await sql(
        LAB,
        's3',
        'SELECT CONNECTION_RETRY_INTERVAL FROM performance_schema.replication_connection_configuration',
      ),
      ['7'],
    )
    await shell(LAB, 's3', "mysql -e \"STOP REPLICA FOR CHANNEL ''; START REPLICA FOR CHANNEL ''\"")
    assert.deepEqual(await succeeds(build()), [])
    assert.deepEqual(await members(), ['s1:PRIMARY:ONLINE', 's2:SECONDARY:ONLINE', 's3:SECONDARY:ONLINE'])
  })

  it('a member is removed; a controller that dies while it comes back is followed by a run that completes', async () => {
    const said = await succeeds(run('remove.yml', '-e', 'gone=s3', '--check'))
    assert.deepEqual(await succeeds(run('remove.yml', '-e', 'gone=s3')), said)
    assert.deepEqual(await succeeds(run('remove.yml', '-e', 'gone=s3')), [])
    assert.deepEqual(await members(), ['s1:PRIMARY:ONLINE', 's2:SECONDARY:ONLINE'])
    assert.deepEqual(
      await sql(
        LAB,
        's1',
        "SELECT COUNT(*) FROM mysql.user WHERE User = 'mysql_innodb_rs_3' UNION ALL SELECT COUNT(*) FROM mysql_innodb_cluster_metadata.instances",
      ),
      ['0', '2'],
    )
    for (const moment of ['make s3 read-only', 'let s3 follow s1', 'record s3 in ReplicaSet'])
      await killed('playbooks/replicaset.yml', moment)
    await succeeds(build())
    assert.deepEqual(await members(), ['s1:PRIMARY:ONLINE', 's2:SECONDARY:ONLINE', 's3:SECONDARY:ONLINE'])
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
      await killed(file('primary.yml'), moment, '-e', `to=${to}`)
      await succeeds(run('primary.yml', '-e', `to=${to}`))
      assert.deepEqual(
        await members(),
        ['s1', 's2', 's3'].map((host) => `${host}:${host === to ? 'PRIMARY' : 'SECONDARY'}:ONLINE`),
        moment,
      )
    }
    assert.deepEqual(await succeeds(run('primary.yml', '-e', 'to=s1')), ['s1: Primary'])
    assert.deepEqual(await succeeds(run('primary.yml', '-e', 'to=s1')), [])
    await shell(LAB, 's1', 'mysql -e "INSERT INTO app.t VALUES (-2)"')
    assert.deepEqual(await succeeds(build()), [])
  })
})
