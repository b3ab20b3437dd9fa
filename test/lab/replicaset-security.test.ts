import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AUTH_TYPES, SSL_MODES, type AuthType, type SslMode } from '../../src/mysql/step.js'
import { makeCertificates, tearDown, tlsVariables, upload } from './cluster-hosts.js'
import { proveAccount, uploadClients } from './login-attempts.js'
import { serverState, shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { changes, play, PROJECT, transcript, type Run } from './signet.js'

const LAB = testLab('rs-security')

const TLS = `
- hosts: mysql
  become: true
  gather_facts: false
  roles: [mysql_tls]
`
const REPLICASET = `
- hosts: mysql
  become: true
  gather_facts: false
  vars:
    subject: "{{ '/CN=' ~ inventory_hostname if 'SUBJECT' in auth_type else omit }}"
  tasks:
    - name: create
      innodb_replicaset:
        name: matrix
        replication_ssl_mode: "{{ ssl_mode }}"
        member_auth_type: "{{ auth_type }}"
        cert_issuer: "{{ (issuer | default('/CN=MyName')) if 'CERT' in auth_type else omit }}"
        cert_subject: "{{ own_subject | default(subject) }}"
      when: inventory_hostname == 's1'
    - name: add
      innodb_replicaset_instance:
        replicaset: matrix
        cert_subject: "{{ joiner_subject | default(subject) }}"
      when: inventory_hostname == 's2'
`

describe('the channels of a ReplicaSet: every SSL mode with every type of authentication', () => {
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
    run('replicaset.yml', '-e', `ssl_mode=${mode}`, '-e', `auth_type=${type}`, ...words)
  const states = (): Promise<readonly string[]> =>
    Promise.all(lab.hosts.map((host) => serverState(LAB, host)))

  before(async () => {
    lab = await startLab(LAB, 2)
    pki = join(lab.directory, 'pki')
    await makeCertificates(pki, lab.hosts)
    await writeFile(join(lab.directory, 'replicaset.yml'), REPLICASET)
    await writeFile(join(lab.directory, 'tls.yml'), TLS)
    const servers = await run('tls.yml', '-e', tlsVariables(pki))
    assert.equal(servers.code, 0, transcript(servers))
    await uploadClients(lab, pki)
  })
  afterEach(() => tearDown(lab, lab.hosts))
  after(() => stopLab(LAB))

  /** The channel as its replica shows it, and as the primary sees the connection. */
  async function proveChannel(mode: SslMode, type: AuthType): Promise<void> {
    const [channel, connection] = await Promise.all([
      sql(
        LAB,
        's2',
        "SELECT USER, SSL_ALLOWED, SSL_CA_FILE, SSL_VERIFY_SERVER_CERTIFICATE, SSL_CERTIFICATE, SSL_KEY, @@global.super_read_only FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME = ''",
      ),
      sql(
        LAB,
        's1',
        `SELECT DISTINCT IF(s.VARIABLE_VALUE = '', 'none', s.VARIABLE_VALUE) FROM performance_schema.threads t JOIN performance_schema.status_by_thread s USING (THREAD_ID)
         WHERE t.PROCESSLIST_USER = 'mysql_innodb_rs_2' AND t.PROCESSLIST_COMMAND LIKE 'Binlog Dump%' AND s.VARIABLE_NAME = 'Ssl_version'`,
      ),
    ])
    const certificate = type === 'PASSWORD' ? '' : '/etc/mysql/ssl/server'
    assert.deepEqual(channel, [
      [
        'mysql_innodb_rs_2',
        mode === 'DISABLED' ? 'NO' : 'YES',
        mode.startsWith('VERIFY') ? '/etc/mysql/ssl/ca.pem' : '',
        mode === 'VERIFY_IDENTITY' ? 'YES' : 'NO',
        certificate && `${certificate}-cert.pem`,
        certificate && `${certificate}-key.pem`,
        '1',
      ].join('\t'),
    ])
    assert.deepEqual(connection, [mode === 'DISABLED' ? 'none' : 'TLSv1.3'])
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
      await Promise.all([proveChannel(mode, type), proveAccount(lab, 'mysql_innodb_rs_2', '', type)])
      if (type === 'CERT_SUBJECT') assert.deepEqual(changes(await create(mode, type)), [])
    })

  it('AUTO is REQUIRED where there is TLS, with every type', async () => {
    for (const type of AUTH_TYPES) {
      const looked = await create('AUTO', type, '--check', '--diff')
      assert.equal(looked.code, 0, transcript(looked))
      assert.match(looked.stdout, new RegExp(`replicationSslMode REQUIRED, memberAuthType ${type}\\b`))
    }
    const made = await create('AUTO', 'CERT_ISSUER')
    assert.equal(made.code, 0, transcript(made))
    await proveChannel('REQUIRED', 'CERT_ISSUER')
    assert.deepEqual(changes(await create('AUTO', 'CERT_ISSUER')), [])
  })

  it('what can not be is refused before anything is touched', async () => {
    const before = await states()
    const cases: readonly (readonly [mode: string, type: AuthType, values: object, RegExp])[] = [
      ...AUTH_TYPES.filter((type) => type !== 'PASSWORD').flatMap((type) => [
        ['DISABLED', type, {}, /DISABLED allows only member_auth_type PASSWORD/] as const,
        ['VERIFY_CA', type, { issuer: '' }, /needs cert_issuer/] as const,
      ]),
      ['REQUIRED', 'CERT_SUBJECT', { own_subject: '' }, /needs cert_subject/],
      [
        'REQUIRED',
        'CERT_ISSUER',
        { issuer: '/CN=Nobody' },
        /issued by "\/CN=MyName", but cert_issuer is "\/CN=Nobody"/,
      ],
      [
        'REQUIRED',
        'CERT_SUBJECT_PASSWORD',
        { own_subject: '/CN=other' },
        /is for "\/CN=s1", but cert_subject is "\/CN=other"/,
      ],
    ]
    for (const [mode, type, values, expected] of cases) {
      const refused = await create(mode, type, '-e', JSON.stringify(values), '-l', 's1')
      assert.equal(refused.code, 2, transcript(refused))
      assert.match(refused.stdout, expected)
    }
    assert.deepEqual(await states(), before)
  })

  it('a member that can not log in is not added, and every server stays as it was', async () => {
    const alone = await create('VERIFY_IDENTITY', 'CERT_SUBJECT', '-l', 's1')
    assert.equal(alone.code, 0, transcript(alone))
    const before = await states()
    const refused = async (expected: RegExp, ...words: string[]): Promise<void> => {
      const failed = await create('VERIFY_IDENTITY', 'CERT_SUBJECT', ...words)
      assert.equal(failed.code, 2, transcript(failed))
      assert.match(failed.stdout, expected)
      assert.deepEqual(changes(failed), [])
      assert.deepEqual(await states(), before, 'the cancelled operation left something behind')
    }
    await refused(
      /is for "\/CN=s2", but cert_subject is "\/CN=other"/,
      '-e',
      '{"joiner_subject": "/CN=other"}',
    )
    await refused(/needs cert_subject/, '-e', '{"joiner_subject": ""}')
    // The very same names, but of an authority that s1 does not know.
    const strangers = join(lab.directory, 'strangers')
    await makeCertificates(strangers, ['s2'])
    await upload(lab, 's2', strangers, '/root/strangers', ['ca1.pem', 's2-cert.pem', 's2-key.pem'])
    const use = (from: string, files: readonly string[]): Promise<string> =>
      shell(
        LAB,
        's2',
        `cd /etc/mysql/ssl; ${['ca', 'server-cert', 'server-key'].map((name, i) => `cat ${from}/${files[i] ?? ''} > ${name}.pem`).join('; ')}; mysql -e 'ALTER INSTANCE RELOAD TLS'`,
      )
    await shell(LAB, 's2', 'cp -a /etc/mysql/ssl /root/ssl')
    await use('/root/strangers', ['ca1.pem', 's2-cert.pem', 's2-key.pem'])
    await refused(/ssl_ca does not hold that authority/)
    await use('/root/ssl', ['ca.pem', 'server-cert.pem', 'server-key.pem'])
    const joined = await create('VERIFY_IDENTITY', 'CERT_SUBJECT')
    assert.equal(joined.code, 0, transcript(joined))
  })

  it('a server without TLS: AUTO is DISABLED; modes and types that need TLS are refused', async () => {
    const off = `printf '[mysqld]\\ntls_version=\\n' > /etc/mysql/mysql.conf.d/zzz-off.cnf; systemctl restart mysql`
    await Promise.all(lab.hosts.map((host) => shell(LAB, host, off)))
    const before = await states()
    for (const [mode, type, expected] of [
      ['REQUIRED', 'PASSWORD', /its server speaks no TLS/],
      ['VERIFY_CA', 'CERT_ISSUER', /its server speaks no TLS/],
      ['AUTO', 'CERT_SUBJECT', /DISABLED allows only member_auth_type PASSWORD/],
    ] as const) {
      const refused = await create(mode, type)
      assert.equal(refused.code, 2, transcript(refused))
      assert.match(refused.stdout, expected)
    }
    assert.deepEqual(await states(), before)
    const made = await create('AUTO', 'PASSWORD')
    assert.equal(made.code, 0, transcript(made))
    await proveChannel('DISABLED', 'PASSWORD')
  })
})
