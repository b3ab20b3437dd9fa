import { join } from 'node:path'
import { SignetError } from '../errors.js'

/** Everything that a lab calls its own: names and paths, derived from its name alone. */
export interface LabLayout {
  readonly name: string
  /** State of the lab: keys, known_hosts, sockets, one directory for each host. */
  readonly directory: string
  /** Network namespace with the lab's bridge in it. */
  readonly namespace: string
  readonly keyFile: string
  readonly knownHostsFile: string
  readonly sshConfigFile: string
  readonly lockFile: string
}

/** One host of a lab. */
export interface HostLayout {
  readonly name: string
  readonly address: string
  readonly namespace: string
  /** Name of the container and of its cgroup. */
  readonly machine: string
  readonly directory: string
  /** Where the overlay of the host is mounted. */
  readonly root: string
  readonly upper: string
  readonly work: string
  readonly consoleLog: string
  /** Exists once the host's own files are complete, and names its root file system; without it the host is made anew. */
  readonly preparedMarker: string
  /** Unix socket that leads to the host's sshd, from any network namespace. */
  readonly sshSocket: string
}

export const LABS_DIRECTORY = '/var/lib/signet/labs'
export const CACHE_DIRECTORY = '/var/cache/signet'
export const DEFAULT_LAB = 'lab'
/** The lab's network: the same in every lab, for each has a network namespace of its own. */
export const NETWORK = { prefix: '10.80.0.', length: 24, controller: '10.80.0.1' }
export const MAXIMUM_HOSTS = 14

/** @throws SignetError bad-option for a name that can't be part of paths and interface names. */
export function labLayout(name: string): LabLayout {
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(name)) {
    throw new SignetError('bad-option', `"${name}" can't be the name of a lab.`, {
      hint: 'A name has 1 to 20 lower-case letters, digits and dashes, and begins with a letter.',
    })
  }
  const directory = join(LABS_DIRECTORY, name)
  return {
    name,
    directory,
    namespace: `signet-${name}`,
    keyFile: join(directory, 'id_ed25519'),
    knownHostsFile: join(directory, 'known_hosts'),
    sshConfigFile: join(directory, 'ssh_config'),
    lockFile: join(directory, 'lock'),
  }
}

/** Hosts are called s1, s2 … and have the addresses .11, .12 … */
export function hostLayout(lab: LabLayout, name: string): HostLayout {
  const number = /^s([1-9][0-9]?)$/.exec(name)?.[1]
  if (number === undefined || Number(number) > MAXIMUM_HOSTS) {
    throw new SignetError('bad-option', `The lab has no host "${name}".`, {
      hint: `Hosts are called s1 to s${MAXIMUM_HOSTS}.`,
    })
  }
  const directory = join(lab.directory, 'hosts', name)
  return {
    name,
    address: `${NETWORK.prefix}${10 + Number(number)}`,
    namespace: `${lab.namespace}-${name}`,
    machine: `${lab.namespace}-${name}`,
    directory,
    root: join(directory, 'root'),
    upper: join(directory, 'upper'),
    work: join(directory, 'work'),
    consoleLog: join(directory, 'console.log'),
    preparedMarker: join(directory, 'prepared'),
    sshSocket: join(directory, 'ssh.sock'),
  }
}

/** s1 … sN. */
export function hostNames(count: number): readonly string[] {
  if (!Number.isInteger(count) || count < 1 || count > MAXIMUM_HOSTS) {
    throw new SignetError('bad-option', `A lab has 1 to ${MAXIMUM_HOSTS} hosts, not ${count}.`)
  }
  return Array.from({ length: count }, (_, index) => `s${index + 1}`)
}
