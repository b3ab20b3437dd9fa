import type { Plan } from '../../host/plan.js'
import type { Step } from '../../host/step.js'
import { waitForState } from '../bootstrap.js'
import type { MysqlLogin } from '../login.js'
import { clusterOfServer, type Cluster, type Server, type Topology } from '../topology.js'
import { offline, predictPictures } from './after.js'
import { roleInClusterSet } from './clusterset-role.js'
import { waitForPicture } from './group-steps.js'
import { isMultiPrimary, isReplicaCluster, membersOf } from './members.js'

export const FENCES = ['none', 'writes', 'all_traffic'] as const
export type Fence = (typeof FENCES)[number]

const ACTION = 'mysql_disable_super_read_only_if_primary'
const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Keeps clients from writing, or from everything: AdminAPI's fenceWrites, fenceAllTraffic and unfenceWrites. */
export function planFence(wanted: Fence, server: Server, topology: Topology, login: MysqlLogin): Plan {
  const cluster = clusterOfServer(topology, server)
  if (cluster === undefined) return refuse(`${server.host} belongs to no cluster.`)
  switch (wanted) {
    case 'writes':
      return planFenceWrites(cluster, topology, login)
    case 'all_traffic':
      return planFenceAll(cluster, topology, login)
    case 'none':
      return planUnfence(cluster, topology, login)
  }
}

const noPrimary = (cluster: Cluster): Plan =>
  refuse(
    `Cluster "${cluster.row.name}" has no primary that is ONLINE with quorum and answers. If all traffic is fenced off, or all members are down, innodb_cluster_reboot brings it back.`,
  )

const set = (server: Server, variable: string, value: 'ON' | 'OFF', login: MysqlLogin): readonly Step[] =>
  server.picture.variables[variable] === value
    ? []
    : [
        {
          do: 'sql',
          host: server.host,
          login,
          note: `set ${variable} ${value} on ${server.host}`,
          statements: [{ text: `SET GLOBAL ${variable} = ${value}` }],
          undo: [
            {
              do: 'sql',
              host: server.host,
              login,
              statements: [
                { text: `SET GLOBAL ${variable} = ${value === 'ON' ? 'OFF' : 'ON'}` },
                // It was switched on with super_read_only, but is not switched off with it.
                ...(variable === 'super_read_only' && server.picture.variables['read_only'] === 'OFF'
                  ? [{ text: 'SET GLOBAL read_only = OFF' }]
                  : []),
              ],
            },
          ],
        },
      ]

/** Whether a new primary makes itself writable. The group's primary decides for all; it must be writable itself meanwhile. */
function memberAction(primary: Server, on: boolean, login: MysqlLogin): readonly Step[] {
  if ((primary.picture.memberActions[ACTION] ?? true) === on) return []
  const wasReadOnly = primary.picture.variables['super_read_only'] === 'ON'
  const statements = (enable: boolean) => [
    { text: 'SET GLOBAL super_read_only = OFF' },
    {
      text: `SELECT group_replication_${enable ? 'enable' : 'disable'}_member_action(?, 'AFTER_PRIMARY_ELECTION')`,
      values: [ACTION],
    },
    ...(wasReadOnly ? [{ text: 'SET GLOBAL super_read_only = ON' }] : []),
  ]
  return [
    {
      do: 'sql',
      host: primary.host,
      login,
      note: on ? 'let a primary make itself writable' : 'keep a primary from making itself writable',
      statements: statements(on),
      undo: [{ do: 'sql', host: primary.host, login, statements: statements(!on) }],
    },
  ]
}

function planFenceWrites(cluster: Cluster, topology: Topology, login: MysqlLogin): Plan {
  const { primary } = cluster
  if (primary === undefined) return noPrimary(cluster)
  if (isReplicaCluster(cluster, topology))
    return { steps: [], diff: [], message: `Cluster "${cluster.row.name}" is a replica: it takes no writes.` }
  if (isMultiPrimary(primary.picture))
    return refuse(
      `Cluster "${cluster.row.name}" is in multi-primary mode; writes can be fenced off with one primary only.`,
    )
  const others = cluster.online.filter(({ host }) => host !== primary.host)
  const steps = [
    ...memberAction(primary, false, login),
    ...[primary, ...others].flatMap((one) => set(one, 'super_read_only', 'ON', login)),
  ]
  return {
    steps,
    diff: steps.length === 0 ? [] : [difference(cluster, 'open', 'no writes')],
    predicts: predictPictures(topology, login, (one) =>
      isMember(cluster, one)
        ? {
            ...one.picture,
            variables: { ...one.picture.variables, super_read_only: 'ON' },
            memberActions: { ...one.picture.memberActions, [ACTION]: false },
          }
        : one.picture,
    ),
  }
}

function planUnfence(cluster: Cluster, topology: Topology, login: MysqlLogin): Plan {
  const { primary } = cluster
  if (primary === undefined) return noPrimary(cluster)
  const open = cluster.online.flatMap((one) => set(one, 'offline_mode', 'OFF', login))
  // A replica cluster is fenced by its nature.
  const replica = isReplicaCluster(cluster, topology)
  const unsure = !replica && roleInClusterSet(cluster, topology) === 'unknown'
  const steps = [
    ...open,
    ...(replica ? [] : memberAction(primary, true, login)),
    ...(replica ? [] : set(primary, 'super_read_only', 'OFF', login)),
    ...(replica ? [] : set(primary, 'read_only', 'OFF', login)),
  ]
  return {
    steps,
    diff: steps.length === 0 ? [] : [difference(cluster, 'fenced', 'open')],
    ...(replica
      ? { message: `Cluster "${cluster.row.name}" is no primary cluster: it takes no writes, fenced or not.` }
      : {}),
    warnings:
      unsure && steps.length > 0
        ? [
            `Cluster "${cluster.row.name}" is opened as the primary cluster that it was, but not every other cluster of its ClusterSet can be asked whether it was made primary meanwhile.`,
          ]
        : [],
    predicts: predictPictures(topology, login, (one) =>
      isMember(cluster, one)
        ? {
            ...one.picture,
            variables: {
              ...one.picture.variables,
              offline_mode: 'OFF',
              ...(one.host === primary.host && !replica ? { super_read_only: 'OFF', read_only: 'OFF' } : {}),
            },
            memberActions: { ...one.picture.memberActions, ...(replica ? {} : { [ACTION]: true }) },
          }
        : one.picture,
    ),
  }
}

/** All traffic: every member read-only, offline for clients and out of the group; the primary last. */
function planFenceAll(cluster: Cluster, topology: Topology, login: MysqlLogin): Plan {
  const members = membersOf(cluster, topology)
  const servers = members.flatMap(({ server }) => server ?? [])
  const silent = members.filter(({ server }) => server === undefined)
  const reachable = silent.filter(({ seen }) => seen === 'ONLINE')
  if (reachable.length > 0)
    return refuse(
      `${reachable.map(({ row }) => row.address).join(', ')} does not answer here, but runs in the group: it would go on serving clients. Make it reachable, or remove it first.`,
    )
  const { primary } = cluster
  const order = [...servers].sort((a, b) => Number(a === primary) - Number(b === primary))
  const running = order.filter(({ picture }) =>
    picture.members.some(({ uuid, state }) => uuid === picture.uuid && state !== 'OFFLINE'),
  )
  const steps: Step[] = []
  if (primary !== undefined)
    steps.push(...set(primary, 'super_read_only', 'ON', login), ...set(primary, 'offline_mode', 'ON', login))
  for (const server of order) {
    if (server !== primary)
      steps.push(...set(server, 'super_read_only', 'ON', login), ...set(server, 'offline_mode', 'ON', login))
    if (running.includes(server)) steps.push(...stop(server, login, server === running.at(-1)))
  }
  return {
    steps,
    diff: steps.length === 0 ? [] : [difference(cluster, 'open', 'no traffic; the group is stopped')],
    predicts: predictPictures(topology, login, (one) => {
      if (!servers.includes(one)) return one.picture
      const after = offline(one.picture)
      return { ...after, variables: { ...after.variables, offline_mode: 'ON' } }
    }),
    warnings: silent.map(({ row }) => `${row.address} does not answer; it was left as it is.`),
  }
}

/** @param last nobody is left whose group it could join again: from here on nothing is undone */
function stop(server: Server, login: MysqlLogin, last: boolean): readonly Step[] {
  const { host } = server
  return [
    {
      do: 'sql',
      host,
      login,
      timeout: 180,
      note: `stop Group Replication on ${host}`,
      statements: [{ text: 'STOP GROUP_REPLICATION' }],
      ...(last ? { pointOfNoReturn: 'begin' as const } : {}),
      undo: [
        {
          do: 'sql',
          host,
          login,
          timeout: 180,
          // 3093: it runs.
          statements: [{ text: 'START GROUP_REPLICATION', tolerate: [3093] }],
        },
        waitForState(server, login, 'ONLINE'),
      ],
    },
    waitForPicture(server, login, {
      timeout: 30,
      until: (picture) =>
        picture.members.every(({ uuid, state }) => uuid !== picture.uuid || state === 'OFFLINE'),
      otherwise: `${host} is still in its group.`,
      note: `wait until ${host} has left`,
    }),
  ]
}

const isMember = (cluster: Cluster, one: Server): boolean =>
  cluster.online.some(({ host }) => host === one.host)

const difference = (cluster: Cluster, before: string, after: string) => ({
  what: `traffic of cluster ${cluster.row.name}`,
  before: `${before}\n`,
  after: `${after}\n`,
})
