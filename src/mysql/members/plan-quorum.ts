import type { Plan } from '../../host/plan.js'
import type { InstancePicture } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import {
  clusterOfServer,
  hasQuorum,
  ownState,
  type Cluster,
  type Server,
  type Topology,
  hostPort,
} from '../topology.js'
import { predictPictures } from './after.js'
import { waitForPicture } from './group-steps.js'
import { groupAddress, isReplicaCluster } from './members.js'

const VARIABLE = 'group_replication_force_members'
const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Lets the members that the task's server still sees go on without the lost ones: AdminAPI's forceQuorumUsingPartitionOf. */
export function planForceQuorum(server: Server, topology: Topology, login: MysqlLogin): Plan {
  const { host, picture } = server
  const cluster = clusterOfServer(topology, server)
  if (cluster === undefined) return refuse(`${host} belongs to no cluster.`)
  const { name } = cluster.row
  if (picture.variables['group_replication_group_name'] !== cluster.groupName)
    return refuse(
      `${host} is configured for another group than that of cluster "${name}": it may have gone its own way, and can't save this one.`,
    )
  const clear = {
    do: 'sql',
    host,
    login,
    note: `let the group of ${host} change again`,
    statements: [{ text: `SET GLOBAL ${VARIABLE} = ''` }],
  } as const
  const { state } = ownState(server)
  if (state !== 'ONLINE')
    return refuse(
      state === 'OFFLINE'
        ? `${host} does not run in its group. If no member does, reboot the cluster (innodb_cluster_reboot).`
        : `${host} is ${state} in its group; only an ONLINE member can restore the quorum.`,
    )
  if (hasQuorum(server)) {
    // An earlier run may have got no further: while it is set, the member can't join again.
    return (picture.variables[VARIABLE] ?? '') === ''
      ? { steps: [], diff: [], message: `Cluster "${name}" has quorum.` }
      : {
          steps: [clear],
          diff: [{ what: VARIABLE, before: `${picture.variables[VARIABLE] ?? ''}\n`, after: '' }],
          predicts: predictPictures(topology, login, (one) =>
            one.host === host
              ? { ...one.picture, variables: { ...one.picture.variables, [VARIABLE]: '' } }
              : one.picture,
          ),
        }
  }
  const other = otherMajority(cluster, server)
  if (other !== undefined)
    return refuse(
      `${other.host} and others of cluster "${name}" have quorum without ${host}: ${host} was cut off. Forcing it would make two clusters of one. Bring ${host} back instead (innodb_cluster_instance).`,
    )
  const alive = picture.members.filter((member) => ['ONLINE', 'RECOVERING'].includes(member.state))
  const lost = picture.members.filter((member) => !alive.includes(member))
  const running = topology.servers.find(
    (one) =>
      lost.some(({ uuid }) => uuid === one.picture.uuid) &&
      ['ONLINE', 'RECOVERING'].includes(ownState(one).state),
  )
  if (running !== undefined)
    return refuse(
      `${running.host} is lost to ${host}, but runs in the group by its own account: two partitions could go on side by side. Mend the network, or stop Group Replication on ${running.host} first.`,
    )
  const addresses = alive.map((member) => {
    const row = cluster.instances.find(({ uuid }) => uuid === member.uuid)
    // What the member itself says counts; the record may be old.
    const own = topology.servers.find((one) => one.picture.uuid === member.uuid)?.picture.variables
    return (
      own?.['group_replication_local_address'] ||
      (row === undefined ? hostPort(member.host, member.port) : groupAddress(row))
    )
  })
  const opens =
    !isReplicaCluster(cluster, topology) &&
    picture.memberActions['mysql_disable_super_read_only_if_primary'] !== false
  const shown = (list: readonly (typeof alive)[number][]): string =>
    list.map(({ host: one, port }) => `${one}:${port}`).join(', ')
  return {
    steps: [
      {
        do: 'sql',
        host,
        login,
        // Where a transaction waits for the quorum, it took more than a minute on a machine that had nothing else to do.
        timeout: 300,
        note: `restore the quorum with ${shown(alive)}`,
        statements: [{ text: `SET GLOBAL ${VARIABLE} = ?`, values: [addresses.join(',')] }],
        // Whoever was left out does not come back by itself.
        pointOfNoReturn: 'end',
      },
      waitForPicture(server, login, {
        // A new primary first applies what it has received.
        timeout: 900,
        until: (now) => hasQuorum({ host, picture: now }) && hasPrimary(server, now, opens),
        otherwise: `The group of ${host} has no quorum yet, or no primary.`,
        note: 'wait for the quorum and a primary',
      }),
      clear,
    ],
    diff: [
      {
        what: `members of cluster ${name}`,
        before: `${shown(picture.members)}\n`,
        after: `${shown(alive)}\n`,
      },
    ],
    predicts: predictPictures(topology, login, (one) =>
      alive.some(({ uuid }) => uuid === one.picture.uuid)
        ? { ...one.picture, members: withPrimary(alive, topology) }
        : one.picture,
    ),
    warnings: lost.map(
      (member) =>
        `${member.host}:${member.port} is out of the group. Before it comes back, see that it took no writes.`,
    ),
  }
}

/**
 * Whether a primary was elected, should the old one be lost. Elected itself, the server takes writes a moment later.
 * @param opens whether a new primary makes itself writable
 */
function hasPrimary(before: Server, picture: InstancePicture, opens: boolean): boolean {
  const now = { host: before.host, picture }
  const isElected = ownState(now).role === 'PRIMARY' && ownState(before).role !== 'PRIMARY'
  return (
    picture.members.some(({ role }) => role === 'PRIMARY') &&
    (!isElected || !opens || picture.variables['super_read_only'] === 'OFF')
  )
}

/** A server of the same cluster that has the majority on its side. */
function otherMajority(cluster: Cluster, server: Server): Server | undefined {
  return cluster.online.find(
    (one) =>
      one.host !== server.host &&
      hasQuorum(one) &&
      !one.picture.members.some(({ uuid, state }) => uuid === server.picture.uuid && state === 'ONLINE'),
  )
}

/** Members with a primary: the one that is left, or else the heaviest of those that are. */
function withPrimary(
  members: Server['picture']['members'],
  topology: Topology,
): Server['picture']['members'] {
  if (members.some(({ role }) => role === 'PRIMARY')) return members
  const weight = (uuid: string): number =>
    Number(
      topology.servers.find(({ picture }) => picture.uuid === uuid)?.picture.variables[
        'group_replication_member_weight'
      ] ?? 50,
    )
  const [first] = [...members].sort((a, b) => weight(b.uuid) - weight(a.uuid) || (a.uuid < b.uuid ? -1 : 1))
  return members.map((member) => (member === first ? { ...member, role: 'PRIMARY' } : member))
}
