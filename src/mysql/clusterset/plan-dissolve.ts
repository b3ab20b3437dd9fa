import type { Plan } from '../../modules/module.js'
import type { Step } from '../../host/step.js'
import { clustersetUser, dropAccount } from '../account.js'
import type { MysqlLogin } from '../login.js'
import { predictPictures, withMetadata } from '../members/after.js'
import { METADATA } from '../metadata/schema.js'
import { transaction } from '../metadata/statements.js'
import type { Statement } from '../step.js'
import type { Cluster, Server, Topology } from '../topology.js'
import { isOpen, primaryLast } from './members.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Ends a ClusterSet whose last cluster is the primary one: that goes on as a cluster of its own, and takes writes throughout. */
export function planDissolveClusterSet(name: string, topology: Topology, login: MysqlLogin): Plan {
  const { clusterset, globalPrimary: primary } = topology
  if (clusterset?.domainName !== name) return { steps: [], diff: [] }
  const home = topology.clusters.find(({ row }) => row.id === clusterset.primaryClusterId)
  const others = topology.clusters.filter(
    ({ row }) => row !== home?.row && (row.clustersetId === clusterset.id || row.clustersetId === null),
  )
  if (others.length > 0)
    return refuse(
      `ClusterSet "${name}" still has ${others.map(({ row }) => `"${row.name}"`).join(', ')}: remove the replica clusters first (innodb_replica_cluster with state absent).`,
    )
  if (primary === undefined || home === undefined || !isOpen(home))
    return refuse(`The primary cluster of ClusterSet "${name}" takes no writes, so nothing can be recorded.`)
  return {
    steps: [...startStepsBack(home, topology, login), forget(clusterset.id, home, primary, login)],
    predicts: predictPictures(topology, login, (server) =>
      withMetadata(server, (metadata) => ({
        ...metadata,
        clustersets: [],
        clustersetMembers: [],
        clusters: metadata.clusters.map((row) => ({ ...row, clustersetId: null })),
      })),
    ),
    diff: [{ what: `ClusterSet ${name}`, before: `primary cluster ${home.row.name}\n`, after: '' }],
  }
}

/** Channels may start by themselves again. */
function startStepsBack(home: Cluster, topology: Topology, login: MysqlLogin): readonly Step[] {
  return primaryLast(home, topology)
    .filter(({ picture }) => picture.persisted['skip_replica_start'] !== undefined)
    .map(({ host }) => ({
      do: 'sql',
      host,
      login,
      note: `let channels of ${host} start by themselves again`,
      statements: [{ text: 'RESET PERSIST IF EXISTS skip_replica_start' }],
      undo: [{ do: 'sql', host, login, statements: [{ text: 'SET PERSIST_ONLY skip_replica_start = ON' }] }],
    }))
}

function forget(clustersetId: string, home: Cluster, primary: Server, login: MysqlLogin): Step {
  const users = new Set(
    home.instances.flatMap(({ attributes }) =>
      typeof attributes['server_id'] === 'number' ? [clustersetUser(attributes['server_id'])] : [],
    ),
  )
  const from = (table: string): Statement => ({
    text: `DELETE FROM ${METADATA}.${table} WHERE clusterset_id = ?`,
    values: [clustersetId],
  })
  return {
    do: 'sql',
    host: primary.host,
    login,
    note: 'forget the ClusterSet',
    // Accounts first: as long as it is recorded, the next run finds it and goes on.
    pointOfNoReturn: 'begin',
    statements: [
      ...primary.picture.accounts
        .filter(({ user }) => users.has(user))
        .map(({ user, host }) => dropAccount(user, host)),
      ...transaction([
        {
          text: `UPDATE ${METADATA}.routers SET cluster_id = ?, clusterset_id = NULL WHERE clusterset_id = ?`,
          values: [home.row.id, clustersetId],
        },
        {
          text: `UPDATE ${METADATA}.clusters SET clusterset_id = NULL, attributes = JSON_REMOVE(attributes, '$.replicationAccountUser', '$.replicationAccountHost') WHERE clusterset_id = ?`,
          values: [clustersetId],
        },
        from('clusterset_members'),
        from('clusterset_views'),
        from('clustersets'),
      ]),
    ],
  }
}
