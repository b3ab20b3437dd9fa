import type { Plan } from '../../modules/module.js'
import type { Step } from '../../host/step.js'
import { gtidText, isWithin, minus, parseGtidSet } from '../gtid-set.js'
import type { MysqlLogin } from '../login.js'
import { predictPictures } from '../members/after.js'
import {
  attributeStatements,
  differingAttributes,
  withAttributes,
  type AttributeChange,
} from '../members/options.js'
import { METADATA } from '../metadata/schema.js'
import { transaction } from '../metadata/statements.js'
import type { Cluster, ClusterSet, Server, Topology } from '../topology.js'
import { alignReplica } from './align-replica.js'
import { wishedAttributes, type ChannelWish } from '../channel-options.js'
import { fenceSteps } from './fence.js'
import {
  CLUSTERSET_CHANNEL,
  isOpen,
  recordedServers,
  replicates,
  statesText,
  unseenMembers,
} from './members.js'
import { planPrimaryCluster } from './plan-primary-cluster.js'
import { asReplica, withAccounts } from './predictions.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

export interface RejoinCluster {
  /** Options of the channel that were given; what is not given stays as recorded. */
  readonly channel: ChannelWish
  /** Seconds to wait for transactions to arrive. */
  readonly timeout: number
}

/**
 * What a cluster of a ClusterSet lacks until it replicates as it shall: AdminAPI's rejoinCluster. Nothing when it does.
 * For the primary cluster see {@link planPrimaryCluster}. Transactions that the others lack are never thrown away: such a cluster is refused.
 */
export function planRejoinCluster(
  wanted: RejoinCluster,
  cluster: Cluster,
  topology: Topology,
  clusterset: ClusterSet,
  login: MysqlLogin,
): Plan {
  const { name } = cluster.row
  if (cluster.row.id === clusterset.primaryClusterId)
    return planPrimaryCluster(wanted.channel, cluster, topology, login)
  const { primary } = cluster
  if (primary === undefined)
    return refuse(
      `Cluster "${name}" has no primary that is ONLINE and has a quorum: ${statesText(recordedServers(topology, cluster)) || 'no server of it answers'}. Start its group first (reboot the cluster, or force its quorum).`,
    )
  const { globalPrimary: source } = topology
  const home = topology.clusters.find(({ row }) => row.id === clusterset.primaryClusterId)
  if (source === undefined || home === undefined)
    return refuse(
      `The primary cluster of ClusterSet "${clusterset.domainName}" has no primary that is ONLINE: there is nothing to replicate from.`,
    )
  const invalid = !clusterset.memberIds.includes(cluster.row.id)
  if (!invalid && isOpen(cluster) && !isOpen(home) && !replicates(primary))
    return refuse(
      `A switchover between "${home.row.name}" and "${name}" is not finished. Let innodb_clusterset_primary finish it.`,
    )
  const align = alignReplica({
    cluster,
    source,
    writer: source,
    topology,
    clusterset,
    login,
    given: wanted.channel,
    timeout: Math.max(wanted.timeout, 30),
  })
  const attributes = differingAttributes(cluster.row.attributes, wishedAttributes(wanted.channel))
  if (!invalid && align.length === 0 && attributes.length === 0) return { steps: [], diff: [] }
  if (!isOpen(home))
    return refuse(
      `The primary cluster "${home.row.name}" takes no writes: it is fenced, or a switchover is not finished. Unfence it, or let innodb_clusterset_primary finish the switchover.`,
    )
  const unseen = unseenMembers(cluster, topology)
  if (unseen.length > 0)
    return refuse(
      `${unseen.join(', ')} is a member of cluster "${name}", but not among the servers that are looked at. A member without the channel would leave its group: name it in members, or run on all hosts.`,
    )
  const refusal = invalid || !replicates(primary) ? refuseData(cluster, primary, source) : undefined
  if (refusal !== undefined) return refuse(refusal)
  const steps: readonly Step[] = [
    ...(invalid ? fencedFirst(cluster, primary, source, login, wanted.timeout) : []),
    ...align,
    ...record(cluster, source, clusterset, login, invalid, attributes),
    {
      do: 'catch_up',
      host: primary.host,
      from: source.host,
      channel: CLUSTERSET_CHANNEL,
      login,
      timeout: Math.max(wanted.timeout, 30),
      note: `wait until ${primary.host} has the metadata`,
    },
  ]
  return {
    steps,
    predicts: predictPictures(topology, login, (server) => {
      const { metadata } = topology
      const rows =
        metadata === undefined
          ? {}
          : {
              metadata: {
                ...metadata,
                clusters: metadata.clusters.map((row) =>
                  row.id === cluster.row.id
                    ? { ...row, attributes: withAttributes(row.attributes, attributes) }
                    : row,
                ),
                clustersetMembers: invalid
                  ? [
                      ...metadata.clustersetMembers,
                      {
                        clustersetId: clusterset.id,
                        viewId: metadata.clustersetMembers[0]?.viewId ?? '1',
                        clusterId: cluster.row.id,
                        masterClusterId: home.row.id,
                        primary: false,
                      },
                    ]
                  : metadata.clustersetMembers,
              },
            }
      const picture = cluster.online.includes(server)
        ? asReplica(server, cluster, source, clusterset, wanted.channel)
        : server.picture
      return { ...withAccounts(picture, cluster.online, topology, clusterset), ...rows }
    }),
    diff: [
      {
        what: `replica cluster ${name}`,
        before: invalid ? 'invalidated\n' : replicates(primary) ? 'other options\n' : 'does not replicate\n',
        after: `replicates from ${source.picture.host}:${source.picture.port}, clusterSetReplicationSslMode ${clusterset.sslMode}\n`,
      },
    ],
  }
}

/** Why the data of a cluster does not allow it to follow. */
function refuseData(cluster: Cluster, primary: Server, source: Server): string | undefined {
  const executed = parseGtidSet(primary.picture.gtidExecuted)
  const errant = minus(executed, parseGtidSet(source.picture.gtidExecuted))
  if (errant.size > 0)
    return `Cluster "${cluster.row.name}" has transactions that ${source.host} lacks: ${gtidText(errant)}. Rejoining would lose them. Save what they did (mysqlbinlog --include-gtids on ${primary.host}), then remove the cluster and make it anew by clone.`
  if (!isWithin(parseGtidSet(source.picture.gtidPurged), executed))
    return `${source.host} has purged binary logs that cluster "${cluster.row.name}" would need. Remove the cluster and make it anew by clone.`
  return undefined
}

/**
 * A cluster that was left behind may take writes: it is closed, and what came until then is looked for once more. It stays
 * closed whatever comes of it: each write that it takes is one that the others lack.
 */
function fencedFirst(
  cluster: Cluster,
  primary: Server,
  source: Server,
  login: MysqlLogin,
  timeout: number,
): readonly Step[] {
  return [
    ...fenceSteps(primary, login, timeout, `close cluster "${cluster.row.name}" for writes`).map(
      ({ undo: _undo, ...step }): Step => ({ ...step, pointOfNoReturn: 'begin' }),
    ),
    {
      do: 'catch_up',
      host: source.host,
      from: primary.host,
      channel: CLUSTERSET_CHANNEL,
      login,
      timeout: 0,
      note: `see that ${source.host} has every transaction of ${primary.host}`,
    },
  ]
}

function record(
  cluster: Cluster,
  source: Server,
  clusterset: ClusterSet,
  login: MysqlLogin,
  invalid: boolean,
  attributes: readonly AttributeChange[],
): readonly Step[] {
  if (!invalid && attributes.length === 0) return []
  return [
    {
      do: 'sql',
      host: source.host,
      login,
      note: `record cluster "${cluster.row.name}" in ClusterSet "${clusterset.domainName}"`,
      // It replicates by now, and is known to.
      pointOfNoReturn: 'end',
      statements: transaction([
        ...attributeStatements(
          { table: 'clusters', column: 'cluster_id', value: cluster.row.id },
          attributes,
        ),
        ...(invalid
          ? [
              {
                text: `CALL ${METADATA}.v2_cs_member_rejoined(?, ?, ?, '{}')`,
                values: [clusterset.id, cluster.row.id, clusterset.primaryClusterId ?? ''],
              },
            ]
          : []),
      ]),
    },
  ]
}
