import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import SSHConfig from 'ssh-config'

/** What ssh_config(5) files say about one host, as far as it matters here. */
export interface SshSettings {
  readonly hostName?: string
  readonly port?: number
  readonly user?: string
  readonly identityFiles: readonly string[]
  readonly knownHostsFiles: readonly string[]
  readonly proxyJump?: string
  readonly proxyCommand?: string
  readonly strictHostKeyChecking?: string
  /** Seconds. */
  readonly connectTimeout?: number
  /** Seconds between two questions whether the host is still there; 0: none. */
  readonly serverAliveInterval?: number
  readonly serverAliveCountMax?: number
}

/** Reads ~/.ssh/config and /etc/ssh/ssh_config once; returns what they say about a host. Missing files say nothing. */
export function readSshConfig(
  env: Readonly<Record<string, string | undefined>>,
): (host: string) => SshSettings {
  const home = env['HOME'] ?? homedir()
  const texts = [join(home, '.ssh/config'), '/etc/ssh/ssh_config'].map((file) => {
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
      throw error
    }
  })
  const config = SSHConfig.parse(texts.join('\n'))
  return (host) => {
    const found = config.compute(host, { ignoreCase: true }) as Record<string, string | string[] | undefined>
    const list = (name: string): readonly string[] => {
      const value = found[name]
      return value === undefined
        ? []
        : Array.isArray(value)
          ? value
          : name === 'userknownhostsfile'
            ? value.split(/\s+/)
            : [value]
    }
    const one = (name: string): string | undefined => list(name)[0]
    const [hostName, port, user, proxyJump, proxyCommand, timeout, checking, interval, count] = [
      'hostname',
      'port',
      'user',
      'proxyjump',
      'proxycommand',
      'connecttimeout',
      'stricthostkeychecking',
      'serveraliveinterval',
      'serveralivecountmax',
    ].map(one)
    const expand = (path: string): string =>
      path
        .replace(/^~(?=\/|$)/, home)
        .replaceAll('%d', home)
        .replaceAll('%h', hostName ?? host)
    return {
      identityFiles: list('identityfile').map(expand),
      knownHostsFiles: list('userknownhostsfile').map(expand),
      ...(hostName === undefined ? {} : { hostName: hostName.replaceAll('%h', host) }),
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(user === undefined ? {} : { user }),
      ...(proxyJump === undefined || proxyJump === 'none' ? {} : { proxyJump }),
      ...(proxyCommand === undefined || proxyCommand === 'none'
        ? {}
        : {
            proxyCommand: proxyCommand
              .replaceAll('%h', hostName ?? host)
              .replaceAll('%p', port ?? '22')
              .replaceAll('%r', user ?? env['USER'] ?? 'root')
              .replaceAll('%%', '%'),
          }),
      ...(checking === undefined ? {} : { strictHostKeyChecking: checking }),
      ...(timeout === undefined ? {} : { connectTimeout: Number(timeout) }),
      ...(interval === undefined ? {} : { serverAliveInterval: Number(interval) }),
      ...(count === undefined ? {} : { serverAliveCountMax: Number(count) }),
    }
  }
}
