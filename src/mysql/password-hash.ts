import { createHash, hash } from 'node:crypto'

/** crypt's alphabet, in the order of its values. */
const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Which bytes of the digest make up each group of four letters (SHA-crypt, step 22, for SHA-256). */
const GROUPS: readonly (readonly [number, number, number])[] = [
  [0, 10, 20],
  [21, 1, 11],
  [12, 22, 2],
  [3, 13, 23],
  [24, 4, 14],
  [15, 25, 5],
  [6, 16, 26],
  [27, 7, 17],
  [18, 28, 8],
  [9, 19, 29],
]

const sha256 = (...parts: readonly Buffer[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer')

/** Bytes repeated and cut to a length. */
const stretched = (bytes: Buffer, length: number): Buffer => Buffer.alloc(length, bytes)

/**
 * SHA-crypt with SHA-256 (U. Drepper, "Unix crypt using SHA-256 and SHA-512"), 43 letters. MySQL's plugins
 * caching_sha2_password and sha256_password keep passwords so, with a salt of 20 bytes.
 */
export function sha256Crypt(password: string, salt: Buffer, rounds: number): string {
  const key = Buffer.from(password)
  const other = sha256(key, salt, key)
  const bits: Buffer[] = []
  for (let length = key.length; length > 0; length >>= 1) bits.push((length & 1) === 1 ? other : key)
  let digest = sha256(key, salt, stretched(other, key.length), ...bits)
  const p = stretched(sha256(...Array.from({ length: key.length }, () => key)), key.length)
  const repeats = 16 + (digest[0] ?? 0)
  const s = stretched(sha256(...Array.from({ length: repeats }, () => salt)), salt.length)
  for (let round = 0; round < rounds; round++) {
    const odd = (round & 1) === 1
    digest = sha256(
      odd ? p : digest,
      ...(round % 3 === 0 ? [] : [s]),
      ...(round % 7 === 0 ? [] : [p]),
      odd ? digest : p,
    )
  }
  const letters = (value: number, count: number): string =>
    Array.from({ length: count }, (_, index) => ALPHABET[(value >> (6 * index)) & 63] ?? '').join('')
  const at = (index: number): number => digest[index] ?? 0
  return (
    GROUPS.map(([a, b, c]) => letters((at(a) << 16) | (at(b) << 8) | at(c), 4)).join('') +
    letters((at(31) << 8) | at(30), 3)
  )
}

/** The authentication string of caching_sha2_password: `$A$`, thousands of rounds in hex, salt and hash. */
export function cachingSha2(password: string, salt: Buffer, rounds: number): Buffer {
  const thousands = (rounds / 1000).toString(16).toUpperCase().padStart(3, '0')
  return Buffer.concat([
    Buffer.from(`$A$${thousands}$`),
    salt,
    Buffer.from(sha256Crypt(password, salt, rounds)),
  ])
}

/**
 * Whether an account's authentication string is that of a password; undefined for plugins whose string says nothing
 * about passwords (auth_socket, LDAP).
 */
export function passwordMatches(password: string, plugin: string, stored: Buffer): boolean | undefined {
  switch (plugin) {
    case 'caching_sha2_password': {
      if (stored.length === 0) return password === ''
      const rounds = parseInt(stored.subarray(3, 6).toString(), 16) * 1000
      if (!stored.subarray(0, 3).equals(Buffer.from('$A$')) || !(rounds > 0)) return false
      return password !== '' && cachingSha2(password, stored.subarray(7, 27), rounds).equals(stored)
    }
    case 'sha256_password': {
      if (stored.length === 0) return password === ''
      if (!stored.subarray(0, 3).equals(Buffer.from('$5$'))) return false
      const hash = stored.subarray(24).toString()
      return password !== '' && sha256Crypt(password, stored.subarray(3, 23), 5000) === hash
    }
    case 'mysql_native_password': {
      if (password === '' || stored.length === 0) return password === '' && stored.length === 0
      const once = createHash('sha1').update(password).digest()
      const twice = createHash('sha1').update(once).digest('hex').toUpperCase()
      return stored.toString() === `*${twice}`
    }
    default:
      return undefined
  }
}
