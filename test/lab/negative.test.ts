import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { catchesUp, SERVERS } from './cluster-hosts.js'
import { killedAt, killedBefore } from './killed.js'
import { changes, play, PROJECT, recap, transcript, type Run } from './signet.js'
import { serverState, shell, sql, startLab, stopLab, type TestLab, testLab } from './servers.js'

const LAB = testLab('negative')

const CLUSTER = `
- hosts: primary_cluster
  become: true
  gather_facts: false
  roles:
    - role: innodb_cluster
      innodb_cluster_name: primary
`

describe('adding an instance that can not be trusted is cancelled, and nothing is left behind', () => {
  let lab: TestLab
  const file = (name: string): string => join(lab.directory, name)
  const run = (playbook: string, ...words: string[]): Promise<Run> =>
    play([file(playbook), '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles'), ...words])
  const vars = (host: string, values: Record<string, string>): Promise<void> =>
    writeFile(file(`host_vars/${host}.json`), JSON.stringify(values))
  const states = async (): Promise<readonly string[]> =>
    Promise.all([serverState(LAB, 's1'), serverState(LAB, 's2')])

  before(async () => {
    lab = await startLab(LAB, 3)
    await mkdir(file('host_vars'))
    await writeFile(file('servers.yml'), SERVERS)
    await writeFile(file('cluster.yml'), CLUSTER)
    const servers = await run('servers.yml')
    assert.equal(servers.code, 0, transcript(servers))
    const cluster = await run('cluster.yml', '-l', 's1')
    assert.equal(cluster.code, 0, transcript(cluster))
  })
  after(() => stopLab(LAB))

  async function cancelled(expected: RegExp): Promise<void> {
    const before = await states()
    const failed = await run('cluster.yml')
    assert.equal(failed.code, 2, transcript(failed))
    assert.match(failed.stdout, expected)
    assert.deepEqual(changes(failed), [])
    assert.deepEqual(await states(), before, 'the cancelled operation left something behind')
  }

  it('a subject that is not that of the certificate is found before anything is touched', async () => {
    await vars('s2', { innodb_cluster_cert_subject: '/CN=somebody' })
    await cancelled(/certificate of s2 is for "\/CN=s2", but cert_subject is "\/CN=somebody"/)
  })

  it('a certificate whose name is not the address of the server', async () => {
    await vars('s2', {
      server_certificate_name: 'other',
      server_certificate_subject: '/CN=other',
      innodb_cluster_cert_subject: '/CN=other',
    })
    const servers = await run('servers.yml')
    assert.equal(servers.code, 0, transcript(servers))
    await cancelled(/s1 does not accept the certificate of s2: it is for \/CN=other, but s1 connects to "s2"/)
  })

  it('an authority that the others do not know, with the same name', async () => {
    const pki = file('other-pki')
    await mkdir(pki)
    const openssl = (...words: string[]): Buffer =>
      execFileSync('openssl', words, { cwd: pki, stdio: 'pipe' })
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
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      's2-key.pem',
      '-out',
      's2.csr',
      '-subj',
      '/CN=s2',
    )
    openssl(
      'x509',
      '-req',
      '-in',
      's2.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca-key.pem',
      '-CAcreateserial',
      '-out',
      's2-cert.pem',
      '-days',
      '5',
    )
    await vars('s2', {
      mysql_tls_ca_file: join(pki, 'ca.pem'),
      mysql_tls_certificate_file: join(pki, 's2-cert.pem'),
      mysql_tls_key_file: join(pki, 's2-key.pem'),
    })
    const servers = await run('servers.yml')
    assert.equal(servers.code, 0, transcript(servers))
    await cancelled(/s2 does not accept the certificate of s1.*its ssl_ca does not hold that authority/)
  })

  it('options that contradict one another are refused before anything is touched', async () => {
    const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ innodb_cluster_member_ssl_mode: 'DISABLED' }, /DISABLED allows only member_auth_type PASSWORD/],
      [
        { innodb_cluster_member_ssl_mode: 'DISABLED', innodb_cluster_member_auth_type: 'PASSWORD' },
        /requires secure transport/,
      ],
      [{ innodb_cluster_cert_issuer: '' }, /needs cert_issuer/],
      [{ innodb_cluster_cert_subject: '' }, /needs cert_subject/],
      [
        { innodb_cluster_cert_issuer: '/CN=Nobody' },
        /issued by "\/CN=MyName", but cert_issuer is "\/CN=Nobody"/,
      ],
    ]
    await writeFile(
      file('other.yml'),
      CLUSTER.replaceAll('primary_cluster', 'replica_cluster').replaceAll('name: primary', 'name: second'),
    )
    const before = await serverState(LAB, 's3')
    for (const [values, expected] of cases) {
      const refused = await run('other.yml', '-e', JSON.stringify(values))
      assert.equal(refused.code, 2, transcript(refused))
      assert.match(refused.stdout, expected)
    }
    assert.equal(await serverState(LAB, 's3'), before)
  })

  it('a controller that is killed while a member joins: the next run completes the job', async () => {
    await writeFile(file('host_vars/s2.json'), '{}')
    const servers = await run('servers.yml')
    assert.equal(servers.code, 0, transcript(servers))
    for (const env of [
      killedAt('START GROUP_REPLICATION'),
      killedBefore('INSERT INTO mysql_innodb_cluster_metadata.instances'),
    ]) {
      const killed = await play(
        [file('cluster.yml'), '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles')],
        { env },
      )
      assert.equal(killed.signal, 'SIGKILL', transcript(killed))
    }
    const completed = await run('cluster.yml')
    assert.equal(completed.code, 0, transcript(completed))
    assert.deepEqual(
      await sql(
        LAB,
        's1',
        'SELECT MEMBER_HOST, MEMBER_STATE FROM performance_schema.replication_group_members ORDER BY 1',
      ),
      ['s1\tONLINE', 's2\tONLINE'],
    )
    await catchesUp(lab, 's2', 's1')
    assert.deepEqual(
      await sql(LAB, 's2', 'SELECT address FROM mysql_innodb_cluster_metadata.instances ORDER BY 1'),
      ['s1:3306', 's2:3306'],
    )
    assert.deepEqual(changes(await run('cluster.yml')), [])
  })

  it('a controller that is killed between copying a certificate and loading it: the next run loads it', async () => {
    await writeFile(file('host_vars/s3.json'), JSON.stringify({ server_certificate_days: 400 }))
    const renew = ['-l', 's3', '-e', 'server_certificate_renew_before_days=9999']
    const killed = await play(
      [file('servers.yml'), '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles'), ...renew],
      { env: killedBefore('ALTER INSTANCE RELOAD TLS') },
    )
    assert.equal(killed.signal, 'SIGKILL', transcript(killed))
    const serials = async (): Promise<readonly string[]> =>
      (
        await shell(
          LAB,
          's3',
          'mysql -NBe "SHOW STATUS LIKE \'Ssl_server_not_before\'" | cut -f2; openssl x509 -in /etc/mysql/ssl/server-cert.pem -noout -startdate | cut -d= -f2',
        )
      )
        .split('\n')
        .map((date) => String(Date.parse(date)))
    const [stale, onDisk] = await serials()
    assert.notEqual(stale, onDisk)
    const completed = await run('servers.yml', '-l', 's3')
    assert.equal(completed.code, 0, transcript(completed))
    assert.equal(recap(completed)['s3']?.changed, 1)
    const [running, now] = await serials()
    assert.equal(running, now)
  })

  it('SIGINT ends the run with exit code 99 and a word about it; the next run goes on', async () => {
    // The last play is for a signal that comes late.
    await writeFile(
      file('stopped.yml'),
      `${SERVERS}- hosts: mysql\n  gather_facts: false\n  tasks: [{command: sleep 9}, {command: sleep 9}]\n`,
    )
    const stopped = await play(
      [file('stopped.yml'), '-i', lab.inventory, '--roles-path', join(PROJECT, 'roles'), '-l', 's3'],
      {
        onOutput: (text, kill) => {
          if (text.includes('TASK [mysql_tls')) kill('SIGINT')
        },
      },
    )
    assert.equal(stopped.code, 99, transcript(stopped))
    assert.match(stopped.stderr, /interrupted/)
    assert.equal((await run('servers.yml', '-l', 's3')).code, 0)
  })
})
