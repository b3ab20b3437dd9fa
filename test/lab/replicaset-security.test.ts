import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AUTH_TYPES, SSL_MODES, type AuthType, type SslMode } from '../../src/mysql/step.js'
import { makeCertificates, tearDown, tlsVariables, upload } from './cluster-hosts.js'
import { proveAccount, uploadClients } from './login-attempts.js'
import { serverState, shell, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { changes, play, PROJECT, results, transcript, type Run } from './signet.js'

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
        cert_issuer: "{{ '/CN=MyName' if 'CERT' in auth_type else omit }}"
        cert_subject: "{{ subject }}"
      when: inventory_hostname == 's1'
    - name: add
      innodb_replicaset_instance:
        replicaset: matrix
        cert_subject: "{{ subject }}"
      when: inventory_hostname == 's2'
`

describe('the channels of a ReplicaSet: every SSL mode with every type of authentication', () => {
  let lab: TestLab
  let pki: string
  const run = (playbook: string, ...words: string[]): Promise<Run> =>
    play([
      join(lab.directory, playbook),
      ...words,
      '-i',
      lab.inventory,
      '--roles-path',
      join(PROJECT, 'roles'),
    ])
  const create = (mode: string, type: string, ...words: string[]): Promise<Run> =>
    run('replicaset.yml', '-e', `ssl_mode=${mode}`, '-e', `auth_type=${type}`, ...words)
  /** Makes the ReplicaSet, and finds nothing to do when the same playbook comes again. */
  async function makes(mode: string, type: string): Promise<void> {
    const made = await create(mode, type, join(lab.directory, 'replicaset.yml'))
    assert.equal(made.code, 0, transcript(made))
    assert.deepEqual(changes(made), ['s1: create', 's2: add'], transcript(made))
  }
  /** Tasks that must be refused, each with its reason, in one run. */
  async function refuses(
    host: 's1' | 's2',
    module: 'innodb_replicaset' | 'innodb_replicaset_instance',
    cases: readonly (readonly [args: object, reason: RegExp])[],
  ): Promise<void> {
    const tasks = cases.map(([args], i) => ({ name: `case ${i}`, ignore_errors: true, [module]: args }))
    const plays = [{ hosts: host, become: true, gather_facts: false, tasks }]
    await writeFile(join(lab.directory, 'refused.yml'), JSON.stringify(plays))
    const done = await run('refused.yml')
    assert.equal(done.code, 0, transcript(done))
    const told = results(done).map(({ result }) => result)
    assert.deepEqual(
      told.map(({ status }) => status),
      cases.map(() => 'failed'),
      transcript(done),
    )
    cases.forEach(([args, reason], i) => {
      assert.match(told[i]?.message ?? '', reason, JSON.stringify(args))
    })
  }
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
  // There is no group that would elect another primary meanwhile: all at once.
  afterEach(() => Promise.all(lab.hosts.map((host) => tearDown(lab, [host]))))
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
      await makes(mode, type)
      await Promise.all([proveChannel(mode, type), proveAccount(lab, 'mysql_innodb_rs_2', '', type)])
    })

  it('AUTO is REQUIRED where there is TLS, with every type', async () => {
    for (const type of AUTH_TYPES) {
      const looked = await create('AUTO', type, '--check', '--diff', '-l', 's1')
      assert.equal(looked.code, 0, transcript(looked))
      assert.match(looked.stdout, new RegExp(`replicationSslMode REQUIRED, memberAuthType ${type}\\b`))
    }
    await makes('AUTO', 'CERT_ISSUER')
    await proveChannel('REQUIRED', 'CERT_ISSUER')
  })

  it('what can not be is refused before anything is touched', async () => {
    const before = await states()
    const wish = (mode: string, type: AuthType, issuer: string, subject: string): object => ({
      name: 'matrix',
      members: ['s1'],
      replication_ssl_mode: mode,
      member_auth_type: type,
      cert_issuer: issuer,
      cert_subject: subject,
    })
    await refuses('s1', 'innodb_replicaset', [
      ...AUTH_TYPES.filter((type) => type !== 'PASSWORD').flatMap((type) => [
        [
          wish('DISABLED', type, '/CN=MyName', '/CN=s1'),
          /DISABLED allows only member_auth_type PASSWORD/,
        ] as const,
        [wish('VERIFY_CA', type, '', '/CN=s1'), /needs cert_issuer/] as const,
      ]),
      [wish('REQUIRED', 'CERT_SUBJECT', '/CN=MyName', ''), /needs cert_subject/],
      [
        wish('REQUIRED', 'CERT_ISSUER', '/CN=Nobody', ''),
        /issued by "\/CN=MyName", but cert_issuer is "\/CN=Nobody"/,
      ],
      [
        wish('REQUIRED', 'CERT_SUBJECT_PASSWORD', '/CN=MyName', '/CN=other'),
        /is for "\/CN=s1", but cert_subject is "\/CN=other"/,
      ],
    ])
    assert.deepEqual(await states(), before)
  })

  it('a member that can not log in is not added, and every server stays as it was', async () => {
    const alone = await create('VERIFY_IDENTITY', 'CERT_SUBJECT', '-l', 's1')
    assert.equal(alone.code, 0, transcript(alone))
    const before = await states()
    const joining = (subject: string): object => ({
      replicaset: 'matrix',
      members: lab.hosts,
      cert_subject: subject,
    })
    await refuses('s2', 'innodb_replicaset_instance', [
      [joining('/CN=other'), /is for "\/CN=s2", but cert_subject is "\/CN=other"/],
      [joining(''), /needs cert_subject/],
    ])
    assert.deepEqual(await states(), before)
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
    const failed = await create('VERIFY_IDENTITY', 'CERT_SUBJECT')
    assert.equal(failed.code, 2, transcript(failed))
    assert.match(failed.stdout, /ssl_ca does not hold that authority/)
    assert.deepEqual(changes(failed), [])
    assert.deepEqual(await states(), before, 'the cancelled operation left something behind')
    await use('/root/ssl', ['ca.pem', 'server-cert.pem', 'server-key.pem'])
    const joined = await create('VERIFY_IDENTITY', 'CERT_SUBJECT')
    assert.equal(joined.code, 0, transcript(joined))
  })

  it('a server without TLS: AUTO is DISABLED; modes and types that need TLS are refused', async () => {
    const off = `printf '[mysqld]\\ntls_version=\\n' > /etc/mysql/mysql.conf.d/zzz-off.cnf; systemctl restart mysql`
    await Promise.all(lab.hosts.map((host) => shell(LAB, host, off)))
    const before = await states()
    const wish = (mode: string, type: AuthType): object => ({
      name: 'matrix',
      members: ['s1'],
      replication_ssl_mode: mode,
      member_auth_type: type,
      ...(type === 'PASSWORD' ? {} : { cert_issuer: '/CN=MyName' }),
      ...(type === 'CERT_SUBJECT' ? { cert_subject: '/CN=s1' } : {}),
    })
    await refuses('s1', 'innodb_replicaset', [
      [wish('REQUIRED', 'PASSWORD'), /its server speaks no TLS/],
      [wish('VERIFY_CA', 'CERT_ISSUER'), /its server speaks no TLS/],
      [wish('AUTO', 'CERT_SUBJECT'), /DISABLED allows only member_auth_type PASSWORD/],
    ])
    assert.deepEqual(await states(), before)
    await makes('AUTO', 'PASSWORD')
    await proveChannel('DISABLED', 'PASSWORD')
  })
})
