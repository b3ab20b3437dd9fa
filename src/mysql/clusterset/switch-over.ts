import type { Step } from '../../host/step.js'
import { hasPassword } from '../account.js'
import { clustersetPassword } from '../bootstrap.js'
import { tidyUp } from '../connectivity.js'
import { METADATA } from '../metadata/schema.js'
import type { MysqlLogin } from '../login.js'
import type { CheckConnectivity, SslMode, Statement } from '../step.js'
import type { Cluster, Server, Topology } from '../topology.js'
import {
  accountSteps,
  alignReplica,
  channelSettings,
  settingSteps,
  startSteps,
  type Replica,
} from './align-replica.js'
import { START_CHANNEL } from './channel.js'
import { fenceSteps } from './fence.js'
import { channelAccount, channelOf, CLUSTERSET_CHANNEL, replicates } from './members.js'
import { channelRemoval, limitSteps, promoteSteps } from './promote.js'
import type { Roles, SetPrimaryCluster } from './wanted-primary.js'

/** What all changes of the primary cluster share. */
export interface Change {
  readonly wanted: SetPrimaryCluster
  readonly roles: Roles
  readonly topology: Topology
  readonly login: MysqlLogin
  /** Primary of the cluster that becomes the primary one. */
  readonly promoted: Server
}

/** How another cluster is to replicate from the promoted one. @param writer where accounts are written */
export function replicaOf(cluster: Cluster, change: Change, writer: Server): Replica {
  const { roles, topology, login, wanted, promoted } = change
  return {
    cluster,
    source: promoted,
    writer,
    topology,
    clusterset: roles.clusterset,
    login,
    timeout: Math.max(wanted.timeout, 30),
  }
}

const catchUp = (at: Server, from: Server, change: Change): Step => ({
  do: 'catch_up',
  host: at.host,
  from: from.host,
  channel: CLUSTERSET_CHANNEL,
  login: change.login,
  timeout: change.wanted.timeout,
  note: `wait until ${at.host} has the transactions of ${from.host}`,
})

/**
 * A switchover in which nothing is lost and never two clusters take writes: everything that can fail is done while the
 * present primary cluster still takes them (accounts, channels, logins with them, other replicas led to the new source).
 * Then it is closed, the rest arrives at the new one, and that is opened. What fails before that is undone; what is cut
 * short is completed by the next run, which finds the clusters as they are.
 */
export function switchSteps(change: Change, present: Server): readonly Step[] {
  const { wanted, roles, topology, login, promoted } = change
  const { target, current, replicas, lost, clusterset } = roles
  const demoted: Replica = { ...replicaOf(current, change, present), renew: true }
  const invalidate = lost.map(({ row }) => invalidated(clusterset.id, row.id))
  const recorded = clusterset.primaryClusterId === target.row.id
  return [
    ...accountSteps(demoted),
    ...channelSettings(demoted),
    ...(replicates(promoted) || channelOf(promoted) === undefined
      ? []
      : [
          {
            do: 'sql' as const,
            host: promoted.host,
            login,
            statements: [START_CHANNEL],
            note: `start the channel of ${promoted.host}`,
          },
        ]),
    catchUp(promoted, present, change),
    loginCheck(present, change),
    ...replicas.flatMap((replica) => alignReplica(replicaOf(replica, change, present))),
    ...limitSteps(target, topology, login),
    catchUp(promoted, present, change),
    ...fenceSteps(present, login, wanted.timeout, `close cluster "${current.row.name}" for writes`),
    catchUp(promoted, present, change),
    ...promoteSteps(target, login, [
      ...(recorded
        ? []
        : [
            {
              text: `CALL ${METADATA}.v2_cs_primary_changed(?, ?, '{}')`,
              values: [clusterset.id, target.row.id],
            },
          ]),
      ...invalidate,
    ]),
    ...settingSteps(demoted),
    ...startSteps(demoted),
    ...channelRemoval(target, topology, login),
    ...replicas.flatMap((replica) =>
      replica.primary === undefined ? [] : [catchUp(replica.primary, promoted, change)],
    ),
  ]
}

/** The demoted primary logs in with the very account and certificate that its channel will use; secondaries can't. */
function loginCheck(member: Server, change: Change): Step {
  const { topology, roles, login, promoted } = change
  const { clusterset } = roles
  const account = channelAccount(member, topology, clusterset)
  const check: CheckConnectivity = {
    do: 'check_connectivity',
    login,
    to: promoted.host,
    address: promoted.picture.host,
    port: promoted.picture.port,
    sslMode: clusterset.sslMode as SslMode,
    requirement: account.requirement,
    account: {
      user: account.user,
      password: hasPassword(clusterset.authType) ? clustersetPassword(member) : '',
    },
  }
  return {
    ...check,
    host: member.host,
    undo: tidyUp(check, member.host, false),
    note: `check that ${member.host} can log in to ${promoted.host}`,
  }
}

/** Takes a cluster out of the newest view. */
export function invalidated(clustersetId: string, clusterId: string): Statement {
  return { text: `CALL ${METADATA}.v2_cs_add_invalidated_member(?, ?)`, values: [clustersetId, clusterId] }
}
