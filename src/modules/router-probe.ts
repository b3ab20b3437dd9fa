import type { HostReader } from '../host/host.js'
import type { MysqlLogin } from '../mysql/login.js'
import { METADATA } from '../mysql/metadata/schema.js'
import {
  globalOptionsOf,
  globalOptionsQuestion,
  routerList,
  routersOf,
  routersQuestion,
  type GlobalOptions,
  type Router,
} from '../mysql/routers.js'
import { atLeast } from '../mysql/version.js'
import type { ValueMap } from '../value/value.js'
import { viewWritable, type WritableView } from './writable-probe.js'

/** The Routers and their options as the metadata has them, read where it is written. */
export interface RouterView extends WritableView {
  readonly routers: readonly Router[]
  readonly globals: readonly GlobalOptions[]
  /** Ids of routing guidelines by name. */
  readonly guidelines: ReadonlyMap<string, string>
}

/** @throws SignetError mysql-unreachable when none of the servers answers */
export async function viewRouters(
  host: HostReader,
  names: readonly string[],
  login: MysqlLogin,
): Promise<RouterView> {
  const view = await viewWritable(host, names, login)
  const version = view.metadataVersion
  if (version === undefined) return { ...view, routers: [], globals: [], guidelines: new Map() }
  const at = (view.at ?? view.any).host
  const source = at === host.host ? host : host.peer(at)
  const [routers, globals, guidelines] = await Promise.all([
    source.ask(routersQuestion(login, version)),
    source.ask(globalOptionsQuestion(login)),
    !atLeast(version, '2.3.0')
      ? { kind: 'rows' as const, rows: [] }
      : source.ask({
          ask: 'mysql_rows',
          login,
          statement: `SELECT name n, guideline_id i FROM ${METADATA}.routing_guidelines`,
        }),
  ])
  return {
    ...view,
    routers: routersOf(routers),
    globals: globalOptionsOf(globals),
    guidelines: new Map(
      (guidelines.kind === 'rows' ? guidelines.rows : []).map((row) => [String(row['n']), String(row['i'])]),
    ),
  }
}

/** AdminAPI's listRouters() of every cluster, ReplicaSet and ClusterSet, by its name. */
export function routersByName(view: RouterView): ValueMap {
  const nameOf = (group: string): string | undefined =>
    view.topology.clusters.find(({ groupName }) => groupName === group)?.row.name
  return Object.fromEntries(view.globals.map((of) => [of.name, routerList(view.routers, of, nameOf)]))
}

/** What Routers of these servers work for: the ClusterSet, else the cluster or ReplicaSet (of that name). */
export function routedTopology(view: RouterView, name: string | undefined): GlobalOptions | undefined {
  const set = view.globals.find(
    (each) =>
      each.kind === 'clusterset' && (name === undefined || each.name.toLowerCase() === name.toLowerCase()),
  )
  if (set !== undefined) return set
  if (name !== undefined) return view.globals.find((each) => each.name.toLowerCase() === name.toLowerCase())
  return view.globals.length === 1 ? view.globals[0] : undefined
}
