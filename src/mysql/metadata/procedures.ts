const ID = 'VARCHAR(36)'
const procedure = (name: string, parameters: string, body: string): string =>
  `CREATE PROCEDURE ${name}(${parameters}) SQL SECURITY INVOKER MODIFIES SQL DATA BEGIN ${body} END`
const INFO = "JSON_OBJECT('user', USER(), 'source', @@server_uuid)"
const CHANGE = 'DECLARE csvid BIGINT UNSIGNED; '

// Parameters have the public names, which are also names of columns: a bare name means the parameter, so that every
// column is written with its table's alias.

/** Moves the primary role in the newest view: the promoted cluster has no source, all others have it as theirs. */
const promote = (reason: string, failover: 0 | 1): string =>
  `${CHANGE}CALL _v2_begin_cs_change(cs_id, '${reason}', ${failover}, csvid);
   UPDATE clusterset_members m
     SET m.master_cluster_id = IF(m.cluster_id = primary_cluster_id, NULL, primary_cluster_id),
         m.primary_cluster = (m.cluster_id = primary_cluster_id),
         m.attributes = JSON_MERGE_PATCH(primary_attributes, m.attributes)
     WHERE m.clusterset_id = cs_id AND m.view_id = csvid;`

const addMember = (reason: string): string =>
  `${CHANGE}CALL _v2_begin_cs_change(cs_id, '${reason}', 0, csvid);
   INSERT INTO clusterset_members (clusterset_id, view_id, cluster_id, master_cluster_id, primary_cluster, attributes)
     VALUES (cs_id, csvid, cluster_id, NULLIF(master_cluster_id, ''), 0, attributes);`

const belongsTo = (value: string): string =>
  `UPDATE clusters c SET c.clusterset_id = ${value} WHERE c.cluster_id = cluster_id;`

/** SQL NULL removes the option; a JSON null is a value. */
const setOption = (table: string, column: string, where: string): string =>
  `UPDATE ${table} t
     SET t.${column} = IF(option_value IS NULL,
       JSON_REMOVE(t.${column}, CONCAT('$.', option_name)),
       JSON_SET(IFNULL(t.${column}, '{}'), CONCAT('$.', option_name), option_value))
     WHERE ${where};`

const setRouterOption = (key: string, of: string): string => {
  const where = `t.${key} = ${key} AND t.address = router_address AND t.router_name = router_label`
  return `DECLARE router_address VARCHAR(512) DEFAULT SUBSTRING_INDEX(router, '::', 1);
   DECLARE router_label VARCHAR(512) DEFAULT IF(router_address = router, '', SUBSTRING_INDEX(router, '::', -1));
   DECLARE message VARCHAR(600) DEFAULT CONCAT('No router ', QUOTE(router), ' is registered in this ${of}');
   IF NOT EXISTS (SELECT 1 FROM routers t WHERE ${where}) THEN
     SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = message;
   END IF;
   ${setOption('routers', 'options', where)}`
}

const OPTION = 'option_name VARCHAR(100), option_value JSON'
const MEMBER = `cs_id ${ID}, cluster_id ${ID}`
const JOINING = `${MEMBER}, master_cluster_id ${ID}, attributes JSON`
const PROMOTED = `cs_id ${ID}, primary_cluster_id ${ID}, primary_attributes JSON`

/** Procedures of metadata schema 2.2.0 to 2.4.0: the public way to change ClusterSets and routing options. */
export const PROCEDURES: readonly string[] = [
  procedure(
    '_v2_begin_cs_change',
    `cs_id ${ID}, operation VARCHAR(32), is_failover INT, OUT csvid BIGINT UNSIGNED`,
    // The upper half of a view's number counts failovers, so that a number that was lost is not given again.
    `DECLARE before_change BIGINT UNSIGNED;
     SELECT MAX(v.view_id) INTO before_change FROM clusterset_views v WHERE v.clusterset_id = cs_id;
     SET csvid = before_change + IF(is_failover, 4294967296, 1);
     INSERT INTO clusterset_views (clusterset_id, view_id, topology_type, view_change_reason, view_change_time, view_change_info, attributes)
       SELECT v.clusterset_id, csvid, v.topology_type, operation, NOW(6), ${INFO}, v.attributes
       FROM clusterset_views v WHERE v.clusterset_id = cs_id AND v.view_id = before_change;
     INSERT INTO clusterset_members (clusterset_id, view_id, cluster_id, master_cluster_id, primary_cluster, attributes)
       SELECT m.clusterset_id, csvid, m.cluster_id, m.master_cluster_id, m.primary_cluster, m.attributes
       FROM clusterset_members m WHERE m.clusterset_id = cs_id AND m.view_id = before_change;`,
  ),
  procedure(
    'v2_cs_created',
    `domain_name VARCHAR(63), cluster_id ${ID}, attributes JSON, OUT cs_id ${ID}`,
    `SET cs_id = UUID();
     INSERT INTO clustersets (clusterset_id, domain_name, options, attributes, router_options)
       VALUES (cs_id, domain_name, '{}', '{}', '{}');
     INSERT INTO clusterset_views (clusterset_id, view_id, topology_type, view_change_reason, view_change_time, view_change_info, attributes)
       VALUES (cs_id, 1, 'SINGLE-PRIMARY-TREE', 'CREATE', NOW(6), ${INFO}, attributes);
     INSERT INTO clusterset_members (clusterset_id, view_id, cluster_id, master_cluster_id, primary_cluster, attributes)
       VALUES (cs_id, 1, cluster_id, NULL, 1, attributes);
     ${belongsTo('cs_id')}`,
  ),
  procedure('v2_cs_member_added', JOINING, `${addMember('ADD_CLUSTER')} ${belongsTo('cs_id')}`),
  procedure('v2_cs_member_rejoined', JOINING, addMember('REJOIN_CLUSTER')),
  procedure(
    'v2_cs_member_removed',
    MEMBER,
    `${CHANGE}CALL _v2_begin_cs_change(cs_id, 'REMOVE_CLUSTER', 0, csvid);
     DELETE m FROM clusterset_members m WHERE m.clusterset_id = cs_id AND m.view_id = csvid AND m.cluster_id = cluster_id;
     ${belongsTo('NULL')}`,
  ),
  procedure('v2_cs_primary_changed', PROMOTED, promote('SWITCH_PRIMARY', 0)),
  procedure('v2_cs_primary_force_changed', PROMOTED, promote('FORCE_PRIMARY', 1)),
  procedure(
    'v2_cs_add_invalidated_member',
    MEMBER,
    `${CHANGE}SELECT MAX(v.view_id) INTO csvid FROM clusterset_views v WHERE v.clusterset_id = cs_id;
     DELETE m FROM clusterset_members m WHERE m.clusterset_id = cs_id AND m.view_id = csvid AND m.cluster_id = cluster_id;`,
  ),
  procedure(
    'v2_set_global_cs_router_option',
    `id ${ID}, ${OPTION}`,
    setOption('clustersets', 'router_options', 't.clusterset_id = id'),
  ),
  procedure(
    'v2_set_global_cluster_router_option',
    `id ${ID}, ${OPTION}`,
    setOption('clusters', 'router_options', 't.cluster_id = id'),
  ),
  procedure(
    'v2_set_cs_routing_option',
    `router VARCHAR(512), clusterset_id ${ID}, ${OPTION}`,
    setRouterOption('clusterset_id', 'ClusterSet'),
  ),
  procedure(
    'v2_set_cluster_routing_option',
    `router VARCHAR(512), cluster_id ${ID}, ${OPTION}`,
    setRouterOption('cluster_id', 'Cluster'),
  ),
]
