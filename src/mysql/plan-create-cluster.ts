import type { Plan, Prediction } from '../host/plan.js'
import type { Step } from '../host/step.js'
import { isUnfinished, planAdoptGroup } from './adopt-group.js'
import { accountOf, bootstrapGroup, configureMember, recoveryAccount } from './bootstrap.js'
import { checkOneWay } from './connectivity-steps.js'
import { refuseAdoption, refuseCreation } from './create-refusals.js'
import { planExistingCluster } from './existing-cluster.js'
import { asSet, groupVariables, type GroupSettings, type Setting } from './group-variables.js'
import { localAddressOf, type Stack } from './local-address.js'
import type { MysqlLogin } from './login.js'
import { withVariables } from './members/after.js'
import { NO_METADATA, withCluster, withGroup } from './predict.js'
import { recordSteps } from './record-cluster.js'
import { refuseName, refuseOptions, refuseServer, type Wish } from './refusals.js'
import type { Presented } from './step.js'
import { clusterOfServer, isOnline, type Server, type Topology } from './topology.js'
import { needsViewChangeUuid } from './version.js'

/** AdminAPI's createCluster with its options; what was not given is undefined. */
export interface CreateCluster {
  readonly name: string
  readonly wish: Wish
  /** The SSL mode was left to us. */
  readonly autoSslMode: boolean
  readonly communicationStack: Stack | undefined
  readonly groupName: string | undefined
  readonly localAddress: string | undefined
  readonly allowedHost: string
  readonly multiPrimary: boolean | undefined
  readonly manualStartOnBoot: boolean
  readonly gtidSetIsComplete: boolean
  readonly disableClone: boolean
  readonly transactionSizeLimit: number | undefined
  readonly paxosSingleLeader: boolean | undefined
  readonly adopt: boolean
  readonly force: boolean
  readonly given: readonly Setting[]
}

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** What has to be done until a server is the first member of a cluster; what an earlier run did already is left out. */
export function planCreateCluster(
  wanted: CreateCluster,
  server: Server,
  topology: Topology,
  login: MysqlLogin,
  certificate: Presented | undefined,
): Plan {
  const { host, picture } = server
  const badName = refuseName(wanted.name, 'cluster')
  if (badName !== undefined) return refuse(badName)
  const existing = clusterOfServer(topology, server)
  const online = isOnline(server)
  if (existing !== undefined && existing.row.name.toLowerCase() !== wanted.name.toLowerCase())
    return refuse(
      `${host} is a member of cluster "${existing.row.name}" already; a server belongs to one cluster.`,
    )
  if (existing !== undefined && online) return planExistingCluster(wanted, existing, server, login)
  if (existing !== undefined)
    return refuse(
      `${host} belongs to cluster "${wanted.name}", but its group does not run. Start Group Replication on the member with the most transactions (reboot the cluster); creating it anew would lose the others.`,
    )
  if (wanted.adopt) {
    const refusal = refuseAdoption(wanted, server, online)
    return refusal === undefined ? planAdoptGroup(wanted, server, topology, login) : refuse(refusal)
  }
  if (online && !isUnfinished(server))
    return refuse(
      `${host} is in a running group of ${picture.members.length} that no metadata describes. Set adopt_from_gr: true to take it over as it is, or stop Group Replication on all its members.`,
    )
  const home = online ? undefined : forgottenHome(server, topology)
  if (home !== undefined)
    return refuse(
      `${host} is recorded as a member of cluster "${home}" by its own metadata, of which the other servers of this play know nothing. If it belongs to that cluster, name the servers of it in "members"; if not, drop the record there: DROP SCHEMA mysql_innodb_cluster_metadata.`,
    )
  const refusal =
    refuseOptions(wanted.wish, server) ??
    refuseCreation(wanted, server) ??
    refuseServer(server, { force: wanted.force })
  return refusal === undefined ? planNewCluster(wanted, server, online, login, certificate) : refuse(refusal)
}

/**
 * The cluster that a server is a member of by its own record, when the record that counts here is of other clusters
 * altogether. Where both have a cluster in common, the newer one says that the server is a member no more.
 */
function forgottenHome({ picture: { uuid, metadata } }: Server, topology: Topology): string | undefined {
  const row = metadata?.instances.find((each) => each.uuid === uuid)
  const home = metadata?.clusters.find(({ id, type }) => id === row?.clusterId && type === 'gr')
  const related = topology.metadata?.clusters.some(({ id }) =>
    metadata?.clusters.some((own) => own.id === id),
  )
  return related === true ? undefined : home?.name
}

function planNewCluster(
  wanted: CreateCluster,
  server: Server,
  online: boolean,
  login: MysqlLogin,
  certificate: Presented | undefined,
): Plan {
  const { host, picture } = server
  const { wish } = wanted
  const stack = wanted.communicationStack ?? 'MYSQL'
  const localAddress = wanted.localAddress ?? localAddressOf(server, stack)
  const running = picture.variables['group_replication_group_name'] ?? ''
  const groupName = online ? running : (wanted.groupName ?? { generate: 'uuid' as const, name: 'group' })
  const viewChangeUuid = needsViewChangeUuid(picture.version)
  const multiPrimary = wanted.multiPrimary === true
  const settings: GroupSettings = {
    groupName,
    sslMode: wish.sslMode,
    authType: wish.authType,
    localAddress,
    communicationStack: stack,
    startOnBoot: !wanted.manualStartOnBoot,
    multiPrimary,
    given: wanted.given,
    ...(wanted.transactionSizeLimit === undefined
      ? {}
      : { transactionSizeLimit: String(wanted.transactionSizeLimit) }),
    ...(wanted.paxosSingleLeader === undefined
      ? {}
      : { paxosSingleLeader: wanted.paxosSingleLeader ? 'ON' : 'OFF' }),
    ...(viewChangeUuid ? { viewChangeUuid: { generate: 'uuid' as const, name: 'view' } } : {}),
  }
  const steps: Step[] = []
  if (online)
    steps.push({
      do: 'sql',
      host,
      login,
      statements: [{ text: 'SET GLOBAL group_replication_bootstrap_group = OFF' }],
      note: `finish the cluster that an earlier run began on ${host}`,
    })
  else {
    const side = {
      server,
      requirement: { authType: wish.authType, issuer: wish.issuer, subject: wish.subject },
      presented: certificate,
    }
    steps.push(
      checkOneWay(side, side, wish.sslMode, login),
      ...recoveryAccount(server, server, login, wanted.allowedHost, side.requirement),
      ...configureMember(server, login, settings),
      ...bootstrapGroup(server, login),
    )
  }
  const attributes = {
    adopted: 0,
    opt_replicationAllowedHost: wanted.allowedHost,
    capabilities: { communicationStack: { value: stack, allow: [] } },
    opt_gtidSetIsComplete: wanted.gtidSetIsComplete,
    opt_manualStartOnBoot: wanted.manualStartOnBoot,
    ...(wanted.disableClone ? { opt_disableClone: true } : {}),
    default: true,
    opt_transactionSizeLimit:
      wanted.transactionSizeLimit ??
      Number(picture.variables['group_replication_transaction_size_limit'] ?? 150_000_000),
    opt_memberAuthType: wish.authType,
    opt_certIssuer: wish.issuer,
  }
  const instance = {
    server_id: picture.serverId,
    opt_certSubject: wish.subject,
    ...accountOf(server, wanted.allowedHost),
  }
  steps.push(
    ...recordSteps(
      server,
      {
        name: wanted.name,
        groupName,
        multiPrimary,
        attributes,
        members: [{ server, localAddress, attributes: instance }],
        viewChangeUuid,
      },
      login,
    ),
  )
  if (wanted.disableClone && picture.plugins.includes('clone'))
    steps.push({
      do: 'sql',
      host,
      login,
      statements: [{ text: 'UNINSTALL PLUGIN clone', tolerate: [1305] }],
      note: `unload the clone plugin of ${host}`,
    })
  const shown = typeof groupName === 'string' ? groupName : 'new'
  const grouped = withGroup(picture, server, shown, wish.sslMode, stack)
  const settled = withVariables(grouped, asSet(groupVariables(settings, picture)))
  const after = online ? grouped : { ...settled, variables: { ...settled.variables, super_read_only: 'OFF' } }
  const metadata = withCluster(
    NO_METADATA,
    {
      id: 'new',
      name: wanted.name,
      primaryMode: multiPrimary ? 'mm' : 'pm',
      attributes: { ...attributes, group_replication_group_name: shown },
    },
    server,
    instance,
  )
  const predicts: readonly Prediction[] = [
    { host, question: { ask: 'mysql_instance', login }, answer: { ...after, metadata } },
  ]
  return {
    steps,
    predicts,
    diff: [
      {
        what: `cluster ${wanted.name}`,
        before: online ? 'group without metadata\n' : '',
        after: `primary ${picture.host}:${picture.port}, memberSslMode ${wish.sslMode}, memberAuthType ${wish.authType}, communicationStack ${stack}${multiPrimary ? ', multiPrimary' : ''}\n`,
      },
    ],
  }
}
