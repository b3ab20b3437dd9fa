import type { CertificateFacts } from '../../certificates/facts.js'
import type { ReplicaSet } from '../replicaset/replicaset.js'
import type { AuthType } from '../step.js'
import type { Server, Topology } from '../topology.js'

/** The files of a server's TLS as they lie on its host. */
export interface TlsFiles {
  readonly certificatePath: string
  /** Undefined: it can't be read as a certificate. */
  readonly certificate: CertificateFacts | undefined
  /** Was it issued by one of the authorities in ssl_ca? Undefined: ssl_ca can't be read. */
  readonly trusted: boolean | undefined
  readonly keyPath: string
  /** Permission bits; undefined: there is no such file. */
  readonly keyMode: number | undefined
  readonly keyOwner: string
}

/** What a login that must fail came to. */
export interface Attempt {
  /** Inventory names of the host that tried and of the server. */
  readonly from: string
  readonly to: string
  readonly user: string
  readonly how: 'without TLS' | 'without a certificate'
  /** Whether what the login lacked could have been its password: then a refusal proves nothing else. */
  readonly password: 'right' | 'none' | 'unknown'
  readonly outcome: 'refused' | 'accepted' | 'unreachable'
  readonly errno: number | undefined
  readonly message: string
}

/** Everything that verification looks at. */
export interface Evidence {
  readonly topology: Topology
  readonly sets: readonly ReplicaSet[]
  /** Hosts that did not answer, with the reason. */
  readonly silent: readonly string[]
  /** By inventory name. */
  readonly files: ReadonlyMap<string, TlsFiles>
  /** SHA-256 of the certificate that the running server presents; null: none. By inventory name. */
  readonly served: ReadonlyMap<string, string | null>
  readonly attempts: readonly Attempt[]
  readonly now: Date
}

/** One thing that was looked at. */
export interface Check {
  /** Address or inventory name that it concerns. */
  readonly where: string
  readonly what: string
  readonly ok: boolean
  /**
   * `tried`: something was done from outside, and this came of it. `read`: the servers' own settings and files say so.
   * `undecided`: what was tried would have had this outcome anyway.
   */
  readonly by: 'tried' | 'read' | 'undecided'
  /** What was found; with a problem, what to do about it. */
  readonly found: string
  /** A problem that may be over in a moment. */
  readonly passing?: true
}

/** A server that metadata names, if it was read. */
export function serverOf(topology: Topology, uuid: string): Server | undefined {
  return topology.servers.find(({ picture }) => picture.uuid === uuid)
}

/** One thing that was looked at, with what was found. */
export const check = (
  where: string,
  what: string,
  ok: boolean,
  found: string,
  by: Check['by'] = 'read',
): Check => ({
  where,
  what,
  ok,
  found,
  by,
})

/** What a cluster's connections are described to be. */
export interface Described {
  /** Of the group, or of the ReplicaSet's channels. */
  readonly sslMode: string
  readonly authType: AuthType
  readonly issuer: string
}
