import { spawn } from 'node:child_process'
import { access, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SignetError } from '../errors.js'
import { killGroup, makeGroup, processesOf, removeGroup } from './cgroup.js'
import type { HostLayout, LabLayout } from './layout.js'
import { makeHostNetwork, removeNamespace } from './network.js'
import { attempt, pause, run } from './process.js'
import { unmountBelow } from './root-file-system.js'

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Whether the host's container runs. */
export async function isUp(host: HostLayout): Promise<boolean> {
  return (await processesOf(host.machine)).length > 0
}

/**
 * Mounts the host's overlay and writes what is its own: names, keys, identities. A host that was made before keeps
 * the root file system that it was made on, which its marker names; `base` is for a new one.
 */
async function prepareHost(
  lab: LabLayout,
  host: HostLayout,
  base: string,
  all: readonly HostLayout[],
): Promise<void> {
  await unmountBelow(host.root)
  const former = await readFile(host.preparedMarker, 'utf8').catch(() => undefined)
  if (former === undefined) {
    await rm(host.directory, { recursive: true, force: true })
    for (const path of [host.root, host.upper, host.work]) await mkdir(path, { recursive: true })
  }
  const lower = former ?? base
  if (!(await exists(lower)))
    throw new SignetError(
      'lab-failed',
      `The root file system that ${host.name} was made on is gone: ${lower}.`,
      {
        hint: `signet lab --name ${lab.name} reset ${host.name} makes the host anew.`,
      },
    )
  // redirect_dir: without it MySQL's CLONE destroys the server (a rename of a lower directory fails).
  const options = `redirect_dir=on,lowerdir=${lower},upperdir=${host.upper},workdir=${host.work}`
  await run('mount', ['-t', 'overlay', 'overlay', '-o', options, host.root])
  if (former !== undefined) return

  const names = all.map((other) => `${other.address} ${other.name}`).join('\n')
  await writeFile(join(host.root, 'etc/hosts'), `127.0.0.1 localhost\n::1 localhost\n${names}\n`)
  await writeFile(join(host.root, 'etc/hostname'), `${host.name}\n`)
  await writeFile(join(host.root, 'etc/machine-id'), '')
  const publicKey = await readFile(`${lab.keyFile}.pub`, 'utf8')
  for (const [user, home] of [
    ['root', 'root'],
    ['deploy', 'home/deploy'],
    ['limited', 'home/limited'],
  ] as const) {
    const directory = join(host.root, home, '.ssh')
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await writeFile(join(directory, 'authorized_keys'), publicKey, { mode: 0o600 })
    await run('chroot', [host.root, 'chown', '-R', `${user}:`, join('/', home, '.ssh')])
  }
  // Debian's own unit makes host keys on a first boot only, which this is not.
  await run('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-N',
    '',
    '-C',
    host.name,
    '-f',
    join(host.root, 'etc/ssh/ssh_host_ed25519_key'),
  ])
  await writeFile(host.preparedMarker, lower)
}

/** The host's public key as known_hosts lists it. */
export async function hostKey(host: HostLayout): Promise<string> {
  const text = await readFile(join(host.upper, 'etc/ssh/ssh_host_ed25519_key.pub'), 'utf8')
  const [type, key] = text.split(' ')
  return `${type ?? ''} ${key ?? ''}`
}

/** Boots the host's container in a network namespace and a cgroup of its own; returns as soon as it is started. */
async function boot(host: HostLayout): Promise<void> {
  const joins = await makeGroup(host.machine)
  const container = [
    'systemd-nspawn',
    '-D',
    host.root,
    '-b',
    '-M',
    host.machine,
    `--hostname=${host.name}`,
    '--register=no',
    '--keep-unit',
    '--link-journal=no',
    '--resolv-conf=off',
    '--timezone=off',
    // MySQL Router locks the memory of its keyring; without this mlock(2) is refused.
    '--system-call-filter=@memlock',
    `--network-namespace-path=/run/netns/${host.namespace}`,
  ]
  // A reboot inside ends nspawn with 133: then the container is booted again.
  const script = [
    ...joins.map((file) => `echo $$ > '${file}' || exit 1`),
    'export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1',
    `while "$@"; [ $? -eq 133 ]; do :; done`,
  ].join('\n')
  const log = await open(host.consoleLog, 'w', 0o600)
  const child = spawn('setsid', ['bash', '-c', script, 'signet-lab', ...container], {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  child.on('error', () => undefined)
  child.unref()
  await log.close()
}

/** Starts the forwarder from the host's unix socket to its sshd, in the lab's namespace and the host's cgroup. */
async function forward(lab: LabLayout, host: HostLayout): Promise<void> {
  await rm(host.sshSocket, { force: true })
  const joins = await makeGroup(host.machine)
  const script = [...joins.map((file) => `echo $$ > '${file}' || exit 1`), 'exec "$@"'].join('\n')
  const child = spawn(
    'setsid',
    [
      'bash',
      '-c',
      script,
      'signet-lab',
      'nsenter',
      `--net=/run/netns/${lab.namespace}`,
      'socat',
      `UNIX-LISTEN:${host.sshSocket},fork,mode=0600`,
      `TCP:${host.address}:22,nodelay`,
    ],
    { detached: true, stdio: 'ignore' },
  )
  child.on('error', () => undefined)
  child.unref()
}

/** Brings a host up that isn't: mounts, network, container, forwarder. What a killed run left of it is removed. */
export async function powerOn(
  lab: LabLayout,
  host: HostLayout,
  lower: string,
  all: readonly HostLayout[],
): Promise<void> {
  await powerOff(host)
  await prepareHost(lab, host, lower, all)
  await makeHostNetwork(lab, host)
  await boot(host)
  await forward(lab, host)
}

/** Ends a host at once, like a power failure; its disk stays. */
export async function powerOff(host: HostLayout): Promise<void> {
  await killGroup(host.machine)
  await removeGroup(host.machine)
  await unmountBelow(host.root)
  await removeNamespace(host.namespace)
  await rm(host.sshSocket, { force: true })
  await rm(join('/run/systemd/nspawn/propagate', host.machine), { recursive: true, force: true })
}

/** Ends a host and throws its disk away. */
export async function removeHost(host: HostLayout): Promise<void> {
  await powerOff(host)
  await rm(host.directory, { recursive: true, force: true })
}

/** Arguments of ssh that reach a host of the lab from any shell of this machine. */
export function sshWords(lab: LabLayout, host: HostLayout): readonly string[] {
  return ['-F', lab.sshConfigFile, host.name]
}

/**
 * What to do when the console of a host tells that a limit of the kernel is reached; undefined: it does not. systemd
 * takes about nine inotify instances for each host, and root has 128 for all of them by default.
 */
export function kernelLimit(console: string): string | undefined {
  return /inotify.*(Too many open files|EMFILE)|Too many open files.*inotify/i.test(console)
    ? "The kernel's limit of inotify instances is reached: run fewer hosts, or raise it with `sysctl fs.inotify.max_user_instances=512`."
    : undefined
}

/**
 * Waits until sshd and mysqld of a host answer.
 * @throws SignetError lab-failed after `seconds`, naming the console log
 */
export async function waitUntilReady(lab: LabLayout, host: HostLayout, seconds = 90): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  // The loop runs on the host: one login costs more than all its turns.
  const probe =
    'for i in $(seq 250); do mysql -Ne "select 1" >/dev/null 2>&1 && exit 0; sleep 0.2; done; echo "mysqld does not answer" >&2; exit 1'
  let last = ''
  while (Date.now() < deadline) {
    const ended = await attempt('ssh', [
      '-o',
      'ConnectTimeout=2',
      '-o',
      'BatchMode=yes',
      ...sshWords(lab, host),
      probe,
    ])
    if (ended.code === 0) return
    last = ended.stderr.trim().split('\n').at(-1) ?? ''
    await pause(400)
  }
  throw new SignetError(
    'lab-failed',
    `${host.name} of lab ${lab.name} did not answer within ${seconds} s (${last}).`,
    {
      host: host.name,
      hint:
        kernelLimit(await readFile(host.consoleLog, 'utf8').catch(() => '')) ??
        `Its console is logged in ${host.consoleLog}. \`signet lab reset ${host.name}\` starts it afresh.`,
    },
  )
}
