import type { Step } from '../../host/step.js'
import type { Plan } from '../../host/plan.js'
import type { InstancePicture } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import {
  clusterNamed,
  clusterOfServer,
  ownState,
  type Cluster,
  type Server,
  type Topology,
} from '../topology.js'
import { channelOf, CLUSTERSET_CHANNEL, replicates } from '../clusterset/members.js'
import { predictPictures, withMembers } from './after.js'
import { waitForPicture } from './group-steps.js'
import { isMultiPrimary, isReplicaCluster, membersOf } from './members.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** The member that becomes primary when nobody says which: the heaviest, then the one with the smallest uuid. */
export function nextPrimary(cluster: Cluster, besides: Server): Server | undefined {
  const weight = ({ picture }: Server): number =>
    Number(picture.variables['group_replication_member_weight'] ?? 50)
  return cluster.online
    .filter(({ host }) => host !== besides.host)
    .sort((a, b) => weight(b) - weight(a) || (a.picture.uuid < b.picture.uuid ? -1 : 1))[0]
}

/**
 * Makes another member the primary. In a replica cluster its channel has to rest meanwhile; Group Replication starts
 * it again on the new primary.
 */
export function handOver(
  from: Server,
  to: Server,
  cluster: Cluster,
  topology: Topology,
  login: MysqlLogin,
  /** Seconds that running transactions may take; undefined: as long as they want. */
  patience?: number,
): readonly Step[] {
  const replica = isReplicaCluster(cluster, topology)
  const elect = (server: Server, seconds?: number) => ({
    text: `SELECT group_replication_set_as_primary(?${seconds === undefined ? '' : ', ?'})`,
    values: [server.picture.uuid, ...(seconds === undefined ? [] : [seconds])],
  })
  return [
    ...(replica
      ? [
          {
            do: 'sql',
            host: from.host,
            login,
            note: `let the channel of ${from.host} rest`,
            statements: [
              { text: 'STOP REPLICA FOR CHANNEL ?', values: [CLUSTERSET_CHANNEL], tolerate: [3074] },
            ],
            undo: [
              {
                do: 'sql',
                host: from.host,
                login,
                statements: [
                  { text: 'START REPLICA FOR CHANNEL ?', values: [CLUSTERSET_CHANNEL], tolerate: [3074] },
                ],
              },
            ],
          } as const,
        ]
      : []),
    {
      do: 'sql',
      host: from.host,
      login,
      timeout: 600,
      note: `make ${to.host} the primary`,
      statements: [elect(to, patience)],
      undo: [{ do: 'sql', host: from.host, login, timeout: 600, statements: [elect(from)] }],
    },
    waitForPicture(to, login, {
      timeout: 120,
      until: (picture) => isPrimary(picture) && (replica || picture.variables['super_read_only'] === 'OFF'),
      otherwise: `${to.host} did not become the primary.`,
      note: `wait until ${to.host} is the primary`,
    }),
    // The next task shall find the cluster replicating, as it did.
    ...(replica && replicates(from) && channelOf(to) !== undefined
      ? [
          waitForPicture(to, login, {
            timeout: 120,
            until: (picture) => replicates({ host: to.host, picture }),
            otherwise: `The channel ${CLUSTERSET_CHANNEL} of ${to.host}, the new primary, does not run; see performance_schema.replication_connection_status there.`,
            note: `wait until ${to.host} replicates`,
          }),
        ]
      : []),
  ]
}

const isPrimary = (picture: InstancePicture): boolean => ownState({ host: '', picture }).role === 'PRIMARY'

/** Makes the task's server the primary of its cluster: AdminAPI's setPrimaryInstance. */
export function planSetPrimary(
  wanted: { readonly cluster: string | undefined; readonly patience: number | undefined },
  server: Server,
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const { host, picture } = server
  const cluster =
    wanted.cluster === undefined ? clusterOfServer(topology, server) : clusterNamed(topology, wanted.cluster)
  if (cluster === undefined)
    return refuse(
      wanted.cluster === undefined
        ? `${host} belongs to no cluster.`
        : `There is no cluster "${wanted.cluster}" among the servers of this play.`,
    )
  const { name } = cluster.row
  if (!cluster.instances.some(({ uuid }) => uuid === picture.uuid))
    return refuse(`${host} is no member of cluster "${name}".`)
  const { primary } = cluster
  if (primary === undefined)
    return refuse(
      `Cluster "${name}" has no primary that is ONLINE with quorum: restore the quorum (innodb_cluster_quorum) or reboot the cluster (innodb_cluster_reboot) first.`,
    )
  const multi = isMultiPrimary(primary.picture)
  if (multi !== (cluster.row.primaryMode === 'mm'))
    return refuse(
      `The group of cluster "${name}" runs with ${multi ? 'several primaries' : 'one primary'}, but is recorded otherwise: innodb_cluster_rescan mends the record.`,
    )
  if (multi)
    return refuse(
      `Cluster "${name}" is in multi-primary mode: every member takes writes, there is no one primary to choose.`,
    )
  if (primary.picture.uuid === picture.uuid) return { steps: [], diff: [] }
  const away = membersOf(cluster, topology).filter(({ seen }) => seen !== 'ONLINE')
  if (away.length > 0)
    return refuse(
      `Not all members of cluster "${name}" are ONLINE: ${away.map(({ row, seen }) => `${row.address} is ${seen}`).join(', ')}. Bring them back or remove them first.`,
    )
  const role = (uuid: string): string => (uuid === picture.uuid ? 'PRIMARY' : 'SECONDARY')
  return {
    steps: handOver(primary, server, cluster, topology, login, wanted.patience),
    diff: [{ what: `primary of cluster ${name}`, before: `${primary.host}\n`, after: `${host}\n` }],
    predicts: predictPictures(topology, login, (one) => {
      if (!cluster.online.some((member) => member.host === one.host)) return one.picture
      const after = withMembers(one.picture, (member) => ({ ...member, role: role(member.uuid) }))
      const writable = one.host === host && !isReplicaCluster(cluster, topology)
      return {
        ...after,
        variables: { ...after.variables, super_read_only: writable ? 'OFF' : 'ON' },
      }
    }),
  }
}
