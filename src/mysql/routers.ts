import type { Value, ValueMap } from '../value/value.js'
import type { Json } from './instance.js'
import type { MysqlLogin } from './login.js'
import { METADATA } from './metadata/schema.js'
import type { MysqlRows, MysqlRowsQuestion } from './question.js'
import { atLeast } from './version.js'

/** A Router that is registered in the metadata. */
export interface Router {
  readonly id: number
  /** `address::name`, as AdminAPI calls it. */
  readonly label: string
  readonly address: string
  readonly version: string | null
  readonly lastCheckIn: string | null
  readonly clusterId: string | null
  readonly clustersetId: string | null
  readonly attributes: Json
  readonly options: Json
}

/** Routing options that hold for all Routers of a cluster, ReplicaSet or ClusterSet. */
export interface GlobalOptions {
  readonly kind: 'cluster' | 'clusterset' | 'replicaset'
  readonly id: string
  readonly name: string
  readonly options: Json
}

/** Asks for the Routers that are registered. @param version of the metadata */
export function routersQuestion(login: MysqlLogin, version: string): MysqlRowsQuestion {
  const stats = atLeast(version, '2.4.0')
  return {
    ask: 'mysql_rows',
    login,
    statement: `SELECT r.router_id, r.address, r.router_name, r.version, r.cluster_id, r.clusterset_id, r.attributes, r.options,
      CAST(${stats ? 'COALESCE(s.last_check_in, r.last_check_in)' : 'r.last_check_in'} AS CHAR) last_check_in
      FROM ${METADATA}.routers r ${stats ? `LEFT JOIN ${METADATA}.router_stats s ON s.router_id = r.router_id` : ''} ORDER BY r.router_id`,
  }
}

/** Asks for the options of all clusters, ReplicaSets and ClusterSets. */
export function globalOptionsQuestion(login: MysqlLogin): MysqlRowsQuestion {
  return {
    ask: 'mysql_rows',
    login,
    statement: `SELECT IF(cluster_type = 'gr', 'cluster', 'replicaset') kind, cluster_id id, cluster_name name, router_options options FROM ${METADATA}.clusters
      UNION ALL SELECT 'clusterset', clusterset_id, domain_name, router_options FROM ${METADATA}.clustersets ORDER BY name`,
  }
}

type Cell = string | number | null | undefined

/** JSON comes parsed or as text. */
function json(value: unknown): Json {
  if (typeof value === 'object' && value !== null) return value as Json
  return typeof value === 'string' && value !== '' ? (JSON.parse(value) as Json) : {}
}

const text = (value: Cell): string | null => (value === null || value === undefined ? null : String(value))

export function routersOf(answer: MysqlRows): readonly Router[] {
  if (answer.kind !== 'rows') return []
  return answer.rows.map((row) => ({
    id: Number(row['router_id']),
    label: `${row['address'] ?? ''}::${row['router_name'] ?? ''}`,
    address: text(row['address']) ?? '',
    version: text(row['version']),
    lastCheckIn: text(row['last_check_in']),
    clusterId: text(row['cluster_id']),
    clustersetId: text(row['clusterset_id']),
    attributes: json(row['attributes']),
    options: json(row['options']),
  }))
}

export function globalOptionsOf(answer: MysqlRows): readonly GlobalOptions[] {
  if (answer.kind !== 'rows') return []
  return answer.rows.map((row) => ({
    kind: row['kind'] === 'cluster' || row['kind'] === 'clusterset' ? row['kind'] : 'replicaset',
    id: String(row['id']),
    name: String(row['name']),
    options: json(row['options']),
  }))
}

/** Whether a Router works for that cluster, ReplicaSet or ClusterSet. */
export const belongs = (router: Router, of: GlobalOptions): boolean =>
  of.kind === 'clusterset' ? router.clustersetId === of.id : router.clusterId === of.id

const valueOf = (json: Json, key: string): Value => (json[key] ?? null) as Value

/**
 * What AdminAPI's listRouters() says of them, by label. @param nameOfGroup the name of the cluster with that group name
 */
export function routerList(
  routers: readonly Router[],
  of: GlobalOptions,
  nameOfGroup: (group: string) => string | undefined,
): ValueMap {
  return {
    [of.kind === 'clusterset' ? 'domainName' : of.kind === 'cluster' ? 'clusterName' : 'replicaSetName']:
      of.name,
    routers: Object.fromEntries(
      routers
        .filter((router) => belongs(router, of))
        .map((router): readonly [string, ValueMap] => {
          const { attributes, options } = router
          const target = options['target_cluster']
          const stale = of.kind === 'clusterset' && attributes['bootstrapTargetType'] !== 'clusterset'
          return [
            router.label,
            {
              currentRoutingGuideline: valueOf(attributes, 'CurrentRoutingGuideline'),
              hostname: router.address,
              lastCheckIn: router.lastCheckIn,
              localCluster: valueOf(attributes, 'LocalCluster'),
              roPort: valueOf(attributes, 'ROEndpoint'),
              roXPort: valueOf(attributes, 'ROXEndpoint'),
              rwPort: valueOf(attributes, 'RWEndpoint'),
              rwSplitPort: valueOf(attributes, 'RWSplitEndpoint'),
              rwXPort: valueOf(attributes, 'RWXEndpoint'),
              supportedRoutingGuidelinesVersion: valueOf(attributes, 'SupportedRoutingGuidelinesVersion'),
              version: router.version,
              ...(of.kind === 'clusterset'
                ? {
                    targetCluster:
                      typeof target !== 'string'
                        ? null
                        : target === 'primary'
                          ? target
                          : (nameOfGroup(target) ?? target),
                  }
                : {}),
              ...(stale
                ? {
                    routerErrors: [
                      'WARNING: this Router was bootstrapped before the ClusterSet was made; bootstrap it again.',
                    ],
                  }
                : {}),
            },
          ]
        }),
    ),
  }
}

/** What AdminAPI's routingOptions() says: the options for all Routers, and each Router's own. */
export function routingOptions(routers: readonly Router[], of: GlobalOptions): ValueMap {
  // What Routers themselves store beside the options.
  const chosen = (options: Json): ValueMap =>
    Object.fromEntries(
      Object.entries(options)
        .filter(([name]) => name !== 'Configuration')
        .map(([name, value]) => [name, (value ?? null) as Value]),
    )
  return {
    [of.kind === 'clusterset' ? 'domainName' : of.kind === 'cluster' ? 'clusterName' : 'name']: of.name,
    global: chosen(of.options),
    routers: Object.fromEntries(
      routers.filter((router) => belongs(router, of)).map(({ label, options }) => [label, chosen(options)]),
    ),
  }
}
