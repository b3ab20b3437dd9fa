import type { Step } from '../host/step.js'
import { clustersetGrants, clustersetUser, dropAccount, recoveryUser } from './account.js'
import {
  accountSteps,
  clustersetPassword,
  configureMember,
  joinGroup,
  recoveryAccount,
  recoveryCredentials,
} from './bootstrap.js'
import { cloneSteps } from './clone.js'
import { channelSteps } from './clusterset/channel.js'
import { keepChannels } from './clusterset/keep-channels.js'
import { waitForAccount } from './clusterset/waits.js'
import { checkOneWay, type Side } from './connectivity-steps.js'
import type { Stack } from './local-address.js'
import type { MysqlLogin } from './login.js'
import { seedsFor } from './members/members.js'
import type { AddInstance } from './plan-add-instance.js'
import type { Wish } from './refusals.js'
import type { Presented } from './step.js'
import { attribute, type Cluster, type Server, type Topology } from './topology.js'

/** A server that is to join, and what it joins. */
export interface Join {
  readonly wanted: AddInstance
  readonly joiner: Server
  readonly primary: Server
  /** Where accounts and metadata are written: the primary of the primary cluster. */
  readonly writer: Server
  readonly cluster: Cluster
  readonly isReplica: boolean
  readonly wish: Wish
  readonly topology: Topology
  readonly login: MysqlLogin
  readonly localAddress: string
  readonly stack: Stack
  /** Whose data are copied; undefined: binary logs are replayed. */
  readonly cloneDonor: Server | undefined
  readonly presented: (host: string) => Presented | undefined
}

/** What brings a server into the group of a cluster: looked at first, then accounts, data, variables, credentials, start. */
export function joinSteps(join: Join): readonly Step[] {
  const { wanted, joiner, primary, cluster, isReplica, wish, login, stack, cloneDonor } = join
  const { variables } = primary.picture
  const multiPrimary = variables['group_replication_single_primary_mode'] === 'OFF'
  const leader = variables['group_replication_paxos_single_leader']
  const limit = isReplica ? '0' : variables['group_replication_transaction_size_limit']
  return [
    ...checks(join),
    ...accounts(join),
    ...(cloneDonor === undefined
      ? []
      : cloneSteps({
          recipient: joiner,
          donor: cloneDonor,
          user: recoveryUser(joiner.picture.serverId),
          sslMode: wish.sslMode,
          authType: wish.authType,
          login,
        })),
    ...(stack === 'MYSQL' ? [copyAccounts(join)] : []),
    ...configureMember(joiner, login, {
      groupName: cluster.groupName,
      sslMode: wish.sslMode,
      authType: wish.authType,
      localAddress: join.localAddress,
      communicationStack: stack,
      seeds: seedsFor(joiner.picture.uuid, cluster.instances),
      startOnBoot: attribute(cluster.row.attributes, 'opt_manualStartOnBoot') !== 'true',
      multiPrimary,
      groupSize: cluster.instances.length + 1,
      given: wanted.given,
      ...(limit === undefined ? {} : { transactionSizeLimit: limit }),
      ...(leader === undefined ? {} : { paxosSingleLeader: leader }),
    }),
    ...(isInSet(cluster, join.topology) ? keepChannels(joiner, login) : []),
    ...(isReplica ? channelSteps(joiner, join.topology, login, { start: false, cluster }) : []),
    ...joinGroup(joiner, primary, login),
  ]
}

/**
 * Credentials of a server that is a member already, but has those of another: its group took it in again by itself, after
 * a clone.
 */
export function ownCredentials(join: Join): readonly Step[] {
  const { joiner, wish, login, isReplica, cluster, topology } = join
  const { host, picture } = joiner
  const user = picture.channels.find(({ name }) => name === 'group_replication_recovery')?.user ?? ''
  if (user === '' || user === recoveryUser(picture.serverId)) return []
  return [
    ...accounts(join),
    {
      do: 'sql',
      host,
      login,
      statements: [recoveryCredentials(joiner, wish.authType)],
      note: `set the recovery credentials of ${host}`,
    },
    ...(isReplica ? channelSteps(joiner, topology, login, { start: false, cluster }) : []),
  ]
}

/**
 * Logins as they will have to be: the joiner's to itself and to every member, any of which may be its donor, and the
 * primary's to the joiner. Secondaries can't try theirs: a group allows no channels there.
 */
function checks({ joiner, primary, cluster, wish, login, presented }: Join): readonly Step[] {
  const side = (server: Server, subject: string): Side => ({
    server,
    requirement: { authType: wish.authType, issuer: wish.issuer, subject },
    presented: presented(server.host),
  })
  const subjectOf = (server: Server): string => {
    const row = cluster.instances.find((instance) => instance.uuid === server.picture.uuid)
    const subject = row?.attributes['opt_certSubject']
    return typeof subject === 'string' ? subject : (presented(server.host)?.subject ?? '')
  }
  const own = side(joiner, wish.subject)
  const others = cluster.online
    .filter((server) => server.host !== primary.host && server.host !== joiner.host)
    .map((server) => side(server, subjectOf(server)))
  const first = side(primary, subjectOf(primary))
  return [
    checkOneWay(own, first, wish.sslMode, login),
    checkOneWay(first, own, wish.sslMode, login),
    checkOneWay(own, own, wish.sslMode, login),
    ...others.map((other) => checkOneWay(own, other, wish.sslMode, login)),
  ]
}

/** The joiner's accounts on the side of the cluster; those who will need them have them when these steps are over. */
function accounts({
  joiner,
  primary,
  writer,
  cluster,
  isReplica,
  wish,
  topology,
  login,
  cloneDonor,
}: Join): readonly Step[] {
  const requirement = { authType: wish.authType, issuer: wish.issuer, subject: wish.subject }
  const steps: Step[] = [...recoveryAccount(writer, joiner, login, cluster.allowedHost, requirement)]
  const { serverId } = joiner.picture
  if (isReplica) {
    const user = clustersetUser(serverId)
    const allowed = topology.clusterset?.allowedHost ?? cluster.allowedHost
    steps.push(
      ...accountSteps(
        writer,
        login,
        user,
        allowed,
        requirement,
        clustersetPassword(joiner),
        clustersetGrants(user, allowed),
        `make the ClusterSet account of ${joiner.host}`,
      ),
      waitForAccount(primary, recoveryUser(serverId), login),
    )
  }
  if (cloneDonor !== undefined && cloneDonor.host !== primary.host)
    steps.push(waitForAccount(cloneDonor, recoveryUser(serverId), login))
  return steps
}

/** Whether the cluster belongs to a ClusterSet, as primary cluster or as replica. */
export function isInSet(cluster: Cluster, { clusterset }: Topology): boolean {
  return [...(clusterset?.memberIds ?? []), ...(clusterset?.invalidatedIds ?? [])].includes(cluster.row.id)
}

/** Members log in to each other before they are a group: each must know the accounts of all. */
function copyAccounts({ joiner, primary, cluster, login }: Join): Step {
  const { host, picture } = joiner
  const list = [
    ...cluster.instances.flatMap((row) => {
      const user = row.attributes['recoveryAccountUser']
      return typeof user === 'string'
        ? [{ user, host: attribute(row.attributes, 'recoveryAccountHost', cluster.allowedHost) }]
        : []
    }),
    { user: recoveryUser(picture.serverId), host: cluster.allowedHost },
  ]
  return {
    do: 'copy_accounts',
    host,
    login,
    from: primary.host,
    accounts: list,
    note: `bring the members' accounts to ${host}`,
    undo: [
      {
        do: 'sql',
        host,
        login,
        statements: [
          { text: 'SET SESSION sql_log_bin = 0' },
          { text: 'SET GLOBAL super_read_only = OFF' },
          ...list.map((account) => dropAccount(account.user, account.host)),
          ...(picture.variables['super_read_only'] === 'ON'
            ? [{ text: 'SET GLOBAL super_read_only = ON' }]
            : []),
        ],
      },
    ],
  }
}
