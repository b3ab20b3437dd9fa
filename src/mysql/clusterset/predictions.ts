import type { Prediction } from '../../modules/module.js'
import { clustersetUser, hasPassword, needsCertificate } from '../account.js'
import {
  defaultOptions,
  NO_WISH,
  optionAttributes,
  type ChannelOptions,
  type ChannelWish,
} from '../channel-options.js'
import type { InstancePicture, Metadata, ReplicationChannel } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import { predictPictures } from '../members/after.js'
import { seeing, withCluster, withGroup } from '../predict.js'
import type { Wish } from '../refusals.js'
import type { SslMode } from '../step.js'
import {
  attribute,
  clusterOfServer,
  isOnline,
  topologyOf,
  type Cluster,
  type ClusterSet,
  type Server,
  type Topology,
} from '../topology.js'
import { optionsOfChannel } from './channel.js'
import type { CreateReplicaCluster } from './create-replica.js'
import { channelAccount, CLUSTERSET_CHANNEL } from './members.js'
import type { Change } from './switch-over.js'

/** Every member that is ONLINE sees new metadata. */
export function metadataPredictions(
  topology: Topology,
  metadata: Topology['metadata'],
  login: MysqlLogin,
): readonly Prediction[] {
  if (metadata === undefined) return []
  return seeing(topology.servers).map((server) => ({
    host: server.host,
    question: { ask: 'mysql_instance', login },
    answer: { ...server.picture, metadata },
  }))
}

/** After a replica cluster was made. */
export function replicaPredictions(
  wanted: CreateReplicaCluster,
  server: Server,
  source: Server,
  topology: Topology,
  login: MysqlLogin,
  wish: Wish,
): readonly Prediction[] {
  if (topology.metadata === undefined || topology.clusterset === undefined) return []
  const group = `new ${wanted.name}`
  const rows = withCluster(
    topology.metadata,
    {
      id: group,
      name: wanted.name,
      primaryMode: 'pm',
      attributes: {
        group_replication_group_name: group,
        opt_memberAuthType: wish.authType,
        opt_certIssuer: wish.issuer,
        ...optionAttributes(wanted.channel.set),
      },
    },
    server,
    { opt_certSubject: wanted.subject },
  )
  const metadata = {
    ...rows,
    clustersetMembers: [
      ...rows.clustersetMembers,
      {
        clustersetId: topology.clusterset.id,
        viewId: '2',
        clusterId: group,
        masterClusterId: topology.clusterset.primaryClusterId ?? null,
        primary: false,
      },
    ],
  }
  const grouped = { ...withGroup(server.picture, server, group, wish.sslMode), metadata }
  const self = { host: server.host, picture: grouped }
  const foreseen = topologyOf(
    topology.servers.map((one) =>
      one.host === server.host
        ? self
        : { host: one.host, picture: isOnline(one) ? { ...one.picture, metadata } : one.picture },
    ),
  )
  const cluster = clusterOfServer(foreseen, self)
  const { clusterset } = foreseen
  if (cluster === undefined || clusterset === undefined) return []
  return predictPictures(topology, login, (one) => {
    const seen = foreseen.servers.find(({ host }) => host === one.host) ?? one
    const picture =
      one.host === server.host ? asReplica(self, cluster, source, clusterset, wanted.channel) : seen.picture
    return one.host === server.host || isOnline(one)
      ? withAccounts(picture, [self], foreseen, clusterset)
      : one.picture
  })
}

function runningChannel(
  server: Server,
  source: Server,
  sslMode: SslMode,
  options: ChannelOptions,
): ReplicationChannel {
  const own = (name: string): string => server.picture.variables[name] ?? ''
  return {
    name: CLUSTERSET_CHANNEL,
    host: source.picture.host,
    port: source.picture.port,
    user: clustersetUser(server.picture.serverId),
    ssl: sslMode !== 'DISABLED',
    sslCa: own('ssl_ca'),
    sslCert: own('ssl_cert'),
    sslKey: own('ssl_key'),
    verifyServerCert: sslMode === 'VERIFY_IDENTITY',
    autoFailover: true,
    autoPosition: true,
    ...defaultOptions(server.picture),
    ...options,
    received: '',
    receiver: 'ON',
    applier: 'ON',
    error: '',
    errorNumber: 0,
  }
}

const OPENS = 'mysql_disable_super_read_only_if_primary'
const STARTS = 'mysql_start_failover_channels_if_primary'

/** A member of a primary cluster: no channel; the primary is open. */
function asPrimary(server: Server, cluster: Cluster): InstancePicture {
  const { picture } = server
  const closed = server === cluster.primary ? 'OFF' : 'ON'
  return {
    ...picture,
    channels: picture.channels.filter(({ name }) => name !== CLUSTERSET_CHANNEL),
    managedSources: [],
    memberActions: { ...picture.memberActions, [OPENS]: true },
    persisted: { ...picture.persisted, skip_replica_start: 'ON' },
    variables: {
      ...picture.variables,
      super_read_only: closed,
      read_only: closed,
      group_replication_transaction_size_limit: attribute(
        cluster.row.attributes,
        'opt_transactionSizeLimit',
        '150000000',
      ),
    },
  }
}

/** A member of a replica cluster that replicates from a source. */
export function asReplica(
  server: Server,
  cluster: Cluster,
  source: Server,
  clusterset: ClusterSet,
  given: ChannelWish = NO_WISH,
): InstancePicture {
  const { picture } = server
  const options = optionsOfChannel(server, cluster, given)
  return {
    ...picture,
    channels: [
      ...picture.channels.filter(({ name }) => name !== CLUSTERSET_CHANNEL),
      runningChannel(server, source, clusterset.sslMode as SslMode, options),
    ],
    managedSources: [
      {
        channel: CLUSTERSET_CHANNEL,
        group: source.picture.variables['group_replication_group_name'] ?? '',
      },
    ],
    memberActions: { ...picture.memberActions, [OPENS]: false, [STARTS]: true },
    persisted: { ...picture.persisted, skip_replica_start: 'ON', super_read_only: 'ON' },
    variables: {
      ...picture.variables,
      super_read_only: 'ON',
      read_only: 'ON',
      group_replication_transaction_size_limit: '0',
    },
  }
}

/** The accounts of the channels of all members of valid clusters, as they shall be. */
export function withAccounts(
  picture: InstancePicture,
  members: readonly Server[],
  topology: Topology,
  clusterset: ClusterSet,
): InstancePicture {
  const wanted = members.map((member) => channelAccount(member, topology, clusterset))
  return {
    ...picture,
    accounts: [
      ...picture.accounts.filter(({ user }) => !wanted.some((account) => account.user === user)),
      ...wanted.map(({ user, host, requirement }) => ({
        user,
        host,
        sslType: needsCertificate(requirement.authType) ? 'SPECIFIED' : '',
        issuer: needsCertificate(requirement.authType) ? requirement.issuer : '',
        subject: requirement.authType.includes('SUBJECT') ? requirement.subject : '',
        hasPassword: hasPassword(requirement.authType),
      })),
    ],
  }
}

/** After the primary cluster was changed. */
export function switchedPictures({ roles, topology, login, promoted }: Change): readonly Prediction[] {
  const { target, current, replicas, lost, clusterset } = roles
  const gone = [...lost, ...(current.primary === undefined ? [current] : [])].map(({ row }) => row.id)
  const others = [...(current === target || current.primary === undefined ? [] : [current]), ...replicas]
  const change = (rows: Metadata['clustersetMembers']): Metadata['clustersetMembers'] =>
    rows
      .filter(({ clusterId }) => !gone.includes(clusterId))
      .map((row) => ({
        ...row,
        primary: row.clusterId === target.row.id,
        masterClusterId: row.clusterId === target.row.id ? null : target.row.id,
      }))
  const members = others.flatMap(({ online }) => online)
  return predictPictures(topology, login, (server) => {
    const cluster = [target, ...others].find(({ online }) => online.includes(server))
    if (cluster === undefined) return server.picture
    const picture =
      cluster === target ? asPrimary(server, cluster) : asReplica(server, cluster, promoted, clusterset)
    const { metadata } = topology
    return {
      ...withAccounts(picture, members, topology, clusterset),
      ...(metadata === undefined
        ? {}
        : { metadata: { ...metadata, clustersetMembers: change(metadata.clustersetMembers) } }),
    }
  })
}
