import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { SignetError } from '../errors.js'
import { Secret } from '../value/secret.js'
import type { Place } from './place.js'

/** A password of the run, with the label of `--vault-id LABEL@SOURCE` if it has one. */
export interface VaultPassword {
  readonly label?: string
  readonly password: Secret
}

let passwords: readonly VaultPassword[] = []

/** The vault passwords of this run, given once before any file is read. They are tried in turn. */
export function useVaultPasswords(given: readonly VaultPassword[]): void {
  passwords = given
}

const opened: Secret[] = []

/** The secrets that were read from encrypted values and files so far: reports mask their texts. */
export function openedSecrets(): readonly Secret[] {
  return opened
}

/** A text from an encrypted value or file as a secret. */
export function openedSecret(text: string): Secret {
  const secret = new Secret(text)
  opened.push(secret)
  return secret
}

/** Whether a text is in ansible-vault's format. */
export function isVault(text: string): boolean {
  return text.trimStart().startsWith('$ANSIBLE_VAULT;')
}

/**
 * Decrypts a text of ansible-vault, format 1.1 or 1.2 with AES256: the header line, then hexadecimal digits of
 * `salt \n hmac \n ciphertext`, each in hexadecimal digits again. PBKDF2 with HMAC-SHA256 and 10 000 rounds gives the
 * cipher key (32 bytes), the HMAC key (32) and the initial counter (16); AES-256-CTR with PKCS#7 padding.
 * (Ansible's documentation, "Ansible Vault payload format 1.1 - 1.2".)
 * @throws SignetError vault-locked
 */
export function decryptVault(text: string, place: Place): string {
  const [header = '', ...body] = text.trim().split(/\s*\r?\n\s*/)
  const [, version = '', cipher = '', label] = header.split(';')
  if (!isVault(text))
    throw new SignetError('vault-locked', 'This is no encrypted value.', {
      place,
      hint: 'Encrypt it with ansible-vault encrypt_string.',
    })
  if (!/^1\.[12]$/.test(version) || cipher !== 'AES256') {
    throw new SignetError(
      'vault-locked',
      `This is encrypted in the vault format ${version};${cipher}, which is not supported.`,
      {
        place,
        hint: 'Formats 1.1 and 1.2 with AES256 are.',
      },
    )
  }
  const parts = unhex(body.join(''))?.toString('latin1').split('\n').map(unhex) ?? []
  const [salt, hmac, secret] = parts
  if (parts.length !== 3 || !salt || !hmac || !secret || secret.length === 0) {
    throw new SignetError('vault-locked', 'This encrypted value is damaged.', {
      place,
      hint: 'Encrypt it anew.',
    })
  }
  if (passwords.length === 0)
    throw new SignetError('vault-locked', 'This is encrypted, and no vault password was given.', { place })
  const inTurn = [
    ...passwords.filter((each) => each.label === label),
    ...passwords.filter((each) => each.label !== label),
  ]
  for (const { password } of inTurn) {
    const keys = keysOf(password, salt)
    const actual = createHmac('sha256', keys.subarray(32, 64)).update(secret).digest()
    if (actual.length !== hmac.length || !timingSafeEqual(actual, hmac)) continue
    const decipher = createDecipheriv('aes-256-ctr', keys.subarray(0, 32), keys.subarray(64, 80))
    const padded = Buffer.concat([decipher.update(secret), decipher.final()])
    return padded.subarray(0, padded.length - (padded.at(-1) ?? 0)).toString('utf8')
  }
  throw new SignetError('vault-locked', 'No vault password that was given opens this.', { place })
}

/** Ten thousand rounds take 10 ms: values that were encrypted together in one file often share password and salt. */
const derived = new Map<string, Buffer>()

function keysOf(password: Secret, salt: Buffer): Buffer {
  const id = `${salt.toString('hex')} ${password.reveal()}`
  const known = derived.get(id)
  if (known) return known
  const made = pbkdf2Sync(password.reveal(), salt, 10_000, 80, 'sha256')
  derived.set(id, made)
  return made
}

function unhex(digits: string): Buffer | undefined {
  return /^(?:[0-9a-f]{2})+$/i.test(digits) ? Buffer.from(digits, 'hex') : undefined
}
