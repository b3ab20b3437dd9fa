import type { Step } from '../../host/step.js'
import type { Plan } from '../../host/plan.js'
import {} from '../account.js'
import { removeChannel } from '../channel.js'
import { channelOf, CLUSTERSET_CHANNEL } from '../clusterset/members.js'
import type { ManagedAccount } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import { restoreInstance } from '../metadata/statements.js'
import {
  addressOf,
  clusterNamed,
  clusterOfServer,
  ownState,
  type Cluster,
  type InstanceRow,
  type Server,
  type Topology,
} from '../topology.js'
import { predictPictures, withInstances } from './after.js'
import {
  forgetChannels,
  hasGroupChannels,
  isLeftover,
  leaveGroup,
  left,
  seedSteps,
  waitForPicture,
} from './group-steps.js'
import { isMultiPrimary, isReplicaCluster, membersOf, rowNamed, seedsFor, serverOf } from './members.js'
import { handOver, nextPrimary } from './plan-primary.js'
import { accountsOnlyOf } from './recovery-account.js'

export interface RemoveInstance {
  readonly cluster: string
  /** Address, label or uuid of the member; default: the task's server. */
  readonly address: string | undefined
  /** Also when the member does not answer or is not ONLINE. */
  readonly force: boolean
}

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })
const nothing = (message: string): Plan => ({ steps: [], diff: [], message })

/** What has to be done until a server is no member of a cluster: AdminAPI's removeInstance. */
export function planRemoveInstance(
  wanted: RemoveInstance,
  taskServer: Server,
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const cluster = clusterNamed(topology, wanted.cluster)
  if (cluster === undefined) return nothing(`There is no cluster "${wanted.cluster}".`)
  const target = targetOf(wanted, taskServer, cluster, topology)
  const name = target.server?.host ?? wanted.address ?? taskServer.host
  if (target.row === undefined && target.server !== undefined) {
    const other = clusterOfServer(topology, target.server)
    if (other !== undefined)
      return nothing(`${name} is a member of cluster "${other.row.name}", not of "${wanted.cluster}".`)
    if (!belongs(target.server, cluster)) return nothing(`${name} is no member of "${wanted.cluster}".`)
  }
  const removal =
    target.row === undefined ? undefined : refuseRemoval(wanted, name, target.row, cluster, topology)
  if (removal !== undefined) return refuse(removal)
  const steps = removeSteps(target.row, target.server, cluster, topology, login)
  if (steps.length === 0) return nothing(`${name} is no member of "${wanted.cluster}".`)
  const rest = cluster.instances.filter((row) => row.uuid !== target.row?.uuid)
  return {
    steps,
    diff: [
      {
        what: `${name} in cluster ${cluster.row.name}`,
        before: `${target.row === undefined ? 'what a removal left' : `member ${target.row.address}`}\n`,
        after: '',
      },
    ],
    predicts: predictions(target, rest, cluster, topology, login),
  }
}

interface Target {
  readonly row: InstanceRow | undefined
  readonly server: Server | undefined
}

function targetOf(wanted: RemoveInstance, taskServer: Server, cluster: Cluster, topology: Topology): Target {
  if (wanted.address !== undefined) {
    const { address } = wanted
    const named = topology.servers.find((one) => one.host === address || addressOf(one) === address)
    const row =
      rowNamed(cluster, address) ?? cluster.instances.find(({ uuid }) => uuid === named?.picture.uuid)
    return { row, server: row === undefined ? named : serverOf(row, topology) }
  }
  const row =
    cluster.instances.find(({ uuid }) => uuid === taskServer.picture.uuid) ??
    // The server that was here before it was set up anew; never one that has the same address by mistake.
    cluster.instances.find(
      (each) => each.address === addressOf(taskServer) && serverOf(each, topology) === undefined,
    )
  return { row, server: taskServer }
}

/** A server that no metadata records, but that still has something of the cluster: an earlier run was cut short. */
const belongs = (server: Server, cluster: Cluster): boolean =>
  server.picture.variables['group_replication_group_name'] === cluster.groupName &&
  (isLeftover(server) || hasChannels(server))

const hasChannels = (server: Server): boolean =>
  hasGroupChannels(server) || server.picture.channels.some(({ name }) => name === CLUSTERSET_CHANNEL)

function refuseRemoval(
  wanted: RemoveInstance,
  name: string,
  row: InstanceRow,
  cluster: Cluster,
  topology: Topology,
): string | undefined {
  const members = membersOf(cluster, topology)
  const member = members.find((one) => one.row.uuid === row.uuid)
  const others = members.filter((one) => one.row.uuid !== row.uuid)
  const { name: of } = cluster.row
  if (others.length === 0)
    return `${name} is the only member of cluster "${of}". To give the cluster up, dissolve it: innodb_cluster with state: absent.`
  if (cluster.primary === undefined)
    return `No primary of cluster "${of}" that is ONLINE with quorum answers: no record can be changed. Restore the quorum (innodb_cluster_quorum) or reboot the cluster (innodb_cluster_reboot) first.`
  if (topology.globalPrimary === undefined)
    return `The primary cluster of the ClusterSet has no primary that answers: no record can be changed.`
  if (!others.some(({ seen }) => seen === 'ONLINE'))
    return `${name} is the only ONLINE member of cluster "${of}": the others could not go on without it. Bring one of them back first, or dissolve the cluster.`
  if (member?.server === undefined && member?.seen === 'ONLINE')
    return `${name} does not answer, but the other members see it ONLINE: removed, it would stay in their group without a record. Make it reachable, or stop its mysqld.`
  if (wanted.force) return undefined
  if (member?.server === undefined)
    return `${name} does not answer, so it can not be removed in good order. If it is gone for good, remove it with force: true.`
  const { state } = ownState(member.server)
  if (state !== 'ONLINE' && state !== 'RECOVERING')
    return `${name} is ${state} in its group, so it can not be brought up to date before it is removed. Bring it back first (state: present), or remove it with force: true.`
  return undefined
}

function removeSteps(
  row: InstanceRow | undefined,
  server: Server | undefined,
  cluster: Cluster,
  topology: Topology,
  login: MysqlLogin,
): readonly Step[] {
  const { primary } = cluster
  const steps: Step[] = []
  const isPrimary = primary !== undefined && primary.picture.uuid === row?.uuid
  const next = isPrimary ? nextPrimary(cluster, primary) : undefined
  if (isPrimary && next !== undefined && !isMultiPrimary(primary.picture))
    steps.push(...handOver(primary, next, cluster, topology, login))
  const global = topology.globalPrimary
  const writer = global !== undefined && global.picture.uuid === row?.uuid ? next : global
  const rest = cluster.instances.filter((one) => one.uuid !== row?.uuid)
  const remaining = cluster.online.filter(
    (one) => one.picture.uuid !== row?.uuid && one.host !== server?.host,
  )
  const serverId = server?.picture.serverId ?? Number(row?.attributes['server_id'] ?? 0)
  // The accounts are those that the writer had before anything was handed over: they are the same on all members.
  const accounts = writer === undefined ? [] : accountsOnlyOf(row, serverId, writer, topology)
  const running = server !== undefined && ['ONLINE', 'RECOVERING'].includes(ownState(server).state)
  const forget = (at: Server): readonly Step[] => (row === undefined ? [] : [forgetRow(row, at, login)])
  if (writer !== undefined && server === undefined)
    // Nobody will tell its server id once the row is gone: the accounts go first.
    steps.push(...dropAccounts(accounts, writer, row?.address ?? '', login), ...forget(writer))
  if (writer !== undefined && server !== undefined) steps.push(...forget(writer))
  if (server !== undefined) {
    if (row !== undefined && running) steps.push(waitUntilForgotten(server, row, login))
    const resetActions = isReplicaCluster(cluster, topology) || topology.clusterset !== undefined
    // Also when it has left already: a run that ended right then may have left it ajar.
    if (isLeftover(server)) steps.push(leaveGroup(server, login, resetActions))
  }
  steps.push(...seedSteps(remaining, rest, login))
  if (server !== undefined) {
    if (writer !== undefined) steps.push(...dropAccounts(accounts, writer, server.host, login))
    if (channelOf(server) !== undefined) steps.push(forgetSet(server, login))
    else if (topology.clusterset !== undefined) steps.push(...letStart(server, login))
    if (isLeftover(server) || hasChannels(server)) steps.push(forgetChannels(server, login))
  }
  return steps
}

/** The channel to the primary cluster goes with the membership. */
function forgetSet({ host }: Server, login: MysqlLogin): Step {
  return {
    do: 'sql',
    host,
    login,
    note: `remove the channel of ${host}`,
    statements: [...removeChannel(CLUSTERSET_CHANNEL), LET_START],
  }
}

const LET_START = { text: 'RESET PERSIST IF EXISTS skip_replica_start' }

/** A server that has left a ClusterSet may have channels of its own, which start as they always did. */
function letStart({ host, picture }: Server, login: MysqlLogin): readonly Step[] {
  return picture.persisted['skip_replica_start'] === undefined
    ? []
    : [
        {
          do: 'sql',
          host,
          login,
          note: `let channels of ${host} start by themselves again`,
          statements: [LET_START],
        },
      ]
}

function forgetRow(row: InstanceRow, writer: Server, login: MysqlLogin): Step {
  return {
    do: 'sql',
    host: writer.host,
    login,
    note: `remove the record of ${row.address}`,
    statements: [
      { text: `DELETE FROM ${METADATA}.instances WHERE mysql_server_uuid = ?`, values: [row.uuid] },
    ],
    undo: [
      {
        do: 'sql',
        host: writer.host,
        login,
        statements: [restoreInstance(row)],
      },
    ],
  }
}

/** The member has applied everything up to its own removal. */
function waitUntilForgotten(server: Server, row: InstanceRow, login: MysqlLogin): Step {
  return waitForPicture(server, login, {
    timeout: 60,
    until: ({ metadata }) => metadata?.instances.every(({ uuid }) => uuid !== row.uuid) === true,
    otherwise: `${server.host} does not catch up with its cluster, so it was not removed. See its applier (performance_schema.replication_applier_status_by_worker), or use force: true once it is stopped.`,
    note: `wait until ${server.host} has applied everything`,
  })
}

/** Drops accounts of a member that is no more. */
export function dropAccounts(
  accounts: readonly ManagedAccount[],
  writer: Server,
  of: string,
  login: MysqlLogin,
): readonly Step[] {
  if (accounts.length === 0) return []
  return [
    {
      do: 'sql',
      host: writer.host,
      login,
      note: `drop the accounts of ${of}`,
      // A member can't come back without them.
      pointOfNoReturn: 'end',
      // One statement: all of them or none.
      statements: [
        {
          text: `DROP USER IF EXISTS ${accounts.map(() => '?@?').join(', ')}`,
          values: accounts.flatMap(({ user, host }) => [user, host]),
        },
      ],
    },
  ]
}

function predictions(
  { row, server }: Target,
  rest: readonly InstanceRow[],
  cluster: Cluster,
  topology: Topology,
  login: MysqlLogin,
) {
  const uuid = row?.uuid ?? server?.picture.uuid
  const next =
    cluster.primary?.picture.uuid === uuid && cluster.primary !== undefined
      ? nextPrimary(cluster, cluster.primary)
      : undefined
  const serverId = server?.picture.serverId ?? Number(row?.attributes['server_id'] ?? 0)
  return predictPictures(topology, login, (one) => {
    const { picture } = one
    const metadata =
      picture.metadata === undefined
        ? {}
        : { metadata: withInstances(picture.metadata, (each) => (each.uuid === uuid ? undefined : each)) }
    if (one.host === server?.host) {
      const { channels, persisted, ...rest } = left(picture)
      const { skip_replica_start: _skip, ...kept } = persisted
      return {
        ...rest,
        ...metadata,
        channels: channels.filter(({ name: channel }) => channel !== CLUSTERSET_CHANNEL),
        persisted: topology.clusterset === undefined ? persisted : kept,
      }
    }
    const gone = new Set(accountsOnlyOf(row, serverId, one, topology))
    return {
      ...picture,
      ...metadata,
      accounts: picture.accounts.filter((account) => !gone.has(account)),
      members: picture.members
        .filter((member) => member.uuid !== uuid)
        .map((member) => (member.uuid === next?.picture.uuid ? { ...member, role: 'PRIMARY' } : member)),
      variables: cluster.online.some(({ host }) => host === one.host)
        ? {
            ...picture.variables,
            group_replication_group_seeds: seedsFor(picture.uuid, rest),
          }
        : picture.variables,
    }
  })
}
