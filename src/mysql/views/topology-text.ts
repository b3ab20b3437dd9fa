import { showValue } from '../../value/shape.js'
import { attribute, type Topology } from '../topology.js'
import { clusterSetStatus } from './clusterset-status.js'
import { clusterStatus } from './status.js'
import { links } from './security.js'

interface MemberView {
  readonly memberRole?: string
  readonly mode?: string
  readonly status?: string
  readonly version?: string
}

/** A topology for people: clusters, members, and the security of every kind of connection between them. */
export function topologyText(topology: Topology): string {
  if (topology.clusters.length === 0) return 'There is no cluster among these servers.\n'
  const lines: string[] = []
  const { clusterset } = topology
  const set = clusterSetStatus(topology)
  if (clusterset !== undefined && set !== null) {
    lines.push(
      `ClusterSet ${clusterset.domainName}: ${showValue(set['status'])} (${showValue(set['statusText'])})`,
      `  clusterSetReplicationSslMode ${clusterset.sslMode}, memberAuthType ${clusterset.authType}${clusterset.issuer === '' ? '' : `, certIssuer ${clusterset.issuer}`}`,
      '',
    )
  }
  for (const cluster of topology.clusters) {
    const status = clusterStatus(cluster, topology) as unknown as {
      readonly clusterRole?: string
      readonly defaultReplicaSet: {
        readonly status: string
        readonly statusText: string
        readonly topology: Readonly<Record<string, MemberView>>
      }
    }
    const { defaultReplicaSet } = status
    lines.push(
      `Cluster ${cluster.row.name}${status.clusterRole === undefined ? '' : ` (${status.clusterRole})`}: ${defaultReplicaSet.status} (${defaultReplicaSet.statusText})`,
    )
    lines.push(
      `  memberSslMode ${cluster.primary?.picture.variables['group_replication_ssl_mode'] ?? '?'}, memberAuthType ${cluster.authType}${cluster.issuer === '' ? '' : `, certIssuer ${cluster.issuer}`}`,
    )
    for (const row of cluster.instances) {
      const member = defaultReplicaSet.topology[row.name]
      const subject = attribute(row.attributes, 'opt_certSubject')
      lines.push(
        `  ${row.address.padEnd(16)} ${(member?.memberRole ?? '?').padEnd(10)} ${(member?.mode ?? '?').padEnd(4)} ${(member?.status ?? '?').padEnd(10)} ${member?.version ?? ''}${subject === '' ? '' : `  certSubject ${subject}`}`,
      )
    }
    lines.push('')
  }
  lines.push('Connections between servers:')
  const rows = links(topology).map((link) => [
    link.what,
    link.from,
    `→ ${link.to}`,
    link.sslMode,
    link.tls ?? '(idle)',
    `requires ${link.requires}`,
  ])
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  for (const row of rows)
    lines.push(
      `  ${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')}`,
    )
  return `${lines.join('\n')}\n`
}
