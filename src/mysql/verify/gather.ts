import { X509Certificate } from 'node:crypto'
import { certificateFacts, type CertificateFacts } from '../../certificates/facts.js'
import type { Hosts } from '../../host/hosts.js'
import type { BecomeUser } from '../../connection/transport.js'
import type { FileState } from '../../host/question.js'
import { DEFAULT_LOGIN } from '../login.js'
import { replicasetsOf } from '../replicaset/replicaset.js'
import { attribute, type InstanceRow, type Server, type Topology } from '../topology.js'
import type { Attempt, Evidence, TlsFiles } from './evidence.js'
import { attemptLogin } from './login-attempt.js'

const absolute = (path: string, { picture }: Server): string =>
  path === '' || path.startsWith('/') ? path : `${picture.variables['datadir'] ?? '/var/lib/mysql/'}${path}`

/** Reads files and certificates of all servers, and lets every host try the logins that must fail. */
export async function gatherEvidence(
  hosts: Hosts,
  as: BecomeUser | undefined,
  topology: Topology,
  silent: readonly string[],
  now: Date,
): Promise<Evidence> {
  const looked = await Promise.all(
    topology.servers.map(async (server) => {
      const reader = hosts.reader(server.host, as)
      const file = (variable: string): Promise<FileState> => {
        const path = absolute(server.picture.variables[variable] ?? '', server)
        return path === ''
          ? Promise.resolve({ kind: 'absent' })
          : reader.ask({ ask: 'file', path, read: 'content', follow: true })
      }
      const [certificate, key, authority, served] = await Promise.all([
        file('ssl_cert'),
        file('ssl_key'),
        file('ssl_ca'),
        reader.ask({ ask: 'mysql_certificate', login: DEFAULT_LOGIN }),
      ])
      const fingerprint =
        served.kind === 'certificate' && typeof served.fingerprint === 'string' ? served.fingerprint : null
      return { host: server.host, files: tlsFiles(server, certificate, key, authority), fingerprint }
    }),
  )
  return {
    topology,
    silent,
    files: new Map(looked.map(({ host, files }) => [host, files])),
    served: new Map(looked.map(({ host, fingerprint }) => [host, fingerprint])),
    attempts: await attempts(hosts, topology),
    now,
  }
}

const bytes = (file: FileState): Buffer | undefined =>
  file.kind === 'file' && Buffer.isBuffer(file.content) ? file.content : undefined

function tlsFiles(server: Server, certificate: FileState, key: FileState, authority: FileState): TlsFiles {
  const own = bytes(certificate)
  return {
    certificatePath: absolute(server.picture.variables['ssl_cert'] ?? '', server),
    certificate: own === undefined ? undefined : factsOf(own),
    trusted: own === undefined ? undefined : isTrusted(own, bytes(authority)),
    keyPath: absolute(server.picture.variables['ssl_key'] ?? '', server),
    keyMode: key.kind === 'absent' ? undefined : key.mode,
    keyOwner: key.kind === 'absent' ? '' : key.owner,
  }
}

function factsOf(content: Buffer): CertificateFacts | undefined {
  try {
    return certificateFacts(content)
  } catch {
    return undefined
  }
}

/** Whether one of the authorities in a bundle issued the certificate, by name and by signature. */
function isTrusted(own: Buffer, bundle: Buffer | undefined): boolean | undefined {
  const blocks = bundle?.toString().match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (blocks === undefined || blocks === null) return undefined
  try {
    const certificate = new X509Certificate(own)
    return blocks
      .map((block) => new X509Certificate(block))
      .some((issuer) => certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey))
  } catch {
    return undefined
  }
}

/** Every host tries the account that its server logs in with, at every server of its cluster or ReplicaSet, itself included. */
async function attempts(hosts: Hosts, topology: Topology): Promise<readonly Attempt[]> {
  const groups: readonly (readonly InstanceRow[])[] = [
    ...topology.clusters.map(({ instances }) => instances),
    ...replicasetsOf(topology.servers).map(({ members }) => members.map(({ row }) => row)),
  ]
  const pairs = groups.flatMap((rows) => {
    const servers = rows.flatMap((row) => {
      const server = topology.servers.find(({ picture }) => picture.uuid === row.uuid)
      const user =
        attribute(row.attributes, 'recoveryAccountUser') ||
        attribute(row.attributes, 'replicationAccountUser')
      return server === undefined || user === '' ? [] : [{ server, user }]
    })
    return servers.flatMap((from) => servers.map((to) => ({ from, to })))
  })
  return Promise.all(
    pairs.flatMap(({ from, to }) =>
      ([false, true] as const).map(async (tls): Promise<Attempt> => {
        const transport = await hosts.live(from.server.host).transport()
        const { host: address, port } = to.server.picture
        const result = await transport.stream({ address, port }, undefined).then(
          (stream) => attemptLogin(stream, from.user, tls),
          (error: unknown) => ({
            outcome: 'unreachable' as const,
            message: error instanceof Error ? error.message : String(error),
          }),
        )
        return {
          from: from.server.host,
          to: to.server.host,
          user: from.user,
          how: tls ? 'without a certificate' : 'without TLS',
          ...result,
        }
      }),
    ),
  )
}
