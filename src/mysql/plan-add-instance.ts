import type { Plan, Prediction } from '../host/plan.js'
import type { Step } from '../host/step.js'
import { clustersetUser, recoveryUser } from './account.js'
import { accountOf } from './bootstrap.js'
import { seedSteps } from './group-seeds.js'
import { seedsFor } from './members/members.js'
import type { GtidState } from './gtid-state.js'
import { asSet, type Setting } from './group-variables.js'
import type { MysqlInstance } from './instance.js'
import { refuseJoin } from './join-refusals.js'
import { settingsBeforeClone } from './clone.js'
import { isInSet, joinSteps, ownCredentials, type Join } from './join-steps.js'
import { waitsFor } from './goes-on.js'
import { cloneText, isBeingCloned } from './received-clone.js'
import { localAddressOf, type Stack } from './local-address.js'
import type { MysqlLogin } from './login.js'
import { withVariables } from './members/after.js'
import { dropAccounts } from './members/plan-remove.js'
import { accountsOnlyOf } from './members/recovery-account.js'
import { METADATA } from './metadata/schema.js'
import { deleteInstance, insertInstance, restoreInstance, transaction } from './metadata/statements.js'
import { predecessors, withoutRows } from './predecessors.js'
import { joined, seeing, withInstance, withMember } from './predict.js'
import { chooseRecovery, donorOf, type RecoveryMethod } from './recovery-method.js'
import { refuseOptions, refuseServer, refuseTwin, type Wish } from './refusals.js'
import type { Presented, SslMode } from './step.js'
import {
  addressOf,
  attribute,
  clusterNamed,
  clusterOfServer,
  isOnline,
  type Cluster,
  type Server,
  type Topology,
} from './topology.js'

/** AdminAPI's addInstance with its options. */
export interface AddInstance {
  readonly cluster: string
  readonly subject: string
  readonly recoveryMethod: RecoveryMethod
  /** Inventory name or address of the member whose data are cloned. Default: the primary. */
  readonly cloneDonor: string | undefined
  readonly localAddress: string | undefined
  readonly given: readonly Setting[]
}

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** What has to be done until a server is a member of a cluster; what an earlier run did already is left out. */
export function planAddInstance(
  wanted: AddInstance,
  joiner: Server,
  known: Topology,
  login: MysqlLogin,
  gtid: GtidState,
  presented: (host: string) => Presented | undefined,
): Plan {
  const { host, picture } = joiner
  const gone = predecessors(joiner, known)
  const topology = withoutRows(known, gone)
  const cluster = clusterNamed(topology, wanted.cluster)
  if (cluster === undefined)
    return refuse(
      `There is no cluster "${wanted.cluster}" among the servers of this play; known are: ${topology.clusters.map(({ row }) => row.name).join(', ') || 'none'}.`,
    )
  const { primary } = cluster
  const mine = clusterOfServer(topology, joiner)
  if (mine !== undefined)
    return refuse(
      `${host} is a member of cluster "${mine.row.name}" already; a server belongs to one cluster.`,
    )
  const online = isOnline(joiner) && picture.variables['group_replication_group_name'] === cluster.groupName
  if (primary === undefined)
    return refuse(`Cluster "${wanted.cluster}" has no primary that is ONLINE: nothing can join it.`)
  if (isOnline(joiner) && !online)
    return refuse(
      `${host} runs in another group (${picture.variables['group_replication_group_name'] ?? ''}). Take it out of that first: STOP GROUP_REPLICATION, or dissolve its cluster.`,
    )
  const twin = gone.find(
    ({ uuid }) =>
      known.servers.some((server) => server.picture.uuid === uuid) ||
      primary.picture.members.some((member) => member.uuid === uuid && member.state === 'ONLINE'),
  )
  if (twin !== undefined)
    return refuse(
      `${host} tells others to reach it at ${twin.address}, which is the address of another server that is there (${twin.uuid}). Give ${host} a report_host and report_port of its own.`,
    )
  const writer = topology.globalPrimary ?? primary
  const { clusterset } = topology
  const isReplica =
    clusterset !== undefined &&
    clusterset.primaryClusterId !== cluster.row.id &&
    clusterset.memberIds.includes(cluster.row.id)
  const wish: Wish = {
    sslMode: (primary.picture.variables['group_replication_ssl_mode'] ?? 'DISABLED') as SslMode,
    authType: cluster.authType,
    issuer: cluster.issuer,
    subject: wanted.subject,
  }
  const stack = (primary.picture.variables['group_replication_communication_stack'] ?? 'MYSQL') as Stack
  const localAddress = online
    ? picture.variables['group_replication_local_address'] || localAddressOf(joiner, stack)
    : (wanted.localAddress ?? localAddressOf(joiner, stack))
  const steps: Step[] = []

  let clonedFrom: Server | undefined
  if (!online) {
    const donor = donorOf(wanted.cloneDonor, cluster.online, primary)
    if (donor === undefined)
      return refuse(
        `clone_donor "${wanted.cloneDonor ?? ''}" is no ONLINE member of cluster "${wanted.cluster}" among the servers of this play; there are ${cluster.online.map(({ host: name }) => name).join(', ')}.`,
      )
    const cloneDisabled = attribute(cluster.row.attributes, 'opt_disableClone') === 'true'
    const recovery = chooseRecovery(wanted.recoveryMethod, joiner, donor, gtid, cloneDisabled)
    const refusal =
      refuseOptions(wish, joiner) ??
      refuseServer(joiner) ??
      refuseTwin(joiner, topology.servers) ??
      refuseJoin(wanted, joiner, primary, cluster, stack, localAddress) ??
      ('refusal' in recovery ? recovery.refusal : undefined)
    if (refusal !== undefined) return refuse(refusal)
    clonedFrom = 'method' in recovery && recovery.method === 'clone' ? donor : undefined
  }
  const join: Join = {
    wanted,
    joiner,
    primary,
    writer,
    cluster,
    isReplica,
    wish,
    topology,
    login,
    localAddress,
    stack,
    cloneDonor: clonedFrom,
    presented,
  }
  steps.push(...(online ? ownCredentials(join) : joinSteps(join)))
  steps.push(
    ...settingsBeforeClone(joiner, login, {
      cloned: clonedFrom !== undefined,
      inSet: isInSet(cluster, topology),
    }),
  )
  const attributes = {
    server_id: picture.serverId,
    opt_certSubject: wanted.subject,
    ...accountOf(joiner, cluster.allowedHost),
  }
  const row = deleteInstance(joiner)
  steps.push({
    do: 'sql',
    host: writer.host,
    login,
    note: `record ${host} in cluster "${wanted.cluster}"`,
    undo: [{ do: 'sql', host: writer.host, login, statements: [row, ...gone.map(restoreInstance)] }],
    statements: transaction([
      row,
      insertInstance(joiner, { name: cluster.row.name }, localAddress, attributes),
      {
        text: `UPDATE ${METADATA}.instances SET attributes = JSON_SET(attributes, '$.joinTime', CAST(NOW(3) AS CHAR)) WHERE mysql_server_uuid = ?`,
        values: [picture.uuid],
      },
    ]),
  })
  steps.push(...seedSteps(cluster, joiner, localAddress, login))
  const own = new Set([recoveryUser(picture.serverId), clustersetUser(picture.serverId)])
  steps.push(
    ...gone.flatMap((old) =>
      dropAccounts(
        accountsOnlyOf(old, Number(old.attributes['server_id'] ?? 0), writer, topology).filter(
          ({ user }) => !own.has(user),
        ),
        writer,
        `the server that was at ${old.address} before`,
        login,
      ),
    ),
  )
  // The new row must have reached every member before the task is over, replicas of the cluster too.
  steps.push({
    do: 'wait',
    host,
    question: { ask: 'mysql_instance', login },
    timeout: 60,
    interval: 0.05,
    until: (answer) => knows(answer as MysqlInstance, picture.uuid),
    otherwise: `The metadata did not reach ${host}.`,
    note: `wait for the metadata on ${host}`,
  })
  return {
    steps,
    first: waitsFor(joiner, login),
    predicts: predictions(wanted, joiner, primary, cluster, topology, login),
    diff: [
      {
        what: `${host} in cluster ${wanted.cluster}`,
        before: `${gone.map(({ address, uuid }) => `the server ${uuid} that was at ${address} before\n`).join('')}${online ? 'member without metadata\n' : ''}${isBeingCloned(joiner) ? `${cloneText(joiner)} goes on\n` : ''}`,
        after: `member ${addressOf(joiner)}${wanted.subject === '' ? '' : `, certSubject ${wanted.subject}`}${clonedFrom === undefined ? '' : `, all its data replaced by those of ${clonedFrom.host} (clone)`}\n`,
      },
    ],
  }
}

function knows(picture: MysqlInstance, uuid: string): boolean {
  return picture.kind === 'up' && picture.metadata?.instances.some((row) => row.uuid === uuid) === true
}

function predictions(
  wanted: AddInstance,
  joiner: Server,
  primary: Server,
  cluster: Cluster,
  topology: Topology,
  login: MysqlLogin,
): readonly Prediction[] {
  const question = { ask: 'mysql_instance', login } as const
  const metadata =
    topology.metadata === undefined
      ? undefined
      : withInstance(topology.metadata, cluster.row.id, joiner, { opt_certSubject: wanted.subject })
  const more = metadata === undefined ? {} : { metadata }
  const rows = metadata?.instances.filter(({ clusterId }) => clusterId === cluster.row.id) ?? []
  const seeds = (server: Server) => ({ group_replication_group_seeds: seedsFor(server.picture.uuid, rows) })
  return [
    {
      host: joiner.host,
      question,
      answer: {
        ...withVariables(joined(joiner, primary), { ...asSet(wanted.given), ...seeds(joiner) }),
        ...more,
      },
    },
    ...seeing(topology.servers)
      .filter((server) => server.host !== joiner.host)
      .map((server) => ({
        host: server.host,
        question,
        answer: {
          ...(cluster.online.some((one) => one.host === server.host)
            ? withVariables(withMember(server.picture, joiner), seeds(server))
            : server.picture),
          ...more,
        },
      })),
  ]
}
