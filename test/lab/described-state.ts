import { arrived } from './arrived.js'
import { sql, type TestLab } from './servers.js'

const SERVER = [
  "SELECT user, host, ssl_type, CONVERT(x509_issuer USING utf8mb4), CONVERT(x509_subject USING utf8mb4), plugin, LENGTH(authentication_string) > 0 FROM mysql.user WHERE user LIKE 'mysql\\_innodb%' ORDER BY 1, 2",
  "SELECT GRANTEE, GROUP_CONCAT(PRIVILEGE_TYPE ORDER BY 1) FROM information_schema.USER_PRIVILEGES WHERE GRANTEE LIKE '%mysql\\_innodb%' GROUP BY 1 ORDER BY 1",
  "SELECT VARIABLE_NAME, IF(VARIABLE_VALUE REGEXP '^[0-9a-f]{8}-', 'uuid', VARIABLE_VALUE) FROM performance_schema.persisted_variables ORDER BY 1",
  "SELECT CHANNEL_NAME, USER, SSL_ALLOWED, SSL_VERIFY_SERVER_CERTIFICATE, SSL_CA_FILE, SOURCE_CONNECTION_AUTO_FAILOVER FROM performance_schema.replication_connection_configuration WHERE USER <> '' ORDER BY 1",
  'SELECT CHANNEL_NAME, SERVICE_STATE FROM performance_schema.replication_connection_status ORDER BY 1',
  'SELECT MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members ORDER BY 1',
  'SELECT @@global.super_read_only, @@global.offline_mode, @@global.gtid_mode',
]
/** Only where the plugin of Group Replication is loaded. */
const GROUP = [
  'SELECT name, enabled FROM performance_schema.replication_group_member_actions ORDER BY 1',
  'SELECT @@global.group_replication_start_on_boot, @@global.group_replication_bootstrap_group',
]
/** Only where there is metadata. */
const METADATA = [
  "SELECT cluster_name, primary_mode, JSON_REMOVE(attributes, '$.group_replication_group_name', '$.group_replication_view_change_uuid') FROM mysql_innodb_cluster_metadata.clusters ORDER BY 1",
  "SELECT address, addresses, JSON_REMOVE(attributes, '$.joinTime') FROM mysql_innodb_cluster_metadata.instances ORDER BY 1",
  'SELECT domain_name, attributes, router_options FROM mysql_innodb_cluster_metadata.clustersets',
  'SELECT c.cluster_name, m.member_role FROM mysql_innodb_cluster_metadata.v2_cs_members m JOIN mysql_innodb_cluster_metadata.clusters c USING (cluster_id) ORDER BY 1',
]

/**
 * All that two clusters of the same description have in common: everything but passwords, UUIDs and counters. Looked
 * at when every change has arrived everywhere.
 */
export async function describedState(lab: TestLab): Promise<string> {
  await arrived(lab)
  const parts = await Promise.all(
    lab.hosts.map(async (host) => {
      const there = await sql(
        lab.name,
        host,
        "SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'group_replication'; SHOW DATABASES LIKE 'mysql\\_innodb\\_cluster\\_metadata'",
      )
      const queries = [
        ...SERVER,
        ...(there.includes('group_replication') ? GROUP : []),
        ...(there.includes('mysql_innodb_cluster_metadata') ? METADATA : []),
      ]
      const rows = await sql(lab.name, host, queries.join('; '))
      return rows.map((row) => `${host}: ${row}`).join('\n')
    }),
  )
  return parts.join('\n')
}
