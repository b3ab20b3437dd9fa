import type { Hosts } from '../../src/host/hosts.js'
import { diskState, runLines } from './contract-host.js'
import { quote } from './servers.js'

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
