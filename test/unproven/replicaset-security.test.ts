import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tearDown } from '../lab/cluster-hosts.js'
import { changes, play, PROJECT, results, transcript, type Run } from '../lab/signet.js'
import { quote, serverState, shell, sql, startLab, stopLab, type TestLab, testLab } from '../lab/servers.js'

const LAB = testLab('rs-security')

const SERVERS = `
- hosts: replicaset
  gather_facts: false
  roles: [certificate_authority, server_certificate]
- hosts: replicaset
  become: true
  gather_facts: false
  roles: [mysql_tls]
`
const REPLICASET = `
- hosts: replicaset
  become: true
  gather_facts: false
  roles: [innodb_replicaset]
`
const DISSOLVE = `
- hosts: s1
  become: true
  gather_facts: false
  tasks:
    - innodb_replicaset: {name: replicaset, state: absent, members: [s1, s2]}
`

const TYPES = [
  'PASSWORD',
  'CERT_ISSUER',
  'CERT_SUBJECT',
  'CERT_ISSUER_PASSWORD',
  'CERT_SUBJECT_PASSWORD',
] as const
/** Every SSL mode with every type of authentication that goes with it. */
const COMBINATIONS = [
  ['DISABLED', 'PASSWORD'],
  ['AUTO', 'CERT_SUBJECT'],
  ...(['VERIFY_IDENTITY', 'VERIFY_CA', 'REQUIRED'] as const).flatMap((mode) =>
    TYPES.map((type) => [mode, type] as const),
  ),
] as const

describe('the channels of a ReplicaSet: every SSL mode and type of authentication', () => {
  let lab: TestLab
  const file = (name: string): string => join(lab.directory, name)
  const run = (playbook: string, ...words: string[]): Promise<Run> =>
    play([
      file(playbook),
      '-i',
      lab.inventory,
      '-i',
      file('groups.yml'),
      '--roles-path',
      join(PROJECT, 'roles'),
      ...words,
    ])
  const vars = (values: Record<string, string>): readonly string[] => ['-e', JSON.stringify(values)]
  const choose = (mode: string, type: string): readonly string[] =>
    vars({ innodb_replicaset_replication_ssl_mode: mode, innodb_replicaset_member_auth_type: type })

  before(async () => {
    lab = await startLab(LAB, 2)
    await writeFile(
      file('groups.yml'),
      'mysql:\n  children:\n    replicaset:\n      hosts:\n        s1:\n        s2:\n',
    )
    await writeFile(file('servers.yml'), SERVERS)
    await writeFile(file('replicaset.yml'), REPLICASET)
    await writeFile(file('dissolve.yml'), DISSOLVE)
    const servers = await run('servers.yml', ...vars({ mysql_require_secure_transport: 'false' }))
    assert.equal(servers.code, 0, transcript(servers))
    await strangers()
  })
  afterEach(() => tearDown(lab, lab.hosts))
  after(() => stopLab(LAB))

  /** On s2: a certificate of the same authority for another name, and one of another authority for the same name. */
  async function strangers(): Promise<void> {
    const pki = file('strangers')
    await mkdir(pki)
    const openssl = (...words: string[]): Buffer =>
      execFileSync('openssl', words, { cwd: pki, stdio: 'pipe' })
    const ours = file('pki')
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'ca-key.pem',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=MyName',
      '-days',
      '5',
    )
    for (const [name, subject, ...authority] of [
      ['issuer', '/CN=s2', '-CA', 'ca.pem', '-CAkey', 'ca-key.pem'],
      [
        'subject',
        '/CN=other',
        '-CA',
        join(ours, 'ca.pem'),
        '-CAkey',
        join(ours, 'ca-key.pem'),
        '-passin',
        `file:${join(ours, 'ca-passphrase')}`,
      ],
    ] as const) {
      openssl(
        'req',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        `${name}-key.pem`,
        '-out',
        `${name}.csr`,
        '-subj',
        subject,
      )
      openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        ...authority,
        '-set_serial',
        '77',
        '-out',
        `${name}-cert.pem`,
        '-days',
        '5',
      )
      for (const part of ['cert', 'key']) {
        const text = await readFile(join(pki, `${name}-${part}.pem`), 'utf8')
        await shell(LAB, 's2', `printf '%s' ${quote(text)} > /root/${name}-${part}.pem`)
      }
    }
  }

  /** The channel of s2, and which logins with its account the primary accepts: all attempts at once. */
  async function channelAndLogins(): Promise<readonly string[]> {
    const login = (name: string, password: string, ...words: readonly string[]): string =>
      `(MYSQL_PWD=${password} mysql --no-defaults -u mysql_innodb_rs_2 -h s1 --connect-timeout=30 ${words.join(' ')} -e 'DO 0' >/dev/null 2>&1 && echo ${name} yes || echo ${name} no) >> /root/logins &`
    const certificate = (path: string): readonly string[] => [
      '--ssl-mode=VERIFY_IDENTITY',
      '--ssl-ca=/etc/mysql/ssl/ca.pem',
      `--ssl-cert=${path}-cert.pem`,
      `--ssl-key=${path}-key.pem`,
    ]
    const own = certificate('/etc/mysql/ssl/server')
    const channel = `SELECT USER, SSL_ALLOWED, SSL_CA_FILE <> '', SSL_VERIFY_SERVER_CERTIFICATE, SSL_CERTIFICATE <> '' FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME = ''`
    const text = await shell(
      LAB,
      's2',
      [
        `rm -f /root/logins; mysql -NBe "${channel}"`,
        `pw=$(mysql -NBre "SELECT User_password FROM mysql.slave_master_info WHERE Channel_name = ''")`,
        login('right', '"$pw"', ...own),
        login('no_certificate', '"$pw"', '--ssl-mode=REQUIRED'),
        login('wrong_issuer', '"$pw"', ...certificate('/root/issuer')),
        login('wrong_subject', '"$pw"', ...certificate('/root/subject')),
        login('wrong_password', 'wrong', ...own),
        'wait; sort /root/logins',
      ].join('\n'),
    )
    return text.split('\n')
  }

  it('a dissolved ReplicaSet leaves neither accounts nor channels nor metadata', async () => {
    const created = await run('replicaset.yml')
    assert.equal(created.code, 0, transcript(created))
    const dissolved = await run('dissolve.yml')
    assert.equal(dissolved.code, 0, transcript(dissolved))
    for (const host of lab.hosts)
      assert.deepEqual(
        await sql(
          LAB,
          host,
          "SELECT User FROM mysql.user WHERE User LIKE 'mysql\\_innodb\\_%' UNION SELECT HOST FROM performance_schema.replication_connection_configuration UNION SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'mysql\\_innodb\\_cluster%'",
        ),
        [],
      )
    assert.deepEqual(changes(await run('dissolve.yml')), [])
  })

  it('what can not be is refused before anything is touched', async () => {
    const before = await serverState(LAB, 's1')
    const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
      [
        { innodb_replicaset_replication_ssl_mode: 'DISABLED' },
        /DISABLED allows only member_auth_type PASSWORD/,
      ],
      [{ innodb_replicaset_cert_issuer: '' }, /needs cert_issuer/],
      [{ innodb_replicaset_cert_subject: '' }, /needs cert_subject/],
      [
        { innodb_replicaset_cert_issuer: '/CN=Nobody' },
        /issued by "\/CN=MyName", but cert_issuer is "\/CN=Nobody"/,
      ],
      [
        { innodb_replicaset_cert_subject: '/CN=somebody' },
        /is for "\/CN=s1", but cert_subject is "\/CN=somebody"/,
      ],
    ]
    for (const [values, expected] of cases) {
      const refused = await run('replicaset.yml', '-l', 's1', ...vars(values))
      assert.equal(refused.code, 2, transcript(refused))
      assert.match(refused.stdout, expected)
    }
    assert.equal(await serverState(LAB, 's1'), before)
  })

  it('a member that can not log in is not added, and every server stays as it was', async () => {
    const alone = await run('replicaset.yml', '-l', 's1')
    assert.equal(alone.code, 0, transcript(alone))
    const states = async (): Promise<readonly string[]> =>
      Promise.all([serverState(LAB, 's1'), serverState(LAB, 's2')])
    // The very same names, but of an authority that s1 does not know.
    await shell(
      LAB,
      's2',
      'cp -a /etc/mysql/ssl /root/ssl; cat /root/issuer-cert.pem > /etc/mysql/ssl/server-cert.pem; cat /root/issuer-key.pem > /etc/mysql/ssl/server-key.pem; mysql -e "ALTER INSTANCE RELOAD TLS"',
    )
    const before = await states()
    const failed = await run('replicaset.yml')
    assert.equal(failed.code, 2, transcript(failed))
    assert.match(failed.stdout, /ssl_ca does not hold that authority/)
    assert.deepEqual(
      results(failed)
        .filter(({ result }) => result.status === 'changed')
        .map(({ host }) => host),
      [],
    )
    assert.deepEqual(await states(), before, 'the cancelled operation left something behind')
    await shell(LAB, 's2', 'cp -a /root/ssl/. /etc/mysql/ssl; mysql -e "ALTER INSTANCE RELOAD TLS"')
  })

  for (const [mode, type] of COMBINATIONS)
    it(`${mode} with ${type}`, async () => {
      const created = await run('replicaset.yml', ...choose(mode, type))
      assert.equal(created.code, 0, transcript(created))
      const tls = mode !== 'DISABLED'
      const certificate = type.startsWith('CERT')
      const [onReplica, onPrimary] = await Promise.all([
        channelAndLogins(),
        sql(
          LAB,
          's1',
          `SELECT LENGTH(authentication_string) > 0 FROM mysql.user WHERE User = 'mysql_innodb_rs_2';
           SELECT LEFT(s.VARIABLE_VALUE, 6) FROM performance_schema.threads t JOIN performance_schema.status_by_thread s USING (THREAD_ID)
           WHERE t.PROCESSLIST_USER = 'mysql_innodb_rs_2' AND t.PROCESSLIST_COMMAND LIKE 'Binlog Dump%' AND s.VARIABLE_NAME = 'Ssl_version'`,
        ),
      ])
      const answer = (accepted: boolean): string => (accepted ? 'yes' : 'no')
      assert.deepEqual(onReplica, [
        [
          'mysql_innodb_rs_2',
          tls ? 'YES' : 'NO',
          mode.startsWith('VERIFY') ? '1' : '0',
          mode === 'VERIFY_IDENTITY' ? 'YES' : 'NO',
          certificate ? '1' : '0',
        ].join('\t'),
        `no_certificate ${answer(!certificate)}`,
        'right yes',
        'wrong_issuer no',
        'wrong_password no',
        `wrong_subject ${answer(!type.includes('SUBJECT'))}`,
      ])
      assert.deepEqual(
        onPrimary.map((line) => line.trim()),
        [type.endsWith('PASSWORD') ? '1' : '0', ...(tls ? ['TLSv1.'] : [])],
      )
    })
})
