import type { InstancePicture, Metadata, ReplicationChannel } from '../../../src/mysql/instance.js'
import type { MysqlLogin } from '../../../src/mysql/login.js'
import type { Server } from '../../../src/mysql/topology.js'

export const LOGIN: MysqlLogin = { user: 'root', via: { kind: 'socket', path: '/mysqld.sock' } }

/** A uuid that ends with a number. */
export const uuid = (id: number): string => `00000000-0000-0000-0000-${String(id).padStart(12, '0')}`

/** Rows of clusters and of their members; the first cluster is the primary one of the ClusterSet, if there is one. */
export function record(
  clusters: Readonly<Record<string, readonly number[]>>,
  set?: { readonly view: string; readonly primary: string },
  attributes: Readonly<Record<string, unknown>> = {},
): Metadata {
  const names = Object.keys(clusters)
  return {
    version: '2.2.0',
    clusters: names.map((name) => ({
      id: name,
      name,
      type: 'gr',
      primaryMode: 'pm',
      attributes: { group_replication_group_name: `group-${name}`, ...attributes },
      clustersetId: set === undefined ? null : 'set',
    })),
    instances: Object.entries(clusters).flatMap(([clusterId, ids]) =>
      ids.map((id) => ({
        id,
        clusterId,
        address: `s${id}:3306`,
        uuid: uuid(id),
        name: `s${id}:3306`,
        addresses: {},
        attributes: { server_id: id, recoveryAccountUser: `mysql_innodb_cluster_${id}` },
      })),
    ),
    clustersets: set === undefined ? [] : [{ id: 'set', domainName: 'domain', attributes: {} }],
    clustersetMembers:
      set === undefined
        ? []
        : names.map((clusterId) => ({
            clustersetId: 'set',
            viewId: set.view,
            clusterId,
            masterClusterId: clusterId === set.primary ? null : set.primary,
            primary: clusterId === set.primary,
          })),
    replicasetViews: [],
    replicasetMembers: [],
  }
}

/** A server that is ready for Group Replication and in no group. */
export function alone(id: number, changes: Partial<InstancePicture> = {}): Server {
  return {
    host: `s${id}`,
    picture: {
      kind: 'up',
      version: '9.7.4',
      uuid: uuid(id),
      serverId: id,
      host: `s${id}`,
      port: 3306,
      persisted: {},
      tls: true,
      plugins: ['group_replication', 'clone'],
      members: [],
      memberActions: {},
      channels: [],
      channelDetails: {},
      managedSources: [],
      accounts: [],
      gtidExecuted: '',
      gtidPurged: '',
      secureThreads: [],
      ...changes,
      variables: { super_read_only: 'OFF', ...changes.variables },
    },
  }
}

/** A server that sees some members ONLINE in the group of a cluster, the first of them as primary. */
export function inGroup(
  id: number,
  cluster: string,
  seen: readonly number[],
  changes: Partial<InstancePicture> = {},
): Server {
  return alone(id, {
    members: seen.map((each) => ({
      uuid: uuid(each),
      host: `s${each}`,
      port: 3306,
      state: 'ONLINE',
      role: each === seen[0] ? 'PRIMARY' : 'SECONDARY',
    })),
    ...changes,
    variables: {
      group_replication_group_name: `group-${cluster}`,
      group_replication_ssl_mode: 'REQUIRED',
      group_replication_communication_stack: 'MYSQL',
      super_read_only: id === seen[0] ? 'OFF' : 'ON',
      ...changes.variables,
    },
  })
}

/** A channel to s1 that runs. */
export function channelTo1(name: string, changes: Partial<ReplicationChannel> = {}): ReplicationChannel {
  return {
    name,
    host: 's1',
    port: 3306,
    user: 'mysql_innodb_cs_3',
    ssl: true,
    sslCa: '',
    sslCert: '',
    sslKey: '',
    verifyServerCert: false,
    autoFailover: true,
    autoPosition: true,
    connectRetry: 3,
    retryCount: 10,
    heartbeatPeriod: 30,
    compressionAlgorithms: 'uncompressed',
    zstdCompressionLevel: 3,
    bind: '',
    networkNamespace: '',
    received: '',
    receiver: 'ON',
    applier: 'ON',
    error: '',
    errorNumber: 0,
    ...changes,
  }
}
