import { clustersOf } from './clusters.js'
import { attribute, ownState, type Cluster, type Server, type Topology } from '../topology.js'
import type { ReplicaSet } from '../replicaset/replicaset.js'
import { CHANNEL } from '../replicaset/replicaset.js'
import { serverOf } from './evidence.js'

/** A server that logs in to another: the account, and the channel that knows its password. */
export interface Pair {
  readonly from: Server
  readonly to: Server
  readonly user: string
  readonly channel: string
}

const RECOVERY = 'group_replication_recovery'
export const CLUSTERSET = 'clusterset_replication'

/** Which server may have to log in to which, and as whom. Pure. */
export function pairsOf(topology: Topology, sets: readonly ReplicaSet[]): readonly Pair[] {
  return [
    ...clustersOf(topology, sets).flatMap((cluster) => memberPairs(cluster, topology)),
    ...clustersetPairs(topology),
  ]
}

/** Every member with its own account at every member: a group's members log in to themselves, too. */
function memberPairs({ row, instances }: Cluster, topology: Topology): readonly Pair[] {
  const group = row.type === 'gr'
  const servers = instances.flatMap((instance) => {
    const server = serverOf(topology, instance.uuid)
    const user = attribute(instance.attributes, group ? 'recoveryAccountUser' : 'replicationAccountUser', '')
    return server === undefined || user === '' ? [] : [{ server, user }]
  })
  return servers.flatMap(({ server: from, user }) =>
    servers
      .filter(({ server: to }) => group || to !== from)
      .map(({ server: to }) => ({ from, to, user, channel: group ? RECOVERY : CHANNEL })),
  )
}

/** The members of replica clusters at the members of the primary cluster. */
function clustersetPairs({ clusterset, clusters }: Topology): readonly Pair[] {
  const primary = clusters.find(({ row }) => row.id === clusterset?.primaryClusterId)
  if (primary === undefined) return []
  return clusters
    .filter((cluster) => cluster !== primary)
    .flatMap(({ online }) =>
      online.flatMap((from) => {
        const channel = from.picture.channels.find(({ name }) => name === CLUSTERSET)
        return channel === undefined
          ? []
          : primary.online.map((to) => ({ from, to, user: channel.user, channel: CLUSTERSET }))
      }),
    )
}

/** Connections that have to be open at this moment: the server that sees them, and the account. Pure. */
export function liveConnections(
  topology: Topology,
  sets: readonly ReplicaSet[],
): readonly { readonly at: Server; readonly user: string }[] {
  const groups = topology.clusters.flatMap(({ online, instances }) => {
    // XCOM's connections have no account and are no threads of the server.
    if (online.some(({ picture }) => picture.variables['group_replication_communication_stack'] !== 'MYSQL'))
      return []
    return online.flatMap((at) =>
      online
        .filter((other) => other !== at)
        .flatMap((other) => {
          const row = instances.find(({ uuid }) => uuid === other.picture.uuid)
          const user = row === undefined ? '' : attribute(row.attributes, 'recoveryAccountUser')
          return user === '' ? [] : [{ at, user }]
        }),
    )
  })
  const running = (server: Server, name: string): { at: Server; user: string }[] => {
    const channel = server.picture.channels.find((each) => each.name === name && each.host !== '')
    if (channel?.receiver !== 'ON') return []
    const at = topology.servers.find(
      ({ picture }) => picture.host === channel.host && picture.port === channel.port,
    )
    return at === undefined ? [] : [{ at, user: channel.user }]
  }
  return [
    ...groups,
    ...topology.clusters.flatMap(({ online }) =>
      online
        .filter((server) => ownState(server).role === 'PRIMARY')
        .flatMap((server) => running(server, CLUSTERSET)),
    ),
    ...sets.flatMap(({ members }) =>
      members.flatMap(({ server }) => (server === undefined ? [] : running(server, CHANNEL))),
    ),
  ]
}
