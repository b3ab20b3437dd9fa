import { certificateFacts, type CertificateFacts } from '../certificates/facts.js'
import { SignetError } from '../errors.js'
import type { HostReader } from '../host/host.js'
import type { Plan } from '../host/plan.js'
import type { MysqlLogin } from '../mysql/login.js'
import type { MysqlCertificate } from '../mysql/question.js'
import { ownSilence } from './own-silence.js'
import { topologyOf, type Server, type Topology } from '../mysql/topology.js'

/** What every cluster module looks at: the task's server, its certificate, and the servers it may meet. */
export interface ClusterView {
  readonly server: Server
  readonly topology: Topology
  /** Certificates that the servers present, by inventory name. */
  readonly certificates: ReadonlyMap<string, MysqlCertificate>
  readonly facts: CertificateFacts | undefined
  /** Servers that were to be looked at and do not answer, with the reason. */
  readonly silent: readonly string[]
}

/**
 * Reads one picture of each server, all at once.
 * @throws SignetError mysql-unreachable when the task's own server does not answer; mysql-failed when a group was started
 * twice, unless that is only looked at
 */
export async function viewCluster(
  host: HostReader,
  names: readonly string[],
  login: MysqlLogin,
  options: { readonly onlyLook?: true } = {},
): Promise<ClusterView> {
  const others = [...new Set(names)].filter((name) => name !== host.host)
  const readers = [host, ...others.map((name) => host.peer(name))]
  const [pictures, served] = await Promise.all([
    Promise.all(
      readers.map((reader) => orSilent(host, reader, reader.ask({ ask: 'mysql_instance', login }))),
    ),
    Promise.all(
      readers.map((reader) => orSilent(host, reader, reader.ask({ ask: 'mysql_certificate', login }))),
    ),
  ])
  const servers: Server[] = []
  const silent: string[] = []
  pictures.forEach((picture, index) => {
    const name = readers[index]?.host ?? ''
    if (picture.kind === 'up') servers.push({ host: name, picture })
    else silent.push(`${name}: ${picture.message}`)
  })
  const [own] = pictures
  if (own?.kind !== 'up') throw await ownSilence(host, own)
  const path = own.variables['ssl_cert'] ?? ''
  const file = path.startsWith('/')
    ? await host.ask({ ask: 'file', path, read: 'content', follow: true })
    : undefined
  const facts =
    file?.kind === 'file' && Buffer.isBuffer(file.content) ? certificateFacts(file.content) : undefined
  const server = { host: host.host, picture: own }
  const topology = options.onlyLook === true ? topologyOf(servers) : topologyOf(servers, server)
  if (options.onlyLook !== true) refuseSplit(topology, host.host)
  return {
    server,
    topology,
    certificates: new Map(readers.map((reader, index) => [reader.host, served[index] ?? { kind: 'none' }])),
    facts,
    silent,
  }
}

/** Nothing may be changed in a cluster that goes on in two places: whatever is done to one side, the other lacks. */
function refuseSplit({ clusters }: Topology, host: string): void {
  for (const { row, split = [] } of clusters) {
    if (split.length === 0) continue
    const names = split.map((server) => server.host).join(' and ')
    throw new SignetError(
      'mysql-failed',
      `Cluster "${row.name}" runs twice: ${names} are primaries of its group, and do not see each other. Each side may take writes that the other lacks.`,
      {
        host,
        hint: 'Find out which side holds the data. On all members of the other side: STOP GROUP_REPLICATION; then let them come back (innodb_cluster_instance), which refuses those with transactions of their own.',
      },
    )
  }
}

/** Another host that can't even be logged in to is as silent as one whose mysqld is down; the task's own host is an error. */
export async function orSilent<T>(
  host: HostReader,
  reader: HostReader,
  answer: Promise<T>,
): Promise<T | { readonly kind: 'down'; readonly message: string }> {
  try {
    return await answer
  } catch (error) {
    const gone =
      error instanceof SignetError && (error.code === 'unreachable' || error.code === 'connection-lost')
    if (!gone || reader.host === host.host) throw error
    return { kind: 'down', message: error.message }
  }
}

/** What a server presents, for explanations of a failed check. */
export function presented(
  view: ClusterView,
  host: string,
): { readonly subject: string; readonly issuer: string } | undefined {
  const certificate = view.certificates.get(host)
  return certificate?.kind === 'certificate'
    ? { subject: certificate.subject, issuer: certificate.issuer }
    : undefined
}

/** A refusal may come of servers that did not answer: they are named. */
export function heard(plan: Plan, silent: readonly string[]): Plan {
  return plan.failure !== undefined && silent.length > 0
    ? { ...plan, failure: `${plan.failure} No answer from ${silent.join('; ')}.` }
    : plan
}
