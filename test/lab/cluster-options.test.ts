import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCertificates, members, tearDown, tlsVariables, variables } from './cluster-hosts.js'
import { sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { changes, play, PROJECT, transcript, type Run } from './signet.js'

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
})
