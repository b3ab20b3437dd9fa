import { X509Certificate } from 'node:crypto'
import { certificateFacts, type CertificateFacts } from '../../certificates/facts.js'
import type { Hosts } from '../../host/hosts.js'
import type { BecomeUser } from '../../connection/transport.js'
import type { FileState } from '../../host/question.js'
import { loadDriver } from '../driver.js'
import { DEFAULT_LOGIN } from '../login.js'
import { replicasetsOf } from '../replicaset/replicaset.js'
import type { Server, Topology } from '../topology.js'
import { Secret } from '../../value/secret.js'
import type { Attempt, Evidence, TlsFiles } from './evidence.js'
import { attemptLogin, type Trusted } from './login-attempt.js'
import { pairsOf, type Pair } from './pairs.js'

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
      return {
        host: server.host,
        files: tlsFiles(server, certificate, key, authority),
        fingerprint,
        own: bytes(certificate),
        authority: bytes(authority),
      }
    }),
  )
  const filesOf = (server: Server): (typeof looked)[number] | undefined =>
    looked.find(({ host }) => host === server.host)
  const sets = replicasetsOf(topology.servers)
  const pairs = pairsOf(topology, sets)
  const attempts = await Promise.all(
    pairs.map(async (pair) => {
      const ca = filesOf(pair.from)?.authority
      const own = filesOf(pair.to)?.own
      const safe = ca !== undefined && own !== undefined && isTrusted(own, ca) === true && isFor(own, pair.to)
      const [password, publicKey] = await Promise.all([
        passwordOf(hosts, as, pair),
        publicKeyOf(hosts, as, pair.to),
      ])
      const trusted =
        safe && password !== undefined ? { password, ca, name: pair.to.picture.host, publicKey } : undefined
      return Promise.all([false, true].map((tls) => attempt(hosts, pair, tls, trusted)))
    }),
  )
  return {
    topology,
    sets,
    silent,
    files: new Map(looked.map(({ host, files }) => [host, files])),
    served: new Map(looked.map(({ host, fingerprint }) => [host, fingerprint])),
    attempts: attempts.flat(),
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

/** Whether a certificate has the name that other servers connect to. */
function isFor(own: Buffer, { picture }: Server): boolean {
  try {
    return new X509Certificate(own).checkHost(picture.host) !== undefined
  } catch {
    return false
  }
}

/** The password that a server logs in to others with: it keeps it where root can read it. */
async function passwordOf(
  hosts: Hosts,
  as: BecomeUser | undefined,
  { from, user, channel }: Pair,
): Promise<Secret | undefined> {
  const answer = await hosts.reader(from.host, as).ask({
    ask: 'mysql_rows',
    login: DEFAULT_LOGIN,
    statement: 'SELECT User_password p FROM mysql.slave_master_info WHERE Channel_name = ? AND User_name = ?',
    values: [channel, user],
  })
  const password = answer.kind === 'rows' ? answer.rows[0]?.['p'] : undefined
  return typeof password === 'string' && password !== '' ? new Secret(password) : undefined
}

/** The key that a server lets clients without TLS encrypt passwords with, asked on its own host. */
async function publicKeyOf(
  hosts: Hosts,
  as: BecomeUser | undefined,
  { host }: Server,
): Promise<string | undefined> {
  const answer = await hosts.reader(host, as).ask({
    ask: 'mysql_rows',
    login: DEFAULT_LOGIN,
    statement: "SHOW STATUS LIKE 'Caching_sha2_password_rsa_public_key'",
  })
  const key = answer.kind === 'rows' ? answer.rows[0]?.['Value'] : undefined
  return typeof key === 'string' && key !== '' ? key : undefined
}

/** One login that must fail. */
async function attempt(
  hosts: Hosts,
  { from, to, user }: Pair,
  tls: boolean,
  trusted: Trusted | undefined,
): Promise<Attempt> {
  const account = to.picture.accounts.find((each) => each.user === user)
  const transport = await hosts.live(from.host).transport()
  const { host: address, port } = to.picture
  await loadDriver()
  const result = await transport.stream({ address, port }, undefined).then(
    (stream) => attemptLogin(stream, user, tls, trusted),
    (error: unknown) => ({
      outcome: 'unreachable' as const,
      errno: undefined,
      message: error instanceof Error ? error.message : String(error),
    }),
  )
  return {
    from: from.host,
    to: to.host,
    user,
    how: tls ? 'without a certificate' : 'without TLS',
    password:
      account?.hasPassword === false
        ? 'none'
        : trusted !== undefined && (tls || trusted.publicKey !== undefined)
          ? 'right'
          : 'unknown',
    ...result,
  }
}
