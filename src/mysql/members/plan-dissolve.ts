import type { Plan } from '../../host/plan.js'
import type { Step } from '../../host/step.js'
import { dropAccount } from '../account.js'
import type { InstancePicture } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import { clusterNamed, ownState, type Cluster, type Server, type Topology } from '../topology.js'
import { predictPictures } from './after.js'
import { forgetChannels, hasGroupChannels, isLeaving, isLeftover, leaveGroup, left } from './group-steps.js'
import { membersOf } from './members.js'

/** Names of the accounts that a cluster's servers use among themselves. */
const MANAGED = /^mysql_innodb_(cluster|cs|replica)_/

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })
const nothing = (message: string): Plan => ({ steps: [], diff: [], message })

/**
 * Gives a cluster up: AdminAPI's dissolve. Every member leaves its group and forgets accounts and metadata; data stay.
 * The primary is the last, so that a run that ends too early finds the record there and goes on. It stays writable.
 */
export function planDissolve(
  wanted: { readonly name: string; readonly force: boolean },
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const cluster = clusterNamed(topology, wanted.name)
  if (cluster === undefined) return nothing(`There is no cluster "${wanted.name}".`)
  const heir = heirOf(cluster, topology)
  const refusal = refuseDissolution(cluster, topology, wanted.force || heir !== undefined)
  if (refusal !== undefined) return refuse(refusal)
  const servers = membersOf(cluster, topology)
    .flatMap(({ server }) => server ?? [])
    .filter((server) => server === cluster.primary || hasRemains(server) || isAjar(server))
  const last =
    heir === undefined
      ? (cluster.primary ?? servers.find(({ picture }) => picture.metadata !== undefined) ?? servers[0])
      : undefined
  if (servers.length === 0) return nothing(`No member of cluster "${wanted.name}" answers.`)
  const others = servers.filter((server) => server !== last)
  const silent = membersOf(cluster, topology).filter(({ server }) => server === undefined)
  return {
    steps: [
      ...others.flatMap((server) => [
        ...(cluster.primary === undefined ? [] : [catchUp(server, cluster.primary, login)]),
        ...leave(server, login),
        forget(server, login, { logged: false }),
      ]),
      ...(last === undefined ? [] : [...leaveLast(last, login), forget(last, login, { logged: true })]),
    ],
    diff: [
      {
        what: `cluster ${cluster.row.name}`,
        before: `members ${cluster.instances.map(({ address }) => address).join(', ')}\n`,
        after: '',
      },
    ],
    predicts: predictPictures(topology, login, (one) =>
      servers.includes(one) ? forgotten(one.picture, one === last) : one.picture,
    ),
    warnings: silent.map(
      ({ row }) =>
        `${row.address} does not answer and was left as it is. When it is back, run the task once more: it believes to be a member still.`,
    ),
  }
}

function refuseDissolution(cluster: Cluster, topology: Topology, force: boolean): string | undefined {
  const { name } = cluster.row
  if (topology.clusterset !== undefined && cluster.row.clustersetId !== null)
    return `Cluster "${name}" belongs to ClusterSet "${topology.clusterset.domainName}": take it out of there first.`
  if (topology.clusters.length > 1)
    return `The metadata of cluster "${name}" describe other clusters, too (${topology.clusters
      .filter((one) => one !== cluster)
      .map(({ row }) => row.name)
      .join(', ')}); they would be lost with it.`
  const members = membersOf(cluster, topology)
  const running = members.filter(({ server, seen }) => server === undefined && seen === 'ONLINE')
  if (running.length > 0)
    return `${running.map(({ row }) => row.address).join(', ')} does not answer here, but runs in the group: it would go on without a record. Make it reachable, or stop its mysqld.`
  if (force) return undefined
  if (cluster.primary === undefined && !isHalfDissolved(members.map(({ server }) => server)))
    return `Cluster "${name}" has no primary that is ONLINE with quorum. Bring it back first (innodb_cluster_reboot), or give it up as it is with force: true.`
  const silent = members.filter(({ server }) => server === undefined)
  if (silent.length > 0)
    return `These members of cluster "${name}" do not answer: ${silent.map(({ row }) => row.address).join(', ')}. Start them, or leave them as they are with force: true.`
  const ill = members.filter(
    ({ server }) =>
      server !== undefined &&
      server.picture.metadata !== undefined &&
      isLeftover(server) &&
      !isLeaving(server) &&
      !['ONLINE', 'RECOVERING'].includes(ownState(server).state),
  )
  return ill.length === 0
    ? undefined
    : `These members of cluster "${name}" are not ONLINE: ${ill.map(({ row }) => row.address).join(', ')}. Bring them back first, or go on with force: true.`
}

/** Whether a server still has something of a cluster. */
const hasRemains = (server: Server): boolean =>
  server.picture.metadata !== undefined ||
  isLeftover(server) ||
  server.picture.accounts.some(({ user }) => MANAGED.test(user))

/** The member that went on by itself when the cluster was dissolved: those that were away then come after it. */
function heirOf(cluster: Cluster, topology: Topology): Server | undefined {
  return cluster.primary === undefined
    ? membersOf(cluster, topology)
        .flatMap(({ server }) => server ?? [])
        .find((server) => !hasRemains(server) && server.picture.variables['read_only'] === 'OFF')
    : undefined
}

/** An earlier run ended while it cleared this member: clients are kept out, administrators are not. */
const isAjar = ({ picture: { variables } }: Server): boolean =>
  variables['super_read_only'] === 'OFF' && variables['read_only'] === 'ON'

/** An earlier run came as far as the last member: it has left the group, or is about to, and still has the record. */
function isHalfDissolved(servers: readonly (Server | undefined)[]): boolean {
  const present = servers.flatMap((server) => server ?? [])
  return (
    present.length === servers.length &&
    present.every((server) => !isLeftover(server) || isLeaving(server)) &&
    present.filter(({ picture }) => picture.metadata !== undefined).length === 1
  )
}

/** A member has everything that the primary had when the plan was made. */
function catchUp(server: Server, primary: Server, login: MysqlLogin): Step {
  const set = primary.picture.gtidExecuted
  return {
    do: 'wait',
    host: server.host,
    question: {
      ask: 'mysql_rows',
      login,
      statement: 'SELECT GTID_SUBSET(?, @@global.gtid_executed) s',
      values: [ownState(server).state === 'ONLINE' ? set : ''],
    },
    timeout: 60,
    interval: 0.05,
    until: (answer) => {
      const rows =
        'rows' in answer && Array.isArray(answer.rows) ? (answer.rows as readonly { s?: unknown }[]) : []
      return Number(rows[0]?.s ?? 0) === 1
    },
    otherwise: `${server.host} does not catch up with ${primary.host}.`,
    note: `wait until ${server.host} has applied everything`,
  }
}

function leave(server: Server, login: MysqlLogin): readonly Step[] {
  if (isLeftover(server)) return [leaveGroup(server, login, false), forgetChannels(server, login)]
  // A run that ended between the two left the account of a channel.
  return hasGroupChannels(server) ? [forgetChannels(server, login)] : []
}

/** Nobody is left whose group the last member could join again. */
const leaveLast = (server: Server, login: MysqlLogin): readonly Step[] =>
  leave(server, login).map((step) => ({ ...step, pointOfNoReturn: 'begin' as const }))

/**
 * Accounts first, metadata last: whoever has metadata is not finished. What a former secondary forgets is kept out of its
 * binary log, so that it can become a member again without transactions of its own.
 */
function forget(server: Server, login: MysqlLogin, options: { readonly logged: boolean }): Step {
  const { host, picture } = server
  const accounts = picture.accounts.filter(({ user }) => MANAGED.test(user))
  return {
    do: 'sql',
    host,
    login,
    note: `forget the cluster on ${host}`,
    pointOfNoReturn: 'begin',
    statements: [
      ...(options.logged ? [] : [{ text: 'SET SESSION sql_log_bin = 0' }]),
      { text: 'SET GLOBAL super_read_only = OFF' },
      ...accounts.map((account) => dropAccount(account.user, account.host)),
      ...(options.logged
        ? [{ text: 'RESET PERSIST IF EXISTS super_read_only' }, { text: 'SET GLOBAL read_only = OFF' }]
        : []),
      { text: `DROP SCHEMA IF EXISTS ${METADATA}` },
      ...(options.logged ? [] : [{ text: 'SET GLOBAL super_read_only = ON' }]),
    ],
  }
}

function forgotten(picture: InstancePicture, writable: boolean): InstancePicture {
  const { metadata: _metadata, ...rest } = left(picture)
  return {
    ...rest,
    accounts: picture.accounts.filter(({ user }) => !MANAGED.test(user)),
    variables: {
      ...rest.variables,
      super_read_only: writable ? 'OFF' : 'ON',
      read_only: writable ? 'OFF' : 'ON',
    },
  }
}
