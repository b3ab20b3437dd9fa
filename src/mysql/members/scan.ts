import type { ManagedAccount } from '../instance.js'
import {
  addressOf,
  attribute,
  xAddressOf,
  type Cluster,
  type InstanceRow,
  type Server,
  type Topology,
  hostPort,
} from '../topology.js'
import { isMultiPrimary, serverOf } from './members.js'
import { accountInUse, demands, recordedAccount, requirementOf } from './recovery-account.js'

/** How a cluster's record differs from its group. */
export interface Scan {
  /** Members of the group without a record. */
  readonly discovered: readonly {
    readonly address: string
    readonly uuid: string
    readonly server: Server | undefined
  }[]
  /** Records of members that are not in the group. */
  readonly unavailable: readonly InstanceRow[]
  /** Records whose address now belongs to another server. */
  readonly replaced: readonly { readonly row: InstanceRow; readonly uuid: string }[]
  /** Values of records that are missing or wrong. */
  readonly attributes: readonly {
    readonly row: InstanceRow
    readonly key: string
    readonly before: unknown
    readonly after: string | number
  }[]
  readonly modeDiffers: boolean
  /** Members whose account demands something else than the cluster's type of authentication. */
  readonly demands: readonly { readonly row: InstanceRow; readonly server: Server }[]
  /** Recovery accounts of no member. */
  readonly unused: readonly ManagedAccount[]
}

/** Compares the record of a cluster with its group, as its primary sees it. */
export function scanCluster(cluster: Cluster, topology: Topology): Scan | undefined {
  const { primary } = cluster
  if (primary === undefined) return undefined
  const members = primary.picture.members.filter(({ state }) => state !== 'OFFLINE')
  const addressed = members.map(({ uuid, host, port }) => ({
    uuid,
    address: hostPort(host, port),
  }))
  const recorded = new Set(cluster.instances.map(({ uuid }) => uuid))
  const strangers = addressed.filter(({ uuid }) => !recorded.has(uuid))
  const missing = cluster.instances.filter(({ uuid }) => !members.some((member) => member.uuid === uuid))
  const replaced = missing.flatMap((row) => {
    const now = strangers.find(({ address }) => address === row.address)
    return now === undefined ? [] : [{ row, uuid: now.uuid }]
  })
  const discovered = strangers
    .filter(({ uuid }) => !replaced.some((one) => one.uuid === uuid))
    .map((one) => ({
      ...one,
      server: topology.servers.find(({ picture }) => picture.uuid === one.uuid),
    }))
  return {
    discovered,
    unavailable: missing.filter((row) => !replaced.some((one) => one.row === row)),
    replaced,
    attributes: cluster.instances.flatMap((row) => wrongValues(row, cluster, topology)),
    modeDiffers: (cluster.row.primaryMode === 'mm') !== isMultiPrimary(primary.picture),
    demands: cluster.instances.flatMap((row) => {
      const server = serverOf(row, topology)
      const account = accountOf(row, cluster, primary, server)
      return server === undefined || account === undefined || demands(account, requirementOf(row, cluster))
        ? []
        : [{ row, server }]
    }),
    // A member without a record may use an account that no record names.
    unused: discovered.length > 0 ? [] : unusedAccounts(primary, topology),
  }
}

function accountOf(
  row: InstanceRow,
  cluster: Cluster,
  at: Server,
  server: Server | undefined,
): ManagedAccount | undefined {
  const wanted = accountInUse(row, cluster, server)
  return at.picture.accounts.find(({ user, host }) => user === wanted.user && host === wanted.host)
}

function wrongValues(row: InstanceRow, cluster: Cluster, topology: Topology): Scan['attributes'] {
  const server = serverOf(row, topology)
  if (server === undefined) return []
  const account = accountInUse(row, cluster, server)
  const local = server.picture.variables['group_replication_local_address'] ?? ''
  const wanted: readonly (readonly [key: string, before: unknown, after: string | number])[] = [
    ['server_id', row.attributes['server_id'], server.picture.serverId],
    ['recoveryAccountUser', row.attributes['recoveryAccountUser'], account.user],
    ['recoveryAccountHost', row.attributes['recoveryAccountHost'], account.host],
    ['address', row.address, addressOf(server)],
    ...(local === '' ? [] : [['grLocal', attribute(row.addresses, 'grLocal'), local] as const]),
    ['mysqlX', row.addresses['mysqlX'], xAddressOf(server)],
  ]
  return wanted.flatMap(([key, before, after]) =>
    attribute({ value: before }, 'value') === String(after) ? [] : [{ row, key, before, after }],
  )
}

function unusedAccounts(at: Server, topology: Topology): readonly ManagedAccount[] {
  const used = topology.clusters.flatMap((cluster) =>
    cluster.instances.flatMap((row) => [
      recordedAccount(row, cluster, serverOf(row, topology)),
      accountInUse(row, cluster, serverOf(row, topology)),
    ]),
  )
  // A member whose account nobody knows may use any of them.
  if (used.some(({ user }) => user === '')) return []
  const names = new Set(used.map(({ user, host }) => `${user}@${host}`))
  return at.picture.accounts.filter(
    ({ user, host }) => user.startsWith('mysql_innodb_cluster_') && !names.has(`${user}@${host}`),
  )
}
