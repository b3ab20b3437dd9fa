import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { arrived } from './arrived.js'
import { SERVERS } from './cluster-hosts.js'
import { serverState, shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { play, PROJECT, results, signet, transcript, type Run } from './signet.js'
import { checkRunRerun, kill, resultOf, runTask, start, type TaskArguments } from './task.js'

const LAB = testLab('cs-outage')
const METADATA = 'mysql_innodb_cluster_metadata'
const CLUSTERS = `
- hosts: s1,s2
  become: true
  gather_facts: false
  roles: [{role: innodb_cluster, innodb_cluster_name: east}]
- hosts: mysql
  become: true
  gather_facts: false
  tasks:
    - name: ClusterSet
      innodb_clusterset: {name: globe, cluster_set_replication_ssl_mode: VERIFY_IDENTITY}
      when: inventory_hostname == 's1'
    - name: Replica cluster
      innodb_replica_cluster: {name: west, cert_subject: /CN=s3}
      when: inventory_hostname == 's3'
    - name: Its second member
      innodb_cluster_instance: {cluster: west, cert_subject: /CN=s4}
      when: inventory_hostname == 's4'
`
/** AdminAPI's retries, half of replica_net_timeout, and what the server takes by itself. */
const DEFAULTS = '3\t10\t30.000\tuncompressed\t3'
const SET = {
  cluster_set_replication_connect_retry: 7,
  cluster_set_replication_retry_count: 4,
  cluster_set_replication_heartbeat_period: 11.5,
  cluster_set_replication_compression_algorithms: 'zstd',
  cluster_set_replication_zstd_compression_level: 5,
}

describe('a ClusterSet with members, clusters or the primary cluster away', () => {
  let lab: TestLab
  const ok = async (ending: Promise<Run>): Promise<Run> => {
    const run = await ending
    assert.equal(run.code, 0, transcript(run))
    return run
  }
  /** Cases look at any member, whichever was written to. */
  const task = async (host: string, module: string, args: TaskArguments): Promise<Run> => {
    const run = await ok(runTask(lab, host, module, args))
    await arrived(lab)
    return run
  }
  async function converges(host: string, module: string, args: TaskArguments): Promise<Run> {
    const { check, run, changed } = await checkRunRerun(lab, host, module, args)
    assert.deepEqual(changed, [1, 1, 0], `${transcript(check)}\n${transcript(run)}`)
    assert.equal(run.code, 0, transcript(run))
    await arrived(lab)
    return run
  }
  /** Check mode and the run fail alike, and the servers stay as they are. */
  async function refused(
    host: string,
    module: string,
    args: TaskArguments,
    why: RegExp,
    alive: readonly string[],
  ): Promise<void> {
    const states = (): Promise<readonly string[]> => Promise.all(alive.map((one) => serverState(LAB, one)))
    await arrived({ ...lab, hosts: alive })
    const before = await states()
    for (const words of [['--check'], []]) {
      const run = await runTask(lab, host, module, args, ...words)
      assert.equal(run.code, 2, transcript(run))
      assert.match(resultOf(run).message ?? '', why)
    }
    assert.deepEqual(await states(), before)
  }
  const channel = (host: string): Promise<readonly string[]> =>
    sql(
      LAB,
      host,
      "SELECT CONNECTION_RETRY_INTERVAL, CONNECTION_RETRY_COUNT, HEARTBEAT_INTERVAL, COMPRESSION_ALGORITHM, ZSTD_COMPRESSION_LEVEL FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME = 'clusterset_replication'",
    )
  const recorded = (host: string, cluster: string): Promise<readonly string[]> =>
    sql(
      LAB,
      host,
      `SELECT k.name, JSON_EXTRACT(attributes, CONCAT('$.', k.name)) FROM ${METADATA}.clusters, JSON_TABLE(JSON_KEYS(attributes), '$[*]' COLUMNS (name VARCHAR(64) PATH '$')) k WHERE cluster_name = '${cluster}' AND k.name LIKE 'opt\\_repl%' AND k.name <> 'opt_replicationAllowedHost' ORDER BY 1`,
    )
  const replicates = (host: string): Promise<string> =>
    shell(
      LAB,
      host,
      'for i in $(seq 600); do [ "$(mysql -NBe "SELECT SERVICE_STATE FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME=\'clusterset_replication\'")" = ON ] && exit 0; sleep 0.2; done; exit 1',
    )
  const members = (host: string): Promise<readonly string[]> =>
    sql(
      LAB,
      host,
      'SELECT MEMBER_HOST, MEMBER_STATE FROM performance_schema.replication_group_members ORDER BY 1',
    )
  const eventually = async (host: string, wanted: readonly string[]): Promise<void> => {
    const deadline = Date.now() + 120_000
    for (;;) {
      const now = await members(host)
      if (now.join() === wanted.join()) return
      assert.ok(Date.now() < deadline, `${host}: ${now.join()}, not ${wanted.join()}`)
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  }
  const status = async (): Promise<{ text: string; errors: readonly string[] }> => {
    const [text, json] = [
      await ok(signet(['cluster', 'status', '-i', lab.inventory])),
      await ok(signet(['cluster', 'status', '--json', '-i', lab.inventory])),
    ]
    const { clusterSet } = JSON.parse(json.stdout) as {
      clusterSet: { clusters: { east: { clusterErrors?: readonly string[] } } }
    }
    return { text: text.stdout, errors: clusterSet.clusters.east.clusterErrors ?? [] }
  }

  before(async () => {
    lab = await startLab(LAB, 4)
    const file = join(lab.directory, 'clusters.yml')
    await writeFile(file, SERVERS + CLUSTERS)
    await ok(play([file, '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles')]))
  })
  after(() => stopLab(LAB))

  it('options of the channel are on every member of the replica cluster, and in the record', async () => {
    for (const host of ['s3', 's4']) assert.deepEqual(await channel(host), [DEFAULTS])
    await converges('s3', 'innodb_replica_cluster', { name: 'west', ...SET })
    for (const host of ['s3', 's4']) assert.deepEqual(await channel(host), ['7\t4\t11.500\tzstd\t5'])
    assert.deepEqual(await recorded('s3', 'west'), [
      'opt_replCompressionAlgorithms\t"zstd"',
      'opt_replConnectRetry\t7',
      'opt_replHeartbeatPeriod\t11.5',
      'opt_replRetryCount\t4',
      'opt_replZstdCompressionLevel\t5',
    ])
    await replicates('s3')
  })

  it('an option that is DEFAULT again leaves the record and the channels; a member that was away learns of it when it is back', async () => {
    await sql(LAB, 's4', 'SET PERSIST group_replication_start_on_boot = OFF')
    await shell(LAB, 's4', 'systemctl stop mysql')
    await converges('s3', 'innodb_replica_cluster', {
      name: 'west',
      ...Object.fromEntries(Object.keys(SET).map((name) => [name, 'DEFAULT'])),
      cluster_set_replication_connect_retry: 8,
    })
    assert.deepEqual(await channel('s3'), ['8\t10\t30.000\tuncompressed\t3'])
    assert.deepEqual(await recorded('s3', 'west'), ['opt_replConnectRetry\t8'])
    await shell(LAB, 's4', 'systemctl start mysql')
    assert.deepEqual(await channel('s4'), ['7\t4\t11.500\tzstd\t5'])
    await converges('s4', 'innodb_cluster_instance', { cluster: 'west', cert_subject: '/CN=s4' })
    assert.deepEqual(await channel('s4'), ['8\t10\t30.000\tuncompressed\t3'])
    await replicates('s3')
  })

  it('options survive a switchover, and are set for the way back while the cluster is the primary one', async () => {
    await task('s3', 'innodb_clusterset_primary', { cluster: 'west' })
    for (const host of ['s1', 's2']) assert.deepEqual(await channel(host), [DEFAULTS])
    await converges('s3', 'innodb_replica_cluster', {
      name: 'west',
      cluster_set_replication_heartbeat_period: 6.5,
    })
    for (const host of ['s3', 's4']) assert.deepEqual(await channel(host), [])
    await task('s1', 'innodb_clusterset_primary', { cluster: 'east' })
    for (const host of ['s3', 's4']) assert.deepEqual(await channel(host), ['8\t10\t6.500\tuncompressed\t3'])
    await converges('s3', 'innodb_replica_cluster', {
      name: 'west',
      cluster_set_replication_connect_retry: 'DEFAULT',
      cluster_set_replication_heartbeat_period: 'DEFAULT',
    })
    for (const host of ['s3', 's4']) assert.deepEqual(await channel(host), [DEFAULTS])
    assert.deepEqual(await recorded('s3', 'west'), [])
  })

  it('a channel that is left on members of the primary cluster is reported and removed', async () => {
    const stale = (host: string): Promise<readonly string[]> =>
      sql(
        LAB,
        host,
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 's3', SOURCE_USER = 'nobody', SOURCE_SSL = 1 FOR CHANNEL 'clusterset_replication'",
      )
    for (const host of ['s1', 's2']) await stale(host)
    const { text, errors } = await status()
    for (const host of ['s1', 's2']) {
      const wanted = `WARNING: ${host}:3306, a member of the primary cluster, has a channel clusterset_replication`
      assert.ok(text.includes(wanted), text)
      assert.ok(
        errors.some((error) => error.startsWith(wanted)),
        errors.join('\n'),
      )
    }
    const without = async (): Promise<void> => {
      for (const host of ['s1', 's2']) assert.deepEqual(await channel(host), [], host)
    }
    await converges('s1', 'innodb_clusterset', {
      name: 'globe',
      cluster_set_replication_ssl_mode: 'VERIFY_IDENTITY',
    })
    await without()
    assert.deepEqual((await status()).errors, [])
    // One that runs: it is stopped first.
    await stale('s1')
    await sql(LAB, 's1', "START REPLICA FOR CHANNEL 'clusterset_replication'")
    await converges('s1', 'innodb_replica_cluster', { name: 'east' })
    await without()
    await stale('s2')
    await converges('s2', 'innodb_cluster_rescan', { cluster: 'east' })
    await without()
    await stale('s1')
    await converges('s1', 'innodb_clusterset_primary', { cluster: 'east' })
    await without()
    await stale('s2')
    await sql(LAB, 's2', 'STOP GROUP_REPLICATION')
    await converges('s2', 'innodb_cluster_instance', { cluster: 'east', cert_subject: '/CN=s2' })
    await without()
  })

  it('while no primary cluster answers, nothing rejoins that would need it', async () => {
    for (const host of ['s1', 's2']) await sql(LAB, host, 'SET PERSIST group_replication_start_on_boot = OFF')
    await kill(LAB, 's1')
    await kill(LAB, 's2')
    const west = ['s3', 's4']
    await sql(LAB, 's3', "STOP REPLICA FOR CHANNEL 'clusterset_replication'")
    await refused(
      's3',
      'innodb_replica_cluster',
      { name: 'west' },
      /primary cluster of ClusterSet "globe" has no primary that is ONLINE.*No answer from s1.*s2/s,
      west,
    )
    // A member that has its channel needs nobody of the primary cluster.
    await sql(LAB, 's4', 'STOP GROUP_REPLICATION')
    await converges('s4', 'innodb_cluster_instance', { cluster: 'west', cert_subject: '/CN=s4' })
    assert.deepEqual(await members('s3'), ['s3\tONLINE', 's4\tONLINE'])
    await sql(LAB, 's4', "STOP GROUP_REPLICATION; RESET REPLICA ALL FOR CHANNEL 'clusterset_replication'")
    await refused(
      's4',
      'innodb_cluster_instance',
      { cluster: 'west', cert_subject: '/CN=s4' },
      /s4 lacks the channel clusterset_replication.*no primary of the ClusterSet answers.*No answer from s1.*s2/s,
      west,
    )
    await start(LAB, 's1')
    await refused(
      's1',
      'innodb_cluster_instance',
      { cluster: 'east', cert_subject: '/CN=s1' },
      /s1 can't come back.*innodb_cluster_reboot.*No answer from s2/s,
      ['s1', ...west],
    )
  })

  it('the primary cluster is rebooted without a member that does not answer, by force only', async () => {
    const alive = ['s1', 's3', 's4']
    await refused('s1', 'innodb_cluster_reboot', {}, /do not answer: s2:3306\. .*force: true/, alive)
    // Whether another cluster was made primary meanwhile only that one could tell.
    await refused('s1', 'innodb_cluster_reboot', { members: ['s1', 's2'] }, /do not answer: s2:3306/, alive)
    const run = await converges('s1', 'innodb_cluster_reboot', { force: true })
    assert.match(
      results(run)[0]?.result.warnings.join('\n') ?? '',
      /s2:3306 does not answer; it was left out/,
    )
    assert.deepEqual(await members('s1'), ['s1\tONLINE'])
    assert.deepEqual(await sql(LAB, 's1', 'SELECT @@super_read_only'), ['0'])
    // The member and the channel that were waiting come back; so does s2.
    await task('s3', 'innodb_replica_cluster', { name: 'west' })
    await task('s4', 'innodb_cluster_instance', { cluster: 'west', cert_subject: '/CN=s4' })
    await start(LAB, 's2')
    await converges('s1', 'innodb_cluster_reboot', {})
    await eventually('s1', ['s1\tONLINE', 's2\tONLINE'])
    await eventually('s3', ['s3\tONLINE', 's4\tONLINE'])
    await replicates('s3')
  })

  it('an invalidated cluster whose members disagree starts by force with the chosen one, and stays closed', async () => {
    for (const host of ['s1', 's2']) await sql(LAB, host, 'SET PERSIST group_replication_start_on_boot = OFF')
    await kill(LAB, 's1')
    await kill(LAB, 's2')
    await task('s3', 'innodb_clusterset_primary', { cluster: 'west', force: true })
    for (const host of ['s1', 's2']) {
      await start(LAB, host)
      await sql(
        LAB,
        host,
        `SET GLOBAL super_read_only = OFF; CREATE DATABASE only_${host}; SET GLOBAL super_read_only = ON`,
      )
    }
    await refused(
      's1',
      'innodb_cluster_reboot',
      { primary: 's1' },
      /s2 has transactions that s1 lacks: [0-9a-f-]+:1.*force: true/,
      ['s1', 's2', 's3', 's4'],
    )
    const run = await converges('s1', 'innodb_cluster_reboot', { primary: 's1', force: true })
    assert.match(
      results(run)[0]?.result.warnings.join('\n') ?? '',
      /s2 has transactions of its own; it was left out.*\n.*"east" was replaced as primary/,
    )
    assert.deepEqual(await members('s1'), ['s1\tONLINE'])
    assert.deepEqual(await sql(LAB, 's1', 'SELECT @@super_read_only'), ['1'])
    await refused('s1', 'innodb_replica_cluster', { name: 'east' }, /"east" has transactions that s3 lacks/, [
      's1',
      's2',
      's3',
      's4',
    ])
  })

  it('a cluster that was removed while it was down does not start again; its servers become members anew', async () => {
    await kill(LAB, 's1')
    await kill(LAB, 's2')
    await refused(
      's3',
      'innodb_replica_cluster',
      { name: 'east', state: 'absent' },
      /"east" has no primary that is ONLINE.*No answer from s1.*s2.*force: true/s,
      ['s3', 's4'],
    )
    await converges('s3', 'innodb_replica_cluster', { name: 'east', state: 'absent', force: true })
    await start(LAB, 's1')
    for (const force of [false, true])
      await refused(
        's1',
        'innodb_cluster_reboot',
        { force },
        /record of cluster "east", but that was removed from ClusterSet "globe" while it was down.*innodb_replica_cluster/,
        ['s1', 's3', 's4'],
      )
    await converges('s1', 'innodb_replica_cluster', {
      name: 'east',
      cert_subject: '/CN=s1',
      recovery_method: 'clone',
    })
    await replicates('s1')
    assert.deepEqual(await sql(LAB, 's1', "SHOW DATABASES LIKE 'only%'"), [])
  })
})
