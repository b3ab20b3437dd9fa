import type { Difference, Plan } from '../../host/plan.js'
import type { Step } from '../../host/step.js'
import type { Value } from '../../value/value.js'
import type { Setting } from '../group-variables.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import type { Statement } from '../step.js'
import type { Cluster, Topology } from '../topology.js'
import { predictPictures, withClusterRow, withInstances, withMetadata, withVariables } from './after.js'
import { isReplicaCluster, membersOf } from './members.js'
import {
  attributeStatements,
  canonical,
  differing,
  differingAttributes,
  settingDifferences,
  settingSteps,
  valuesOf,
  withAttributes,
} from './options.js'
import { recordedAccount } from './recovery-account.js'

/** Options of a whole cluster; what is undefined is kept as it is. */
export interface ClusterOptions {
  readonly name: string
  readonly allowedHost: string | undefined
  readonly disableClone: boolean | undefined
  readonly transactionSizeLimit: number | undefined
  readonly tags: Readonly<Record<string, Value>> | undefined
  readonly given: readonly Setting[]
}

/** Keeps the options of a cluster on all its members and in its record: AdminAPI's setOption. */
export function planClusterOptions(
  wanted: ClusterOptions,
  cluster: Cluster,
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const writer = topology.globalPrimary
  const members = membersOf(cluster, topology)
  const servers = members.flatMap(({ server }) => server ?? [])
  // In a replica cluster the size is without a limit; the record keeps the wish until it is primary.
  const limit: readonly Setting[] =
    wanted.transactionSizeLimit === undefined || isReplicaCluster(cluster, topology)
      ? []
      : [['group_replication_transaction_size_limit', wanted.transactionSizeLimit]]
  const settings = [...wanted.given, ...limit]
  const changes = differingAttributes(cluster.row.attributes, {
    ...(wanted.transactionSizeLimit === undefined
      ? {}
      : { opt_transactionSizeLimit: wanted.transactionSizeLimit }),
    // Not recorded is false.
    ...(wanted.disableClone === undefined ||
    (!wanted.disableClone && cluster.row.attributes['opt_disableClone'] === undefined)
      ? {}
      : { opt_disableClone: wanted.disableClone }),
    ...(wanted.allowedHost === undefined ? {} : { opt_replicationAllowedHost: wanted.allowedHost }),
    ...(wanted.tags === undefined ? {} : { tags: wanted.tags }),
  })
  const renamed = wanted.name !== cluster.row.name
  const hosts = wanted.allowedHost === undefined ? [] : movedAccounts(cluster, wanted.allowedHost)
  const records = renamed || changes.length > 0 || hosts.length > 0
  if (records && writer === undefined)
    return {
      steps: [],
      diff: [],
      failure: `Cluster "${cluster.row.name}" has no primary that is ONLINE with quorum and answers: its record can't be changed.`,
    }
  const silent = members.filter(({ server }) => server === undefined)
  if (hosts.length > 0 && silent.length > 0)
    return {
      steps: [],
      diff: [],
      failure: `To change replication_allowed_host, all members must answer; ${silent.map(({ row }) => row.address).join(', ')} does not.`,
    }
  const steps: Step[] = servers.flatMap((server) => settingSteps(server, settings, login))
  if (wanted.disableClone !== undefined)
    steps.push(...servers.flatMap((server) => cloneSteps(server, wanted.disableClone === true, login)))
  if (records && writer !== undefined)
    steps.push({
      do: 'sql',
      host: writer.host,
      login,
      note: `change the record of cluster "${cluster.row.name}"`,
      statements: recordStatements(cluster, wanted, changes, hosts, 'after'),
      undo: [
        {
          do: 'sql',
          host: writer.host,
          login,
          statements: recordStatements(cluster, wanted, changes, hosts, 'before'),
        },
      ],
    })
  const diff: readonly Difference[] = [
    ...servers.flatMap((server) => settingDifferences(server, settings)),
    ...(renamed
      ? [{ what: 'name of the cluster', before: `${cluster.row.name}\n`, after: `${wanted.name}\n` }]
      : []),
    ...changes.map(({ key, before, after }) => ({
      what: `${key} of cluster ${cluster.row.name}`,
      before: `${canonical(before)}\n`,
      after: `${canonical(after)}\n`,
    })),
    ...(wanted.disableClone === undefined
      ? []
      : servers
          .filter(({ picture }) => picture.plugins.includes('clone') === wanted.disableClone)
          .map(({ host }) => ({
            what: `clone plugin of ${host}`,
            before: wanted.disableClone === true ? 'loaded\n' : '',
            after: wanted.disableClone === true ? '' : 'loaded\n',
          }))),
  ]
  return {
    steps,
    diff,
    predicts: predictPictures(topology, login, (one) => {
      const base = records
        ? withMetadata(one, (metadata) =>
            withInstances(
              withClusterRow(metadata, cluster.row.id, (row) => ({
                ...row,
                name: wanted.name,
                attributes: withAttributes(row.attributes, changes),
              })),
              (row) =>
                row.clusterId === cluster.row.id && wanted.allowedHost !== undefined
                  ? {
                      ...row,
                      attributes: { ...row.attributes, recoveryAccountHost: wanted.allowedHost },
                    }
                  : row,
            ),
          )
        : one.picture
      if (!servers.includes(one)) return base
      const plugins = base.plugins.filter((name) => name !== 'clone')
      return {
        ...withVariables(base, valuesOf(differing(one, settings))),
        accounts: base.accounts.map((account) => {
          const moved = hosts.find(({ user, host }) => user === account.user && host === account.host)
          return moved === undefined || wanted.allowedHost === undefined
            ? account
            : { ...account, host: wanted.allowedHost }
        }),
        plugins:
          wanted.disableClone === undefined
            ? base.plugins
            : wanted.disableClone
              ? plugins
              : [...plugins, 'clone'],
      }
    }),
    warnings: silent
      .map(({ row }) =>
        settings.length === 0 ? '' : `${row.address} does not answer; the next run sets its options.`,
      )
      .filter((text) => text !== ''),
  }
}

/** Recovery accounts with another host part than wanted. */
function movedAccounts(
  cluster: Cluster,
  allowedHost: string,
): readonly { readonly user: string; readonly host: string; readonly uuid: string }[] {
  return cluster.instances
    .map((row) => ({ ...recordedAccount(row, cluster), uuid: row.uuid }))
    .filter(({ host }) => host !== allowedHost)
}

/** RENAME USER keeps password hash, requirements and grants; one statement moves all accounts or none. */
function recordStatements(
  cluster: Cluster,
  wanted: ClusterOptions,
  changes: Parameters<typeof attributeStatements>[1],
  accounts: ReturnType<typeof movedAccounts>,
  direction: 'before' | 'after',
): readonly Statement[] {
  const { allowedHost } = wanted
  const undo = direction === 'before'
  return [
    ...(accounts.length === 0 || allowedHost === undefined
      ? []
      : [
          {
            text: `RENAME USER ${accounts.map(() => '?@? TO ?@?').join(', ')}`,
            values: accounts.flatMap(({ user, host }) =>
              undo ? [user, allowedHost, user, host] : [user, host, user, allowedHost],
            ),
          },
          ...accounts.map(({ uuid, host }) => ({
            text: `UPDATE ${METADATA}.instances SET attributes = JSON_SET(attributes, '$.recoveryAccountHost', ?) WHERE mysql_server_uuid = ?`,
            values: [undo ? host : allowedHost, uuid],
          })),
        ]),
    ...attributeStatements(
      { table: 'clusters', column: 'cluster_id', value: cluster.row.id },
      changes,
      direction,
    ),
    ...(wanted.name === cluster.row.name
      ? []
      : [
          {
            text: `UPDATE ${METADATA}.clusters SET cluster_name = ? WHERE cluster_id = ?`,
            values: [undo ? cluster.row.name : wanted.name, cluster.row.id],
          },
        ]),
  ]
}

function cloneSteps(
  { host, picture }: Cluster['online'][number],
  disabled: boolean,
  login: MysqlLogin,
): readonly Step[] {
  if (picture.plugins.includes('clone') !== disabled) return []
  const load = {
    text: "INSTALL PLUGIN clone SONAME 'mysql_clone.so'",
    tolerate: [1125, 1968],
  }
  const unload = { text: 'UNINSTALL PLUGIN clone', tolerate: [1305] }
  // A plugin is a row of mysql.plugin; on a secondary it can only be written while that takes writes.
  const readOnly = picture.variables['super_read_only'] === 'ON'
  const around = (statement: Statement): readonly Statement[] => [
    ...(readOnly ? [{ text: 'SET GLOBAL super_read_only = OFF' }] : []),
    statement,
    ...(readOnly ? [{ text: 'SET GLOBAL super_read_only = ON' }] : []),
  ]
  return [
    {
      do: 'sql',
      host,
      login,
      note: disabled ? `unload the clone plugin of ${host}` : `load the clone plugin of ${host}`,
      statements: around(disabled ? unload : load),
      undo: [{ do: 'sql', host, login, statements: around(disabled ? load : unload) }],
    },
  ]
}
