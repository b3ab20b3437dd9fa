import type { AddInstance } from './plan-add-instance.js'
import { refuseLocalAddress, type Stack } from './local-address.js'
import type { Cluster, Server } from './topology.js'
import { atLeast, series } from './version.js'

/** Settings that all members of a group must share. */
const SHARED = [
  'lower_case_table_names',
  'default_table_encryption',
  'group_replication_gtid_assignment_block_size',
]

/** Why a server can't become a member of a cluster, as far as both sides' settings tell. */
export function refuseJoin(
  wanted: AddInstance,
  joiner: Server,
  primary: Server,
  cluster: Cluster,
  stack: Stack,
  localAddress: string,
): string | undefined {
  if (cluster.instances.length >= 9)
    return `Cluster "${wanted.cluster}" has ${cluster.instances.length} members; a group has at most 9.`
  if (stack === 'MYSQL' && wanted.given.some(([name]) => name === 'group_replication_ip_allowlist'))
    return 'ip_allowlist is not possible in a cluster with communicationStack MYSQL: accounts decide who may connect.'
  const address = refuseLocalAddress(localAddress, joiner, stack)
  if (address !== undefined) return address
  for (const name of SHARED) {
    const [own, others] = [joiner.picture.variables[name], primary.picture.variables[name]]
    if (own !== undefined && others !== undefined && own !== others)
      return `${joiner.host} has ${name} ${own}, but cluster "${wanted.cluster}" has ${others}: all members must have the same.`
  }
  return refuseVersion(joiner, cluster.online)
}

/** AdminAPI's rule: not older than the oldest member, but for patches of one series from 8.0.35 on. */
export function refuseVersion(joiner: Server, members: readonly Server[]): string | undefined {
  const newer = members.find(
    ({ picture }) =>
      !atLeast(joiner.picture.version, picture.version) &&
      !(
        series(picture.version) === series(joiner.picture.version) &&
        atLeast(joiner.picture.version, '8.0.35')
      ),
  )
  // One member that is as old or older is enough: the group speaks its version.
  const oldest = members.every(({ picture }) => !atLeast(joiner.picture.version, picture.version))
  return newer === undefined || !oldest
    ? undefined
    : `${joiner.host} has version ${joiner.picture.version}, older than every member (${newer.host}: ${newer.picture.version}): a group takes members of its own version or newer. Upgrade ${joiner.host} first.`
}
