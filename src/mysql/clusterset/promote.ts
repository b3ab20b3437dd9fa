import type { Step } from '../../host/step.js'
import { removeChannel } from '../channel.js'
import { persist, persistedAsBefore, restore, type Setting } from '../group-variables.js'
import type { MysqlLogin } from '../login.js'
import { transaction } from '../metadata/statements.js'
import type { Statement } from '../step.js'
import { attribute, type Cluster, type Server, type Topology } from '../topology.js'
import { addGroup, forgetGroup, forgetSources, START_CHANNEL, STOP_CHANNEL } from './channel.js'
import { AJAR, AS_PRIMARY, CLOSE, OPEN } from './fence.js'
import { channelOf, CLUSTERSET_CHANNEL, primaryLast } from './members.js'
import { skipStart } from './align-replica.js'

const OPENS = 'mysql_disable_super_read_only_if_primary'

/** Whether the primary of a cluster is open, and its group opens whoever comes after it. */
export function isPromoted({ picture }: Server): boolean {
  return (
    picture.variables['super_read_only'] === 'OFF' &&
    picture.variables['read_only'] === 'OFF' &&
    picture.memberActions[OPENS] !== false &&
    !picture.managedSources.some(({ channel }) => channel === CLUSTERSET_CHANNEL)
  )
}

/** The limit of the size of transactions that the cluster had before it was a replica. */
export function limitSteps(cluster: Cluster, topology: Topology, login: MysqlLogin): readonly Step[] {
  const recorded = Number(attribute(cluster.row.attributes, 'opt_transactionSizeLimit', '150000000'))
  return primaryLast(cluster, topology).flatMap(({ host, picture }): readonly Step[] => {
    const name = 'group_replication_transaction_size_limit'
    const limit: Setting | undefined =
      picture.variables[name] === '0' && recorded > 0 ? [name, recorded] : undefined
    const statements = [...(limit === undefined ? [] : persist([limit])), ...skipStart(picture.persisted)]
    return statements.length === 0
      ? []
      : [
          {
            do: 'sql',
            host,
            login,
            statements,
            note: `set the variables of a primary cluster's member on ${host}`,
            undo: [
              {
                do: 'sql',
                host,
                login,
                statements: [
                  ...(limit === undefined ? [] : restore([limit], picture)),
                  ...persistedAsBefore('skip_replica_start', picture.persisted),
                ],
              },
            ],
          },
        ]
  })
}

/**
 * Makes the primary of a cluster the only one that takes writes, and records it. Until the last statement only
 * administrators could write, so that a failure in between leaves nothing that the others lack.
 * @param stop what keeps the cluster from being changed by its channel
 */
export function promoteSteps(
  cluster: Cluster,
  login: MysqlLogin,
  metadata: readonly Statement[],
  stop = STOP_CHANNEL,
): readonly Step[] {
  const { primary } = cluster
  if (primary === undefined || (isPromoted(primary) && metadata.length === 0)) return []
  const { host } = primary
  const channel = channelOf(primary)
  const sources =
    channel === undefined
      ? []
      : primary.picture.managedSources
          .filter(({ channel: name }) => name === CLUSTERSET_CHANNEL)
          .flatMap(({ group }) => [forgetGroup(group), addGroup(group, channel.host, channel.port)])
  const closed = primary.picture.variables['super_read_only'] === 'ON'
  return [
    {
      do: 'sql',
      host,
      login,
      note: `prepare cluster "${cluster.row.name}" for writes`,
      statements: [stop, ...(closed ? AJAR : []), ...AS_PRIMARY, ...forgetSources(primary)],
      undo: closed
        ? [
            {
              do: 'sql',
              host,
              login,
              statements: [
                ...AJAR,
                {
                  text: `SELECT group_replication_disable_member_action('${OPENS}', 'AFTER_PRIMARY_ELECTION')`,
                },
                ...sources,
                CLOSE,
                ...(channel === undefined ? [] : [START_CHANNEL]),
              ],
            },
          ]
        : [],
    },
    ...(metadata.length === 0
      ? []
      : [
          {
            do: 'sql' as const,
            host,
            login,
            note: `record cluster "${cluster.row.name}" as the primary one`,
            // A transaction that no other cluster has.
            pointOfNoReturn: 'end' as const,
            statements: transaction(metadata),
          },
        ]),
    {
      do: 'sql',
      host,
      login,
      note: `open cluster "${cluster.row.name}" for writes`,
      pointOfNoReturn: 'end' as const,
      statements: OPEN,
    },
  ]
}

/** The members of a primary cluster have no channel to another cluster. */
export function channelRemoval(cluster: Cluster, topology: Topology, login: MysqlLogin): readonly Step[] {
  return primaryLast(cluster, topology)
    .filter((server) => channelOf(server) !== undefined)
    .map(({ host }) => ({
      do: 'sql',
      host,
      login,
      statements: removeChannel(CLUSTERSET_CHANNEL),
      note: `remove the channel of ${host}`,
    }))
}
