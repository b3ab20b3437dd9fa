import type { ValueMap } from '../../value/value.js'
import { recoveryUser } from '../account.js'
import type { ManagedAccount } from '../instance.js'
import { addressOf, ownState, type Cluster, type Server, type Topology } from '../topology.js'
import { channelSslMode, liveTls } from './channel-status.js'

/** How one connection between servers is secured, as the servers themselves say. */
export interface Link {
  readonly from: string
  readonly to: string
  readonly what: 'group' | 'recovery' | 'clusterset'
  readonly sslMode: string
  /** Cipher and TLS version of the live connection; null: none is open just now. */
  readonly tls: string | null
  /** What the account that logs in must show. */
  readonly requires: string
}

/** What an account demands of whoever logs in with it. */
export function requirementText(account: ManagedAccount | undefined): string {
  if (account === undefined) return 'account not found'
  const parts = [
    account.issuer === '' ? '' : `issuer ${account.issuer}`,
    account.subject === '' ? '' : `subject ${account.subject}`,
    account.hasPassword ? 'password' : '',
  ].filter((part) => part !== '')
  return parts.length === 0 ? 'nothing' : parts.join(' + ')
}

/** What an account demands, as the primary knows it; else any server that knows the account, for it is replicated. */
function required(user: string, primary: Server | undefined, servers: readonly Server[]): string {
  const named = ({ picture }: Server): ManagedAccount | undefined =>
    picture.accounts.find((account) => account.user === user)
  if (primary !== undefined) return requirementText(named(primary))
  const witness = servers.find((server) => named(server) !== undefined)
  return witness === undefined
    ? 'what is not known while no primary answers'
    : requirementText(named(witness))
}

/** Every kind of connection between the servers of all clusters. Pure. */
export function links(topology: Topology): readonly Link[] {
  return topology.clusters.flatMap((cluster) => [
    ...groupLinks(cluster, topology),
    ...channelLinks(cluster, topology),
  ])
}

function groupLinks(cluster: Cluster, topology: Topology): readonly Link[] {
  return cluster.online.flatMap((server): readonly Link[] => {
    const { variables } = server.picture
    const user = recoveryUser(server.picture.serverId)
    const others = cluster.instances.filter(({ uuid }) => uuid !== server.picture.uuid)
    if (others.length === 0) return []
    const recovery =
      variables['group_replication_recovery_use_ssl'] !== 'ON'
        ? 'DISABLED'
        : variables['group_replication_recovery_ssl_verify_server_cert'] === 'ON'
          ? 'VERIFY_IDENTITY'
          : variables['group_replication_recovery_ssl_ca']
            ? 'VERIFY_CA'
            : 'REQUIRED'
    const requires = required(user, cluster.primary, cluster.online)
    const from = addressOf(server)
    const to = others.map(({ address }) => address).join(', ')
    return [
      {
        from,
        to,
        what: 'group',
        sslMode: variables['group_replication_ssl_mode'] ?? 'DISABLED',
        tls: liveTls(user, topology.servers),
        requires,
      },
      { from, to, what: 'recovery', sslMode: recovery, tls: null, requires },
    ]
  })
}

function channelLinks(cluster: Cluster, topology: Topology): readonly Link[] {
  return cluster.online.flatMap((server): readonly Link[] => {
    const channel = server.picture.channels.find(({ name }) => name === 'clusterset_replication')
    if (channel === undefined) return []
    const running = ownState(server).role === 'PRIMARY'
    return [
      {
        from: addressOf(server),
        to: `${channel.host}:${channel.port}${running ? '' : ' (stands by)'}`,
        what: 'clusterset',
        sslMode: channelSslMode(channel),
        tls: running ? liveTls(channel.user, topology.servers) : null,
        requires: required(channel.user, topology.globalPrimary, topology.servers),
      },
    ]
  })
}

/** The links as plain values. */
export function linkValues(topology: Topology): readonly ValueMap[] {
  return links(topology).map((link) => ({ ...link }))
}
