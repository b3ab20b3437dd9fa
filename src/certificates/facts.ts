import { createHash, X509Certificate } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { slashName } from './subject-text.js'

/** What matters of a certificate. */
export interface CertificateFacts {
  /** SHA-256 of the DER form in lower-case hex. */
  readonly fingerprint: string
  /** Upper-case hex without leading zeros. */
  readonly serial: string
  /** Slash form: `/CN=s1`. */
  readonly subject: string
  readonly issuer: string
  readonly dnsNames: readonly string[]
  /** As canonicalAddress writes them. */
  readonly ipAddresses: readonly string[]
  /** Seconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
  readonly authority: boolean
  /** OIDs of the extended key usage; empty: not restricted. */
  readonly keyUsages: readonly string[]
}

export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

/** One spelling for each IP address: IPv6 in lower case and shortened (RFC 5952), which certificates print otherwise. */
export function canonicalAddress(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address
}

/** Reads a certificate in DER or PEM form. @throws Error when it is none */
export function certificateFacts(bytes: Buffer | string): CertificateFacts {
  const certificate = new X509Certificate(bytes)
  const names = (certificate.subjectAltName ?? '').split(', ')
  const of = (kind: string): readonly string[] =>
    names.filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length))
  return {
    fingerprint: createHash('sha256').update(certificate.raw).digest('hex'),
    serial: certificate.serialNumber.replace(/^0+(?=.)/, ''),
    subject: slashName(certificate.subject),
    issuer: slashName(certificate.issuer),
    dnsNames: of('DNS:'),
    ipAddresses: of('IP Address:').map(canonicalAddress),
    notBefore: Date.parse(certificate.validFrom) / 1000,
    notAfter: Date.parse(certificate.validTo) / 1000,
    authority: certificate.ca,
    keyUsages: extendedKeyUsage(certificate),
  }
}

/** Node's types forget that a certificate may have no extended key usage. */
function extendedKeyUsage(certificate: { readonly keyUsage?: readonly string[] }): readonly string[] {
  return certificate.keyUsage ?? []
}
