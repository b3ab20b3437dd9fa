import assert from 'node:assert/strict'
import { changes, results, signet, transcript } from './signet.js'
import { ReplicaSetHosts } from './replicaset-hosts.js'
import { resetHosts, serverState, shell, sql, stopLab, testLab } from './servers.js'
import { kill, start } from './task.js'

const LAB = testLab('rs-life')
const OWN = {
  options: `
    - name: Member
      innodb_replicaset_instance:
        replicaset: replicaset
        label: "{{ inventory_hostname }} here"
        tags: {rack: "{{ inventory_hostname[1:] | int }}", _hidden: "{{ inventory_hostname == 's3' }}"}
        replication_connect_retry: 7
        replication_retry_count: 20
        replication_heartbeat_period: 5.5
        replication_compression_algorithms: zstd,uncompressed
        replication_zstd_compression_level: 9
      throttle: 1
    - name: Set
      innodb_replicaset:
        name: replicaset
        member_auth_type: CERT_SUBJECT
        cert_issuer: /CN=MyName
        replication_allowed_host: "10.80.0.%"
        tags: {site: north}
      run_once: true
`,
  defaults: `
    - name: Member
      innodb_replicaset_instance:
        replicaset: replicaset
        replication_connect_retry: DEFAULT
        replication_retry_count: DEFAULT
        replication_heartbeat_period: DEFAULT
        replication_compression_algorithms: DEFAULT
        replication_zstd_compression_level: DEFAULT
        replication_bind: DEFAULT
        replication_network_namespace: DEFAULT
      throttle: 1
`,
  label: `
    - name: Label
      innodb_replicaset_instance: {replicaset: replicaset, label: s1 here}
      when: inventory_hostname == 's2'
`,
}
const METADATA = 'mysql_innodb_cluster_metadata'

describe('the life of a ReplicaSet', () => {
  let set: ReplicaSetHosts
  before(async () => {
    set = await ReplicaSetHosts.start(LAB, OWN)
    await shell(LAB, 's1', 'mysql -e "CREATE DATABASE app; CREATE TABLE app.t (id INT PRIMARY KEY)"')
  })
  after(() => stopLab(LAB))

  const states = async (): Promise<readonly string[]> => {
    await set.arrived()
    return Promise.all(set.lab.hosts.map((host) => serverState(LAB, host)))
  }
  /** The options of a server's channel that are in use. */
  const channelOptions = (host: string): Promise<readonly string[]> =>
    sql(
      LAB,
      host,
      "SELECT CONNECTION_RETRY_INTERVAL, CONNECTION_RETRY_COUNT, HEARTBEAT_INTERVAL, COMPRESSION_ALGORITHM, ZSTD_COMPRESSION_LEVEL FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME = ''",
    )

  it('a planned change of the primary under load loses nothing', async () => {
    await shell(
      LAB,
      's1',
      `cat > /root/write.sh <<'END'
i=0; while mysql -e "INSERT INTO app.t VALUES ($i)" 2>/dev/null; do echo $i >> /root/written; i=$((i+1)); done; touch /root/refused
END
setsid sh /root/write.sh </dev/null >/dev/null 2>&1 & until test "$(wc -l < /root/written)" -gt 10; do sleep 0.1; done`,
    )
    await set.changesOnce(['s2: Primary'], 'primary.yml', '-e', 'to=s2')
    await shell(LAB, 's1', 'until test -e /root/refused; do sleep 0.1; done')
    await set.arrived()
    const written = Number(await shell(LAB, 's1', 'wc -l < /root/written'))
    for (const host of set.lab.hosts)
      assert.deepEqual(await sql(LAB, host, 'SELECT COUNT(*), MAX(id) FROM app.t'), [
        `${written}\t${written - 1}`,
      ])
    await set.isWhole('s2')
    assert.deepEqual(await set.succeeds(set.build()), [])
  })

  it('a change of the primary that fails half-way is turned back', async () => {
    const before = await states()
    // Nobody can close a server for writes while somebody holds a lock.
    await shell(
      LAB,
      's2',
      'setsid mysql -e "LOCK TABLES app.t WRITE; DO SLEEP(600)" </dev/null >/dev/null 2>&1 & until mysql -NBe "SHOW PROCESSLIST" | grep -q SLEEP; do sleep 0.1; done',
    )
    await set.refuses(/make s2 read-only.*undone/s, set.run('primary.yml', '-e', 'to=s1', '-e', 'patience=1'))
    await shell(
      LAB,
      's2',
      `mysql -e "KILL $(mysql -NBe "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'DO SLEEP%'")"`,
    )
    assert.deepEqual(await states(), before)
    await set.isWhole('s2')
  })

  it('a primary that is lost is replaced by force, and rejoins', async () => {
    await kill(LAB, 's2')
    await set.refuses(
      /s2:3306 .* is not among the servers that answer/,
      set.run('primary.yml', '-e', 'to=s1'),
    )
    await set.changesOnce(['s1: Primary'], 'primary.yml', '-e', 'to=s1', '-e', 'force=true')
    await shell(LAB, 's1', 'mysql -e "INSERT INTO app.t VALUES (-1)"')
    await start(LAB, 's2')
    assert.deepEqual(await set.members(), ['s1:PRIMARY:ONLINE', 's2:null:INVALIDATED', 's3:SECONDARY:ONLINE'])
    await set.changesOnce(['s2: Member'], 'member.yml')
    await set.isWhole('s1')
    assert.deepEqual(await sql(LAB, 's2', 'SELECT MIN(id), @@global.super_read_only FROM app.t'), ['-1\t1'])
  })

  it('a member with transactions of its own does not rejoin, unless it shall be cloned', async () => {
    await shell(LAB, 's2', 'mysql -e "SET GLOBAL super_read_only = OFF; CREATE DATABASE strange"')
    const before = await serverState(LAB, 's2')
    await set.refuses(
      /s2 has transactions that the primary s1 .* lacks \([0-9a-f-]{36}:\d+\)/,
      set.run('member.yml'),
    )
    assert.equal(await serverState(LAB, 's2'), before)
    await set.changesOnce(['s2: Member'], 'member.yml', '-e', 'how=clone')
    await set.isWhole('s1')
    assert.deepEqual(await sql(LAB, 's2', "SHOW DATABASES LIKE 'strange'"), [])
    assert.deepEqual(await set.succeeds(set.build()), [])
  })

  it('labels, tags, channel options and the host part of accounts are changed, once', async () => {
    await set.changesOnce(['s1: Member', 's1: Set', 's2: Member', 's3: Member'], 'options.yml')
    const { stdout } = await signet(['cluster', 'options', '-i', set.lab.inventory])
    const { replicaSets } = JSON.parse(stdout) as {
      replicaSets: {
        replicaSet: {
          globalOptions: { option: string; value: unknown }[]
          tags: unknown
          topology: Record<string, { option?: string; value: unknown; variable?: unknown }[]>
        }
      }[]
    }
    const shown = replicaSets[0]?.replicaSet
    const rack = (value: number) => [
      { option: 'rack', value },
      { option: '_hidden', value: value === 3 },
    ]
    assert.deepEqual(shown?.tags, {
      global: [{ option: 'site', value: 'north' }],
      's1 here': rack(1),
      's2 here': rack(2),
      's3 here': rack(3),
    })
    assert.deepEqual(shown.globalOptions[0], { option: 'replicationAllowedHost', value: '10.80.0.%' })
    assert.deepEqual(
      shown.topology['s3 here']?.filter(({ option }) => option?.startsWith('replication') === true),
      [
        { option: 'replicationConnectRetry', value: 7, variable: 7 },
        { option: 'replicationRetryCount', value: 20, variable: 20 },
        { option: 'replicationHeartbeatPeriod', value: 5.5, variable: 5.5 },
        {
          option: 'replicationCompressionAlgorithms',
          value: 'zstd,uncompressed',
          variable: 'zstd,uncompressed',
        },
        { option: 'replicationZstdCompressionLevel', value: 9, variable: 9 },
        { option: 'replicationBind', value: '', variable: null },
        { option: 'replicationNetworkNamespace', value: '', variable: null },
      ],
    )
    await set.refuses(/The label "s1 here" belongs to s1:3306 already/, set.run('label.yml'))
    await shell(LAB, 's3', "mysql -e \"STOP REPLICA FOR CHANNEL ''; START REPLICA FOR CHANNEL ''\"")
    await set.arrived()
    assert.deepEqual(await set.succeeds(set.build()), [])
    await set.isWhole('s1')
  })

  it('a hidden member is shown as hiddenFromRouter, like AdminAPI does', async () => {
    const hidden = Object.entries(await set.topology()).map(([label, { hiddenFromRouter }]) => [
      label,
      hiddenFromRouter,
    ])
    assert.deepEqual(hidden, [
      ['s1 here', undefined],
      ['s2 here', undefined],
      ['s3 here', true],
    ])
  })

  it('options of the channels survive a change of the primary, and are brought back to their defaults', async () => {
    const given = ['7\t20\t5.500\tzstd,uncompressed\t9']
    const turned = ['s1: Primary', 's2: Primary']
    for (const to of ['s2', 's1'])
      assert.deepEqual(
        await set.succeeds(set.run('primary.yml', '-e', `to=${to}`)),
        turned.filter((each) => each.startsWith(to)),
      )
    assert.deepEqual([await channelOptions('s2'), await channelOptions('s3')], [given, given])
    await set.changesOnce(['s1: Member', 's2: Member', 's3: Member'], 'defaults.yml')
    const usual = ['60\t10\t30.000\tuncompressed\t3']
    assert.deepEqual([await channelOptions('s2'), await channelOptions('s3')], [usual, usual])
    assert.deepEqual(
      await sql(LAB, 's1', `SELECT COUNT(*) FROM ${METADATA}.instances WHERE attributes LIKE '%opt_repl%'`),
      ['0'],
    )
    // What nobody recorded is left alone, and brought back when it is asked for.
    await sql(
      LAB,
      's3',
      "STOP REPLICA FOR CHANNEL ''; CHANGE REPLICATION SOURCE TO SOURCE_CONNECT_RETRY = 9 FOR CHANNEL ''; START REPLICA FOR CHANNEL ''",
    )
    await set.arrived()
    assert.deepEqual(await set.succeeds(set.run('member.yml')), [])
    assert.deepEqual(await set.succeeds(set.run('defaults.yml')), ['s3: Member'])
    assert.deepEqual(await channelOptions('s3'), usual)
    await set.isWhole('s1')
  })

  it('a rescan corrects identities and drops accounts of nobody', async () => {
    const record = `${METADATA}.instances`
    await sql(
      LAB,
      's1',
      `CREATE USER mysql_innodb_rs_99; UPDATE ${record} SET address = 'old:3306' WHERE address = 's2:3306'`,
    )
    await shell(LAB, 's3', 'systemctl stop mysql; rm /var/lib/mysql/auto.cnf; systemctl start mysql')
    await set.arrived()
    assert.deepEqual(await set.members(), [
      's1:PRIMARY:ONLINE',
      's2:SECONDARY:ONLINE',
      // Found by its address; what is wrong with its identity is told besides.
      's3:SECONDARY:ONLINE',
    ])
    await set.changesOnce(['s1: Rescan'], 'rescan.yml')
    await set.isWhole('s1')
    assert.deepEqual(
      await sql(LAB, 's1', `SELECT address, addresses->>'$.mysqlClassic' FROM ${record} ORDER BY 1`),
      set.lab.hosts.map((host) => `${host}:3306\t${host}:3306`),
    )
  })

  it('a rescan forgets several members at once, and makes members of several that were made replicas by hand', async () => {
    const told = async (): Promise<readonly string[]> => {
      const looked = await set.run('rescan.yml')
      assert.equal(looked.code, 0, transcript(looked))
      assert.deepEqual(changes(looked), [])
      return results(looked)[0]?.result.warnings ?? []
    }
    await Promise.all(['s2', 's3'].map((host) => sql(LAB, host, 'STOP REPLICA; RESET REPLICA ALL')))
    assert.deepEqual(
      await told(),
      ['s2', 's3'].map(
        (host) =>
          `${host}:3306 is recorded, but does not follow the primary; bring it back (innodb_replicaset_instance), or forget it with remove_obsolete: true.`,
      ),
    )
    await set.changesOnce(['s1: Rescan'], 'rescan.yml', '-e', 'remove=true')
    assert.deepEqual(await set.members(), ['s1:PRIMARY:ONLINE'])
    assert.deepEqual(
      await sql(LAB, 's1', "SELECT User FROM mysql.user WHERE User LIKE 'mysql\\_innodb\\_%'"),
      ['mysql_innodb_rs_1'],
    )
    await sql(
      LAB,
      's1',
      "CREATE USER by_hand IDENTIFIED BY 'By-hand-4711'; GRANT REPLICATION SLAVE ON *.* TO by_hand",
    )
    await Promise.all(
      ['s2', 's3'].map((host) =>
        sql(
          LAB,
          host,
          "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 's1', SOURCE_USER = 'by_hand', SOURCE_PASSWORD = 'By-hand-4711', SOURCE_AUTO_POSITION = 1, SOURCE_SSL = 1; START REPLICA",
        ),
      ),
    )
    assert.deepEqual(
      await told(),
      ['s2', 's3'].map(
        (host) => `${host}:3306 follows the primary without a record; add_unmanaged: true makes it a member.`,
      ),
    )
    await set.changesOnce(['s1: Rescan'], 'rescan.yml', '-e', 'add=true')
    await set.isWhole('s1')
    await sql(LAB, 's1', 'DROP USER by_hand')
    assert.deepEqual(await set.succeeds(set.build()), [])
  })

  it('a member that is gone for good is forgotten by force; a new one in its place is cloned when it must be', async () => {
    await kill(LAB, 's3')
    const dead = await set.run('primary.yml', '-e', 'to=s3')
    assert.equal(dead.code, 4, transcript(dead))
    await set.refuses(/s3:3306 does not answer.*force: true/, set.run('forget.yml'))
    assert.deepEqual(await set.succeeds(set.run('rescan.yml', '-e', 'remove=true', '--check')), [
      's1: Rescan',
    ])
    await set.changesOnce(['s1: Forget'], 'forget.yml', '-e', 'force=true')
    // A log that is just being sent to a replica is not purged.
    await shell(
      LAB,
      's1',
      'mysql -e "FLUSH BINARY LOGS"; until [ -n "$(mysql -NBe "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY; SELECT @@global.gtid_purged")" ]; do sleep 0.1; done',
    )
    await resetHosts(LAB, ['s3'])
    await set.refuses(
      /s1 has purged binary logs that s3 would need/,
      set.build('-e', 'innodb_replicaset_recovery_method=incremental'),
    )
    assert.deepEqual(await set.succeeds(set.build()), [
      's3: innodb_replicaset : Member of ReplicaSet replicaset',
    ])
    await set.isWhole('s1')
    assert.deepEqual(await set.succeeds(set.build()), [])
  })

  it('a failover leaves members out that do not answer; a rescan leaves them recorded, as AdminAPI does', async () => {
    const force = ['primary.yml', '-e', 'to=s2', '-e', 'force=true'] as const
    await Promise.all([set.stopServer('s1'), set.stopServer('s3')])
    await set.refuses(/s3:3306 does not answer.*invalidate_error_instances/s, set.run(...force))
    await set.changesOnce(['s2: Primary'], ...force, '-e', 'invalidate=true')
    const left = ['s1:null:INVALIDATED', 's2:PRIMARY:ONLINE', 's3:null:INVALIDATED']
    assert.deepEqual(await set.members(), left)
    const looked = await set.run('rescan.yml', '-e', 'remove=true', '-l', 's2,s3')
    assert.equal(looked.code, 0, transcript(looked))
    assert.deepEqual(changes(looked), [])
    assert.deepEqual(
      results(looked)[0]?.result.warnings,
      ['s1', 's3'].map(
        (host) =>
          `${host}:3306 was invalidated by a failover: let it rejoin, or remove it (innodb_replicaset_instance).`,
      ),
    )
  })

  it('forgotten by force, a member that still follows the former primary is taken back with its channel', async () => {
    for (const gone of ['s1', 's3'])
      assert.deepEqual(
        await set.succeeds(
          set.run('forget.yml', '-l', 's2,s3', '-e', `gone=${gone}`, '-e', 'on=s2', '-e', 'force=true'),
        ),
        ['s2: Forget'],
      )
    assert.deepEqual(await set.members(), ['s2:PRIMARY:ONLINE'])
    await Promise.all([set.startServer('s1'), set.startServer('s3')])
    await sql(LAB, 's2', 'INSERT INTO app.t VALUES (-2)')
    await set.changesOnce(['s1: Member', 's3: Member'], 'member.yml')
    await set.isWhole('s2')
    assert.deepEqual(await sql(LAB, 's3', 'SELECT MIN(id), @@global.super_read_only FROM app.t'), ['-2\t1'])
  })

  it('… but not one whose former primary went on taking writes, nor a channel that was made by hand', async () => {
    await set.stopServer('s3')
    assert.deepEqual(await set.succeeds(set.run('forget.yml', '-e', 'on=s2', '-e', 'force=true')), [
      's2: Forget',
    ])
    await set.startServer('s3')
    // s1 plays a former primary, which s3 follows with its account; both get a transaction that s2 lacks.
    const follow = (source: string, user: string): Promise<readonly string[]> =>
      sql(
        LAB,
        's3',
        `STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${source}', SOURCE_USER = '${user}'; START REPLICA`,
      )
    await follow('s1', 'mysql_innodb_rs_1')
    const byHand = await serverState(LAB, 's3')
    await set.refuses(
      /s3 replicates from s1:3306, which is not the primary s2:3306, by a channel that ReplicaSet "replicaset" did not make\. Remove it first/,
      set.run('member.yml', '-l', 's2,s3'),
    )
    assert.equal(await serverState(LAB, 's3'), byHand)
    await sql(LAB, 's3', 'STOP REPLICA; SET GLOBAL super_read_only = OFF; CREATE DATABASE astray')
    await follow('s1', 'mysql_innodb_rs_3')
    const before = await serverState(LAB, 's3')
    await set.refuses(
      /s3 has transactions that the primary s2 .* lacks \([0-9a-f-]{36}:\d+\).*recovery_method: clone/,
      set.run('member.yml', '-l', 's2,s3'),
    )
    assert.equal(await serverState(LAB, 's3'), before)
    await set.changesOnce(['s3: Member'], 'member.yml', '-e', 'how=clone')
    await set.isWhole('s2')
    assert.deepEqual(await sql(LAB, 's3', "SHOW DATABASES LIKE 'astray'"), [])
  })

  it('dissolved by force without a member, it is forgotten there, too, once that is back', async () => {
    await set.stopServer('s3')
    await set.refuses(/s3:3306 of ReplicaSet "replicaset" is not among.*force: true/, set.run('dissolve.yml'))
    await sql(LAB, 's2', 'INSERT INTO app.t VALUES (-3)')
    await set.changesOnce(['s1: Dissolve'], 'dissolve.yml', '-e', 'force=true', '-l', 's1,s2')
    await set.startServer('s3')
    const shown = await signet(['cluster', 'status', '-i', set.lab.inventory])
    assert.equal(shown.code, 2, transcript(shown))
    await set.changesOnce(['s1: Dissolve'], 'dissolve.yml')
    for (const host of set.lab.hosts) {
      assert.deepEqual(
        await sql(
          LAB,
          host,
          "SELECT User FROM mysql.user WHERE User LIKE 'mysql\\_innodb\\_%' UNION SELECT HOST FROM performance_schema.replication_connection_configuration UNION SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'mysql\\_innodb\\_cluster%'",
        ),
        [],
        host,
      )
      assert.deepEqual(await sql(LAB, host, 'SELECT @@global.super_read_only'), [host === 's2' ? '0' : '1'])
    }
    // Members that are well leave with everything that the primary had.
    assert.deepEqual(await sql(LAB, 's1', 'SELECT MIN(id) FROM app.t'), ['-3'])
  })
})
