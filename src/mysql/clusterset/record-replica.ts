import type { Step } from '../../host/step.js'
import { clustersetUser, recoveryUser } from '../account.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import { deleteInstance, insertCluster, insertInstance, transaction } from '../metadata/statements.js'
import type { Cluster, ClusterSet, Server } from '../topology.js'
import { optionAttributes } from '../channel-options.js'
import type { CreateReplicaCluster } from './create-replica.js'
import type { Start } from './start-replica.js'

/** The rows of a new replica cluster and of its first member, written at the primary cluster. */
export function recordCluster(
  wanted: CreateReplicaCluster,
  server: Server,
  source: Server,
  primaryCluster: Cluster | undefined,
  clusterset: ClusterSet,
  allowedHost: string,
  groupName: Start['groupName'],
  localAddress: string,
  login: MysqlLogin,
): Step {
  const { picture } = server
  const attributes = {
    adopted: 0,
    opt_replicationAllowedHost: allowedHost,
    capabilities: { communicationStack: { value: 'MYSQL', allow: [] } },
    opt_gtidSetIsComplete: primaryCluster?.row.attributes['opt_gtidSetIsComplete'] === true,
    opt_manualStartOnBoot: false,
    default: true,
    opt_transactionSizeLimit: primaryCluster?.row.attributes['opt_transactionSizeLimit'] ?? 150_000_000,
    opt_memberAuthType: primaryCluster?.authType ?? 'PASSWORD',
    opt_certIssuer: primaryCluster?.issuer ?? '',
    replicationAccountUser: clustersetUser(picture.serverId),
    replicationAccountHost: clusterset.allowedHost,
    ...optionAttributes(wanted.channel.set),
  }
  const instance = {
    server_id: picture.serverId,
    opt_certSubject: wanted.subject,
    recoveryAccountUser: recoveryUser(picture.serverId),
    recoveryAccountHost: allowedHost,
  }
  return {
    do: 'sql',
    host: source.host,
    login,
    note: `record cluster "${wanted.name}"`,
    statements: transaction([
      ...insertCluster({
        id: { generate: 'uuid', name: 'cluster' },
        name: wanted.name,
        groupName,
        attributes,
      }),
      deleteInstance(server),
      insertInstance(server, { name: wanted.name }, localAddress, instance),
    ]),
    undo: [
      {
        do: 'sql',
        host: source.host,
        login,
        statements: transaction([
          { text: `DELETE FROM ${METADATA}.instances WHERE mysql_server_uuid = ?`, values: [picture.uuid] },
          { text: `DELETE FROM ${METADATA}.clusters WHERE cluster_name = ?`, values: [wanted.name] },
        ]),
      },
    ],
  }
}
