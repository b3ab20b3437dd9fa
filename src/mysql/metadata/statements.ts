import type { Generated, Statement } from '../step.js'
import { addressOf, recordedAddresses, type InstanceRow, type Server } from '../topology.js'
import { initialRoutingOptions } from '../routing-options.js'
import { METADATA } from './schema.js'

const START: Statement = { text: 'START TRANSACTION' }
const COMMIT: Statement = { text: 'COMMIT' }

/** One transaction. The session ends with the step, so a failure rolls back. */
export function transaction(statements: readonly Statement[]): readonly Statement[] {
  return [{ text: 'SET SESSION autocommit = 1' }, START, ...statements, COMMIT]
}

export interface NewCluster {
  readonly id: Generated
  readonly name: string
  readonly groupName: string | Generated
  readonly attributes: Readonly<Record<string, unknown>>
  readonly multiPrimary?: boolean
}

/** The row of a cluster with its attributes and routing options. */
export function insertCluster(cluster: NewCluster): readonly Statement[] {
  return [
    {
      text: `INSERT INTO ${METADATA}.clusters (cluster_id, cluster_name, description, cluster_type, primary_mode, attributes, router_options)
        VALUES (?, ?, 'Default Cluster', 'gr', ?, JSON_SET(CAST(? AS JSON), '$.group_replication_group_name', ?), CAST(? AS JSON))`,
      values: [
        cluster.id,
        cluster.name,
        cluster.multiPrimary === true ? 'mm' : 'pm',
        JSON.stringify(cluster.attributes),
        cluster.groupName,
        JSON.stringify(initialRoutingOptions('cluster')),
      ],
    },
  ]
}

/** The row of a member. @param clusterId its cluster's id, or the name of the cluster when the id is not known yet */
export function insertInstance(
  server: Server,
  cluster: { readonly name: string },
  localAddress: string,
  attributes: Readonly<Record<string, unknown>>,
): Statement {
  const address = addressOf(server)
  return {
    text: `INSERT INTO ${METADATA}.instances (cluster_id, address, mysql_server_uuid, instance_name, addresses, attributes, instance_type)
      SELECT cluster_id, ?, ?, ?, CAST(? AS JSON), CAST(? AS JSON), 'group-member' FROM ${METADATA}.clusters WHERE cluster_name = ?`,
    values: [
      address,
      server.picture.uuid,
      address,
      JSON.stringify(recordedAddresses(server, localAddress)),
      JSON.stringify(attributes),
      cluster.name,
    ],
  }
}

/** Removes the row of a server, and that of whatever was at its address before: a server that was set up anew has another uuid. */
export function deleteInstance(server: Server): Statement {
  return {
    text: `DELETE FROM ${METADATA}.instances WHERE mysql_server_uuid = ? OR address = ?`,
    values: [server.picture.uuid, addressOf(server)],
  }
}

/** Brings back a row that was removed. */
export function restoreInstance(row: InstanceRow): Statement {
  return {
    text: `INSERT IGNORE INTO ${METADATA}.instances (instance_id, cluster_id, address, mysql_server_uuid, instance_name, addresses, attributes, instance_type)
      VALUES (?, ?, ?, ?, ?, CAST(? AS JSON), CAST(? AS JSON), 'group-member')`,
    values: [
      row.id,
      row.clusterId,
      row.address,
      row.uuid,
      row.name,
      JSON.stringify(row.addresses),
      JSON.stringify(row.attributes),
    ],
  }
}

/** Sets one attribute of a row. */
export function setAttribute(
  table: 'clusters' | 'instances' | 'clustersets',
  where: { readonly column: string; readonly value: string },
  key: string,
  value: unknown,
): Statement {
  return {
    text: `UPDATE ${METADATA}.${table} SET attributes = JSON_SET(COALESCE(attributes, '{}'), '$.${key}', CAST(? AS JSON)) WHERE ${where.column} = ?`,
    values: [JSON.stringify(value), where.value],
  }
}
