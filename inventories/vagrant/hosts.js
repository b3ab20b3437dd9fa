#!/usr/bin/env node
// The machines of the Vagrantfile as an inventory, asked from the real `vagrant` whenever signet asks for it.
// The first half of the machines is the primary cluster, the rest its replica. Machines that can't be reached
// are left out, with a notice on standard error.
//
//   signet play playbooks/clusterset.yml -i inventories/vagrant
//   inventories/vagrant/hosts.js --list                             what signet gets to see
import { execFile } from 'node:child_process'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const project = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** Runs vagrant once for the project's own Vagrantfile, wherever the caller stands. */
function ask(words) {
  const env = { ...process.env, VAGRANT_CWD: project, VAGRANT_CHECKPOINT_DISABLE: '1', LC_ALL: 'C.UTF-8' }
  const options = { cwd: project, env, maxBuffer: 16 * 1024 * 1024 }
  return new Promise((done) => {
    execFile('vagrant', words, options, (error, stdout, stderr) => done({ error, stdout, stderr }))
  })
}

/** How often, and about how many milliseconds apart, a question is asked again that came while vagrant was at work. */
const RETRIES = 20
const PAUSE = 500

/**
 * A vagrant that reads the state of a machine locks its entry for a moment, and another one that comes just then
 * (the second question of ours, or the `vagrant up` that started signet) fails at once instead of waiting. Two that
 * let go of one entry at the same moment both delete its lock file, and the later one breaks off.
 */
const isLocked = ({ error, stdout, stderr }) =>
  error !== null &&
  /MachineLocked|EnvironmentLocked|because it is locked|lock is being held|\.lock \(Errno::ENOENT\)/.test(
    stdout + stderr,
  )

async function vagrant(...words) {
  let answer = await ask(words)
  for (let retry = 0; retry < RETRIES && isLocked(answer); retry++) {
    // Not all at the same moment again.
    await new Promise((done) => setTimeout(done, PAUSE * (0.5 + Math.random())))
    answer = await ask(words)
  }
  return answer
}

/** Lines are `time,machine,type,data…`; a comma inside of data is written %!(VAGRANT_COMMA). */
function readStatus(text) {
  const states = new Map()
  for (const line of text.split('\n')) {
    const [, machine, type, data] = line.trimEnd().split(',')
    if (machine && type === 'state') states.set(machine, data)
  }
  return states
}

/** Blocks of ssh_config(5), one for each machine; other lines are messages of vagrant's. */
function readSshConfig(text) {
  const machines = new Map()
  let current
  for (const line of text.split('\n')) {
    const host = /^Host (\S+)\s*$/.exec(line)
    const option = /^\s+([A-Za-z]+)\s+(?:"(.*)"|(.*?))\s*$/.exec(line)
    if (host) machines.set(host[1], (current = {}))
    else if (option && current) current[option[1].toLowerCase()] ??= option[2] ?? option[3]
    else if (line.trim() !== '') current = undefined
  }
  return machines
}

/**
 * What vagrant said when it failed: with --machine-readable that is a line of standard output. A Ruby program that
 * breaks off lists its calls after the message.
 */
function lastLine({ error, stdout, stderr }) {
  const [, said] = /^\d*,[^,]*,error-exit,[^,]*,(.*)$/m.exec(stdout) ?? []
  if (said !== undefined) return said.replaceAll('%!(VAGRANT_COMMA)', ',').replaceAll('\\n', ' ').trim()
  return stderr.trim().split('\n').findLast((line) => line !== '' && !/^\s+(\d+: )?from /.test(line)) ?? error.message
}

function notice(text) {
  process.stderr.write(`inventories/vagrant: ${text}\n`)
}

function giveUp(text) {
  notice(text)
  process.exit(1)
}

/** How to reach these machines. One that still boots makes vagrant refuse the whole question: then one by one. */
async function sshConfigs(names) {
  if (names.length === 0) return new Map()
  const together = await vagrant('ssh-config', ...names)
  if (together.error === null) return readSshConfig(together.stdout)
  const machines = new Map()
  for (const name of names) {
    const alone = await vagrant('ssh-config', name)
    if (alone.error === null) for (const [key, value] of readSshConfig(alone.stdout)) machines.set(key, value)
    else notice(`${name} runs, but can't be reached by ssh yet and is left out: ${lastLine(alone)}`)
  }
  return machines
}

/** The way that lab/vagrant/container_provider.rb leads to its machines. */
const SOCKET = /^socat - UNIX-CONNECT:(\S+)$/

function variables(ssh) {
  const checked = ssh.stricthostkeychecking !== 'no'
  return {
    ansible_host: ssh.hostname,
    ansible_port: Number(ssh.port ?? 22),
    ansible_user: ssh.user,
    ansible_ssh_private_key_file: ssh.identityfile,
    // An emulated machine takes its time.
    ansible_timeout: Number(ssh.connecttimeout ?? 60),
    // Vagrant's own policy: machines are made anew under the same address all the time.
    ansible_host_key_checking: checked,
    ...(ssh.proxycommand ? { ansible_ssh_unix_socket: SOCKET.exec(ssh.proxycommand)?.[1] } : {}),
    ...(checked && ssh.userknownhostsfile ? { ansible_ssh_known_hosts_file: ssh.userknownhostsfile } : {}),
  }
}

async function list() {
  // Side by side, for vagrant takes seconds to start. The second answers only if all machines run: the usual case.
  const [status, all] = await Promise.all([vagrant('status', '--machine-readable'), vagrant('ssh-config')])
  if (status.error?.code === 'ENOENT')
    giveUp('the program vagrant is not in the PATH. Install it, or use the embedded lab: docs/labs.md.')
  if (status.error !== null) giveUp(`vagrant status failed: ${lastLine(status)}`)
  const states = readStatus(status.stdout)
  const names = [...states.keys()]
  for (const name of names)
    if (states.get(name) !== 'running')
      notice(`${name} is left out: it is ${states.get(name).replaceAll('_', ' ')}. \`vagrant up ${name}\` boots it.`)

  const running = names.filter((name) => states.get(name) === 'running')
  const together = all.error === null ? readSshConfig(all.stdout) : new Map()
  const machines = running.every((name) => together.has(name)) ? together : await sshConfigs(running)
  for (const [name, ssh] of machines)
    if (ssh.proxycommand && !SOCKET.test(ssh.proxycommand)) {
      notice(`${name} is left out: it is reached by ProxyCommand ${ssh.proxycommand}, which signet does not support.`)
      machines.delete(name)
    }
  const hosts = running.filter((name) => machines.has(name))
  // Groups are those of the whole lab: a machine that is down moves no other to another cluster.
  const half = Math.ceil(names.length / 2)
  return {
    _meta: { hostvars: Object.fromEntries(hosts.map((name) => [name, variables(machines.get(name))])) },
    mysql: { children: ['primary_cluster', 'replica_cluster'] },
    primary_cluster: { hosts: names.slice(0, half).filter((name) => hosts.includes(name)) },
    replica_cluster: { hosts: names.slice(half).filter((name) => hosts.includes(name)) },
  }
}

const [action] = process.argv.slice(2)
if (action === '--list') process.stdout.write(`${JSON.stringify(await list(), null, 2)}\n`)
else if (action === '--host') process.stdout.write('{}\n')
else giveUp('an inventory program: use --list, or give it to signet with -i inventories/vagrant.')
