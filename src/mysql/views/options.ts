import type { Value, ValueMap } from '../../value/value.js'
import { APPLIER_VARIABLES } from '../replicaset/options.js'
import { CHANNEL_OPTIONS } from '../channel-options.js'
import { attribute, type Cluster, type Topology } from '../topology.js'
import { seenBy } from './listed-members.js'
import { tagOptions } from './tag-options.js'

const text = (value: unknown): Value =>
  value === undefined || value === null
    ? null
    : typeof value === 'object'
      ? (value as Value)
      : (value as string | number | boolean)

/** Options of a member that cluster.options() lists, with their variables, in AdminAPI's order. */
const MEMBER_OPTIONS: readonly (readonly [option: string, variable: string])[] = [
  ['autoRejoinTries', 'group_replication_autorejoin_tries'],
  ['consistency', 'group_replication_consistency'],
  ['exitStateAction', 'group_replication_exit_state_action'],
  ['expelTimeout', 'group_replication_member_expel_timeout'],
  ['groupSeeds', 'group_replication_group_seeds'],
  ['ipAllowlist', 'group_replication_ip_allowlist'],
  ['localAddress', 'group_replication_local_address'],
  ['memberWeight', 'group_replication_member_weight'],
]

/** AdminAPI's name for an option of the channel between clusters. */
const setOption = (key: string): string =>
  `clusterSetReplication${key.charAt(0).toUpperCase()}${key.slice(1)}`

/** Variables of group replication that options() lists only with `all`. */
const isGroupVariable = (name: string): boolean =>
  (name.startsWith('group_replication_') || name.startsWith('auto_increment_')) &&
  !MEMBER_OPTIONS.some(([, variable]) => variable === name)

/** What AdminAPI's cluster.options() returns. Pure. @param all every variable of Group Replication */
export function clusterOptions(cluster: Cluster, topology: Topology, all = false): ValueMap {
  const { clusterset } = topology
  const inSet = clusterset !== undefined && cluster.row.clustersetId !== null
  const isReplica = inSet && clusterset.primaryClusterId !== cluster.row.id
  const variables = seenBy(cluster)?.picture.variables ?? {}
  const { attributes } = cluster.row
  const ofVariable = (option: string, variable: string): ValueMap => ({
    option,
    value: variables[variable] ?? null,
    variable,
  })
  return {
    clusterName: cluster.row.name,
    defaultReplicaSet: {
      globalOptions: [
        ofVariable('groupName', 'group_replication_group_name'),
        ofVariable('memberSslMode', 'group_replication_ssl_mode'),
        ofVariable('transactionSizeLimit', 'group_replication_transaction_size_limit'),
        { option: 'disableClone', value: attributes['opt_disableClone'] === true },
        { option: 'replicationAllowedHost', value: text(attributes['opt_replicationAllowedHost']) },
        { option: 'memberAuthType', value: text(attributes['opt_memberAuthType']) },
        { option: 'certIssuer', value: text(attributes['opt_certIssuer']) },
        ofVariable('communicationStack', 'group_replication_communication_stack'),
        { option: 'paxosSingleLeader', value: variables['group_replication_paxos_single_leader'] ?? 'OFF' },
        ...(inSet
          ? CHANNEL_OPTIONS.map(({ key, attribute: name }): ValueMap => ({
              option: setOption(key),
              value: text(attributes[name]),
            }))
          : []),
      ],
      tags: tagOptions(attributes, cluster.instances),
      topology: Object.fromEntries(
        cluster.instances.map((row): readonly [string, Value] => {
          const server = topology.servers.find(({ picture }) => picture.uuid === row.uuid)
          if (server === undefined)
            return [
              row.name,
              { shellConnectError: 'not among the servers that were read, or it does not answer' },
            ]
          const own = server.picture.variables
          const channel = server.picture.channels.find(({ name }) => name === 'clusterset_replication')
          return [
            row.name,
            [
              ...MEMBER_OPTIONS.map(([option, variable]): ValueMap => ({
                option,
                value: own[variable] ?? null,
                variable,
              })),
              { option: 'certSubject', value: attribute(row.attributes, 'opt_certSubject') },
              ...(all
                ? Object.keys(own)
                    .filter(isGroupVariable)
                    .sort()
                    .map((name): ValueMap => ({ variable: name, value: own[name] ?? null }))
                : []),
              ...APPLIER_VARIABLES.filter((name) => own[name] !== undefined).map((name): ValueMap => ({
                variable: name,
                value: own[name] ?? null,
              })),
              ...(isReplica
                ? CHANNEL_OPTIONS.map(({ key }): ValueMap => ({
                    option: setOption(key),
                    value: channel?.[key] ?? null,
                  }))
                : []),
            ],
          ]
        }),
      ),
    },
  }
}

/** What AdminAPI's clusterSet.options() returns, with memberAuthType and certIssuer, which AdminAPI leaves out. */
export function clusterSetOptions(topology: Topology): ValueMap | null {
  const { clusterset, metadata } = topology
  if (clusterset === undefined) return null
  const row = metadata?.clustersets.find(({ id }) => id === clusterset.id)
  return {
    clusterSet: {
      domainName: clusterset.domainName,
      globalOptions: [
        { option: 'replicationAllowedHost', value: text(row?.attributes['opt_replicationAllowedHost']) },
        { option: 'clusterSetReplicationSslMode', value: clusterset.sslMode },
        { option: 'memberAuthType', value: clusterset.authType },
        { option: 'certIssuer', value: clusterset.issuer },
      ],
    },
  }
}
