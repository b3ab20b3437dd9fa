import { access, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SignetError } from '../errors.js'
import { groupsNamed, killGroup, removeGroup } from './cgroup.js'
import { hostKey, isUp, powerOff, powerOn, removeHost, sshWords, waitUntilReady } from './host.js'
import {
  hostLayout,
  hostNames,
  labLayout,
  LABS_DIRECTORY,
  type HostLayout,
  type LabLayout,
} from './layout.js'
import { withLock } from './lock.js'
import { makeLabNetwork, namespaces, removeNamespace } from './network.js'
import { attempt, run } from './process.js'
import { checkMachine, installMissingPackages } from './requirements.js'
import { provideRootFileSystem, unmountBelow } from './root-file-system.js'

/** What a lab command needs from outside. */
export interface LabContext {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Debian packages that new hosts have beside those of every lab. */
  readonly packages?: readonly string[]
  readonly say: (text: string) => void
}

/** Checks the machine, installs missing packages and builds the root file system if need be; returns its path. */
export async function prepare(context: LabContext): Promise<string> {
  checkMachine({ platform: process.platform, uid: process.getuid?.() ?? -1 })
  await installMissingPackages(context.say)
  return provideRootFileSystem(context.env, context.packages ?? [], context.say)
}

/** Hosts that the lab has, in order. */
export async function hostsOf(lab: LabLayout): Promise<readonly HostLayout[]> {
  const names = await readdir(join(lab.directory, 'hosts')).catch(() => [])
  return names
    .filter((name) => /^s\d+$/.test(name))
    .sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
    .map((name) => hostLayout(lab, name))
}

/** Names of all labs of this machine. */
export async function labNames(): Promise<readonly string[]> {
  return (await readdir(LABS_DIRECTORY).catch(() => [])).sort()
}

async function writeAccess(lab: LabLayout, hosts: readonly HostLayout[]): Promise<void> {
  const keys = await Promise.all(
    hosts.map(async (host) => `${host.name},${host.address} ${await hostKey(host)}\n`),
  )
  await writeFile(lab.knownHostsFile, keys.join(''), { mode: 0o644 })
  const config = hosts.map((host) =>
    [
      `Host ${host.name}`,
      `  HostName ${host.address}`,
      `  ProxyCommand socat - UNIX-CONNECT:${host.sshSocket}`,
      '  User root',
      `  IdentityFile ${lab.keyFile}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${lab.knownHostsFile}`,
      '  GlobalKnownHostsFile /dev/null',
      '  StrictHostKeyChecking yes',
      '  LogLevel ERROR',
      '',
    ].join('\n'),
  )
  await writeFile(lab.sshConfigFile, config.join('\n'))
}

/**
 * Brings a lab up: hosts that run already are left alone, what a killed run left is cleaned away.
 * Returns when sshd and mysqld of every host answer.
 */
export async function up(name: string, count: number, context: LabContext): Promise<LabLayout> {
  const lab = labLayout(name)
  const names = hostNames(count)
  const lower = await prepare(context)
  await withLock(lab.lockFile, context.say, async () => {
    const hosts = names.map((host) => hostLayout(lab, host))
    if ((await attempt('test', ['-s', lab.keyFile])).code !== 0) {
      await rm(`${lab.keyFile}.pub`, { force: true })
      await run('ssh-keygen', [
        '-q',
        '-t',
        'ed25519',
        '-N',
        '',
        '-C',
        `signet lab ${name}`,
        '-f',
        lab.keyFile,
      ])
    }
    await makeLabNetwork(lab)
    const running = await Promise.all(hosts.map(async (host) => (await isUp(host)) && (await answers(host))))
    const down = hosts.filter((_, index) => running[index] !== true)
    if (down.length > 0) context.say(`Booting ${down.map((host) => host.name).join(', ')}`)
    // One after another: they share the bridge and the namespace list; the boots themselves go on side by side.
    for (const host of down) await powerOn(lab, host, lower, hosts)
    await writeAccess(lab, hosts)
    await Promise.all(hosts.map((host) => waitUntilReady(lab, host)))
  })
  return lab
}

/** Whether the forwarder of a host is there: without it the host can't be reached and is started anew. */
function answers(host: HostLayout): Promise<boolean> {
  return access(host.sshSocket).then(
    () => true,
    () => false,
  )
}

/** Ends a lab and removes all that is its own; only the shared root file system stays. */
export async function down(name: string, context: LabContext): Promise<void> {
  const lab = labLayout(name)
  checkMachine({ platform: process.platform, uid: process.getuid?.() ?? -1 })
  await withLock(lab.lockFile, context.say, async () => {
    await Promise.all((await hostsOf(lab)).map((host) => removeHost(host)))
    const own = (other: string): boolean =>
      other.startsWith(`${lab.namespace}-s`) && /-s\d+$/.test(other.slice(lab.namespace.length))
    for (const group of (await groupsNamed(`${lab.namespace}-s`)).filter(own)) {
      await killGroup(group)
      await removeGroup(group)
    }
    await unmountBelow(lab.directory)
    for (const namespace of (await namespaces()).filter(own)) await removeNamespace(namespace)
    await removeNamespace(lab.namespace)
  })
  await rm(lab.directory, { recursive: true, force: true })
}

/** The hosts of a lab that is up. @throws SignetError lab-failed if it is not, bad-option for an unknown host */
export async function chooseHosts(lab: LabLayout, names: readonly string[]): Promise<readonly HostLayout[]> {
  const hosts = await hostsOf(lab)
  if (hosts.length === 0) {
    throw new SignetError('lab-failed', `There is no lab "${lab.name}".`, {
      hint: 'Start it with `signet lab up`.',
    })
  }
  const unknown = names.find((name) => !hosts.some((host) => host.name === name))
  if (unknown !== undefined) {
    throw new SignetError('bad-option', `Lab "${lab.name}" has no host "${unknown}".`, {
      hint: `It has ${hosts.map((host) => host.name).join(', ')}.`,
    })
  }
  return names.length === 0 ? hosts : hosts.filter((host) => names.includes(host.name))
}

/** Throws the disks of hosts away and boots them blank. */
export async function reset(name: string, names: readonly string[], context: LabContext): Promise<void> {
  const lab = labLayout(name)
  const lower = await prepare(context)
  await withLock(lab.lockFile, context.say, async () => {
    const all = await hostsOf(lab)
    const chosen = await chooseHosts(lab, names)
    await makeLabNetwork(lab)
    await Promise.all(chosen.map((host) => removeHost(host)))
    for (const host of chosen) await powerOn(lab, host, lower, all)
    await writeAccess(lab, all)
    await Promise.all(chosen.map((host) => waitUntilReady(lab, host)))
  })
}

export { isUp, powerOff, powerOn, sshWords, waitUntilReady }
