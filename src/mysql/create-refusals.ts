import { localAddressOf, refuseLocalAddress } from './local-address.js'
import type { CreateCluster } from './plan-create-cluster.js'
import type { Server } from './topology.js'

/** Why options of a new cluster contradict one another. Nothing was touched. */
export function refuseCreation(wanted: CreateCluster, server: Server): string | undefined {
  const stack = wanted.communicationStack ?? 'MYSQL'
  if (stack === 'MYSQL' && wanted.given.some(([name]) => name === 'group_replication_ip_allowlist'))
    return 'ip_allowlist is not possible with communication_stack MYSQL: accounts decide who may connect.'
  if (wanted.multiPrimary === true && !wanted.force)
    return 'multi_primary: true needs force: true. In a multi-primary cluster DDL and foreign keys with cascades can go wrong unnoticed, and it can become no ClusterSet; see "Multi-Primary Mode" in the manual of Group Replication.'
  if (wanted.multiPrimary === true && wanted.paxosSingleLeader === true)
    return 'paxos_single_leader is for clusters with a single primary; it has no effect with multi_primary.'
  return refuseLocalAddress(wanted.localAddress ?? localAddressOf(server, stack), server, stack)
}

/** Why a group can't be adopted. */
export function refuseAdoption(wanted: CreateCluster, server: Server, online: boolean): string | undefined {
  if (!online)
    return `adopt_from_gr is for a running group, but ${server.host} is ONLINE in none. Leave it out to create a new cluster.`
  const contradicting: readonly (readonly [option: string, given: boolean])[] = [
    ['member_ssl_mode', !wanted.autoSslMode],
    ['member_auth_type', wanted.wish.authType !== 'PASSWORD'],
    ['cert_issuer', wanted.wish.issuer !== ''],
    ['cert_subject', wanted.wish.subject !== ''],
    ['communication_stack', wanted.communicationStack !== undefined],
    ['multi_primary', wanted.multiPrimary !== undefined],
    ['paxos_single_leader', wanted.paxosSingleLeader !== undefined],
    ['local_address', wanted.localAddress !== undefined],
    ['group_name', wanted.groupName !== undefined],
    ...wanted.given.map(([name]) => [name.replace('group_replication_', ''), true] as const),
  ]
  const given = contradicting.filter(([, is]) => is).map(([option]) => option)
  return given.length > 0
    ? `adopt_from_gr takes a group over as it is: ${given.join(', ')} can't be given with it.`
    : undefined
}
