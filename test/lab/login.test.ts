import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { play, results, transcript, type Run } from './signet.js'
import { shell, startLab, stopLab, type TestLab, testLab } from './servers.js'

const LAB = testLab('login')

describe('logging in to hosts', () => {
  let lab: TestLab
  let playbook: string
  before(async () => {
    lab = await startLab(LAB, 2)
    playbook = join(lab.directory, 'who.yml')
    await writeFile(
      playbook,
      '- hosts: all\n  gather_facts: false\n  tasks:\n    - command: id -un\n      register: who\n',
    )
  })
  after(() => stopLab(LAB))

  const run = (...words: string[]): Promise<Run> => play([playbook, '-i', lab.inventory, ...words])
  const who = (run: Run): readonly unknown[] => results(run).map(({ result }) => result.values['stdout'])

  it('as root, and as a user with sudo', async () => {
    assert.deepEqual(who(await run()), ['root', 'root'])
    assert.deepEqual(who(await run('-e', 'ansible_user=deploy')), ['deploy', 'deploy'])
    assert.deepEqual(who(await run('-e', 'ansible_user=deploy', '--become')), ['root', 'root'])
    assert.deepEqual(who(await run('--become', '--become-user', 'mysql')), ['mysql', 'mysql'])
  })

  it('MySQL as root for a user with sudo, by a relay', async () => {
    const file = join(lab.directory, 'info.yml')
    await writeFile(
      file,
      '- hosts: s1\n  gather_facts: false\n  become: true\n  tasks:\n    - innodb_cluster_info:\n',
    )
    const info = await play([file, '-i', lab.inventory, '-e', 'ansible_user=deploy'])
    assert.equal(info.code, 0, transcript(info))
  })

  it('numbers of MySQL are numbers for conditions, read or written; what is beyond them stays exact', async () => {
    const file = join(lab.directory, 'numbers.yml')
    const read = 'SELECT COUNT(*) AS n, CAST(18446744073709551615 AS UNSIGNED) AS most, 1.10 AS price'
    await writeFile(
      file,
      `- hosts: s1
  gather_facts: false
  tasks:
    - mysql_query: {query: "${read}"}
      register: read
    - mysql_query:
        query: [CREATE TEMPORARY TABLE test.t (n INT), INSERT INTO test.t VALUES (1), "${read}"]
      register: written
    - assert:
        that:
          - item.n == 1
          - item.most == '18446744073709551615'
          - item.price == '1.10'
      loop: ["{{ read.query_result[0][0] }}", "{{ written.query_result[2][0] }}"]
`,
    )
    await shell(LAB, 's1', 'mysql -e "CREATE DATABASE IF NOT EXISTS test"')
    const run = await play([file, '-i', lab.inventory])
    assert.equal(run.code, 0, transcript(run))
  })

  it('a user without the right to sudo: the task fails with what sudo said', async () => {
    const refused = await run('-e', 'ansible_user=limited', '--become')
    assert.equal(refused.code, 2, transcript(refused))
    assert.match(refused.stdout, /sudo to root was refused/)
  })

  it('a wrong key: exit code 4, and which key was tried', async () => {
    const key = join(lab.directory, 'stranger')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
    const refused = await run('-l', 's1', '-e', `ansible_ssh_private_key_file=${key}`)
    assert.equal(refused.code, 4, transcript(refused))
    assert.match(refused.stdout, new RegExp(`refused the login as root with the key ${key}\\.`))
  })

  it('an unknown and a changed host key', async () => {
    const unknown = await run('-l', 's2', '-e', 'ansible_ssh_known_hosts_file=/dev/null')
    assert.equal(unknown.code, 4, transcript(unknown))
    assert.match(unknown.stdout, /host key \(ssh-ed25519 SHA256:\S+\) is not in \/dev\/null/)
    const key = (await shell(LAB, 's1', 'cut -d" " -f1,2 /etc/ssh/ssh_host_ed25519_key.pub')).trim()
    const file = join(lab.directory, 'known_hosts')
    await writeFile(file, `# the key of s1 under the name of s2\n10.80.0.12 ${key}\n`)
    const changed = await run('-l', 's2', '-e', `ansible_ssh_known_hosts_file=${file}`)
    assert.equal(changed.code, 4, transcript(changed))
    assert.match(changed.stdout, new RegExp(`${file}:2:1`))
    assert.match(changed.stdout, /differs from the one in known_hosts/)
    const kept = join(lab.directory, 'accepted')
    const accepted = await run(
      '-l',
      's2',
      '-e',
      `ansible_ssh_known_hosts_file=${kept}`,
      '--host-key-checking',
      'accept-new',
    )
    assert.equal(accepted.code, 0, transcript(accepted))
    assert.match(await readFile(kept, 'utf8'), /^10\.80\.0\.12 ssh-ed25519 /)
  })

  it('a host that is not there: the others go on, exit code 4', async () => {
    const file = join(lab.directory, 'more.yml')
    const text = await readFile(lab.inventory, 'utf8')
    await writeFile(file, text.replace('/s2/ssh.sock', '/s2/nothing.sock'))
    const lost = await play([playbook, '-i', file])
    assert.equal(lost.code, 4, transcript(lost))
    assert.deepEqual(
      results(lost)
        .map(({ host, result }) => `${host} ${result.status}`)
        .sort(),
      ['s1 changed', 's2 unreachable'],
    )
  })
})
