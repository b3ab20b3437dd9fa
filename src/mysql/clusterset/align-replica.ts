import type { Step } from '../../host/step.js'
import { hasPassword } from '../account.js'
import { removeChannel } from '../channel.js'
import { persistedAsBefore, restore } from '../group-variables.js'
import type { MysqlInstance } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import type { Statement } from '../step.js'
import type { Cluster, ClusterSet, Server, Topology } from '../topology.js'
import { accountIsRight, renewAccount } from './accounts.js'
import {
  addGroup,
  changeSource,
  forgetGroup,
  isConfigured,
  manageSources,
  optionsToName,
  START_CHANNEL,
  STOP_CHANNEL,
  wantedChannel,
  type WantedChannel,
} from './channel.js'
import { optionsIn, optionsSql, type ChannelWish } from '../channel-options.js'
import { fenceSteps } from './fence.js'
import { channelAccount, channelOf, CLUSTERSET_CHANNEL, primaryLast, replicates } from './members.js'

/** ER_ACCESS_DENIED_ERROR. */
const DENIED = 1045

/** What one member of a replica cluster lacks. */
interface Lack {
  readonly member: Server
  readonly wanted: WantedChannel
  /** Its account has to be made anew, and its channel gets the new credentials. */
  readonly account: boolean
  readonly channel: boolean
}

/** A cluster that is to replicate, and where the transactions come from. */
export interface Replica {
  readonly cluster: Cluster
  /** Primary of the cluster that is replicated from. */
  readonly source: Server
  /** Where accounts are written; the source, except before a switchover. */
  readonly writer: Server
  readonly topology: Topology
  readonly clusterset: ClusterSet
  readonly login: MysqlLogin
  readonly given?: ChannelWish
  /** Seconds to wait for what has to arrive. */
  readonly timeout: number
  /** The accounts get new passwords even if they seem right: they will be logged in with before the channels start. */
  readonly renew?: true
}

function lacks(replica: Replica): readonly Lack[] {
  const { cluster, source, writer, topology, clusterset, given } = replica
  const secondaryLacks = primaryLast(cluster, topology).some(
    (member) => member !== cluster.primary && channelOf(member)?.autoFailover !== true,
  )
  return primaryLast(cluster, topology).map((member) => {
    const wanted = wantedChannel(member, cluster, source, topology, clusterset, given)
    const channel = channelOf(member)
    const known = accountIsRight(writer, channelAccount(member, topology, clusterset))
    const unknownPassword =
      hasPassword(clusterset.authType) &&
      (replica.renew === true ||
        channel === undefined ||
        channel.user !== wanted.user ||
        channel.errorNumber === DENIED)
    const account = !known || unknownPassword
    // What the primary is told anew, it tells the others.
    const retell = member === cluster.primary && secondaryLacks
    return { member, wanted, account, channel: account || retell || !isConfigured(member, wanted) }
  })
}

/** The accounts of the members' channels, where they are missing, demand something else or have a password nobody knows. */
export function accountSteps(replica: Replica): readonly Step[] {
  const { writer, topology, clusterset, login } = replica
  return lacks(replica)
    .filter(({ account }) => account)
    .flatMap(({ member }) => renewAccount(member, writer, topology, clusterset, login))
}

/**
 * What a member that is about to come back lacks: one that is out of its group missed what was done to the channels, and
 * without the channel that its primary has, the group would not keep it.
 */
export function memberSteps(member: Server, replica: Replica): readonly Step[] {
  const { writer, topology, clusterset, login } = replica
  const lack = lacks(replica).find((one) => one.member.host === member.host)
  if (lack === undefined) return []
  return [
    ...(lack.account ? renewAccount(member, writer, topology, clusterset, login) : []),
    ...(lack.channel ? [configure(lack, replica)] : []),
  ]
}

/** The channels of the members without starting them: other members first, the primary last. */
export function channelSettings(replica: Replica): readonly Step[] {
  return lacks(replica)
    .filter(({ channel }) => channel)
    .map((lack) => configure(lack, replica))
}

function configure({ member, wanted, account }: Lack, { login }: Replica): Step {
  const { host } = member
  const channel = channelOf(member)
  const before = optionsSql(channel === undefined ? {} : optionsToName(optionsIn(channel), wanted.options))
  return {
    do: 'sql',
    host,
    login,
    note: `lead the channel of ${host} to ${wanted.source.host}`,
    statements: [STOP_CHANNEL, changeSource(member, wanted, account)],
    undo: [
      {
        do: 'sql',
        host,
        login,
        statements:
          channel === undefined
            ? removeChannel(CLUSTERSET_CHANNEL)
            : [
                STOP_CHANNEL,
                // Its credentials are right for any source.
                {
                  text: `CHANGE REPLICATION SOURCE TO SOURCE_HOST=?, SOURCE_PORT=?${before.text} FOR CHANNEL ?`,
                  values: [channel.host, channel.port, ...before.values, CLUSTERSET_CHANNEL],
                },
                ...(channel.receiver === 'OFF' ? [] : [START_CHANNEL]),
              ],
      },
    ],
  }
}

/**
 * All that a cluster lacks until it replicates from the source as it shall: accounts, a fenced group, transactions of
 * any size, channels of all members, managed failover. Nothing when it does already.
 */
export function alignReplica(replica: Replica): readonly Step[] {
  const { cluster, login, timeout } = replica
  const { primary } = cluster
  if (primary === undefined) return []
  const steps: readonly Step[] = [
    ...accountSteps(replica),
    ...fenceSteps(primary, login, timeout, `close cluster "${cluster.row.name}" for writes`),
    ...settingSteps(replica),
    ...channelSettings(replica),
  ]
  return steps.length > 0 || !isManaged(primary, replica.source) || !replicates(primary)
    ? [...steps, ...startSteps(replica)]
    : []
}

function isManaged({ picture }: Server, source: Server): boolean {
  const group = source.picture.variables['group_replication_group_name'] ?? ''
  const managed = picture.managedSources.filter(({ channel }) => channel === CLUSTERSET_CHANNEL)
  return managed.length === 1 && managed[0]?.group === group
}

/** Starts the channel of a cluster whose members have it, lets it follow the source's group, and waits until all is there. */
export function startSteps(replica: Replica): readonly Step[] {
  const { cluster, source, topology, clusterset, login, timeout, given } = replica
  const { primary } = cluster
  if (primary === undefined) return []
  const { host } = primary
  const wanted = wantedChannel(primary, cluster, source, topology, clusterset, given)
  const before = channelOf(primary)
  const groups = primary.picture.managedSources.filter(({ channel }) => channel === CLUSTERSET_CHANNEL)
  return [
    {
      do: 'sql',
      host,
      login,
      note: `start the channel of ${host} to ${source.host}`,
      ...(replicates(primary)
        ? {}
        : { leaves: `${host} keeps the transactions that it received from ${source.host}` }),
      statements: [
        ...(isManaged(primary, source) ? [] : [STOP_CHANNEL, ...manageSources(primary, wanted)]),
        START_CHANNEL,
      ],
      undo: [
        {
          do: 'sql',
          host,
          login,
          statements: [
            STOP_CHANNEL,
            ...(isManaged(primary, source)
              ? []
              : [
                  forgetGroup(source.picture.variables['group_replication_group_name'] ?? ''),
                  ...(before === undefined
                    ? []
                    : groups.map(({ group }) => addGroup(group, before.host, before.port))),
                ]),
          ],
        },
      ],
    },
    {
      do: 'wait',
      host,
      question: { ask: 'mysql_instance', login },
      timeout,
      interval: 0.05,
      until: (answer) => runs(answer as MysqlInstance),
      otherwise: `The channel ${CLUSTERSET_CHANNEL} of ${host} does not run; see performance_schema.replication_connection_status there.`,
      note: `wait until ${host} replicates`,
    },
    {
      do: 'catch_up',
      host,
      from: source.host,
      channel: CLUSTERSET_CHANNEL,
      login,
      timeout,
      note: `wait until ${host} has the transactions of ${source.host}`,
    },
  ]
}

function runs(picture: MysqlInstance): boolean {
  if (picture.kind !== 'up') return false
  const channel = picture.channels.find(({ name }) => name === CLUSTERSET_CHANNEL)
  return channel?.receiver === 'ON' && channel.applier === 'ON'
}

/** Variables of the members of a replica cluster: what the source accepted must never be refused for its size. */
export function settingSteps({ cluster, topology, login }: Replica): readonly Step[] {
  return primaryLast(cluster, topology).flatMap(({ host, picture }): readonly Step[] => {
    const limit = picture.variables['group_replication_transaction_size_limit'] ?? '0'
    const statements: readonly Statement[] = [
      ...(limit === '0' ? [] : [{ text: 'SET PERSIST group_replication_transaction_size_limit = 0' }]),
      ...(picture.persisted['super_read_only'] === 'ON' || picture.variables['super_read_only'] !== 'ON'
        ? []
        : [{ text: 'SET PERSIST super_read_only = ON' }]),
      ...skipStart(picture.persisted),
    ]
    return statements.length === 0
      ? []
      : [
          {
            do: 'sql',
            host,
            login,
            statements,
            note: `set the variables of a replica on ${host}`,
            undo: [
              {
                do: 'sql',
                host,
                login,
                statements: [
                  ...(limit === '0'
                    ? []
                    : restore([['group_replication_transaction_size_limit', 0]], picture)),
                  ...persistedAsBefore('super_read_only', picture.persisted),
                  ...persistedAsBefore('skip_replica_start', picture.persisted),
                ],
              },
            ],
          },
        ]
  })
}

/** Channels of members of a ClusterSet never start by themselves: the group starts that of its primary. */
export function skipStart(persisted: Readonly<Record<string, string>>): readonly Statement[] {
  return persisted['skip_replica_start'] === 'ON'
    ? []
    : [{ text: 'SET PERSIST_ONLY skip_replica_start = ON' }]
}
