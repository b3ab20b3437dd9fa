import { createPrivateKey, generateKeyPair, randomBytes, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import forge from 'node-forge'
import { SignetError } from '../errors.js'
import { Secret } from '../value/secret.js'
import type { IssueCertificate, MakeAuthority } from './step.js'
import { parseSlashName } from './subject-text.js'

const makeKeyPair = promisify(generateKeyPair)

/** A certificate in PEM form with its private key. */
export interface Issued {
  readonly certificate: string
  readonly key: Secret
}

/** Clocks differ: a certificate is valid a little before now. */
const HEAD_START = 5 * 60 * 1000

/** Makes an authority: CA:TRUE, may sign certificates and revocation lists; its key is encrypted (PKCS#8, AES-256). */
export async function makeAuthority(step: MakeAuthority, now: Date): Promise<Issued> {
  const pair = await makeKeyPair('rsa', { modulusLength: step.bits })
  const certificate = forge.pki.createCertificate()
  const name = forgeName(step.subject)
  certificate.publicKey = forge.pki.publicKeyFromPem(
    pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  )
  prepare(certificate, now, step.days)
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ])
  sign(certificate, pair.privateKey)
  const key = pair.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: step.passphrase.reveal(),
  })
  return { certificate: forge.pki.certificateToPem(certificate), key: new Secret(key.toString()) }
}

/** Makes a leaf: for servers, which are clients too when they replicate. Its key is not encrypted: mysqld reads it. */
export async function issueCertificate(
  step: IssueCertificate,
  authorityPem: string,
  authorityKeyPem: string,
  now: Date,
): Promise<Issued> {
  const authority = forge.pki.certificateFromPem(authorityPem)
  const authorityKey = openKey(authorityKeyPem, step.authorityPassphrase, step.authorityKeyPath)
  const pair = await makeKeyPair('rsa', { modulusLength: step.bits })
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(
    pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  )
  prepare(certificate, now, step.days)
  certificate.setSubject(forgeName(step.subject))
  certificate.setIssuer(authority.subject.attributes)
  const names = [
    ...step.dnsNames.map((value) => ({ type: 2, value })),
    ...step.ipAddresses.map((ip) => ({ type: 7, ip })),
  ]
  const keyId = (
    authority.getExtension('subjectKeyIdentifier') as { subjectKeyIdentifier?: string } | undefined
  )?.subjectKeyIdentifier
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
    ...(names.length > 0 ? [{ name: 'subjectAltName', altNames: names }] : []),
    { name: 'subjectKeyIdentifier' },
    ...(keyId === undefined
      ? []
      : [{ name: 'authorityKeyIdentifier', keyIdentifier: forge.util.hexToBytes(keyId) }]),
  ])
  sign(certificate, authorityKey)
  return {
    certificate: forge.pki.certificateToPem(certificate),
    key: new Secret(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
  }
}

/** Opens an encrypted private key. @throws SignetError task-failed when the passphrase is wrong */
export function openKey(pem: string, passphrase: Secret, path: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, passphrase: passphrase.reveal() })
  } catch {
    throw new SignetError(
      'task-failed',
      `The key ${path} can not be opened: the passphrase is wrong or the file is damaged.`,
      { hint: 'Give the passphrase that the authority was made with.' },
    )
  }
}

function prepare(certificate: forge.pki.Certificate, now: Date, days: number): void {
  // 128 random bits, positive (RFC 5280, section 4.1.2.2).
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  certificate.serialNumber = serial.toString('hex')
  certificate.validity.notBefore = new Date(now.getTime() - HEAD_START)
  certificate.validity.notAfter = new Date(now.getTime() + days * 86_400_000)
}

/** forge signs with its own keys; the key is handed over as text. */
function sign(certificate: forge.pki.Certificate, key: KeyObject): void {
  const pem = key.export({ type: 'pkcs1', format: 'pem' }).toString()
  certificate.sign(forge.pki.privateKeyFromPem(pem), forge.md.sha256.create())
}

function forgeName(text: string): forge.pki.CertificateField[] {
  return parseSlashName(text).map(({ type, value }) =>
    type === 'emailAddress' ? { name: 'emailAddress', value } : { shortName: type, value },
  )
}
