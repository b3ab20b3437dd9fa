import { METADATA } from '../metadata/schema.js'
import { initialRoutingOptions } from '../routing-options.js'
import type { Generated, Statement } from '../step.js'
import { addressOf, recordedAddresses, type InstanceRow, type Server } from '../topology.js'

type Attributes = Readonly<Record<string, unknown>>
type Reason = 'ADD_INSTANCE' | 'REJOIN_INSTANCE' | 'REMOVE_INSTANCE' | 'SWITCH_ACTIVE' | 'FORCE_ACTIVE'

/** The row of a ReplicaSet and its first view, which has no members. */
export function insertReplicaset(id: Generated, name: string, attributes: Attributes): readonly Statement[] {
  return [
    {
      text: `INSERT INTO ${METADATA}.clusters (cluster_id, cluster_name, description, cluster_type, primary_mode, attributes, router_options)
        VALUES (?, ?, 'Default ReplicaSet', 'ar', 'pm', CAST(? AS JSON), CAST(? AS JSON))`,
      values: [id, name, JSON.stringify(attributes), JSON.stringify(initialRoutingOptions('replicaset'))],
    },
    {
      text: `INSERT INTO ${METADATA}.async_cluster_views (cluster_id, view_id, topology_type, view_change_reason, view_change_time, view_change_info, attributes)
        VALUES (?, 1, 'SINGLE-PRIMARY-TREE', 'CREATE', NOW(6), JSON_OBJECT('user', USER(), 'source', @@server_uuid), '{}')`,
      values: [id],
    },
  ]
}

/**
 * Begins a new view: @signet_old and @signet_view are the old and the new number. A failover counts in the upper 16
 * bits, so that its view is newer than any that the lost primary may have made meanwhile.
 */
function beginView(clusterId: string | Generated, reason: Reason): readonly Statement[] {
  return [
    {
      text: `SELECT MAX(view_id), ${reason === 'FORCE_ACTIVE' ? '((MAX(view_id) >> 16) + 1) << 16' : 'MAX(view_id) + 1'}
        INTO @signet_old, @signet_view FROM ${METADATA}.async_cluster_views WHERE cluster_id = ?`,
      values: [clusterId],
    },
    {
      text: `INSERT INTO ${METADATA}.async_cluster_views (cluster_id, view_id, topology_type, view_change_reason, view_change_time, view_change_info, attributes)
        SELECT cluster_id, @signet_view, topology_type, ?, NOW(6), JSON_OBJECT('user', USER(), 'source', @@server_uuid), attributes
        FROM ${METADATA}.async_cluster_views WHERE cluster_id = ? AND view_id = @signet_old`,
      values: [reason, clusterId],
    },
  ]
}

/** Copies the members of the old view, without some. */
function copyMembers(clusterId: string | Generated, without: readonly number[]): Statement {
  return {
    text: `INSERT INTO ${METADATA}.async_cluster_members (cluster_id, view_id, instance_id, master_instance_id, primary_master, attributes)
      SELECT cluster_id, @signet_view, instance_id, master_instance_id, primary_master, attributes
      FROM ${METADATA}.async_cluster_members WHERE cluster_id = ? AND view_id = @signet_old${without.map(() => ' AND instance_id <> ?').join('')}`,
    values: [clusterId, ...without],
  }
}

/** The row of a member in the view that was begun. Its instance is found by UUID. @param sourceUuid undefined: it is the primary */
function insertMember(
  clusterId: string | Generated,
  uuid: string,
  sourceUuid: string | undefined,
): Statement {
  const source =
    sourceUuid === undefined
      ? 'NULL'
      : `(SELECT s.instance_id FROM ${METADATA}.instances s WHERE s.mysql_server_uuid = ? AND s.cluster_id = i.cluster_id)`
  return {
    text: `INSERT INTO ${METADATA}.async_cluster_members (cluster_id, view_id, instance_id, master_instance_id, primary_master, attributes)
      SELECT i.cluster_id, @signet_view, i.instance_id, ${source}, ${sourceUuid === undefined ? '1' : '0'},
        JSON_OBJECT('instance.mysql_server_uuid', i.mysql_server_uuid, 'instance.address', i.address)
      FROM ${METADATA}.instances i WHERE i.mysql_server_uuid = ? AND i.cluster_id = ?`,
    values: [...(sourceUuid === undefined ? [] : [sourceUuid]), uuid, clusterId],
  }
}

/** Records a new member: its instance and a view with it. */
export function addMember(
  clusterId: string | Generated,
  server: Server,
  source: Server | undefined,
  attributes: Attributes,
  label?: string,
): readonly Statement[] {
  const address = addressOf(server)
  return [
    {
      text: `INSERT INTO ${METADATA}.instances (cluster_id, address, mysql_server_uuid, instance_name, addresses, attributes, instance_type)
        VALUES (?, ?, ?, ?, CAST(? AS JSON), JSON_SET(CAST(? AS JSON), '$.joinTime', CAST(NOW(3) AS CHAR)), 'async-member')`,
      values: [
        clusterId,
        address,
        server.picture.uuid,
        label ?? address,
        JSON.stringify(recordedAddresses(server)),
        JSON.stringify(attributes),
      ],
    },
    ...beginView(clusterId, 'ADD_INSTANCE'),
    copyMembers(clusterId, []),
    insertMember(clusterId, server.picture.uuid, source?.picture.uuid),
  ]
}

/** A view in which a member is back that was invalidated. */
export function rejoinMember(
  clusterId: string,
  instanceId: number,
  uuid: string,
  source: Server,
): readonly Statement[] {
  return [
    ...beginView(clusterId, 'REJOIN_INSTANCE'),
    copyMembers(clusterId, [instanceId]),
    insertMember(clusterId, uuid, source.picture.uuid),
  ]
}

/** Forgets a member. */
export function removeMember(clusterId: string, instanceId: number): readonly Statement[] {
  return [
    ...beginView(clusterId, 'REMOVE_INSTANCE'),
    copyMembers(clusterId, [instanceId]),
    {
      text: `DELETE FROM ${METADATA}.instances WHERE cluster_id = ? AND instance_id = ?`,
      values: [clusterId, instanceId],
    },
  ]
}

/** A view with another primary, whom all others follow. @param lost instance ids that are no longer part of it */
export function changePrimary(
  clusterId: string,
  primaryId: number,
  lost: readonly number[] | undefined,
): readonly Statement[] {
  return [
    ...beginView(clusterId, lost === undefined ? 'SWITCH_ACTIVE' : 'FORCE_ACTIVE'),
    copyMembers(clusterId, lost ?? []),
    {
      text: `UPDATE ${METADATA}.async_cluster_members SET primary_master = (instance_id = ?), master_instance_id = IF(instance_id = ?, NULL, ?)
        WHERE cluster_id = ? AND view_id = @signet_view`,
      values: [primaryId, primaryId, primaryId, clusterId],
    },
  ]
}

/** Gives a member another label. */
export function renameMember(uuid: string, label: string): Statement {
  return {
    text: `UPDATE ${METADATA}.instances SET instance_name = ? WHERE mysql_server_uuid = ?`,
    values: [label, uuid],
  }
}

/** Corrects who and where a member is, in its record and in the newest view. */
export function moveMember(clusterId: string, row: InstanceRow, server: Server): readonly Statement[] {
  const { uuid, serverId } = server.picture
  const address = addressOf(server)
  return [
    {
      text: `UPDATE ${METADATA}.instances SET mysql_server_uuid = ?, address = ?, instance_name = IF(instance_name = ?, ?, instance_name),
        addresses = JSON_SET(addresses, '$.mysqlClassic', ?), attributes = JSON_SET(attributes, '$.server_id', ?) WHERE instance_id = ?`,
      values: [uuid, address, row.address, address, address, serverId, row.id],
    },
    {
      text: `UPDATE ${METADATA}.async_cluster_members SET attributes = JSON_SET(attributes, '$."instance.mysql_server_uuid"', ?, '$."instance.address"', ?)
        WHERE cluster_id = ? AND instance_id = ?`,
      values: [uuid, address, clusterId, row.id],
    },
  ]
}
