import type { Plan } from '../../modules/module.js'
import type { Step } from '../../host/step.js'
import { clustersetGrants, clustersetUser } from '../account.js'
import { accountSteps, clustersetPassword } from '../bootstrap.js'
import type { MysqlLogin } from '../login.js'
import { NO_WISH } from '../channel-options.js'
import { METADATA } from '../metadata/schema.js'
import { isMultiPrimary } from '../members/members.js'
import { setAttribute, transaction } from '../metadata/statements.js'
import { initialRoutingOptions } from '../routing-options.js'
import { refuseName, refuseOptions, type Wish } from '../refusals.js'
import type { SslMode } from '../step.js'
import { attribute, clusterOfServer, type Server, type Topology } from '../topology.js'
import { keepChannels } from './keep-channels.js'
import { planPrimaryCluster } from './plan-primary-cluster.js'
import { metadataPredictions } from './predictions.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

export interface CreateClusterSet {
  readonly name: string
  readonly sslMode: SslMode
  readonly allowedHost: string
}

/** Makes the cluster of a server the primary cluster of a new ClusterSet. */
export function planCreateClusterSet(
  wanted: CreateClusterSet,
  server: Server,
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const badName = refuseName(wanted.name, 'ClusterSet')
  if (badName !== undefined) return refuse(badName)
  const cluster = clusterOfServer(topology, server)
  if (cluster === undefined)
    return refuse(`${server.host} is in no cluster: create the primary cluster first.`)
  const { clusterset } = topology
  if (clusterset !== undefined) {
    if (clusterset.domainName !== wanted.name)
      return refuse(`Cluster "${cluster.row.name}" belongs to ClusterSet "${clusterset.domainName}" already.`)
    if (clusterset.sslMode !== wanted.sslMode)
      return refuse(
        `ClusterSet "${wanted.name}" exists with clusterSetReplicationSslMode ${clusterset.sslMode}, which can't be changed later to ${wanted.sslMode}.`,
      )
    const home = topology.clusters.find(({ row }) => row.id === clusterset.primaryClusterId)
    return home === undefined ? { steps: [], diff: [] } : planPrimaryCluster(NO_WISH, home, topology, login)
  }
  const { primary } = cluster
  if (primary === undefined) return refuse(`Cluster "${cluster.row.name}" has no primary that is ONLINE.`)
  if (isMultiPrimary(primary.picture))
    return refuse(
      `Cluster "${cluster.row.name}" has several primaries; clusters of a ClusterSet have one: innodb_cluster with multi_primary: false.`,
    )
  const subject = attribute(
    cluster.instances.find((row) => row.uuid === primary.picture.uuid)?.attributes ?? {},
    'opt_certSubject',
  )
  const wish: Wish = { sslMode: wanted.sslMode, authType: cluster.authType, issuer: cluster.issuer, subject }
  const refusal = refuseOptions(wish, primary)
  if (refusal !== undefined)
    return refuse(refusal.replace('member_ssl_mode', 'cluster_set_replication_ssl_mode'))
  const user = clustersetUser(primary.picture.serverId)
  const steps: Step[] = cluster.online.flatMap((member) => keepChannels(member, login))
  steps.push(
    ...accountSteps(
      primary,
      login,
      user,
      wanted.allowedHost,
      { authType: wish.authType, issuer: wish.issuer, subject },
      clustersetPassword(primary),
      clustersetGrants(user, wanted.allowedHost),
      'make the ClusterSet account of the primary cluster',
    ),
  )
  const byId = { column: 'cluster_id', value: cluster.row.id }
  steps.push({
    do: 'sql',
    host: primary.host,
    login,
    note: `record ClusterSet "${wanted.name}"`,
    statements: transaction([
      setAttribute('clusters', byId, 'replicationAccountUser', user),
      setAttribute('clusters', byId, 'replicationAccountHost', wanted.allowedHost),
      {
        text: `CALL ${METADATA}.v2_cs_created(?, ?, '{}', @signet_clusterset)`,
        values: [wanted.name, cluster.row.id],
      },
      {
        text: `UPDATE ${METADATA}.clustersets SET attributes = CAST(? AS JSON), router_options = JSON_SET(CAST(? AS JSON), '$.read_only_targets',
          IFNULL((SELECT c.router_options->>'$.read_only_targets' FROM ${METADATA}.clusters c WHERE c.cluster_id = ?), 'secondaries'))
          WHERE clusterset_id = @signet_clusterset`,
        values: [
          JSON.stringify({
            opt_clusterSetReplicationSslMode: wanted.sslMode,
            opt_memberAuthType: cluster.authType,
            opt_certIssuer: cluster.issuer,
            opt_replicationAllowedHost: wanted.allowedHost,
          }),
          JSON.stringify(initialRoutingOptions('clusterset')),
          cluster.row.id,
        ],
      },
      {
        text: `UPDATE ${METADATA}.routers SET clusterset_id = @signet_clusterset, cluster_id = NULL WHERE cluster_id = ?`,
        values: [cluster.row.id],
      },
    ]),
  })
  const metadata =
    topology.metadata === undefined
      ? undefined
      : {
          ...topology.metadata,
          clustersets: [
            {
              id: 'new set',
              domainName: wanted.name,
              attributes: {
                opt_clusterSetReplicationSslMode: wanted.sslMode,
                opt_memberAuthType: cluster.authType,
                opt_certIssuer: cluster.issuer,
                opt_replicationAllowedHost: wanted.allowedHost,
              },
            },
          ],
          clustersetMembers: [
            {
              clustersetId: 'new set',
              viewId: '1',
              clusterId: cluster.row.id,
              masterClusterId: null,
              primary: true,
            },
          ],
        }
  return {
    steps,
    predicts: metadataPredictions(topology, metadata, login),
    diff: [
      {
        what: `ClusterSet ${wanted.name}`,
        before: '',
        after: `primary cluster ${cluster.row.name}, clusterSetReplicationSslMode ${wanted.sslMode}\n`,
      },
    ],
  }
}
