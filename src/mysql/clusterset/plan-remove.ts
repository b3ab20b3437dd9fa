import type { Plan, Prediction } from '../../modules/module.js'
import type { Step, StepOptions } from '../../host/step.js'
import { clustersetUser, dropAccount, recoveryUser } from '../account.js'
import { removeChannel } from '../channel.js'
import { persistedAsBefore } from '../group-variables.js'
import type { MysqlLogin } from '../login.js'
import { predictPictures } from '../members/after.js'
import { forgetChannels, leaveGroup, left } from '../members/group-steps.js'
import { METADATA } from '../metadata/schema.js'
import { transaction } from '../metadata/statements.js'
import type { CatchUp } from '../step.js'
import {
  clusterNamed,
  clusterOfServer,
  isOnline,
  ownState,
  type Cluster,
  type ClusterSet,
  type Server,
  type Topology,
  hostPort,
} from '../topology.js'
import { channelOf, CLUSTERSET_CHANNEL, isOpen, recordedServers, replicates } from './members.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

export interface RemoveCluster {
  readonly name: string
  /** Also when the cluster can't be reached or does not replicate. */
  readonly force: boolean
  /** Seconds to wait for transactions to arrive. */
  readonly timeout: number
}

/**
 * Takes a replica cluster out of its ClusterSet and dissolves it: AdminAPI's removeCluster. Its data stays, read-only.
 * What an earlier run left is completed: the rows of the cluster go while it still replicates, so that no member keeps a
 * record of itself; its last channel goes last.
 */
export function planRemoveCluster(
  wanted: RemoveCluster,
  topology: Topology,
  silent: readonly string[],
  login: MysqlLogin,
): Plan {
  const { clusterset } = topology
  const cluster = clusterNamed(topology, wanted.name)
  if (clusterset === undefined || cluster === undefined) return leftovers(wanted, topology, login)
  const { name } = cluster.row
  if (cluster.row.id === clusterset.primaryClusterId)
    return refuse(
      `"${name}" is the primary cluster of ClusterSet "${clusterset.domainName}": make another one primary first (innodb_clusterset_primary).`,
    )
  const { globalPrimary: source } = topology
  const home = topology.clusters.find(({ row }) => row.id === clusterset.primaryClusterId)
  if (source === undefined || home === undefined || !isOpen(home))
    return refuse(
      `The primary cluster of ClusterSet "${clusterset.domainName}" takes no writes, so nothing can be recorded.`,
    )
  const { primary } = cluster
  const follows = primary !== undefined && replicates(primary)
  if (!follows && !wanted.force)
    return refuse(
      primary === undefined
        ? `Cluster "${name}" has no primary that is ONLINE, so it can't be removed cleanly.${silent.length === 0 ? '' : ` No answer from ${silent.join('; ')}.`} Bring it back, or remove it anyway: force: true.`
        : `Cluster "${name}" does not replicate: ${channelOf(primary)?.error ?? 'its channel is missing'}. Let it rejoin first, or remove it anyway: force: true.`,
    )
  const servers = recordedServers(topology, cluster)
  const ordered = [
    ...servers.filter((server) => server !== primary),
    ...(primary === undefined ? [] : [primary]),
  ]
  const arrive = (server: Server): Step => arrival(server, source, login, wanted.timeout)
  return {
    steps: [
      ...(follows ? [arrive(primary)] : []),
      leaveSet(cluster, source, clusterset, login),
      ...dropRows(cluster, source, login),
      ...(follows ? ordered.filter(isOnline).map(arrive) : []),
      ...ordered.flatMap((server) => tearDown(server, login)),
    ],
    predicts: removedPictures(cluster, topology, login),
    diff: [
      { what: `replica cluster ${name}`, before: `of ClusterSet ${clusterset.domainName}\n`, after: '' },
    ],
  }
}

/** Waits until a member has what the primary cluster has: by the channel, or from the primary of its own group. */
function arrival(server: Server, source: Server, login: MysqlLogin, timeout: number): CatchUp & StepOptions {
  return {
    do: 'catch_up',
    host: server.host,
    from: source.host,
    channel: ownState(server).role === 'SECONDARY' ? 'group_replication_applier' : CLUSTERSET_CHANNEL,
    login,
    timeout,
    note: `wait until ${server.host} has the transactions of ${source.host}`,
  }
}

/** The cluster leaves the newest view of the ClusterSet. */
function leaveSet(cluster: Cluster, source: Server, clusterset: ClusterSet, login: MysqlLogin): Step {
  const member = clusterset.memberIds.includes(cluster.row.id)
  return {
    do: 'sql',
    host: source.host,
    login,
    note: `take "${cluster.row.name}" out of ClusterSet "${clusterset.domainName}"`,
    statements: transaction([
      { text: `CALL ${METADATA}.v2_cs_member_removed(?, ?)`, values: [clusterset.id, cluster.row.id] },
    ]),
    atomic: true,
    undo: member
      ? [
          {
            do: 'sql',
            host: source.host,
            login,
            statements: transaction([
              // Whether it came so far or not.
              {
                text: `CALL ${METADATA}.v2_cs_member_removed(?, ?)`,
                values: [clusterset.id, cluster.row.id],
              },
              {
                text: `CALL ${METADATA}.v2_cs_member_added(?, ?, ?, '{}')`,
                values: [clusterset.id, cluster.row.id, clusterset.primaryClusterId ?? ''],
              },
            ]),
          },
        ]
      : [],
  }
}

/** Its rows and the accounts of its members go. */
function dropRows(cluster: Cluster, source: Server, login: MysqlLogin): readonly Step[] {
  const ids = cluster.instances.flatMap(({ attributes }) =>
    typeof attributes['server_id'] === 'number' ? [attributes['server_id']] : [],
  )
  const users = new Set(ids.flatMap((id) => [recoveryUser(id), clustersetUser(id)]))
  const { host } = source
  const accounts = source.picture.accounts.filter(({ user }) => users.has(user))
  return [
    {
      do: 'sql',
      host,
      login,
      note: `forget cluster "${cluster.row.name}"`,
      pointOfNoReturn: 'end',
      statements: transaction([
        { text: `DELETE FROM ${METADATA}.instances WHERE cluster_id = ?`, values: [cluster.row.id] },
        { text: `DELETE FROM ${METADATA}.clusterset_members WHERE cluster_id = ?`, values: [cluster.row.id] },
        { text: `DELETE FROM ${METADATA}.clusters WHERE cluster_id = ?`, values: [cluster.row.id] },
      ]),
    },
    {
      do: 'sql',
      host,
      login,
      note: `drop the accounts of cluster "${cluster.row.name}"`,
      statements: accounts.map((account) => dropAccount(account.user, account.host)),
    },
  ]
}

/** A server that is no member of any cluster any more: out of its group, read-only, its channel last. */
function tearDown(server: Server, login: MysqlLogin): readonly Step[] {
  const { host, picture } = server
  const channel = channelOf(server)
  return [
    {
      do: 'sql',
      host,
      login,
      note: `stop the channel of ${host}`,
      statements: [
        { text: 'STOP REPLICA FOR CHANNEL ?', values: [CLUSTERSET_CHANNEL], tolerate: [3074, 1617, 4049] },
        { text: 'SET PERSIST super_read_only = ON' },
        { text: 'SET PERSIST_ONLY skip_replica_start = OFF' },
      ],
      undo: [
        {
          do: 'sql',
          host,
          login,
          statements: [
            ...persistedAsBefore('super_read_only', picture.persisted),
            ...persistedAsBefore('skip_replica_start', picture.persisted),
            ...(channel === undefined || channel.receiver === 'OFF'
              ? []
              : [{ text: 'START REPLICA FOR CHANNEL ?', values: [CLUSTERSET_CHANNEL] }]),
          ],
        },
      ],
    },
    leaveGroup(server, login, false),
    {
      do: 'sql',
      host,
      login,
      note: `forget the settings of a replica on ${host}`,
      pointOfNoReturn: 'begin',
      statements: [
        { text: 'SET GLOBAL read_only = ON' },
        { text: 'SET GLOBAL super_read_only = OFF' },
        { text: 'SELECT group_replication_reset_member_actions()' },
        { text: 'SET GLOBAL super_read_only = ON' },
      ],
    },
    forgetChannels(server, login),
    {
      do: 'sql',
      host,
      login,
      statements: removeChannel(CLUSTERSET_CHANNEL),
      note: `remove the channel of ${host}`,
    },
  ]
}

/** Servers that no metadata knows but that still have the channel: an earlier run was cut short. */
function leftovers(wanted: RemoveCluster, topology: Topology, login: MysqlLogin): Plan {
  const known = new Set(topology.metadata?.instances.map(({ address }) => address) ?? [])
  const left = topology.servers
    .filter((server) => {
      const channel = channelOf(server)
      return (
        clusterOfServer(topology, server) === undefined &&
        channel !== undefined &&
        known.has(hostPort(channel.host, channel.port))
      )
    })
    .sort((a, b) => Number(replicates(a)) - Number(replicates(b)))
  const source = topology.globalPrimary
  const arrives = left.some(replicates)
  if (left.length === 0) return { steps: [], diff: [] }
  return {
    steps: [
      ...(source === undefined || !arrives
        ? []
        : left.filter(isOnline).map((server) => ({
            ...arrival(server, source, login, wanted.timeout),
            bestEffort: true as const,
          }))),
      ...left.flatMap((server) => tearDown(server, login)),
    ],
    predicts: predictPictures(topology, login, (server) =>
      left.includes(server) ? removed(server) : server.picture,
    ),
    diff: left.map(({ host }) => ({
      what: `${host} of the removed cluster ${wanted.name}`,
      before: 'still replicates\n',
      after: '',
    })),
  }
}

function removed(server: Server): Server['picture'] {
  const picture = left(server.picture)
  return { ...picture, channels: picture.channels.filter(({ name }) => name !== CLUSTERSET_CHANNEL) }
}

function removedPictures(cluster: Cluster, topology: Topology, login: MysqlLogin): readonly Prediction[] {
  const gone = recordedServers(topology, cluster)
  const { metadata } = topology
  const rows =
    metadata === undefined
      ? {}
      : {
          metadata: {
            ...metadata,
            clusters: metadata.clusters.filter(({ id }) => id !== cluster.row.id),
            instances: metadata.instances.filter(({ clusterId }) => clusterId !== cluster.row.id),
            clustersetMembers: metadata.clustersetMembers.filter(
              ({ clusterId }) => clusterId !== cluster.row.id,
            ),
          },
        }
  return predictPictures(topology, login, (server) => ({
    ...(gone.includes(server) ? removed(server) : server.picture),
    ...rows,
  }))
}
