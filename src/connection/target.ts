import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { SignetError } from '../errors.js'
import { Secret } from '../value/secret.js'
import { showValue } from '../value/shape.js'
import type { Value } from '../value/value.js'
import type { SshSettings } from './ssh-settings.js'

/** How strictly host keys are checked: refuse unknown ones, keep them at the first sight, or not at all. */
export type HostKeyChecking = 'strict' | 'accept-new' | 'off'

/** Everything that is needed to open a connection to one host. */
export interface ConnectionTarget {
  /** Inventory name. */
  readonly host: string
  readonly kind: 'ssh' | 'local'
  readonly address: string
  readonly port: number
  readonly user: string
  readonly password?: Secret
  readonly keyFiles: readonly string[]
  /** The key files were named, not guessed: a missing one is an error. */
  readonly keysNamed: boolean
  readonly keyPassphrase?: Secret
  readonly agent?: string
  readonly knownHostsFiles: readonly string[]
  readonly hostKeyChecking: HostKeyChecking
  /** Seconds until the login must have succeeded. */
  readonly timeout: number
  /** How the connection is watched: every so many seconds; after so many without an answer it is lost. */
  readonly alive: { readonly interval: number; readonly count: number }
  /** A command whose streams lead to the host's sshd (ProxyCommand). */
  readonly proxyCommand?: string
  /** A unix socket that leads to the host's sshd, instead of TCP. */
  readonly unixSocket?: string
  /** Hosts to go through, in order (ProxyJump); none for most. */
  readonly jumps: readonly ConnectionTarget[]
  readonly becomePassword?: Secret
}

/** What the command line and the environment say about all connections. */
export interface ConnectionSettings {
  readonly user?: string
  readonly keyFile?: string
  readonly password?: Secret
  readonly becomePassword?: Secret
  readonly hostKeyChecking?: HostKeyChecking
  readonly timeout?: number
  readonly connection?: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What ssh_config files say about a host. */
  readonly sshConfig: (host: string, user: string | undefined) => SshSettings
}

const HERE = new Set(['localhost', '127.0.0.1', '::1'])

/**
 * How to reach a host, from its variables (ansible_host, ansible_user …), the command line and ssh_config, in this
 * order. @throws SignetError bad-option for values that make no sense
 */
export function connectionTarget(
  host: string,
  variable: (name: string) => Value | undefined,
  settings: ConnectionSettings,
): ConnectionTarget {
  const text = (...names: readonly string[]): string | undefined => {
    for (const name of names) {
      const value = variable(name)
      if (value !== undefined && value !== null && value !== '')
        return value instanceof Secret ? value.reveal() : showValue(value)
    }
    return undefined
  }
  const secret = (...names: readonly string[]): Secret | undefined => {
    const value = text(...names)
    return value === undefined ? undefined : new Secret(value)
  }
  const connection =
    text('ansible_connection') ??
    settings.connection ??
    (HERE.has(host) && text('ansible_host') === undefined ? 'local' : 'ssh')
  if (
    ![
      'ssh',
      'local',
      'smart',
      'paramiko',
      'paramiko_ssh',
      'ansible.builtin.ssh',
      'ansible.builtin.local',
    ].includes(connection)
  ) {
    throw new SignetError('bad-option', `The connection "${connection}" of ${host} is not supported.`, {
      host,
      hint: 'There are ssh and local.',
    })
  }
  const named = text('ansible_user', 'ansible_ssh_user') ?? settings.user
  const common = commonArguments(text('ansible_ssh_common_args'), host)
  const address = text('ansible_host', 'ansible_ssh_host') ?? host
  const config = settings.sshConfig(address, named)
  const home = settings.env['HOME'] ?? homedir()
  const path = (name: string): string => resolve(settings.cwd, name.replace(/^~(?=\/|$)/, home))
  const key = text('ansible_ssh_private_key_file', 'ansible_private_key_file') ?? settings.keyFile
  const keyFiles =
    key !== undefined
      ? [key]
      : config.identityFiles.length > 0
        ? config.identityFiles
        : ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(home, '.ssh', name))
  const knownHosts = text('ansible_ssh_known_hosts_file') ?? common['userknownhostsfile']
  const checking =
    text('ansible_host_key_checking', 'ansible_ssh_host_key_checking') ?? common['stricthostkeychecking']
  const configured = config.strictHostKeyChecking
  const password = secret('ansible_password', 'ansible_ssh_password', 'ansible_ssh_pass') ?? settings.password
  const becomePassword = secret('ansible_become_password', 'ansible_become_pass') ?? settings.becomePassword
  const passphrase = secret('ansible_ssh_private_key_passphrase')
  const agent = settings.env['SSH_AUTH_SOCK']
  const jump = common['proxyjump'] ?? config.proxyJump
  const unixSocket = text('ansible_ssh_unix_socket')
  const target: ConnectionTarget = {
    host,
    kind: /local$/.test(connection) ? 'local' : 'ssh',
    address: config.hostName ?? address,
    port: Number(text('ansible_port', 'ansible_ssh_port') ?? config.port ?? 22),
    user: named ?? config.user ?? settings.env['USER'] ?? 'root',
    keyFiles: keyFiles.map(path),
    keysNamed: key !== undefined,
    knownHostsFiles: (knownHosts === undefined
      ? config.knownHostsFiles.length > 0
        ? config.knownHostsFiles
        : [join(home, '.ssh/known_hosts'), '/etc/ssh/ssh_known_hosts']
      : knownHosts.split(/\s+/)
    ).map(path),
    hostKeyChecking:
      checking !== undefined
        ? hostKeyChecking(checking, host)
        : (settings.hostKeyChecking ??
          (configured === undefined ? 'strict' : hostKeyChecking(configured, host))),
    timeout: Number(
      text('ansible_ssh_timeout', 'ansible_timeout') ?? settings.timeout ?? config.connectTimeout ?? 10,
    ),
    alive: { interval: config.serverAliveInterval ?? 15, count: config.serverAliveCountMax ?? 4 },
    jumps: [],
    ...(password ? { password } : {}),
    ...(becomePassword ? { becomePassword } : {}),
    ...(passphrase ? { keyPassphrase: passphrase } : {}),
    ...(agent ? { agent } : {}),
    ...(unixSocket ? { unixSocket } : {}),
    ...(config.proxyCommand === undefined ? {} : { proxyCommand: config.proxyCommand }),
  }
  return jump === undefined || jump === 'none'
    ? target
    : { ...target, jumps: jump.split(',').map((text) => jumpTarget(text.trim(), target, settings, path)) }
}

/** One host of a ProxyJump: `[user@]host[:port]`, whose own ssh_config counts; what it leaves out is as for the host itself. */
function jumpTarget(
  text: string,
  target: ConnectionTarget,
  settings: ConnectionSettings,
  path: (name: string) => string,
): ConnectionTarget {
  const [, user, bracketed, plain, port] =
    /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? []
  const name = bracketed ?? plain
  if (name === undefined)
    throw new SignetError('bad-option', `ProxyJump "${text}" is not user@host:port.`, { host: target.host })
  const config = settings.sshConfig(name, user)
  const { unixSocket: _, becomePassword: __, proxyCommand: ___, ...rest } = target
  return {
    ...rest,
    ...(config.proxyCommand === undefined ? {} : { proxyCommand: config.proxyCommand }),
    address: config.hostName ?? name,
    port: Number(port ?? config.port ?? 22),
    user: user ?? config.user ?? target.user,
    ...(target.keysNamed || config.identityFiles.length === 0
      ? {}
      : { keyFiles: config.identityFiles.map(path) }),
    ...(config.knownHostsFiles.length === 0 ? {} : { knownHostsFiles: config.knownHostsFiles.map(path) }),
  }
}

/** Reads the spellings of ssh, Ansible and signet. @throws SignetError bad-option */
export function hostKeyChecking(text: string, host?: string): HostKeyChecking {
  if (/^(strict|yes|true|ask)$/i.test(text)) return 'strict'
  if (/^accept-new$/i.test(text)) return 'accept-new'
  if (/^(off|no|false)$/i.test(text)) return 'off'
  throw new SignetError('bad-option', `"${text}" is no way to check host keys.`, {
    host,
    hint: 'Use strict, accept-new or off.',
  })
}

/** The options of ansible_ssh_common_args that have a meaning here. */
function commonArguments(text: string | undefined, host: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  const words =
    text?.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)?.map((word) => word.replace(/^(["'])(.*)\1$/, '$2')) ?? []
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    const option = word === '-o' ? (words[++index] ?? '') : word.startsWith('-o') ? word.slice(2) : undefined
    const [name = '', value = ''] = (
      word === '-J' ? `proxyjump=${words[++index] ?? ''}` : (option ?? '')
    ).split(/[=\s](.*)/s)
    if (['stricthostkeychecking', 'userknownhostsfile', 'proxyjump'].includes(name.toLowerCase()))
      found[name.toLowerCase()] = value.replace(/^(["'])(.*)\1$/, '$2')
    else if (
      !/^(controlmaster|controlpersist|controlpath|connecttimeout|serveralive.*|loglevel|preferredauthentications)$/i.test(
        name,
      )
    ) {
      throw new SignetError(
        'bad-option',
        `ansible_ssh_common_args of ${host} holds "${option ?? word}", which signet does not know.`,
        {
          host,
          hint: 'It understands StrictHostKeyChecking, UserKnownHostsFile and ProxyJump; the rest belongs into ~/.ssh/config.',
        },
      )
    }
  }
  return found
}
