import { createHash, createHmac } from 'node:crypto'

/** One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHost {
  readonly marker: '' | '@revoked' | '@cert-authority'
  readonly patterns: readonly string[]
  readonly type: string
  /** The key in base64. */
  readonly key: string
  readonly file: string
  readonly line: number
}

/** Reads the lines of a known_hosts file; what is not understood is passed over, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  return text.split('\n').flatMap((raw, index) => {
    const words = raw.trim().split(/\s+/)
    if (raw.trim() === '' || raw.trim().startsWith('#')) return []
    const marked = words[0]?.startsWith('@') ?? false
    const [patterns, type, key] = marked ? words.slice(1) : words
    if (patterns === undefined || type === undefined || key === undefined) return []
    const marker = marked ? (words[0] as KnownHost['marker']) : ''
    return [{ marker, patterns: patterns.split(','), type, key, file, line: index + 1 }]
  })
}

/** Whether a line is about a host: plain names, `[name]:port`, wildcards, negations and hashed names. */
function concerns(entry: KnownHost, names: readonly string[]): boolean {
  let found = false
  for (const pattern of entry.patterns) {
    const negated = pattern.startsWith('!')
    const text = negated ? pattern.slice(1) : pattern
    const hit = names.some((name) => matches(text, name))
    if (hit && negated) return false
    found ||= hit
  }
  return found
}

function matches(pattern: string, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(pattern)
  if (hashed?.[1] !== undefined) {
    return createHmac('sha1', Buffer.from(hashed[1], 'base64')).update(name).digest('base64') === hashed[2]
  }
  if (!/[*?]/.test(pattern)) return pattern.toLowerCase() === name.toLowerCase()
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 'i').test(name)
}

export type KeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  /** `authority`: only an authority that signs host keys is known for it. */
  | { readonly kind: 'changed' | 'revoked' | 'authority'; readonly entry: KnownHost }

/** The names that a host has in known_hosts. */
export function knownHostNames(address: string, port: number): readonly string[] {
  return port === 22 ? [address] : [`[${address}]:${port}`]
}

/** Compares a key that a host presented with what is known. @param key in wire format (RFC 4253, section 6.6) */
export function judgeKey(entries: readonly KnownHost[], names: readonly string[], key: Buffer): KeyVerdict {
  const text = key.toString('base64')
  const type = keyType(key)
  const mine = entries.filter((entry) => concerns(entry, names))
  const revoked = mine.find((entry) => entry.marker === '@revoked' && entry.key === text)
  if (revoked) return { kind: 'revoked', entry: revoked }
  const plain = mine.filter((entry) => entry.marker === '')
  if (plain.some((entry) => entry.key === text)) return { kind: 'known' }
  const other = plain.find((entry) => entry.type === type) ?? plain[0]
  if (other !== undefined) return { kind: 'changed', entry: other }
  const authority = mine.find((entry) => entry.marker === '@cert-authority')
  return authority === undefined ? { kind: 'unknown' } : { kind: 'authority', entry: authority }
}

/** Types of the keys known for a host: those are asked for first, as OpenSSH does. */
export function knownTypes(entries: readonly KnownHost[], names: readonly string[]): readonly string[] {
  return [
    ...new Set(
      entries.filter((entry) => entry.marker === '' && concerns(entry, names)).map((entry) => entry.type),
    ),
  ]
}

/** Name of a key's type, the first string of its wire format. */
export function keyType(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString()
}

/** `SHA256:…` as ssh-keygen -l prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}
