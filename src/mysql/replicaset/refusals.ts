import { sameValue } from '../../option-file/edit.js'
import { isOnline, type Server } from '../topology.js'
import { refuseOptions, type Wish } from '../refusals.js'
import { CHANNEL } from './replicaset.js'

/** Variables that a member of a ReplicaSet needs, with the value that they must have where they exist. */
const REQUIRED: readonly (readonly [name: string, value: string])[] = [
  ['gtid_mode', 'ON'],
  ['enforce_gtid_consistency', 'ON'],
  ['binlog_format', 'ROW'],
  ['log_bin', 'ON'],
  ['log_replica_updates', 'ON'],
  ['performance_schema', 'ON'],
  ['replica_preserve_commit_order', 'ON'],
  ['master_info_repository', 'TABLE'],
  ['relay_log_info_repository', 'TABLE'],
  ['transaction_write_set_extraction', 'XXHASH64'],
  ['replica_parallel_type', 'LOGICAL_CLOCK'],
]

/** Variables that must be the same on all members. */
const ALIKE = ['lower_case_table_names', 'default_table_encryption'] as const

/** Why the options contradict one another, or the server can't fulfil them. */
export function refuseReplicasetOptions(wish: Wish, server: Server): string | undefined {
  return refuseOptions(wish, server)
    ?.replaceAll('member_ssl_mode', 'replication_ssl_mode')
    .replaceAll('cluster', 'ReplicaSet')
}

/** What a server's own settings lack for a ReplicaSet; its default channel is looked at elsewhere. */
export function refuseReplicasetServer(server: Server): string | undefined {
  const { host, picture } = server
  const { variables } = picture
  const wrong = REQUIRED.filter(
    ([name, value]) => variables[name] !== undefined && !sameValue(variables[name] ?? '', value),
  )
  if (wrong.length > 0)
    return `${host} is not configured for a ReplicaSet: ${wrong.map(([name, value]) => `${name} is ${variables[name] ?? ''}, must be ${value}`).join('; ')}.`
  if (picture.serverId === 0) return `${host} has server_id 0: give every server a number of its own.`
  if (Number(variables['innodb_page_size'] ?? 16384) <= 4096)
    return `${host} has innodb_page_size ${variables['innodb_page_size'] ?? ''}; a ReplicaSet needs more than 4096.`
  if (isOnline(server) || picture.members.length > 0)
    return `${host} is in a group (Group Replication): a ReplicaSet has servers that are in none.`
  const cluster = picture.metadata?.clusters.find(
    ({ id, type }) =>
      type === 'gr' &&
      picture.metadata?.instances.some((row) => row.clusterId === id && row.uuid === picture.uuid) === true,
  )
  if (cluster !== undefined)
    return `${host} belongs to cluster "${cluster.name}": remove it from there, or dissolve the cluster, first.`
  const foreign = picture.channels.filter(
    ({ name }) => name !== CHANNEL && name !== 'mysqlsh.test' && !name.startsWith('group_replication_'),
  )
  if (foreign.length > 0)
    return `${host} replicates already: channel ${foreign.map(({ name }) => `"${name}"`).join(', ')}. Remove it first.`
  return undefined
}

/** Why two servers can't replicate to each other. */
export function refuseUnlike(server: Server, primary: Server): string | undefined {
  const different = ALIKE.find((name) => server.picture.variables[name] !== primary.picture.variables[name])
  return different === undefined
    ? undefined
    : `${different} is ${server.picture.variables[different] ?? ''} on ${server.host}, but ${primary.picture.variables[different] ?? ''} on the primary ${primary.host}: it must be the same on all members.`
}
