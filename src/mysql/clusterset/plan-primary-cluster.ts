import type { Plan } from '../../modules/module.js'
import type { Step } from '../../host/step.js'
import { removeChannel } from '../channel.js'
import { wishedAttributes, type ChannelWish } from '../channel-options.js'
import type { MysqlLogin } from '../login.js'
import { predictPictures, withClusterRow, withMetadata } from '../members/after.js'
import { attributeStatements, canonical, differingAttributes, withAttributes } from '../members/options.js'
import { transaction } from '../metadata/statements.js'
import type { Cluster, Server, Topology } from '../topology.js'
import { forgetSources, STOP_CHANNEL } from './channel.js'
import { channelOf, CLUSTERSET_CHANNEL, isOpen, primaryLast } from './members.js'

/**
 * Members of the primary cluster that have a channel to another cluster all the same: it would start when one of them
 * becomes the primary of its group. While the cluster is closed a switchover may need them, so that there are none.
 */
export function staleChannels(topology: Topology): readonly Server[] {
  const { clusterset } = topology
  const home = topology.clusters.find(({ row }) => row.id === clusterset?.primaryClusterId)
  return home === undefined || !isOpen(home)
    ? []
    : primaryLast(home, topology).filter((server) => channelOf(server) !== undefined)
}

/** Removes the channels that members of the primary cluster must not have. */
export function staleChannelSteps(topology: Topology, login: MysqlLogin): readonly Step[] {
  return staleChannels(topology).map((server) => ({
    do: 'sql',
    host: server.host,
    login,
    note: `remove the channel of ${server.host}`,
    statements: [
      STOP_CHANNEL,
      // The list of sources is the group's: its primary writes it.
      ...(server === topology.globalPrimary ? forgetSources(server) : []),
      ...removeChannel(CLUSTERSET_CHANNEL),
    ],
  }))
}

/** The picture of a server when these have no channel to another cluster any more. */
export function withoutChannels(stale: readonly Server[], server: Server): Server['picture'] {
  const { picture } = server
  return stale.includes(server)
    ? {
        ...picture,
        channels: picture.channels.filter(({ name }) => name !== CLUSTERSET_CHANNEL),
        managedSources: picture.managedSources.filter(({ channel }) => channel !== CLUSTERSET_CHANNEL),
      }
    : picture
}

/**
 * What the primary cluster of a ClusterSet lacks: no member has a channel to another cluster, and the options that its
 * channel will have as a replica are recorded.
 */
export function planPrimaryCluster(
  channel: ChannelWish,
  cluster: Cluster,
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const { globalPrimary: writer } = topology
  const attributes = differingAttributes(cluster.row.attributes, wishedAttributes(channel))
  const stale = staleChannels(topology)
  if (attributes.length > 0 && (writer === undefined || !isOpen(cluster)))
    return {
      steps: [],
      diff: [],
      failure: `The primary cluster "${cluster.row.name}" takes no writes, so the options of its channel can't be recorded.`,
    }
  return {
    steps: [
      ...staleChannelSteps(topology, login),
      ...(writer === undefined || attributes.length === 0
        ? []
        : [
            {
              do: 'sql',
              host: writer.host,
              login,
              note: `record options of cluster "${cluster.row.name}"`,
              statements: transaction(
                attributeStatements(
                  { table: 'clusters', column: 'cluster_id', value: cluster.row.id },
                  attributes,
                ),
              ),
            } as const,
          ]),
    ],
    diff: [
      ...stale.map((server) => ({
        what: `channel ${CLUSTERSET_CHANNEL} of ${server.host}, a member of the primary cluster`,
        before: `${channelOf(server)?.host ?? ''}:${channelOf(server)?.port ?? ''}\n`,
        after: '',
      })),
      ...attributes.map(({ key, before, after }) => ({
        what: `${key.replace('opt_', '')} of cluster ${cluster.row.name}`,
        before: before === undefined ? '' : `${canonical(before)}\n`,
        after: after === undefined ? '' : `${canonical(after)}\n`,
      })),
    ],
    predicts: predictPictures(topology, login, (server) => {
      const picture = withoutChannels(stale, server)
      return attributes.length === 0
        ? picture
        : withMetadata({ ...server, picture }, (metadata) =>
            withClusterRow(metadata, cluster.row.id, (row) => ({
              ...row,
              attributes: withAttributes(row.attributes, attributes),
            })),
          )
    }),
  }
}
