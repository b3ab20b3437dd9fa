import { showValue } from '../../value/shape.js'
import { attribute, type Topology } from '../topology.js'
import { withoutQuery } from './channel-status.js'
import { clusterSetStatus } from './clusterset-status.js'
import type { Detail } from './member-status.js'
import { links } from './security.js'
import { BRIEF, clusterStatus } from './status.js'

interface MemberView {
  readonly address: string
  readonly autoRejoinRunning?: boolean
  readonly instanceErrors?: readonly string[]
  readonly memberRole?: string
  readonly mode?: string
  readonly readReplicas?: Readonly<Record<string, ReadReplicaView>>
  readonly recovery?: RecoveryView
  readonly recoveryStatusText?: string
  readonly shellConnectError?: string
  readonly status?: string
  readonly version?: string
}

interface ReadReplicaView {
  readonly address: string
  readonly instanceErrors?: readonly string[]
  readonly status: string
}

interface RecoveryView {
  readonly currentStage?: string | null
  readonly currentStageProgress?: number | null
  readonly receiverError?: string
  readonly applierError?: string
}

/** A cluster as its ClusterSet sees it. */
interface SetView {
  readonly clusterErrors?: readonly string[]
  readonly clusterSetReplicationStatus?: string
  readonly globalStatus: string
}

interface ClusterView {
  readonly clusterRole?: string
  readonly defaultReplicaSet: {
    readonly clusterErrors?: readonly string[]
    readonly status: string
    readonly statusText: string
    readonly topology: Readonly<Record<string, MemberView>>
    readonly warning?: string
  }
}

/** A topology for people: clusters, members, what is wrong with them, and the security of every kind of connection between them. */
export function topologyText(topology: Topology, shown: Detail = BRIEF): string {
  const { silent = new Map<string, string>() } = shown
  if (topology.clusters.length === 0)
    return silent.size === 0
      ? 'There is no cluster among these servers.\n'
      : `There is no cluster among the servers that answer; those that do not may know of one: ${[...silent.keys()].join(', ')}.\n`
  const detail: Detail = { ...shown, level: 0 }
  const lines: string[] = []
  const { clusterset } = topology
  const set = clusterSetStatus(topology, detail)
  if (clusterset !== undefined && set !== null) {
    lines.push(
      `ClusterSet ${clusterset.domainName}: ${showValue(set['status'])} (${showValue(set['statusText'])})`,
      `  clusterSetReplicationSslMode ${clusterset.sslMode}, memberAuthType ${clusterset.authType}${clusterset.issuer === '' ? '' : `, certIssuer ${clusterset.issuer}`}`,
      '',
    )
  }
  const inSet = set?.['clusters'] as Readonly<Record<string, SetView>> | undefined
  for (const cluster of topology.clusters) {
    const status = clusterStatus(cluster, topology, detail) as unknown as ClusterView
    const { defaultReplicaSet: group } = status
    // What the ClusterSet says of a cluster has what the cluster says itself.
    const ofSet = inSet?.[cluster.row.name]
    const errors = ofSet?.clusterErrors ?? group.clusterErrors ?? []
    lines.push(
      `Cluster ${cluster.row.name}${status.clusterRole === undefined ? '' : ` (${status.clusterRole})`}: ${group.status} (${group.statusText})`,
      `  ${inSetWords(ofSet)}memberSslMode ${(cluster.primary ?? cluster.online[0])?.picture.variables['group_replication_ssl_mode'] ?? '?'}, memberAuthType ${cluster.authType}${cluster.issuer === '' ? '' : `, certIssuer ${cluster.issuer}`}`,
      ...[...errors, ...(group.warning === undefined ? [] : [`WARNING: ${group.warning}`])].map(
        (error) => `  ${error}`,
      ),
    )
    for (const [label, member] of Object.entries(group.topology)) {
      const row = cluster.instances.find(({ name }) => name === label)
      const subject = attribute(row?.attributes ?? {}, 'opt_certSubject')
      lines.push(
        `  ${member.address.padEnd(16)} ${(member.memberRole ?? '?').padEnd(10)} ${(member.mode ?? '?').padEnd(4)} ${(member.status ?? '?').padEnd(11)} ${member.version ?? ''}${subject === '' ? '' : `  certSubject ${subject}`}`,
        ...memberLines(member).map((line) => `    ${line}`),
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

/** AdminAPI's words for how a cluster stands in its ClusterSet. */
const inSetWords = (view: SetView | undefined): string =>
  view === undefined
    ? ''
    : `globalStatus ${view.globalStatus}, ${view.clusterSetReplicationStatus === undefined ? '' : `clusterSetReplicationStatus ${view.clusterSetReplicationStatus}, `}`

/** What a member is busy with, what is wrong with it, and its read replicas. */
function memberLines(member: MemberView): readonly string[] {
  return [
    ...(member.shellConnectError === undefined
      ? []
      : [
          `Not read: ${member.shellConnectError}. Look there: systemctl status mysql, and the error log. If it does not come back by itself then, innodb_cluster_instance brings it back.`,
        ]),
    ...(member.recoveryStatusText === undefined
      ? []
      : [[member.recoveryStatusText, ...recoveryWords(member.recovery ?? {})].join(': ')]),
    ...(member.autoRejoinRunning === true ? ['It was expelled, and tries to come back by itself.'] : []),
    ...(member.instanceErrors ?? []),
    ...Object.values(member.readReplicas ?? {}).flatMap(({ address, status, instanceErrors = [] }) => [
      `read replica ${address} ${status}`,
      ...instanceErrors.map((error) => `  ${error}`),
    ]),
  ]
}

function recoveryWords({
  currentStage,
  currentStageProgress,
  receiverError,
  applierError,
}: RecoveryView): readonly string[] {
  const percent =
    currentStageProgress === undefined || currentStageProgress === null
      ? ''
      : ` ${Math.round(currentStageProgress)} %`
  return [
    ...(currentStage === undefined || currentStage === null ? [] : [`${currentStage}${percent}`]),
    ...[receiverError, applierError].flatMap((error) => (error === undefined ? [] : [withoutQuery(error)])),
  ]
}
