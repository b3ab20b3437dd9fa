import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openTransport } from '../../src/connection/open-transport.js'
import { readSshConfig } from '../../src/connection/ssh-settings.js'
import { connectionTarget } from '../../src/connection/target.js'
import { EXIT } from '../../src/errors.js'
import * as lab from '../../src/lab/lab.js'
import { hostLayout, labLayout } from '../../src/lab/layout.js'
import { playHere } from '../e2e/here.js'
import { play, recap, results, transcript, type Run } from './signet.js'
import { shell, startLab, stopLab, testLab, type TestLab } from './servers.js'

const LAB = testLab('connection')
const ADDRESS = '10.80.0.11'

describe('connections', () => {
  let labHosts: TestLab
  let home: string
  let key: string
  let hostKey: string
  const layout = labLayout(LAB)
  const s1 = hostLayout(layout, 's1')
  const agents: ChildProcess[] = []

  before(async () => {
    labHosts = await startLab(LAB, 1)
    home = labHosts.directory
    key = layout.keyFile
    await mkdir(join(home, '.ssh'), { mode: 0o700 })
    hostKey = (await shell(LAB, 's1', 'cut -d" " -f1,2 /etc/ssh/ssh_host_ed25519_key.pub')).trim()
    await shell(
      LAB,
      's1',
      [
        // Refused logins would otherwise keep this address away for a while.
        'printf "PerSourcePenalties no\\nMaxSessions 3\\n" > /etc/ssh/sshd_config.d/test.conf',
        // A reload would go on after the command, and close its socket meanwhile.
        'systemctl restart ssh',
        'echo "deploy:Login-1234" | chpasswd',
        'echo "limited:Sudo-1234" | chpasswd',
        'echo "root:Root-1234" | chpasswd',
        'echo "limited ALL=(ALL) ALL" > /etc/sudoers.d/limited',
      ].join(' && '),
    )
    await writeFile(
      join(home, 'who.yml'),
      '- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: who, command: id -un}\n',
    )
    await writeFile(
      join(home, 'plain'),
      `s1 ansible_ssh_unix_socket=${s1.sshSocket} ansible_host=${ADDRESS}\n`,
    )
  })
  after(async () => {
    for (const agent of agents) agent.kill()
    await stopLab(LAB)
  })

  const who = (words: readonly string[], env: Record<string, string> = {}): Promise<Run> =>
    playHere(['who.yml', '-i', 'hosts.yml', ...words], { cwd: home, env })
  const said = (run: Run): unknown =>
    results(run)
      .map(({ result }) => result.values['stdout'])
      .at(-1)
  const tasks = async (text: string, words: readonly string[] = []): Promise<Run> => {
    await writeFile(join(home, 'tasks.yml'), `- hosts: all\n  gather_facts: false\n  tasks:\n${text}\n`)
    return playHere(['tasks.yml', '-i', 'hosts.yml', ...words], { cwd: home })
  }

  describe('host keys', () => {
    const withKnown = async (text: string, ...words: string[]): Promise<Run> => {
      await writeFile(join(home, 'known'), text)
      return who(['-e', `ansible_ssh_known_hosts_file=${join(home, 'known')}`, ...words])
    }

    it('are found hashed, with a port, by pattern; a negated pattern does not count', async () => {
      await writeFile(join(home, 'hashed'), `${ADDRESS} ${hostKey}\n[${ADDRESS}]:2222 ${hostKey}\n`)
      execFileSync('ssh-keygen', ['-q', '-H', '-f', join(home, 'hashed')], { stdio: 'ignore' })
      const hashed = await readFile(join(home, 'hashed'), 'utf8')
      assert.match(hashed, /^\|1\|/)
      for (const words of [[], ['-e', 'ansible_port=2222']]) {
        const run = await withKnown(hashed, ...words)
        assert.equal(run.code, EXIT.done, transcript(run))
      }
      const plain = await withKnown(`[${ADDRESS}]:2222 ${hostKey}\n`)
      assert.equal(plain.code, EXIT.unreachable, 'the key of another port')
      assert.equal((await withKnown(`10.80.0.* ${hostKey}\n`)).code, EXIT.done)
      assert.equal((await withKnown(`10.80.0.*,!${ADDRESS} ${hostKey}\n`)).code, EXIT.unreachable)
    })

    it('that are revoked, or vouched for by an authority only, are refused with the line', async () => {
      const revoked = await withKnown(`${ADDRESS} ${hostKey}\n@revoked * ${hostKey}\n`)
      assert.equal(revoked.code, EXIT.unreachable)
      assert.match(revoked.stdout, /known:2:1: The host key \(ssh-ed25519 SHA256:\S+\) is revoked/)
      const signed = await withKnown(`@cert-authority 10.80.* ${hostKey}\n`)
      assert.equal(signed.code, EXIT.unreachable)
      assert.match(signed.stdout, /known:1:1: .*@cert-authority .* does not check certificates/)
      assert.match(signed.stdout, /→ Verify the fingerprint and add the key itself/)
    })

    it('accept-new keeps a new one, and refuses one that changed', async () => {
      const other = hostKey.replace(/.{8}$/, 'AAAAAAAA')
      const accepted = await withKnown(`elsewhere ${hostKey}`, '--host-key-checking', 'accept-new')
      assert.equal(accepted.code, EXIT.done, transcript(accepted))
      assert.deepEqual((await readFile(join(home, 'known'), 'utf8')).split('\n'), [
        `elsewhere ${hostKey}`,
        `${ADDRESS} ${hostKey}`,
        '',
      ])
      const changed = await withKnown(`${ADDRESS} ${other}\n`, '--host-key-checking', 'accept-new')
      assert.equal(changed.code, EXIT.unreachable)
      assert.match(changed.stdout, /differs from the one in known_hosts/)
      assert.match(changed.stdout, /→ .*ssh-keygen -f \S+known -R '10\.80\.0\.11'/)
      assert.equal((await withKnown(`${ADDRESS} ${other}\n`, '--host-key-checking', 'off')).code, EXIT.done)
    })
  })

  describe('logins', () => {
    const newKey = async (name: string, ...words: string[]): Promise<string> => {
      const file = join(home, name)
      execFileSync('ssh-keygen', ['-q', '-f', file, '-C', name, ...words])
      const line = (await readFile(`${file}.pub`, 'utf8')).trim()
      await shell(LAB, 's1', `echo '${line}' >> /root/.ssh/authorized_keys`)
      return file
    }

    it('by an RSA key, an encrypted key with its passphrase, and the same key in ssh-agent', async () => {
      const rsa = await newKey('rsa', '-t', 'rsa', '-b', '2048', '-N', '')
      assert.equal(
        (await who(['--private-key', rsa, '-e', `ansible_ssh_private_key_file=${rsa}`])).code,
        EXIT.done,
      )
      const locked = await newKey('locked', '-t', 'ed25519', '-N', 'passphrase')
      const named = ['-e', `ansible_ssh_private_key_file=${locked}`]
      const opened = await who([...named, '-e', 'ansible_ssh_private_key_passphrase=passphrase'])
      assert.equal(opened.code, EXIT.done, transcript(opened))
      const closed = await who(named)
      assert.equal(closed.code, EXIT.unreachable)
      assert.match(closed.stdout, /The key \S+locked is encrypted/)
      assert.match(closed.stdout, /→ Load it into ssh-agent, or give ansible_ssh_private_key_passphrase/)
      const socket = join(home, 'agent.sock')
      agents.push(spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' }))
      const askpass = join(home, 'askpass')
      await writeFile(askpass, '#!/bin/sh\necho passphrase\n', { mode: 0o755 })
      execFileSync(
        'sh',
        [
          '-c',
          'for i in $(seq 600); do [ -S "$SSH_AUTH_SOCK" ] && break; sleep 0.1; done; ssh-add -q "$0"',
          locked,
        ],
        {
          env: { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' },
        },
      )
      const byAgent = await who(named, { SSH_AUTH_SOCK: socket })
      assert.equal(byAgent.code, EXIT.done, transcript(byAgent))
    })

    it('by password; a wrong one is refused and not shown', async () => {
      const words = [
        '-i',
        'plain',
        '-e',
        'ansible_user=deploy',
        '-e',
        `ansible_ssh_known_hosts_file=${layout.knownHostsFile}`,
      ]
      const run = (password: string): Promise<Run> =>
        playHere(['who.yml', ...words, '-e', `ansible_password=${password}`], { cwd: home })
      assert.equal(said(await run('Login-1234')), 'deploy')
      const wrong = await run('Wrong-1234')
      assert.equal(wrong.code, EXIT.unreachable)
      assert.match(wrong.stdout, /sshd refused the login as deploy with the password/)
      assert.doesNotMatch(wrong.stdout + JSON.stringify(wrong.events), /Wrong-1234/)
    })

    it('as ~/.ssh/config says: Host, Match, HostName, User, IdentityFile, UserKnownHostsFile, StrictHostKeyChecking', async () => {
      await writeFile(join(home, 'named'), `s1 ansible_ssh_unix_socket=${s1.sshSocket} ansible_host=alias\n`)
      await writeFile(
        join(home, '.ssh/config'),
        `Host other\n  User nobody\nMatch host alias\n  HostName ${ADDRESS}\n  User deploy\nHost *\n  User ignored\n  IdentityFile ${key}\n  UserKnownHostsFile ${join(home, 'config-known')}\n  StrictHostKeyChecking accept-new\n`,
      )
      const run = await playHere(['who.yml', '-i', 'named'], { cwd: home })
      assert.equal(said(run), 'deploy', transcript(run))
      assert.match(await readFile(join(home, 'config-known'), 'utf8'), /^10\.80\.0\.11 ssh-ed25519/)
      await writeFile(join(home, '.ssh/config'), '')
    })

    it('through ProxyCommand and ProxyJump', async () => {
      await writeFile(join(home, 'bare'), `s1 ansible_host=${ADDRESS}\n`)
      const config = (how: string): string =>
        `Host *\n  User root\n  IdentityFile ${key}\n  UserKnownHostsFile ${layout.knownHostsFile}\nHost ${ADDRESS}\n  ${how}\n`
      await writeFile(join(home, '.ssh/config'), config(`ProxyCommand socat - UNIX-CONNECT:${s1.sshSocket}`))
      const command = await playHere(['who.yml', '-i', 'bare'], { cwd: home })
      assert.equal(said(command), 'root', transcript(command))
      // The second way leads from the jump host to itself, by its name.
      await writeFile(
        join(home, '.ssh/config'),
        `Host *\n  User root\n  IdentityFile ${key}\n  StrictHostKeyChecking accept-new\n  UserKnownHostsFile ${join(home, 'jumps')}\nHost gate\n  ProxyCommand socat - UNIX-CONNECT:${s1.sshSocket}\nHost ${ADDRESS}\n  ProxyJump deploy@gate\n`,
      )
      const jump = await playHere(['who.yml', '-i', 'bare'], { cwd: home })
      assert.equal(said(jump), 'root', transcript(jump))
      assert.match(await readFile(join(home, 'jumps'), 'utf8'), /^gate .*\n10\.80\.0\.11 /)
      await writeFile(join(home, '.ssh/config'), '')
    })
  })

  describe('becoming another user', () => {
    const become = (user: string, ...words: string[]): Promise<Run> =>
      who(['-e', `ansible_user=${user}`, '--become', ...words])

    it('by sudo without and with a password, and by su', async () => {
      assert.equal(said(await become('deploy')), 'root')
      const sudo = await become('limited', '-e', 'ansible_become_password=Sudo-1234')
      assert.equal(said(sudo), 'root', transcript(sudo))
      const su = await become('limited', '--become-method', 'su', '-e', 'ansible_become_password=Root-1234')
      assert.equal(said(su), 'root', transcript(su))
    })

    it('a wrong and a missing password fail the task, exit code 2, with advice', async () => {
      const wrong = await become('limited', '-e', 'ansible_become_password=Wrong-1234')
      assert.equal(wrong.code, EXIT.failed, transcript(wrong))
      assert.match(wrong.stdout, /The password for sudo is not accepted/)
      assert.doesNotMatch(wrong.stdout + JSON.stringify(wrong.events), /Wrong-1234/)
      const missing = await become('limited')
      assert.equal(missing.code, EXIT.failed)
      assert.match(missing.stdout, /sudo to root was refused: sudo: .*password/)
      assert.match(missing.stdout, /→ .*--ask-become-pass/)
      const su = await become('limited', '--become-method', 'su', '-e', 'ansible_become_password=Wrong-1234')
      assert.equal(su.code, EXIT.failed, transcript(su))
      assert.match(su.stdout, /su/)
      const unasked = await become('limited', '--become-method', 'su')
      assert.equal(unasked.code, EXIT.failed, transcript(unasked))
      assert.match(unasked.stdout, /su asks for a password; none is given/)
    })

    it('one shell for each become user, however many tasks', async () => {
      // Those of the run before may still be ending.
      const run = await tasks(
        `    - {file: {path: /tmp/a, state: touch}}\n    - {stat: {path: /tmp/a}}\n    - {stat: {path: /tmp/b}, become: true, become_user: mysql}\n    - {file: {path: /tmp/b, state: touch}, become: true, become_user: mysql}\n    - {stat: {path: /tmp/c}}\n    - shell: for i in $(seq 300); do n=$(ps -eo args | grep -c '^/bin/sh -c echo SIGNET-READY.*while read'); [ $n = 2 ] && break; sleep 0.1; done; echo $n\n      register: shells\n    - {debug: {msg: "{{ shells.stdout }}"}}`,
      )
      assert.equal(run.code, EXIT.done, transcript(run))
      assert.equal(results(run).at(-1)?.result.values['msg'], '2', transcript(run))
    })

    it('more sessions than MaxSessions allows: the task fails and says so', async () => {
      const run = await tasks(
        ['mysql', 'deploy', 'limited']
          .map((user) => `    - {stat: {path: /tmp}, become: true, become_user: ${user}}\n`)
          .join('') + '    - {command: id}',
      )
      assert.equal(run.code, EXIT.unreachable, transcript(run))
      assert.match(run.stdout, /sshd refused a new session/)
      assert.match(run.stdout, /→ See MaxSessions in sshd_config/)
    })
  })

  describe('commands and hosts end', () => {
    it('the program ends when a run fails while it still logs in, to look at the next task', async () => {
      await writeFile(
        join(home, 'early.yml'),
        '- hosts: all\n  gather_facts: false\n  tasks:\n    - {assert: {that: false}}\n    - {stat: {path: /tmp}}\n',
      )
      const run = await play([join(home, 'early.yml'), '-i', join(home, 'hosts.yml')], {
        env: { HOME: home },
      })
      assert.equal(run.code, EXIT.failed, transcript(run))
    })

    it('in exactly one of four ways', async () => {
      const run = await tasks(
        [
          '{name: code, command: "sh -c \'exit 7\'"}',
          '{name: signal, shell: kill -KILL $$}',
          '{name: signal under sudo, shell: kill -TERM $$, become: true, become_user: mysql}',
          '{name: limit, command: sleep 100, timeout: 1}',
          '{name: still there, command: "true"}',
          '{name: connection, shell: "kill -KILL $(ps -o ppid= -p $PPID) $PPID; sleep 30"}',
          '{name: again, command: "true"}',
        ]
          .map((task) => `    - ${task.replace(/\}$/, ', ignore_errors: true, ignore_unreachable: true}')}\n`)
          .join(''),
      )
      assert.deepEqual(
        results(run).map(({ task, result }) => `${task}: ${result.status}: ${result.message ?? ''}`),
        [
          'code: failed: The command ended with exit code 7',
          'signal: failed: The command was killed by signal KILL',
          'signal under sudo: failed: The command was killed by signal TERM',
          'limit: failed: The command was ended by its time limit',
          'still there: changed: ',
          'connection: unreachable: The connection was lost while the command ran; whether it completed is not known.',
          'again: changed: ',
        ],
        transcript(run),
      )
    })

    it('carries 50 MB, every byte, and a large input', async () => {
      const variables: Readonly<Record<string, string>> = {
        ansible_host: ADDRESS,
        ansible_user: 'root',
        ansible_ssh_unix_socket: s1.sshSocket,
        ansible_ssh_private_key_file: key,
        ansible_ssh_known_hosts_file: layout.knownHostsFile,
      }
      const env = { HOME: home }
      const target = connectionTarget('s1', (name) => variables[name], {
        cwd: home,
        env,
        sshConfig: readSshConfig(env),
      })
      const transport = await openTransport(target)
      try {
        const much = await transport.run(
          { do: 'run', shell: 'head -c 52428800 /dev/zero | tr "\\0" x' },
          undefined,
        )
        assert.deepEqual([much.stdout.length, much.how], [52_428_800, { end: 'exited', code: 0 }])
        const input = 'ä€x'.repeat(300_000)
        const back = await transport.run({ do: 'run', argv: ['sha256sum'], stdin: input }, undefined)
        assert.equal(back.stdout.slice(0, 64), execFileSync('sha256sum', { input }).toString().slice(0, 64))
        const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 256))
        const file = await transport.upload(bytes, undefined)
        const { stdout } = await transport.script(`cat ${file}; rm ${file}`, undefined)
        assert.equal(Buffer.compare(stdout, bytes), 0)
      } finally {
        await transport.close()
      }
    })

    it('a host that falls silent is given up, by ServerAliveInterval', async () => {
      await writeFile(join(home, '.ssh/config'), 'Host *\n  ServerAliveInterval 1\n  ServerAliveCountMax 2\n')
      const running = tasks('    - {name: long, command: sleep 300}')
      await shell(
        LAB,
        's1',
        'for i in $(seq 1000); do pgrep -fx "sleep 300" >/dev/null && exit 0; sleep 0.1; done; exit 1',
      )
      const frozen = execFileSync('pgrep', ['-f', `UNIX-LISTEN:${s1.sshSocket}`])
        .toString()
        .trim()
        .split('\n')
        .map(Number)
      const start = Date.now()
      for (const pid of frozen) process.kill(pid, 'SIGSTOP')
      try {
        const run = await running
        assert.equal(run.code, EXIT.unreachable, transcript(run))
        assert.match(run.stdout, /The connection was lost while the command ran/)
      } finally {
        for (const pid of frozen) process.kill(pid, 'SIGCONT')
        await writeFile(join(home, '.ssh/config'), '')
      }
      assert.ok(Date.now() - start < 60_000)
    })

    it('after reset_connection tasks log in anew, to MySQL, too', async () => {
      const asking = [
        '    - {name: version, mysql_variables: {variable: version, login_unix_socket: /run/mysqld/mysqld.sock}}',
        '    - {name: write, mysql_query: {query: SET GLOBAL max_connections = 150, login_unix_socket: /run/mysqld/mysqld.sock}}',
      ].join('\n')
      const run = await tasks(`${asking}\n    - meta: reset_connection\n${asking}`)
      assert.equal(run.code, EXIT.done, transcript(run))
      const [first, , again] = results(run)
      assert.deepEqual(first?.result.values['value'], again?.result.values['value'])
      assert.ok((recap(run)['s1']?.traffic.statements ?? 0) >= 4)
    })

    it('a host that dies leaves the run at once', async () => {
      const running = tasks('    - {name: long, command: sleep 301}\n    - {name: next, command: "true"}')
      await shell(
        LAB,
        's1',
        'for i in $(seq 1000); do pgrep -fx "sleep 301" >/dev/null && exit 0; sleep 0.1; done; exit 1',
      )
      const start = Date.now()
      await lab.powerOff(s1)
      const run = await running
      assert.equal(run.code, EXIT.unreachable, transcript(run))
      assert.deepEqual(recap(run)['s1']?.unreachable, 1)
      assert.ok(Date.now() - start < 60_000)
      const gone = await who([])
      assert.equal(gone.code, EXIT.unreachable)
      assert.match(gone.stdout, /can not be reached: there is no such socket; is the lab up\?/)
    })
  })
})
