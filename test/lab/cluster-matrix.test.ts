import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AUTH_TYPES, SSL_MODES, type AuthType, type SslMode } from '../../src/mysql/step.js'
import { makeCertificates, tearDown, tlsVariables } from './cluster-hosts.js'
import { proveAccount, uploadClients } from './login-attempts.js'
import { shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { changes, play, PROJECT, transcript, type Run } from './signet.js'

const LAB = testLab('matrix')

const CLUSTER = `
- hosts: mysql
  become: true
  gather_facts: false
  vars:
    subject: "{{ '/CN=' ~ inventory_hostname if 'SUBJECT' in auth_type else omit }}"
  tasks:
    - name: create
      innodb_cluster:
        name: matrix
        member_ssl_mode: "{{ ssl_mode }}"
        member_auth_type: "{{ auth_type }}"
        cert_issuer: "{{ '/CN=MyName' if 'CERT' in auth_type else omit }}"
        cert_subject: "{{ subject }}"
      when: inventory_hostname == 's1'
    - name: add
      innodb_cluster_instance:
        cluster: matrix
        cert_subject: "{{ subject }}"
      when: inventory_hostname == 's2'
`
const TLS = `
- hosts: mysql
  become: true
  gather_facts: false
  roles: [mysql_tls]
`

describe('every SSL mode with every type of authentication', () => {
  let lab: TestLab
  let pki: string
  const run = (playbook: string, ...words: string[]): Promise<Run> =>
    play([
      join(lab.directory, playbook),
      '-i',
      lab.inventory,
      '--roles-path',
      join(PROJECT, 'roles'),
      ...words,
    ])
  const create = (mode: string, type: string, ...words: string[]): Promise<Run> =>
    run('cluster.yml', '-e', `ssl_mode=${mode}`, '-e', `auth_type=${type}`, ...words)

  before(async () => {
    lab = await startLab(LAB, 2)
    pki = join(lab.directory, 'pki')
    await makeCertificates(pki, lab.hosts)
    await writeFile(join(lab.directory, 'cluster.yml'), CLUSTER)
    await writeFile(join(lab.directory, 'tls.yml'), TLS)
    const servers = await run('tls.yml', '-e', tlsVariables(pki))
    assert.equal(servers.code, 0, transcript(servers))
    await uploadClients(lab, pki)
  })
  afterEach(() => tearDown(lab, lab.hosts))
  after(() => stopLab(LAB))

  async function proveMembers(mode: SslMode, type: AuthType): Promise<void> {
    const verifies = mode.startsWith('VERIFY')
    const variables = Object.entries({
      group_replication_ssl_mode: mode,
      group_replication_recovery_use_ssl: mode === 'DISABLED' ? 'OFF' : 'ON',
      group_replication_recovery_ssl_verify_server_cert: mode === 'VERIFY_IDENTITY' ? 'ON' : 'OFF',
      group_replication_recovery_ssl_ca: verifies ? '/etc/mysql/ssl/ca.pem' : '',
      group_replication_recovery_ssl_cert: type === 'PASSWORD' ? '' : '/etc/mysql/ssl/server-cert.pem',
    })
    const wrong = variables
      .map(
        ([name, value]) =>
          `SELECT '${name}', VARIABLE_VALUE FROM performance_schema.global_variables WHERE VARIABLE_NAME = '${name}' AND VARIABLE_VALUE <> '${value}'`,
      )
      .join(' UNION ALL ')
    const [first, second] = await Promise.all([
      sql(
        LAB,
        's1',
        // With the connections of the group, as the server that accepted them sees them.
        `${wrong}; SELECT MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members ORDER BY 1;
         SELECT DISTINCT IF(s.VARIABLE_VALUE = '', 'none', s.VARIABLE_VALUE) FROM performance_schema.threads t JOIN performance_schema.status_by_thread s USING (THREAD_ID)
         WHERE t.PROCESSLIST_USER LIKE 'mysql\\_innodb\\_%' AND s.VARIABLE_NAME = 'Ssl_version'`,
      ),
      sql(LAB, 's2', wrong),
    ])
    assert.deepEqual(first, [
      's1\tONLINE\tPRIMARY',
      's2\tONLINE\tSECONDARY',
      mode === 'DISABLED' ? 'none' : 'TLSv1.3',
    ])
    assert.deepEqual(second, [])
  }

  const possible = SSL_MODES.flatMap((mode) =>
    AUTH_TYPES.filter((type) => mode !== 'DISABLED' || type === 'PASSWORD').map(
      (type) => [mode, type] as const,
    ),
  )
  for (const [mode, type] of possible)
    it(`${mode} and ${type}`, async () => {
      const made = await create(mode, type)
      assert.equal(made.code, 0, transcript(made))
      // One after the other: a login that the account has to accept is a connection, too.
      await proveMembers(mode, type)
      await proveAccount(lab, 'mysql_innodb_cluster_2', 'group_replication_recovery', type)
      if (type === 'CERT_SUBJECT') assert.deepEqual(changes(await create(mode, type)), [])
    })

  it('AUTO is REQUIRED where there is TLS, with every type', async () => {
    for (const type of AUTH_TYPES) {
      const looked = await create('AUTO', type, '--check', '--diff')
      assert.equal(looked.code, 0, transcript(looked))
      assert.match(looked.stdout, new RegExp(`memberSslMode REQUIRED, memberAuthType ${type}\\b`))
    }
    const made = await create('AUTO', 'CERT_ISSUER')
    assert.equal(made.code, 0, transcript(made))
    await proveMembers('REQUIRED', 'CERT_ISSUER')
    assert.deepEqual(changes(await create('AUTO', 'CERT_ISSUER')), [])
  })

  it('DISABLED with a type that asks for a certificate is refused', async () => {
    for (const type of AUTH_TYPES.filter((one) => one !== 'PASSWORD')) {
      const refused = await create('DISABLED', type)
      assert.equal(refused.code, 2, transcript(refused))
      assert.match(refused.stdout, /DISABLED allows only member_auth_type PASSWORD/)
    }
  })

  it('a server without TLS: AUTO is DISABLED; modes and types that need TLS are refused', async () => {
    const off = `printf '[mysqld]\\ntls_version=\\n' > /etc/mysql/mysql.conf.d/zzz-off.cnf; systemctl restart mysql`
    await Promise.all(lab.hosts.map((host) => shell(LAB, host, off)))
    for (const [mode, type, expected] of [
      ['REQUIRED', 'PASSWORD', /its server speaks no TLS/],
      ['VERIFY_CA', 'CERT_ISSUER', /its server speaks no TLS/],
      ['AUTO', 'CERT_SUBJECT', /DISABLED allows only member_auth_type PASSWORD/],
    ] as const) {
      const refused = await create(mode, type)
      assert.equal(refused.code, 2, transcript(refused))
      assert.match(refused.stdout, expected)
    }
    const made = await create('AUTO', 'PASSWORD')
    assert.equal(made.code, 0, transcript(made))
    await proveMembers('DISABLED', 'PASSWORD')
  })
})
