import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AUTH_TYPES } from '../../src/mysql/step.js'
import { makeCertificates, tearDown, tlsVariables } from './cluster-hosts.js'
import { proveAccount, uploadClients } from './login-attempts.js'
import { serverState, sql, startLab, stopLab, testLab, type TestLab } from './servers.js'
import { changes, play, PROJECT, transcript, type Run } from './signet.js'
import { seen } from './status-view.js'

const LAB = testLab('cs-security')

const TLS = `
- hosts: mysql
  become: true
  gather_facts: false
  roles: [mysql_tls]
`
const CLUSTERSET = `
- hosts: mysql
  become: true
  gather_facts: false
  vars:
    subject: "{{ '/CN=' ~ inventory_hostname if 'SUBJECT' in auth_type else omit }}"
  tasks:
    - name: cluster
      innodb_cluster:
        name: east
        member_ssl_mode: REQUIRED
        member_auth_type: "{{ auth_type }}"
        cert_issuer: "{{ '/CN=MyName' if 'CERT' in auth_type else omit }}"
        cert_subject: "{{ subject }}"
      when: inventory_hostname == 's1'
    - name: clusterset
      innodb_clusterset: {name: globe, cluster_set_replication_ssl_mode: "{{ ssl_mode }}"}
      when: inventory_hostname == 's1'
    - name: replica
      innodb_replica_cluster: {name: west, cert_subject: "{{ subject }}"}
      when: inventory_hostname == 's2'
`
const MODES = {
  PASSWORD: 'REQUIRED',
  CERT_ISSUER: 'REQUIRED',
  CERT_SUBJECT: 'VERIFY_CA',
  CERT_ISSUER_PASSWORD: 'VERIFY_IDENTITY',
  CERT_SUBJECT_PASSWORD: 'AUTO',
} as const

describe('the channel between clusters: every type of authentication', () => {
  let lab: TestLab
  const run = (playbook: string, ...words: string[]): Promise<Run> =>
    play([
      join(lab.directory, playbook),
      '-i',
      lab.inventory,
      '--roles-path',
      join(PROJECT, 'roles'),
      ...words,
    ])

  before(async () => {
    lab = await startLab(LAB, 2)
    const pki = join(lab.directory, 'pki')
    await makeCertificates(pki, lab.hosts)
    await writeFile(join(lab.directory, 'clusterset.yml'), CLUSTERSET)
    await writeFile(join(lab.directory, 'tls.yml'), TLS)
    const servers = await run('tls.yml', '-e', tlsVariables(pki))
    assert.equal(servers.code, 0, transcript(servers))
    await uploadClients(lab, pki)
  })
  afterEach(() => tearDown(lab, lab.hosts))
  after(() => stopLab(LAB))

  for (const type of AUTH_TYPES)
    it(`${type}, with ${MODES[type]}`, async () => {
      const made = await run('clusterset.yml', '-e', `auth_type=${type}`, '-e', `ssl_mode=${MODES[type]}`)
      assert.equal(made.code, 0, transcript(made))
      assert.deepEqual(changes(made), ['s1: cluster', 's1: clusterset', 's2: replica'])
      const certificate = type === 'PASSWORD' ? '' : '/etc/mysql/ssl/server-cert.pem'
      await seen(
        () =>
          sql(
            LAB,
            's2',
            "SELECT USER, SSL_ALLOWED, SSL_CERTIFICATE, SERVICE_STATE FROM performance_schema.replication_connection_configuration JOIN performance_schema.replication_connection_status USING (CHANNEL_NAME) WHERE CHANNEL_NAME = 'clusterset_replication'",
          ),
        (found) => {
          assert.deepEqual(found, [`mysql_innodb_cs_2\tYES\t${certificate}\tON`])
        },
      )
      await proveAccount(lab, 'mysql_innodb_cs_2', 'clusterset_replication', type)
    })

  it('a channel without TLS can not carry a certificate: refused before anything is touched', async () => {
    const only = ['-e', 'auth_type=CERT_ISSUER', '-e', 'ssl_mode=DISABLED']
    const refused = await run('clusterset.yml', ...only)
    assert.equal(refused.code, 2, transcript(refused))
    assert.match(refused.stdout, /DISABLED/)
    assert.deepEqual(changes(refused), ['s1: cluster'])
    const before = await Promise.all(lab.hosts.map((host) => serverState(LAB, host)))
    const again = await run('clusterset.yml', ...only)
    assert.equal(again.code, 2, transcript(again))
    assert.deepEqual(await Promise.all(lab.hosts.map((host) => serverState(LAB, host))), before)
  })
})
