import type { Plan } from '../../modules/module.js'
import type { Step } from '../../host/step.js'
import { clustersetGrants, clustersetUser } from '../account.js'
import { accountSteps, clustersetPassword, noSecondGroup } from '../bootstrap.js'
import { persistedAsBefore, type Setting } from '../group-variables.js'
import { settingsBeforeClone } from '../clone.js'
import { waitsFor } from '../goes-on.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import { transaction } from '../metadata/statements.js'
import { isUnfinished } from '../adopt-group.js'
import type { GtidState } from '../gtid-state.js'
import { cloneText, isBeingCloned } from '../received-clone.js'
import { chooseRecovery, donorOf, type RecoveryMethod } from '../recovery-method.js'
import { refuseName, refuseOptions, refuseServer, refuseTwin, type Wish } from '../refusals.js'
import type { Presented, SslMode } from '../step.js'
import {
  addressOf,
  attribute,
  clusterNamed,
  clusterOfServer,
  isOnline,
  type Server,
  type Topology,
} from '../topology.js'
import { channelSteps } from './channel.js'
import type { ChannelWish } from '../channel-options.js'
import { CLUSTERSET_CHANNEL } from './members.js'
import { replicaPredictions } from './predictions.js'
import { recordCluster } from './record-replica.js'
import { startSteps } from './start-replica.js'
import { waitForAccount, waitForMetadata } from './waits.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

export interface CreateReplicaCluster {
  readonly name: string
  readonly subject: string
  readonly recoveryMethod: RecoveryMethod
  /** Inventory name or address of the member of the primary cluster that is cloned. Default: its primary. */
  readonly cloneDonor: string | undefined
  readonly given: readonly Setting[]
  /** Options of the channel that were given. */
  readonly channel: ChannelWish
}

/** Makes a server the first member of a replica cluster; what an earlier run did already is left out. */
export function planCreateReplicaCluster(
  wanted: CreateReplicaCluster,
  server: Server,
  topology: Topology,
  login: MysqlLogin,
  gtid: GtidState,
  presented: (host: string) => Presented | undefined,
): Plan {
  const { clusterset, globalPrimary: source } = topology
  const { host, picture } = server
  const badName = refuseName(wanted.name, 'cluster')
  if (badName !== undefined) return refuse(badName)
  if (clusterset === undefined)
    return refuse(
      'There is no ClusterSet among the servers of this play: create it on the primary cluster first.',
    )
  if (source === undefined)
    return refuse(
      `The primary cluster of ClusterSet "${clusterset.domainName}" has no primary that is ONLINE.`,
    )
  const mine = clusterOfServer(topology, server)
  const named = clusterNamed(topology, wanted.name)
  if (mine !== undefined && mine.row.name.toLowerCase() !== wanted.name.toLowerCase())
    return refuse(
      `${host} is a member of cluster "${mine.row.name}" already; a server belongs to one cluster.`,
    )
  if (mine === undefined && named !== undefined)
    return refuse(
      `There is a cluster "${wanted.name}" already, and ${host} is not its member. Add ${host} to it, or choose another name.`,
    )
  const primaryCluster = topology.clusters.find(({ row }) => row.id === clusterset.primaryClusterId)
  const allowedHost = primaryCluster?.allowedHost ?? '%'
  const wish: Wish = {
    sslMode: clusterset.sslMode as SslMode,
    authType: clusterset.authType,
    issuer: clusterset.issuer,
    subject: wanted.subject,
  }
  const running = isOnline(server)
  if (running && mine === undefined && !isUnfinishedReplica(server))
    return refuse(
      `${host} runs in a group of its own, which is no replica cluster that an earlier run began. Its data would not be that of the ClusterSet. Take it out of that group first (STOP GROUP_REPLICATION, or dissolve its cluster).`,
    )
  const member = mine !== undefined && clusterset.memberIds.includes(mine.row.id)
  const leader = mine?.primary ?? server
  const channel = leader.picture.channels.find((one) => one.name === CLUSTERSET_CHANNEL)
  const replicating = channel !== undefined && channel.receiver !== 'OFF' && channel.applier === 'ON'
  const steps: Step[] = []
  const requirement = { authType: wish.authType, issuer: wish.issuer, subject: wish.subject }
  const sourceSubject = attribute(
    topology.metadata?.instances.find((row) => row.uuid === source.picture.uuid)?.attributes ?? {},
    'opt_certSubject',
  )
  const groupName = running
    ? (picture.variables['group_replication_group_name'] ?? '')
    : ({ generate: 'uuid', name: 'group' } as const)
  const localAddress = addressOf(server)
  let clonedFrom: Server | undefined
  if (!running) {
    const donor = donorOf(wanted.cloneDonor, primaryCluster?.online ?? [source], source)
    if (donor === undefined)
      return refuse(
        `clone_donor "${wanted.cloneDonor ?? ''}" is no ONLINE member of the primary cluster among the servers of this play.`,
      )
    const cloneDisabled = attribute(primaryCluster?.row.attributes ?? {}, 'opt_disableClone') === 'true'
    const recovery = chooseRecovery(wanted.recoveryMethod, server, donor, gtid, cloneDisabled)
    clonedFrom = 'method' in recovery && recovery.method === 'clone' ? donor : undefined
    const refusal =
      refuseOptions(wish, server) ??
      refuseServer(server) ??
      refuseTwin(server, topology.servers) ??
      ('refusal' in recovery ? recovery.refusal : undefined)
    if (refusal !== undefined) return refuse(refusal)
    steps.push(
      ...startSteps({
        wanted,
        server,
        source,
        wish,
        allowedHost,
        groupName,
        localAddress,
        login,
        sourceSubject,
        cloneDonor: clonedFrom,
        presented,
      }),
    )
  }
  if (running) steps.push(...noSecondGroup(server, login))
  steps.push(...settingsBeforeClone(server, login, { cloned: clonedFrom !== undefined, inSet: true }))
  if (mine === undefined)
    steps.push(
      recordCluster(
        wanted,
        server,
        source,
        primaryCluster,
        clusterset,
        allowedHost,
        groupName,
        localAddress,
        login,
      ),
    )
  if (!replicating) {
    const user = clustersetUser(picture.serverId)
    steps.push(
      ...accountSteps(
        source,
        login,
        user,
        clusterset.allowedHost,
        requirement,
        clustersetPassword(server),
        clustersetGrants(user, clusterset.allowedHost),
        `make the ClusterSet account of ${host}`,
      ),
    )
    steps.push({
      do: 'sql',
      host,
      login,
      statements: [
        { text: 'SET PERSIST super_read_only = ON' },
        { text: 'SET PERSIST_ONLY skip_replica_start = ON' },
      ],
      undo: [
        {
          do: 'sql',
          host,
          login,
          statements: persistedAsBefore('skip_replica_start', picture.persisted),
        },
      ],
      note: `keep ${host} read-only`,
    })
    steps.push(...channelSteps(server, topology, login, { start: true, given: wanted.channel }))
    // Everything of the primary cluster, this cluster's own metadata included, must have arrived.
    steps.push(
      waitForAccount(server, user, login),
      waitForMetadata(
        server,
        login,
        (known) => known.metadata?.clusters.some(({ name }) => name === wanted.name) === true,
      ),
    )
  }
  if (!member) {
    const id = `(SELECT cluster_id FROM ${METADATA}.clusters WHERE cluster_name = ?)`
    steps.push(
      {
        do: 'sql',
        host: source.host,
        login,
        note: `record "${wanted.name}" in ClusterSet "${clusterset.domainName}"`,
        pointOfNoReturn: 'end',
        statements: [
          { text: `SET @signet_cluster = ${id}`, values: [wanted.name] },
          ...transaction([
            {
              text: `CALL ${METADATA}.v2_cs_member_added(?, @signet_cluster, ?, '{}')`,
              values: [clusterset.id, clusterset.primaryClusterId ?? ''],
            },
          ]),
        ],
      },
      waitForMetadata(
        server,
        login,
        (known) =>
          known.metadata?.clustersetMembers.some(
            (row) =>
              known.metadata?.clusters.find(({ id: cluster }) => cluster === row.clusterId)?.name ===
              wanted.name,
          ) === true,
      ),
    )
  }
  return {
    steps,
    first: waitsFor(server, login),
    predicts: replicaPredictions(wanted, server, source, topology, login, wish),
    diff: [
      {
        what: `replica cluster ${wanted.name}`,
        before: running ? 'unfinished\n' : isBeingCloned(server) ? `${cloneText(server)} goes on\n` : '',
        after: `primary ${localAddress}, replicates from ${source.picture.host}:${source.picture.port}, clusterSetReplicationSslMode ${wish.sslMode}${clonedFrom === undefined ? '' : `, all data of ${host} replaced by those of ${clonedFrom.host} (clone)`}\n`,
      },
    ],
  }
}

/** Whether a running group is what an interrupted creation left: it never opens for writes, and is recorded nowhere. */
function isUnfinishedReplica(server: Server): boolean {
  const { memberActions, variables } = server.picture
  return (
    isUnfinished(server) &&
    variables['super_read_only'] === 'ON' &&
    memberActions['mysql_disable_super_read_only_if_primary'] === false
  )
}
