const view = (name: string, select: string): string => `CREATE SQL SECURITY INVOKER VIEW ${name} AS ${select}`

/** Views of metadata schema 2.2.0 to 2.4.0: what MySQL Router and MySQL Shell read. */
export const VIEWS: readonly string[] = [
  view(
    'v2_clusters',
    'SELECT c.cluster_type, c.primary_mode, c.cluster_id, c.cluster_name, c.router_options FROM clusters c',
  ),
  view(
    'v2_gr_clusters',
    `SELECT c.cluster_type, c.primary_mode, c.cluster_id AS cluster_id, c.cluster_name AS cluster_name,
       c.attributes->>'$.group_replication_group_name' AS group_name, c.attributes, c.options, c.router_options,
       c.description AS description, c.clusterset_id
     FROM clusters c WHERE c.cluster_type = 'gr'`,
  ),
  view(
    'v2_instances',
    `SELECT i.instance_id, i.cluster_id, i.instance_name AS label, i.mysql_server_uuid, i.address,
       i.addresses->>'$.mysqlClassic' AS endpoint, i.addresses->>'$.mysqlX' AS xendpoint,
       JSON_INSERT(i.attributes, '$.instance_type', i.instance_type) AS attributes, i.instance_type
     FROM instances i`,
  ),
  view(
    'v2_ar_clusters',
    `SELECT acv.view_id, c.cluster_type, c.primary_mode, acv.topology_type AS async_topology_type, c.cluster_id, c.cluster_name,
       c.attributes, c.options, c.router_options, c.description, c.clusterset_id
     FROM clusters c JOIN async_cluster_views acv ON c.cluster_id = acv.cluster_id
     WHERE acv.view_id = (SELECT MAX(latest.view_id) FROM async_cluster_views latest WHERE latest.cluster_id = c.cluster_id)
       AND c.cluster_type = 'ar'`,
  ),
  view(
    'v2_ar_members',
    `SELECT acm.view_id, i.cluster_id, i.instance_id, i.instance_name AS label, i.mysql_server_uuid AS member_id,
       IF(acm.primary_master, 'PRIMARY', 'SECONDARY') AS member_role, acm.master_instance_id, mi.mysql_server_uuid AS master_member_id
     FROM instances i
     LEFT JOIN async_cluster_members acm ON acm.cluster_id = i.cluster_id AND acm.instance_id = i.instance_id
     LEFT JOIN instances mi ON mi.instance_id = acm.master_instance_id
     WHERE acm.view_id = (SELECT MAX(latest.view_id) FROM async_cluster_views latest WHERE latest.cluster_id = i.cluster_id)`,
  ),
  view(
    'v2_cs_clustersets',
    `SELECT csv.view_id, csv.topology_type AS async_topology_type, cs.clusterset_id, cs.domain_name, cs.attributes, cs.options, cs.router_options
     FROM clustersets cs JOIN clusterset_views csv ON cs.clusterset_id = csv.clusterset_id
     WHERE csv.view_id = (SELECT MAX(latest.view_id) FROM clusterset_views latest WHERE latest.clusterset_id = cs.clusterset_id)`,
  ),
  view(
    'v2_cs_members',
    `SELECT (SELECT MAX(newest.view_id) FROM clusterset_views newest WHERE newest.clusterset_id = c.clusterset_id) AS view_id,
       c.clusterset_id, c.cluster_id, c.cluster_name,
       IF(csm.primary_cluster IS NULL, NULL, IF(csm.primary_cluster, 'PRIMARY', 'REPLICA')) AS member_role,
       csm.master_cluster_id, csm.view_id IS NULL AS invalidated
     FROM clusters c
     LEFT JOIN clusterset_members csm ON csm.cluster_id = c.cluster_id AND csm.clusterset_id = c.clusterset_id
       AND csm.view_id = (SELECT MAX(latest.view_id) FROM clusterset_views latest WHERE latest.clusterset_id = c.clusterset_id)
     WHERE c.clusterset_id IS NOT NULL`,
  ),
  view(
    'v2_this_instance',
    `SELECT i.cluster_id, i.instance_id, i.instance_type, c.cluster_name, c.cluster_type
     FROM v2_instances i JOIN clusters c ON i.cluster_id = c.cluster_id
     WHERE i.mysql_server_uuid = (SELECT CONVERT(variable_value USING utf8mb4) COLLATE utf8mb4_general_ci
       FROM performance_schema.global_variables WHERE variable_name = 'server_uuid')`,
  ),
  view(
    'v2_routers',
    `SELECT r.router_id, r.cluster_id, r.router_name, r.product_name, r.address, r.version, r.last_check_in, r.attributes, r.options, r.clusterset_id
     FROM routers r`,
  ),
  view(
    'v2_router_rest_accounts',
    `SELECT a.cluster_id, a.user, a.authentication_method, a.authentication_string, a.description, a.privileges, a.attributes
     FROM router_rest_accounts a`,
  ),
  // With subqueries, not joins: so the views stay updatable, as AdminAPI's are.
  view(
    'v2_cs_router_options',
    `SELECT r.router_id, CONCAT(r.address, '::', r.router_name) AS router_label, r.clusterset_id,
       JSON_MERGE_PATCH((SELECT COALESCE(cs.router_options, '{}') FROM clustersets cs WHERE cs.clusterset_id = r.clusterset_id),
         COALESCE(r.options, '{}')) AS router_options
     FROM routers r`,
  ),
  view(
    'v2_router_options',
    `SELECT r.router_id, CONCAT(r.address, '::', r.router_name) AS router_label, r.cluster_id, r.clusterset_id,
       JSON_MERGE_PATCH(
         COALESCE((SELECT cs.router_options FROM clustersets cs WHERE cs.clusterset_id = r.clusterset_id), '{}'),
         COALESCE((SELECT c.router_options FROM clusters c WHERE c.cluster_id = r.cluster_id), '{}'),
         COALESCE(r.options, '{}')) AS router_options
     FROM routers r`,
  ),
]
