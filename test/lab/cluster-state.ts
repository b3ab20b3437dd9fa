import type { Hosts } from '../../src/host/hosts.js'
import { diskState, runLines } from './contract-host.js'
import { quote, sql, type TestLab } from './servers.js'

/** Everything of a server that a cluster consists of, and what it has executed. */
const QUERIES = [
  'SELECT user, host, plugin, HEX(authentication_string), ssl_type, x509_issuer, x509_subject, account_locked, password_lifetime, password_last_changed FROM mysql.user ORDER BY 1, 2',
  'SELECT * FROM mysql.global_grants ORDER BY 1, 2, 3',
  'SELECT * FROM mysql.db ORDER BY 1, 2, 3',
  'SELECT Host, Db, User, Table_name, Table_priv, Column_priv FROM mysql.tables_priv ORDER BY 1, 2, 3, 4',
  'SELECT * FROM performance_schema.persisted_variables ORDER BY 1',
  "SELECT * FROM performance_schema.global_variables WHERE VARIABLE_NAME <> 'timestamp' ORDER BY 1",
  // A channel that may choose its source turns to another one by itself when that is lost.
  'SELECT CHANNEL_NAME, IF(SOURCE_CONNECTION_AUTO_FAILOVER, 0, HOST), PORT, USER, SSL_ALLOWED, CONNECTION_RETRY_INTERVAL, SOURCE_CONNECTION_AUTO_FAILOVER FROM performance_schema.replication_connection_configuration ORDER BY 1',
  // ON, or CONNECTING while the source is away.
  "SELECT CHANNEL_NAME, SERVICE_STATE = 'OFF' FROM performance_schema.replication_connection_status ORDER BY 1",
  'SELECT MEMBER_ID, MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members ORDER BY 1',
  'SELECT PLUGIN_NAME, PLUGIN_STATUS FROM information_schema.PLUGINS ORDER BY 1',
  'SHOW DATABASES',
]
const METADATA = 'mysql_innodb_cluster_metadata'

/** SQL state, metadata, changed files and services of hosts, as text. */
export async function clusterState(hosts: Hosts, lab: string, names: readonly string[]): Promise<string> {
  const script = `
    mysql -N -B -e ${quote(QUERIES.join('; '))} || exit 1
    if mysql -N -e 'SHOW TABLES FROM performance_schema' | grep -q replication_group_member_actions; then
      mysql -N -B -e 'SELECT name, enabled FROM performance_schema.replication_group_member_actions' || exit 1
    fi
    if mysql -N -e 'SHOW DATABASES' | grep -q ${METADATA}; then
      mysqldump --skip-comments --set-gtid-purged=OFF --no-tablespaces --skip-add-locks --skip-lock-tables --no-create-info ${METADATA} || exit 1
    fi`
  const states = await Promise.all(
    names.map(async (host) => {
      const [servers, disk] = await Promise.all([runLines(hosts, host, script), diskState(hosts, lab, host)])
      return `${host}\n${servers}\n${disk}`
    }),
  )
  return states.join('\n')
}

/** The lines in which two states differ. */
export function differences(before: string, after: string): readonly string[] {
  const [old, young] = [new Set(before.split('\n')), new Set(after.split('\n'))]
  return [
    ...[...old].filter((line) => !young.has(line)).map((line) => `- ${line}`),
    ...[...young].filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ]
}

/** What two clusters of the same description have in common on a server: everything but passwords, UUIDs and counters. */
const SUMMARY = [
  "SELECT user, host, ssl_type, CONVERT(x509_issuer USING utf8mb4), CONVERT(x509_subject USING utf8mb4), plugin, LENGTH(authentication_string) > 0 FROM mysql.user WHERE user LIKE 'mysql\\_innodb%' ORDER BY 1, 2",
  "SELECT GRANTEE, GROUP_CONCAT(PRIVILEGE_TYPE ORDER BY 1) FROM information_schema.USER_PRIVILEGES WHERE GRANTEE LIKE '%mysql\\_innodb%' GROUP BY 1 ORDER BY 1",
  "SELECT VARIABLE_NAME, IF(VARIABLE_VALUE REGEXP '^[0-9a-f]{8}-', 'uuid', VARIABLE_VALUE) FROM performance_schema.persisted_variables ORDER BY 1",
  "SELECT CHANNEL_NAME, USER, SSL_ALLOWED, SSL_VERIFY_SERVER_CERTIFICATE, SSL_CA_FILE, SOURCE_CONNECTION_AUTO_FAILOVER FROM performance_schema.replication_connection_configuration WHERE USER <> '' ORDER BY 1",
  'SELECT CHANNEL_NAME, SERVICE_STATE FROM performance_schema.replication_connection_status ORDER BY 1',
  'SELECT MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members ORDER BY 1',
  'SELECT name, enabled FROM performance_schema.replication_group_member_actions ORDER BY 1',
  'SELECT @@global.super_read_only, @@global.group_replication_start_on_boot, @@global.gtid_mode',
]
const RECORDS = [
  "SELECT cluster_name, JSON_REMOVE(attributes, '$.group_replication_group_name', '$.group_replication_view_change_uuid') FROM mysql_innodb_cluster_metadata.clusters ORDER BY 1",
  "SELECT address, addresses, JSON_REMOVE(attributes, '$.joinTime') FROM mysql_innodb_cluster_metadata.instances ORDER BY 1",
  'SELECT domain_name, attributes, router_options FROM mysql_innodb_cluster_metadata.clustersets',
  'SELECT c.cluster_name, m.member_role FROM mysql_innodb_cluster_metadata.v2_cs_members m JOIN mysql_innodb_cluster_metadata.clusters c USING (cluster_id) ORDER BY 1',
]

/** What servers say of the clusters that they are in, or were: equal after two ways to the same result. */
export async function clusterSummary(lab: TestLab): Promise<string> {
  const parts = await Promise.all(
    lab.hosts.map(async (host) => {
      const [recorded] = await sql(
        lab.name,
        host,
        `SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '${METADATA}'`,
      )
      const queries = [...SUMMARY, ...(recorded === '1' ? RECORDS : [])]
      const rows = await sql(lab.name, host, queries.join('; '))
      return rows.map((row) => `${host}: ${row}`).join('\n')
    }),
  )
  return parts.join('\n')
}
