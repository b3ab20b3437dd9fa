import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { connectionTarget } from '../../src/connection/target.js'
import type { HostReader } from '../../src/host/host.js'
import { Hosts } from '../../src/host/hosts.js'
import { Overlay } from '../../src/host/overlay.js'
import { hostLayout, labLayout } from '../../src/lab/layout.js'
import type { TaskContext } from '../../src/modules/module.js'

/**
 * The hosts of a lab as the engine holds them, with the controller as localhost.
 * @param aliases other names of hosts
 */
export function labHosts(name: string, aliases: Readonly<Record<string, string>> = {}): Hosts {
  const lab = labLayout(name)
  const settings = { env: process.env, cwd: process.cwd(), sshConfig: () => NO_SSH_CONFIG }
  return new Hosts({
    targetOf: (host) => {
      const vars: Readonly<Record<string, string>> =
        host === 'localhost'
          ? { ansible_connection: 'local' }
          : {
              ansible_user: 'root',
              ansible_host: hostLayout(lab, aliases[host] ?? host).address,
              ansible_ssh_unix_socket: hostLayout(lab, aliases[host] ?? host).sshSocket,
              ansible_ssh_private_key_file: lab.keyFile,
              ansible_ssh_known_hosts_file: lab.knownHostsFile,
            }
      return connectionTarget(host, (variable) => vars[variable], settings)
    },
    now: () => new Date(),
  })
}

const NO_SSH_CONFIG = { identityFiles: [], knownHostsFiles: [] }

/** Runs shell lines on a host over the connection that is open anyway. @returns what they print */
export async function runLines(hosts: Hosts, host: string, lines: string): Promise<string> {
  const transport = await hosts.live(host).transport()
  const { code, stdout, stderr } = await transport.script(lines, undefined)
  assert.equal(code, 0, `${host}: ${lines}\n${stdout.toString()}${stderr}`)
  return stdout.toString().trim()
}

/** What a task looks at on the controller: the given files, in a directory of their own. */
export async function contractContext(
  controller: HostReader,
  files: Readonly<Record<string, string>>,
  playHosts: readonly string[],
): Promise<TaskContext> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-contract-'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), text)
  }
  return {
    controller,
    find: (_directory, name) => Promise.resolve(join(directory, name)),
    render: (text) => text,
    playHosts,
    group: () => playHosts,
    now: () => new Date(),
  }
}

/** The reader that check mode hands to a probe, noting what the probe uses of it besides its questions. */
export function watchedReader(hosts: Hosts, host: string, used: Set<string>): HostReader {
  return watched(new Overlay().reader(hosts.reader(host)), used)
}

function watched(reader: HostReader, used: Set<string>): HostReader {
  return new Proxy(reader, {
    get: (target, key) => {
      used.add(String(key))
      if (key === 'peer') return (host: string) => watched(target.peer(host), used)
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
    ownKeys: (target) => {
      used.add('(its keys)')
      return Reflect.ownKeys(target)
    },
  })
}

/**
 * Everything that a host has changed on its disk since it was made (the upper layer of its overlay), without what
 * changes by itself, and the state of its services.
 */
export async function diskState(hosts: Hosts, name: string, host: string): Promise<string> {
  const { upper } = hostLayout(labLayout(name), host)
  const skipped = ['var/log', 'var/lib/mysql', 'var/lib/systemd', 'var/tmp', 'tmp', 'run', 'var/cache']
  const files = execFileSync(
    'find',
    [
      '.',
      '(',
      ...skipped.flatMap((path, index) => [...(index === 0 ? [] : ['-o']), '-path', `./${path}`]),
      ')',
      '-prune',
      '-o',
      '-printf',
      '%p %y %m %U %G %s %T@ %l\n',
    ],
    { cwd: upper, maxBuffer: 64 * 1024 * 1024 },
  ).toString()
  const services = await runLines(
    hosts,
    host,
    'systemctl show mysql ssh cron -p Id,ActiveState,MainPID,UnitFileState,ActiveEnterTimestampMonotonic',
  )
  return `${files.split('\n').sort().join('\n')}\n${services}`
}

/** Accounts, variables and schemas of a server, in one query. */
export async function sqlState(hosts: Hosts, host: string): Promise<string> {
  return runLines(
    hosts,
    host,
    `mysql -N -B -e "SELECT * FROM mysql.user; SELECT * FROM mysql.db; SELECT * FROM mysql.tables_priv; SELECT * FROM mysql.global_grants; SELECT * FROM performance_schema.persisted_variables; SELECT * FROM performance_schema.global_variables WHERE VARIABLE_NAME NOT IN ('gtid_executed', 'timestamp'); SHOW DATABASES; SELECT * FROM performance_schema.replication_group_members" | sha256sum`,
  )
}
