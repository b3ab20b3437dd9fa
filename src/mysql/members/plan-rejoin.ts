import type { Step } from '../../host/step.js'
import type { Plan } from '../../host/plan.js'
import { waitForState, waitUntilSeen } from '../bootstrap.js'
import { removeChannel } from '../channel.js'
import { memberSteps } from '../clusterset/align-replica.js'
import { keepChannels } from '../clusterset/keep-channels.js'
import { channelOf, CLUSTERSET_CHANNEL } from '../clusterset/members.js'
import { waitsFor } from '../goes-on.js'
import { groupVariables, persist, restore, type Setting } from '../group-variables.js'
import { gtidText, isWithin, minus, parseGtidSet } from '../gtid-set.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import { setAttribute } from '../metadata/statements.js'
import { joined, withMember } from '../predict.js'
import type { SslMode } from '../step.js'
import { sameValue } from '../../option-file/edit.js'
import {
  attribute,
  ownState,
  type Cluster,
  type InstanceRow,
  type Server,
  type Topology,
} from '../topology.js'
import { needsViewChangeUuid } from '../version.js'
import { predictPictures, withVariables } from './after.js'
import { letClientsIn, seedSteps, startGroup, stopGroup } from './group-steps.js'
import { valuesOf } from './options.js'
import { groupAddress, isMultiPrimary, isReplicaCluster, seedsFor } from './members.js'
import {
  memberAccounts,
  recordedAccount,
  recoveryCredentials,
  renewAccount,
  requirementOf,
} from './recovery-account.js'

export interface Rejoin {
  readonly server: Server
  readonly row: InstanceRow
  readonly cluster: Cluster
  /** The member that has quorum, and whose accounts and settings count. */
  readonly primary: Server
  /** Where accounts are written. */
  readonly writer: Server
  readonly topology: Topology
  readonly login: MysqlLogin
  readonly given: readonly Setting[]
}

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Brings a recorded member back that is OFFLINE or failed: AdminAPI's rejoinInstance. */
export function planRejoin(rejoin: Rejoin): Plan {
  const { server, cluster, primary, topology, login } = rejoin
  const { state } = ownState(server)
  const steps =
    state === 'RECOVERING'
      ? [waitForState(server, login, 'ONLINE'), waitUntilSeen(server, primary, login)]
      : undefined
  const refusal = steps === undefined ? refuseRejoin(rejoin) : undefined
  if (refusal !== undefined) return refuse(refusal)
  return {
    steps: steps ?? rejoinSteps(rejoin),
    first: waitsFor(server, login),
    diff: [
      {
        what: `${server.host} in cluster ${cluster.row.name}`,
        // It does not know yet that it was expelled.
        before: state === 'ONLINE' ? 'expelled\n' : `${state}\n`,
        after: 'ONLINE\n',
      },
    ],
    predicts: predictPictures(topology, login, (one) =>
      one.host === server.host
        ? withVariables(joined(server, primary), valuesOf(rejoin.given))
        : cluster.online.some(({ host }) => host === one.host)
          ? withMember(one.picture, server)
          : one.picture,
    ),
  }
}

/** Why a recorded member can't come back; nothing was touched. */
export function refuseRejoin({ server, row, cluster, primary, topology }: Rejoin): string | undefined {
  const { host, picture } = server
  const group = picture.variables['group_replication_group_name'] ?? ''
  if (group !== '' && group !== cluster.groupName)
    return `${host} is recorded in cluster "${cluster.row.name}", but configured for another group (group_replication_group_name is ${group}, that of the cluster ${cluster.groupName}). If it took writes there, they would be lost: remove it with state: absent and force: true, then add it again.`
  if (cluster.authType.includes('SUBJECT') && attribute(row.attributes, 'opt_certSubject') === '')
    return `Cluster "${cluster.row.name}" uses ${cluster.authType}, but no certSubject is recorded for ${host}: remove it with state: absent and add it again with cert_subject.`
  const [own, theirs] = [parseGtidSet(picture.gtidExecuted), parseGtidSet(primary.picture.gtidExecuted)]
  if (
    isReplicaCluster(cluster, topology) &&
    channelOf(primary) !== undefined &&
    channelOf(server) === undefined &&
    topology.globalPrimary === undefined
  )
    return `${host} lacks the channel ${CLUSTERSET_CHANNEL}, without which the group of cluster "${cluster.row.name}" does not keep it, and no primary of the ClusterSet answers that it could lead to. Give the play all hosts of the ClusterSet, or bring its primary cluster back first.`
  const errant = minus(own, theirs)
  if (errant.size > 0)
    return `${host} has transactions that ${primary.host} lacks: ${gtidText(errant)}. It took writes outside of the group; it can only come back without them: remove it with state: absent and force: true, then add it again with recovery_method: clone.`
  if (!isWithin(parseGtidSet(primary.picture.gtidPurged), own))
    return `${primary.host} has purged binary logs that ${host} needs to catch up: ${gtidText(minus(parseGtidSet(primary.picture.gtidPurged), own))}. Remove ${host} with state: absent and force: true, then add it again with recovery_method: clone.`
  return undefined
}

/** Accounts, settings and start of a member that comes back. */
export function rejoinSteps(rejoin: Rejoin): readonly Step[] {
  const { server, row, cluster, primary, writer, topology, login } = rejoin
  const { host, picture } = server
  const account = recordedAccount(row, cluster, server)
  const requirement = requirementOf(row, cluster)
  // In a replica cluster accounts arrive by replication; what is there already must do.
  const renewed = isReplicaCluster(cluster, topology) ? [] : renewAccount(writer, server, row, cluster, login)
  const settings = changedSettings(rejoin)
  const steps: Step[] = [...renewed]
  if (ownState(server).state !== 'OFFLINE') steps.push(stopGroup(server, login))
  steps.push(...letClientsIn(server, login))
  if (!picture.plugins.includes('group_replication'))
    steps.push({
      do: 'sql',
      host,
      login,
      note: `load Group Replication on ${host}`,
      statements: [
        {
          text: "INSTALL PLUGIN group_replication SONAME 'group_replication.so'",
          tolerate: [1125, 1968],
        },
      ],
    })
  steps.push(
    {
      do: 'copy_accounts',
      host,
      login,
      from: primary.host,
      accounts: memberAccounts(cluster, primary, account),
      note: `bring the members' accounts to ${host}`,
      undo: [{ do: 'sql', host, login, statements: [{ text: 'SET GLOBAL super_read_only = ON' }] }],
    },
    {
      do: 'sql',
      host,
      login,
      note: `configure the group on ${host}`,
      statements: [{ text: 'SET GLOBAL super_read_only = ON' }, ...persist(settings)],
      undo: [{ do: 'sql', host, login, statements: restore(settings, picture) }],
    },
    ...(renewed.length > 0 || recoveryUserOf(server) !== account.user
      ? [recoveryCredentials(server, account.user, requirement, login)]
      : []),
    ...channelToSource(rejoin),
    ...startGroup(server, primary, login),
    ...seedSteps(
      cluster.online.filter((one) => one.host !== host),
      cluster.instances,
      login,
    ),
    ...recordSteps(rejoin),
  )
  return steps
}

/** Members of a ClusterSet: the channel is where the primary of the group has it, to the same source; nowhere else. */
function channelToSource({ server, cluster, primary, topology, login }: Rejoin): readonly Step[] {
  const { clusterset, globalPrimary: source } = topology
  if (clusterset === undefined || cluster.row.clustersetId === null) return []
  const kept = keepChannels(server, login)
  if (cluster.row.id === clusterset.primaryClusterId)
    return channelOf(server) === undefined
      ? kept
      : [
          ...kept,
          {
            do: 'sql',
            host: server.host,
            login,
            statements: removeChannel(CLUSTERSET_CHANNEL),
            note: `remove the channel of ${server.host}`,
          },
        ]
  if (source === undefined || channelOf(primary) === undefined) return kept
  return [
    ...kept,
    ...memberSteps(server, { cluster, source, writer: source, topology, clusterset, login, timeout: 0 }),
  ]
}

function recoveryUserOf({ picture }: Server): string {
  return picture.channels.find(({ name }) => name === 'group_replication_recovery')?.user ?? ''
}

/** The settings of a member that are not, running and persisted, what its cluster wants. */
function changedSettings({ server, row, cluster, primary, given, topology }: Rejoin): readonly Setting[] {
  const { picture } = server
  const of = primary.picture.variables
  const viewChange = of['group_replication_view_change_uuid'] ?? 'AUTOMATIC'
  const single = of['group_replication_paxos_single_leader']
  const wanted = groupVariables(
    {
      groupName: cluster.groupName,
      sslMode: (of['group_replication_ssl_mode'] ?? 'DISABLED') as SslMode,
      authType: cluster.authType,
      localAddress: picture.variables['group_replication_local_address'] || groupAddress(row),
      communicationStack: (of['group_replication_communication_stack'] ?? 'MYSQL') as 'MYSQL' | 'XCOM',
      seeds: seedsFor(row.uuid, cluster.instances),
      startOnBoot: attribute(cluster.row.attributes, 'opt_manualStartOnBoot') !== 'true',
      given,
      ...(isReplicaCluster(cluster, topology) ? { transactionSizeLimit: '0' } : {}),
      ...(single === undefined ? {} : { paxosSingleLeader: single }),
      ...(viewChange === 'AUTOMATIC' || !needsViewChangeUuid(picture.version)
        ? {}
        : { viewChangeUuid: viewChange }),
    },
    picture,
  )
  const multi = isMultiPrimary(primary.picture)
  return wanted
    .filter(([name]) => !multi || !MODE_OF_SINGLE_PRIMARY.has(name))
    .concat(multi ? multiPrimarySettings(primary) : [])
    .filter(([name, value]) => {
      if (typeof value === 'object' || value === 'DEFAULT') return typeof value === 'object'
      const running = picture.variables[name]
      const persisted = picture.persisted[name]
      return (
        running === undefined ||
        persisted === undefined ||
        !sameValue(persisted, String(value)) ||
        (name !== 'super_read_only' && !sameValue(running, String(value)))
      )
    })
}

const MODE_OF_SINGLE_PRIMARY = new Set([
  'group_replication_enforce_update_everywhere_checks',
  'group_replication_single_primary_mode',
  'auto_increment_increment',
  'auto_increment_offset',
])

function multiPrimarySettings(primary: Server): readonly Setting[] {
  return [
    ['group_replication_single_primary_mode', 'OFF'],
    [
      'group_replication_enforce_update_everywhere_checks',
      primary.picture.variables['group_replication_enforce_update_everywhere_checks'] ?? 'ON',
    ],
  ]
}

/** What the record of a member lacks. */
function recordSteps({ server, row, cluster, writer, login }: Rejoin): readonly Step[] {
  const account = recordedAccount(row, cluster, server)
  const wanted: Readonly<Record<string, string | number>> = {
    server_id: server.picture.serverId,
    recoveryAccountUser: account.user,
    recoveryAccountHost: account.host,
  }
  const missing = Object.entries(wanted).filter(
    ([key, value]) => attribute(row.attributes, key) !== String(value),
  )
  if (missing.length === 0) return []
  return [
    {
      do: 'sql',
      host: writer.host,
      login,
      note: `complete the record of ${server.host}`,
      pointOfNoReturn: 'begin',
      statements: [
        { text: `USE ${METADATA}` },
        ...missing.map(([key, value]) =>
          setAttribute('instances', { column: 'mysql_server_uuid', value: row.uuid }, key, value),
        ),
      ],
    },
  ]
}
