import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SignetError } from '../errors.js'
import { fingerprint, judgeKey, keyType, knownTypes, parseKnownHosts, type KnownHost } from './known-hosts.js'
import type { ConnectionTarget } from './target.js'

/** Key types of hosts that are accepted, best first; those that known_hosts has are asked for before the others. */
const HOST_KEY_TYPES = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
] as const
type HostKeyType = (typeof HOST_KEY_TYPES)[number]

/** The types of host keys to offer: first those that known_hosts has for the host. */
export function hostKeyTypes(known: readonly KnownHost[], names: readonly string[]): HostKeyType[] {
  const types = knownTypes(known, names).flatMap((type) =>
    type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type],
  )
  const preferred = HOST_KEY_TYPES.filter((type) => types.includes(type))
  return [...preferred, ...HOST_KEY_TYPES.filter((type) => !preferred.includes(type))]
}

/** All lines of a target's known_hosts files; a file that is missing has none. */
export async function readKnownHosts(target: ConnectionTarget): Promise<readonly KnownHost[]> {
  const texts = await Promise.all(
    target.knownHostsFiles.map((file) => readFile(file, 'utf8').catch(() => '')),
  )
  return texts.flatMap((text, index) => parseKnownHosts(text, target.knownHostsFiles[index] ?? ''))
}

/**
 * Compares the key that a host shows with known_hosts. With accept-new, the key of an unknown host is written down.
 * @throws SignetError unknown-host-key, changed-host-key
 */
export async function judgeHostKey(
  target: ConnectionTarget,
  known: readonly KnownHost[],
  names: readonly string[],
  key: Buffer,
): Promise<void> {
  if (target.hostKeyChecking === 'off') return
  const verdict = judgeKey(known, names, key)
  const shown = `${keyType(key)} ${fingerprint(key)}`
  switch (verdict.kind) {
    case 'known':
      return
    case 'changed':
    case 'revoked':
      throw new SignetError(
        'changed-host-key',
        `The host key (${shown}) ${verdict.kind === 'revoked' ? 'is revoked in' : 'differs from the one in'} known_hosts.`,
        {
          host: target.host,
          place: { file: verdict.entry.file, line: verdict.entry.line, column: 1 },
          hint: `If the host was rebuilt, remove the old key: ssh-keygen -f ${verdict.entry.file} -R '${names[0] ?? ''}'`,
        },
      )
    case 'authority':
      throw new SignetError(
        'unknown-host-key',
        `The host key (${shown}) is vouched for by a @cert-authority line of known_hosts only, and signet does not check certificates of hosts.`,
        {
          host: target.host,
          place: { file: verdict.entry.file, line: verdict.entry.line, column: 1 },
          hint: `Verify the fingerprint and add the key itself to ${verdict.entry.file}.`,
        },
      )
    case 'unknown': {
      const [file] = target.knownHostsFiles
      if (target.hostKeyChecking === 'accept-new' && file !== undefined) {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 })
        const before = await readFile(file, 'utf8').catch(() => '')
        // The last line may have no end.
        const start = before === '' || before.endsWith('\n') ? '' : '\n'
        await appendFile(file, `${start}${names[0] ?? ''} ${keyType(key)} ${key.toString('base64')}\n`, {
          mode: 0o600,
        })
        return
      }
      throw new SignetError(
        'unknown-host-key',
        `The host key (${shown}) is not in ${target.knownHostsFiles.join(' or ')}.`,
        {
          host: target.host,
          hint: `Verify the fingerprint, then: ssh-keyscan -p ${target.port} ${target.address} >> ${file ?? '~/.ssh/known_hosts'} (or use --host-key-checking accept-new).`,
        },
      )
    }
  }
}
