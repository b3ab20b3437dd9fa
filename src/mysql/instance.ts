import { readChannelDetails, type ChannelDetails } from './channel-details.js'
import { problemOf } from './connect.js'
import type { Query, Row } from './pool.js'
import { RECEIVED_CLONE, receivedClone, type ReceivedClone } from './received-clone.js'

/** A member of a group as a server sees it. */
export interface GroupMember {
  readonly uuid: string
  readonly host: string
  readonly port: number
  readonly state: string
  readonly role: string
  readonly version?: string
}

/** A replication channel: its configuration and its state. */
export interface ReplicationChannel {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly ssl: boolean
  readonly sslCa: string
  readonly sslCert: string
  readonly sslKey: string
  readonly verifyServerCert: boolean
  readonly autoFailover: boolean
  readonly autoPosition: boolean
  /** Seconds between two attempts to connect, and how many there are. */
  readonly connectRetry: number
  readonly retryCount: number
  /** Seconds. */
  readonly heartbeatPeriod: number
  readonly compressionAlgorithms: string
  readonly zstdCompressionLevel: number
  readonly bind: string
  readonly networkNamespace: string
  /** GTIDs of the transactions that were received whole. */
  readonly received: string
  readonly receiver: string
  readonly applier: string
  readonly error: string
  readonly errorNumber: number
}

/** A managed account and what it demands. */
export interface ManagedAccount {
  readonly user: string
  readonly host: string
  readonly sslType: string
  readonly issuer: string
  readonly subject: string
  readonly hasPassword: boolean
}

/** The rows of AdminAPI's metadata that plans need. JSON columns are parsed. */
export interface Metadata {
  readonly version: string
  readonly clusters: readonly {
    readonly id: string
    readonly name: string
    readonly type: string
    readonly attributes: Json
    readonly clustersetId: string | null
    /** `pm`: one primary, `mm`: several. */
    readonly primaryMode?: string
  }[]
  readonly instances: readonly {
    readonly id: number
    readonly clusterId: string
    readonly address: string
    readonly uuid: string
    readonly name: string
    readonly addresses: Json
    readonly attributes: Json
    /** `group-member`, `async-member` or `read-replica`; absent in metadata before 2.2.0. */
    readonly type?: string
  }[]
  readonly clustersets: readonly {
    readonly id: string
    readonly domainName: string
    readonly attributes: Json
  }[]
  /** Rows of the newest view of each ClusterSet. */
  readonly clustersetMembers: readonly {
    readonly clustersetId: string
    readonly viewId: string
    readonly clusterId: string
    readonly masterClusterId: string | null
    readonly primary: boolean
  }[]
  /** The newest view of each ReplicaSet: 0 members when it was only just created. */
  readonly replicasetViews: readonly { readonly clusterId: string; readonly viewId: number }[]
  /** Rows of the newest view of each ReplicaSet. A recorded instance without one was invalidated by a failover. */
  readonly replicasetMembers: readonly {
    readonly clusterId: string
    readonly instanceId: number
    readonly masterInstanceId: number | null
    readonly primary: boolean
  }[]
}

export type Json = Readonly<Record<string, unknown>>

/** A whole picture of one server. */
export interface InstancePicture {
  readonly kind: 'up'
  readonly version: string
  readonly uuid: string
  readonly serverId: number
  /** The address that other servers are given: report_host (or hostname) and report_port (or port). */
  readonly host: string
  readonly port: number
  /** All global variables. */
  readonly variables: Readonly<Record<string, string>>
  readonly persisted: Readonly<Record<string, string>>
  readonly tls: boolean
  readonly plugins: readonly string[]
  readonly members: readonly GroupMember[]
  /** Enabled member actions of AFTER_PRIMARY_ELECTION. */
  readonly memberActions: Readonly<Record<string, boolean>>
  readonly channels: readonly ReplicationChannel[]
  /** More about the channels, by name. */
  readonly channelDetails: Readonly<Record<string, ChannelDetails>>
  /** Managed sources of channels: channel and group name. */
  readonly managedSources: readonly { readonly channel: string; readonly group: string }[]
  readonly accounts: readonly ManagedAccount[]
  readonly gtidExecuted: string
  readonly gtidPurged: string
  /** Whether it was only just started, and tries to join its group by itself. */
  readonly startsGroup?: boolean
  readonly metadata?: Metadata
  readonly clone?: ReceivedClone
  /** TLS of the connections of replication as the server sees them: account, version, cipher. */
  readonly secureThreads: readonly {
    readonly user: string
    readonly version: string
    readonly cipher: string
  }[]
}

export type MysqlInstance =
  | InstancePicture
  | {
      readonly kind: 'refused' | 'down'
      readonly message: string
      /** A server is there: it took the connection, but is too busy, or hangs. */
      readonly runs?: true
    }

const text = (row: Row | undefined, key: string): string => String(row?.[key] ?? '')
const number = (row: Row | undefined, key: string): number => Number(row?.[key] ?? 0)
const json = (row: Row, key: string): Json => {
  const value: unknown = row[key]
  if (typeof value === 'object' && value !== null) return value as Json
  return typeof value === 'string' ? (JSON.parse(value) as Json) : {}
}

/** Reads the whole picture in one read-only transaction. */
export async function readInstance(query: Query): Promise<InstancePicture> {
  const pairs = (rows: readonly Row[]): Record<string, string> =>
    Object.fromEntries(rows.map((row) => [text(row, 'n'), text(row, 'v')]))
  // All that does not depend on each other in one go: a server may be far away.
  const [
    running,
    kept,
    tls,
    [gtids],
    plugins,
    members,
    tables,
    channels,
    channelDetails,
    managed,
    accounts,
    threads,
  ] = await Promise.all([
    query('SELECT VARIABLE_NAME n, VARIABLE_VALUE v FROM performance_schema.global_variables'),
    query('SELECT VARIABLE_NAME n, VARIABLE_VALUE v FROM performance_schema.persisted_variables'),
    query(
      "SELECT VALUE v FROM performance_schema.tls_channel_status WHERE CHANNEL='mysql_main' AND PROPERTY='Enabled'",
    ),
    // performance_schema cuts values off at 1024 characters, and a part of a set is another set.
    query(
      "SELECT @@global.gtid_executed executed, @@global.gtid_purged purged, EXISTS(SELECT 1 FROM performance_schema.threads WHERE NAME = 'thread/group_rpl/THD_delayed_initialization') starts",
    ),
    query(
      "SELECT PLUGIN_NAME n FROM information_schema.PLUGINS WHERE PLUGIN_STATUS='ACTIVE' AND PLUGIN_NAME IN ('group_replication','clone')",
    ),
    query(
      "SELECT MEMBER_ID id, MEMBER_HOST h, MEMBER_PORT p, MEMBER_STATE s, MEMBER_ROLE r, MEMBER_VERSION v FROM performance_schema.replication_group_members WHERE CHANNEL_NAME='group_replication_applier' AND MEMBER_ID<>'' ORDER BY MEMBER_ID",
    ),
    // Tables that exist only with the plugin, or once AdminAPI's metadata was made.
    query(
      "SELECT TABLE_NAME n FROM information_schema.TABLES WHERE (TABLE_SCHEMA='performance_schema' AND TABLE_NAME IN ('replication_group_member_actions','clone_status')) OR (TABLE_SCHEMA='mysql_innodb_cluster_metadata' AND TABLE_NAME='schema_version')",
    ),
    query(
      `SELECT c.CHANNEL_NAME n, c.HOST h, c.PORT p, c.USER u, c.SSL_ALLOWED ssl_allowed, c.SSL_CA_FILE ca, c.SSL_CERTIFICATE cert, c.SSL_KEY k,
           c.SSL_VERIFY_SERVER_CERTIFICATE verify, c.SOURCE_CONNECTION_AUTO_FAILOVER failover, c.AUTO_POSITION position,
           c.CONNECTION_RETRY_INTERVAL retry, c.CONNECTION_RETRY_COUNT tries, c.HEARTBEAT_INTERVAL heartbeat, c.COMPRESSION_ALGORITHM compression,
           c.ZSTD_COMPRESSION_LEVEL zstd, c.NETWORK_INTERFACE bind, c.NETWORK_NAMESPACE ns,
           s.SERVICE_STATE receiver, s.LAST_ERROR_MESSAGE error, s.LAST_ERROR_NUMBER errno, s.RECEIVED_TRANSACTION_SET received, a.SERVICE_STATE applier
         FROM performance_schema.replication_connection_configuration c
         LEFT JOIN performance_schema.replication_connection_status s USING (CHANNEL_NAME)
         LEFT JOIN performance_schema.replication_applier_status a USING (CHANNEL_NAME) ORDER BY 1`,
    ),
    readChannelDetails(query),
    query(
      'SELECT CHANNEL_NAME c, MANAGED_NAME g FROM performance_schema.replication_asynchronous_connection_failover_managed',
    ),
    query(
      `SELECT User u, Host h, ssl_type t, CONVERT(x509_issuer USING utf8mb4) i, CONVERT(x509_subject USING utf8mb4) s, LENGTH(authentication_string)>0 p
         FROM mysql.user WHERE User LIKE 'mysql\\_innodb\\_%' ORDER BY User, Host`,
    ),
    query(
      `SELECT t.PROCESSLIST_USER u, MAX(IF(s.VARIABLE_NAME='Ssl_version', s.VARIABLE_VALUE, '')) v, MAX(IF(s.VARIABLE_NAME='Ssl_cipher', s.VARIABLE_VALUE, '')) c
         FROM performance_schema.threads t JOIN performance_schema.status_by_thread s USING (THREAD_ID)
         WHERE t.PROCESSLIST_USER LIKE 'mysql\\_innodb\\_%' AND s.VARIABLE_NAME IN ('Ssl_version','Ssl_cipher') GROUP BY t.THREAD_ID, u`,
    ),
  ])
  const exists = (name: string): boolean => tables.some((row) => text(row, 'n') === name)
  const [actions, metadata, clones] = await Promise.all([
    exists('replication_group_member_actions')
      ? query(
          "SELECT name n, enabled e FROM performance_schema.replication_group_member_actions WHERE event='AFTER_PRIMARY_ELECTION'",
        )
      : [],
    exists('schema_version') ? readMetadata(query).catch(whileItIsMade) : undefined,
    exists('clone_status') ? query(RECEIVED_CLONE) : [],
  ])
  const clone = receivedClone(clones)
  const variables = pairs(running)
  return {
    kind: 'up',
    version: variables['version'] ?? '',
    uuid: variables['server_uuid'] ?? '',
    serverId: Number(variables['server_id'] ?? 0),
    host: variables['report_host'] || (variables['hostname'] ?? ''),
    port: Number(variables['report_port'] || variables['port']),
    variables,
    persisted: pairs(kept),
    tls: text(tls[0], 'v') === 'Yes',
    plugins: plugins.map((row) => text(row, 'n')),
    members: members.map((row) => ({
      uuid: text(row, 'id'),
      host: text(row, 'h'),
      port: number(row, 'p'),
      state: text(row, 's'),
      role: text(row, 'r'),
      version: text(row, 'v'),
    })),
    memberActions: Object.fromEntries(actions.map((row) => [text(row, 'n'), number(row, 'e') === 1])),
    channels: channels.map((row) => ({
      name: text(row, 'n'),
      host: text(row, 'h'),
      port: number(row, 'p'),
      user: text(row, 'u'),
      ssl: text(row, 'ssl_allowed') === 'YES',
      sslCa: text(row, 'ca'),
      sslCert: text(row, 'cert'),
      sslKey: text(row, 'k'),
      verifyServerCert: text(row, 'verify') === 'YES',
      autoFailover: number(row, 'failover') === 1,
      autoPosition: number(row, 'position') === 1,
      connectRetry: number(row, 'retry'),
      retryCount: number(row, 'tries'),
      heartbeatPeriod: number(row, 'heartbeat'),
      compressionAlgorithms: text(row, 'compression'),
      zstdCompressionLevel: number(row, 'zstd'),
      bind: text(row, 'bind'),
      networkNamespace: text(row, 'ns'),
      received: text(row, 'received').replaceAll('\n', ''),
      receiver: text(row, 'receiver') || 'OFF',
      applier: text(row, 'applier') || 'OFF',
      error: text(row, 'error'),
      errorNumber: number(row, 'errno'),
    })),
    channelDetails,
    managedSources: managed.map((row) => ({ channel: text(row, 'c'), group: text(row, 'g') })),
    accounts: accounts.map((row) => ({
      user: text(row, 'u'),
      host: text(row, 'h'),
      sslType: text(row, 't'),
      issuer: text(row, 'i'),
      subject: text(row, 's'),
      hasPassword: number(row, 'p') === 1,
    })),
    gtidExecuted: text(gtids, 'executed').replaceAll('\n', ''),
    gtidPurged: text(gtids, 'purged').replaceAll('\n', ''),
    startsGroup: number(gtids, 'starts') === 1,
    secureThreads: threads.map((row) => ({
      user: text(row, 'u'),
      version: text(row, 'v'),
      cipher: text(row, 'c'),
    })),
    ...(metadata === undefined ? {} : { metadata }),
    ...(clone === undefined ? {} : { clone }),
  }
}

/** A server that receives the schema by replication has only a part of it for a moment: as good as none. */
function whileItIsMade(error: unknown): undefined {
  // ER_BAD_DB_ERROR, ER_NO_SUCH_TABLE, ER_VIEW_INVALID
  if ([1049, 1146, 1356].includes(problemOf(error).errno ?? 0)) return undefined
  throw error
}

async function readMetadata(query: Query): Promise<Metadata> {
  const md = 'mysql_innodb_cluster_metadata'
  const [version, clusters, instances, clustersets, members, views, asyncMembers] = await Promise.all([
    query(`SELECT major, minor, patch FROM ${md}.schema_version`),
    query(
      `SELECT cluster_id, cluster_name, cluster_type, primary_mode, attributes, clusterset_id FROM ${md}.clusters ORDER BY cluster_name`,
    ),
    // The column instance_type came with 2.2.0.
    query(`SELECT * FROM ${md}.instances ORDER BY instance_id`),
    query(`SELECT clusterset_id, domain_name, attributes FROM ${md}.clustersets`),
    query(
      `SELECT m.clusterset_id, m.view_id, m.cluster_id, m.master_cluster_id, m.primary_cluster FROM ${md}.clusterset_members m
     WHERE m.view_id = (SELECT MAX(v.view_id) FROM ${md}.clusterset_views v WHERE v.clusterset_id = m.clusterset_id)`,
    ),
    query(`SELECT cluster_id, MAX(view_id) view_id FROM ${md}.async_cluster_views GROUP BY cluster_id`),
    query(
      `SELECT m.cluster_id, m.instance_id, m.master_instance_id, m.primary_master FROM ${md}.async_cluster_members m
     WHERE m.view_id = (SELECT MAX(v.view_id) FROM ${md}.async_cluster_views v WHERE v.cluster_id = m.cluster_id)`,
    ),
  ])
  const [first] = version
  return {
    version: `${text(first, 'major')}.${text(first, 'minor')}.${text(first, 'patch')}`,
    clusters: clusters.map((row) => ({
      id: text(row, 'cluster_id'),
      name: text(row, 'cluster_name'),
      type: text(row, 'cluster_type'),
      attributes: json(row, 'attributes'),
      primaryMode: text(row, 'primary_mode'),
      clustersetId: row['clusterset_id'] === null ? null : text(row, 'clusterset_id'),
    })),
    instances: instances.map((row) => ({
      id: number(row, 'instance_id'),
      clusterId: text(row, 'cluster_id'),
      address: text(row, 'address'),
      uuid: text(row, 'mysql_server_uuid'),
      name: text(row, 'instance_name'),
      addresses: json(row, 'addresses'),
      attributes: json(row, 'attributes'),
      ...(row['instance_type'] === undefined ? {} : { type: text(row, 'instance_type') }),
    })),
    clustersets: clustersets.map((row) => ({
      id: text(row, 'clusterset_id'),
      domainName: text(row, 'domain_name'),
      attributes: json(row, 'attributes'),
    })),
    clustersetMembers: members.map((row) => ({
      clustersetId: text(row, 'clusterset_id'),
      viewId: text(row, 'view_id'),
      clusterId: text(row, 'cluster_id'),
      masterClusterId: row['master_cluster_id'] === null ? null : text(row, 'master_cluster_id'),
      primary: number(row, 'primary_cluster') === 1,
    })),
    replicasetViews: views.map((row) => ({
      clusterId: text(row, 'cluster_id'),
      viewId: number(row, 'view_id'),
    })),
    replicasetMembers: asyncMembers.map((row) => ({
      clusterId: text(row, 'cluster_id'),
      instanceId: number(row, 'instance_id'),
      masterInstanceId: row['master_instance_id'] === null ? null : number(row, 'master_instance_id'),
      primary: number(row, 'primary_master') === 1,
    })),
  }
}
