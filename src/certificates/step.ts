import type { Secret } from '../value/secret.js'

/** Makes a key pair and a self-signed authority certificate on the host of the step (usually the controller). */
export interface MakeAuthority {
  readonly do: 'make_authority'
  readonly certificatePath: string
  readonly keyPath: string
  /** Encrypts the key at rest (PKCS#8, PBES2 with AES-256). */
  readonly passphrase: Secret
  /** Slash form: `/CN=MyName`. */
  readonly subject: string
  readonly days: number
  /** RSA modulus, at least 2048. */
  readonly bits: number
}

/** Makes a key pair and a leaf certificate signed by an authority. Key and certificate are written atomically. */
export interface IssueCertificate {
  readonly do: 'issue_certificate'
  readonly certificatePath: string
  readonly keyPath: string
  readonly authorityCertificatePath: string
  readonly authorityKeyPath: string
  readonly authorityPassphrase: Secret
  readonly subject: string
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly days: number
  readonly bits: number
}

export type CertificateStep = MakeAuthority | IssueCertificate
