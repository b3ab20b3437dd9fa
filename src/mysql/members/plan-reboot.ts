import type { Plan } from '../../host/plan.js'
import type { Step } from '../../host/step.js'
import { BOOTSTRAP, noSecondGroup } from '../bootstrap.js'
import { gtidText, isWithin, minus, parseGtidSet, union, type GtidSet, countOf } from '../gtid-set.js'
import type { MysqlLogin } from '../login.js'
import { joined } from '../predict.js'
import {
  clusterNamed,
  clusterOfServer,
  ownState,
  type Cluster,
  type Server,
  type Topology,
} from '../topology.js'
import { predictPictures } from './after.js'
import { roleInClusterSet } from './clusterset-role.js'
import { stopGroup } from './group-steps.js'
import { membersOf, witnessOf, type Member } from './members.js'
import { refuseRejoin, rejoinSteps } from './plan-rejoin.js'
import { startSeed } from './start-seed.js'

export interface Reboot {
  readonly cluster: string | undefined
  /** Inventory name or address of the member to start with; undefined: the one with the most transactions. */
  readonly seed: string | undefined
  /** Also when members do not answer or have gone their own way: they are left out. */
  readonly force: boolean
}

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** A member that answers. */
interface Present {
  readonly server: Server
  readonly row: Member['row']
}

/**
 * Starts a cluster again of which no member runs: AdminAPI's rebootClusterFromCompleteOutage. What an earlier run began
 * is completed: members that are down join those that run.
 */
export function planReboot(wanted: Reboot, taskServer: Server, topology: Topology, login: MysqlLogin): Plan {
  const cluster =
    wanted.cluster === undefined
      ? clusterOfServer(topology, taskServer)
      : clusterNamed(topology, wanted.cluster)
  if (cluster === undefined)
    return refuse(
      refuseForgotten(taskServer, topology) ??
        (wanted.cluster === undefined
          ? `${taskServer.host} belongs to no cluster.`
          : `There is no cluster "${wanted.cluster}" among the servers of this play.`),
    )
  const members = membersOf(cluster, topology)
  const present = members.flatMap(({ server, row }): readonly Present[] =>
    server === undefined ? [] : [{ server, row }],
  )
  const running = present.filter(({ server }) => ownState(server).state === 'ONLINE')
  if (running.length > 0) return planCompletion(cluster, present, topology, login)
  const foreign = present.find(({ server }) => isForeign(server, cluster))
  if (foreign !== undefined)
    return refuse(
      `${foreign.server.host} is configured for another group than that of cluster "${cluster.row.name}" (group_replication_group_name): it may have gone its own way. Remove it from the record or mend it first.`,
    )
  const silent = members.filter(({ server }) => server === undefined)
  if (silent.length > 0 && !wanted.force)
    return refuse(
      `These members of cluster "${cluster.row.name}" do not answer: ${silent.map(({ row }) => row.address).join(', ')}. They may run, or have transactions that the others lack. Start them first; if they are gone for good, leave them out with force: true.`,
    )
  const seed = seedOf(wanted, present)
  if (seed === undefined)
    return refuse(
      `"${wanted.seed ?? ''}" is no member of cluster "${cluster.row.name}" that answers; those are ${present.map(({ server }) => server.host).join(', ')}.`,
    )
  const others = present.filter((one) => one !== seed)
  const diverged = others.filter(({ server }) => !isWithin(transactions(server), transactions(seed.server)))
  if (diverged.length > 0 && !wanted.force)
    return refuse(
      `Not all members agree on what happened. ${diverged.map(({ server }) => `${server.host} has transactions that ${seed.server.host} lacks: ${gtidText(minus(transactions(server), transactions(seed.server)))}`).join('; ')}. ${wanted.seed === undefined ? '' : `Start with another member, or `}decide which data counts: with force: true the cluster starts with ${seed.server.host}, and the others are left out.`,
    )
  const role = roleInClusterSet(cluster, topology)
  if (role === 'unknown' && !wanted.force)
    return refuse(
      `Cluster "${cluster.row.name}" was the primary of its ClusterSet, but another cluster may have been made primary meanwhile: not each of them has a member here that is ONLINE with quorum, nor do all its members answer. Add their hosts to the play, or start them; if none was made primary, use force: true.`,
    )
  const joining = others.filter((one) => !diverged.includes(one))
  const readOnly = role === 'replica' || role === 'invalidated'
  return {
    steps: [
      {
        do: 'parallel',
        note: 'stop what is left of the group',
        branches: present.map(({ server }) => [stopGroup(server, login)]),
      },
      ...startSeed(seed.server, readOnly, login),
      ...together(joining, cluster, seed.server, topology, login),
    ],
    diff: [
      {
        what: `cluster ${cluster.row.name}`,
        before: 'all members are down\n',
        after: `primary ${seed.server.host}${joining.length === 0 ? '' : `, with ${joining.map(({ server }) => server.host).join(', ')}`}\n`,
      },
    ],
    predicts: predicted([seed, ...joining], seed.server, readOnly, topology, login),
    warnings: [
      ...silent.map(({ row }) => `${row.address} does not answer; it was left out.`),
      ...diverged.map(
        ({ server }) =>
          `${server.host} has transactions of its own; it was left out. Remove it with force: true and add it again with recovery_method: clone.`,
      ),
      ...(role === 'invalidated'
        ? [
            `Cluster "${cluster.row.name}" was replaced as primary of its ClusterSet; it stays read-only until it rejoins the set.`,
          ]
        : []),
    ],
  }
}

/** Why a server can't start its cluster again that others have forgotten: the cluster was removed while it was down. */
function refuseForgotten({ host, picture }: Server, { metadata, clusterset }: Topology): string | undefined {
  const row = picture.metadata?.instances.find(({ uuid }) => uuid === picture.uuid)
  const former = picture.metadata?.clusters.find(({ id }) => id === row?.clusterId)
  if (former === undefined || clusterset === undefined || picture.metadata === metadata) return undefined
  return `${host} still has the record of cluster "${former.name}", but that was removed from ClusterSet "${clusterset.domainName}" while it was down: it can't go on with that record. Its servers can become members again like any others: innodb_replica_cluster, innodb_cluster_instance, with recovery_method: clone where they have transactions of their own.`
}

/** Some members run: the others join them. */
function planCompletion(
  cluster: Cluster,
  present: readonly Present[],
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const { name } = cluster.row
  const primary = cluster.primary
  if (primary === undefined)
    return refuse(
      witnessOf(cluster) === undefined
        ? `Members of cluster "${name}" run, but without quorum. Restore it with innodb_cluster_quorum on one of them; a reboot is for a cluster of which no member runs.`
        : `Members of cluster "${name}" run, but its primary does not answer. Give the play all hosts of the cluster.`,
    )
  const down = present.filter(({ server }) => ownState(server).state !== 'ONLINE')
  const flagged = present.filter(({ server: { picture } }) => picture.variables[BOOTSTRAP] === 'ON')
  if (down.length === 0 && flagged.length === 0)
    return { steps: [], diff: [], message: `Cluster "${name}" runs.` }
  const refusals = new Map(
    down.flatMap(({ server, row }) => {
      const why = refuseRejoin({
        server,
        row,
        cluster,
        primary,
        writer: topology.globalPrimary ?? primary,
        topology,
        login,
        given: [],
      })
      return why === undefined ? [] : [[server.host, why] as const]
    }),
  )
  const joining = down.filter(({ server }) => !refusals.has(server.host))
  return {
    steps: [
      ...flagged.flatMap(({ server }) => noSecondGroup(server, login)),
      ...together(joining, cluster, primary, topology, login),
    ],
    diff: [
      ...flagged.map(({ server }) => ({
        what: `${BOOTSTRAP} on ${server.host}`,
        before: 'ON\n',
        after: 'OFF\n',
      })),
      ...joining.map(({ server }) => ({
        what: `${server.host} in cluster ${name}`,
        before: `${ownState(server).state}\n`,
        after: 'ONLINE\n',
      })),
    ],
    predicts: predicted(
      [...present.filter((one) => !down.includes(one)), ...joining],
      primary,
      primary.picture.variables['super_read_only'] === 'ON',
      topology,
      login,
    ),
    warnings: [...refusals.values()],
  }
}

/** What a member has: transactions that it executed, and those that it received and will execute when it starts. */
function transactions({ picture }: Server): GtidSet {
  const applier = picture.channels.find(({ name }) => name === 'group_replication_applier')
  return union(parseGtidSet(picture.gtidExecuted), parseGtidSet(applier?.received ?? ''))
}

const isForeign = ({ picture }: Server, cluster: Cluster): boolean => {
  const group = picture.variables['group_replication_group_name'] ?? ''
  return group !== '' && group !== cluster.groupName
}

/** The member that is to start: the one asked for, else the one with the most transactions, then the heaviest. */
function seedOf(wanted: Reboot, present: readonly Present[]): Present | undefined {
  if (wanted.seed !== undefined)
    return present.find(({ server, row }) => wanted.seed === server.host || wanted.seed === row.address)
  const weight = ({ picture }: Server): number =>
    Number(picture.variables['group_replication_member_weight'] ?? 50)
  return [...present].sort(
    (a, b) =>
      countOf(transactions(b.server)) - countOf(transactions(a.server)) ||
      weight(b.server) - weight(a.server) ||
      (a.row.uuid < b.row.uuid ? -1 : 1),
  )[0]
}

/** Members join side by side; one that can't does not keep the others, nor the group, from running. */
function together(
  joining: readonly Present[],
  cluster: Cluster,
  primary: Server,
  topology: Topology,
  login: MysqlLogin,
): readonly Step[] {
  if (joining.length === 0) return []
  const branches = joining.map(({ server, row }) =>
    rejoinSteps({
      server,
      row,
      cluster,
      primary,
      writer: topology.globalPrimary ?? primary,
      topology,
      login,
      given: [],
    }).map(({ undo: _undo, ...step }): Step => step),
  )
  // The group runs: whatever becomes of one member, the others come back.
  return [{ do: 'parallel', branches, note: 'bring the other members back', pointOfNoReturn: 'begin' }]
}

function predicted(
  members: readonly Present[],
  primary: Server,
  readOnly: boolean,
  topology: Topology,
  login: MysqlLogin,
) {
  const group = members.map(({ server: { picture } }) => ({
    uuid: picture.uuid,
    host: picture.host,
    port: picture.port,
    state: 'ONLINE',
    role: picture.uuid === primary.picture.uuid ? 'PRIMARY' : 'SECONDARY',
  }))
  return predictPictures(topology, login, (one) => {
    if (!members.some(({ server }) => server.host === one.host)) return one.picture
    const writable = one.host === primary.host && !readOnly
    const base = one.host === primary.host ? one.picture : joined(one, primary)
    return {
      ...base,
      members: group,
      variables: {
        ...base.variables,
        super_read_only: writable ? 'OFF' : 'ON',
        offline_mode: 'OFF',
        [BOOTSTRAP]: 'OFF',
      },
    }
  })
}
