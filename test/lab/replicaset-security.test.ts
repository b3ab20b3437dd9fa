import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { play, PROJECT, transcript, type Run } from './signet.js'
import { quote, shell, sql, startLab, stopLab, type TestLab, testLab } from './servers.js'

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

/** SSL modes with types of authentication. */
const COMBINATIONS: readonly (readonly [mode: string, type: string])[] = [
  ['DISABLED', 'PASSWORD'],
  ['AUTO', 'CERT_SUBJECT'],
  ['REQUIRED', 'PASSWORD'],
  ['REQUIRED', 'CERT_ISSUER'],
]

describe('the channels of a ReplicaSet: SSL modes and types of authentication', () => {
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

  /** Which logins with the account of s2 the primary accepts. */
  async function accepted(): Promise<Readonly<Record<string, boolean>>> {
    const [password = ''] = await sql(
      LAB,
      's2',
      "SELECT User_password FROM mysql.slave_master_info WHERE Channel_name = ''",
    )
    const login = (name: string, secret: string, ...words: readonly string[]): string =>
      `printf '[client]\\nuser=mysql_innodb_rs_2\\npassword="%s"\\n' ${quote(secret)} > /root/login.cnf; mysql --defaults-file=/root/login.cnf -h s1 --connect-timeout=5 ${words.join(' ')} -NBe 'SELECT 1' >/dev/null 2>&1 && echo ${name} yes || echo ${name} no`
    const certificate = (path: string): readonly string[] => [
      '--ssl-mode=VERIFY_IDENTITY',
      '--ssl-ca=/etc/mysql/ssl/ca.pem',
      `--ssl-cert=${path}-cert.pem`,
      `--ssl-key=${path}-key.pem`,
    ]
    const own = certificate('/etc/mysql/ssl/server')
    const text = await shell(
      LAB,
      's2',
      [
        login('right', password, ...own),
        login('no_certificate', password, '--ssl-mode=REQUIRED'),
        login('wrong_issuer', password, ...certificate('/root/issuer')),
        login('wrong_subject', password, ...certificate('/root/subject')),
        login('wrong_password', 'wrong', ...own),
      ].join('\n'),
    )
    return Object.fromEntries(
      text.split('\n').map((line) => {
        const [name = '', answer] = line.split(' ')
        return [name, answer === 'yes']
      }),
    )
  }

  for (const [mode, type] of COMBINATIONS)
    it(`${mode} with ${type}`, async () => {
      const created = await run('replicaset.yml', ...choose(mode, type))
      assert.equal(created.code, 0, transcript(created))
      const [channel = ''] = await sql(
        LAB,
        's2',
        "SELECT USER, SSL_ALLOWED, SSL_CA_FILE <> '', SSL_VERIFY_SERVER_CERTIFICATE, SSL_CERTIFICATE <> '' FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME = ''",
      )
      const tls = mode !== 'DISABLED'
      const verified = mode.startsWith('VERIFY')
      const certificate = type.startsWith('CERT')
      assert.deepEqual(channel.split('\t'), [
        'mysql_innodb_rs_2',
        tls ? 'YES' : 'NO',
        verified ? '1' : '0',
        mode === 'VERIFY_IDENTITY' ? 'YES' : 'NO',
        certificate ? '1' : '0',
      ])
      const [version = ''] = await sql(
        LAB,
        's1',
        "SELECT s.VARIABLE_VALUE FROM performance_schema.threads t JOIN performance_schema.status_by_thread s USING (THREAD_ID) WHERE t.PROCESSLIST_USER = 'mysql_innodb_rs_2' AND s.VARIABLE_NAME = 'Ssl_version'",
      )
      assert.match(version, tls ? /^TLSv1\.[23]$/ : /^$/)
      assert.deepEqual(await accepted(), {
        right: true,
        no_certificate: !certificate,
        wrong_issuer: false,
        wrong_subject: !type.includes('SUBJECT'),
        wrong_password: false,
      })
      const [secret] = await sql(
        LAB,
        's1',
        "SELECT LENGTH(authentication_string) > 0 FROM mysql.user WHERE User = 'mysql_innodb_rs_2'",
      )
      assert.equal(secret, type.endsWith('PASSWORD') ? '1' : '0')
      const dissolved = await run('dissolve.yml')
      assert.equal(dissolved.code, 0, transcript(dissolved))
    })
})
