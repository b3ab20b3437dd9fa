import { orSilent } from './cluster-probe.js'
import { SignetError } from '../errors.js'
import type { HostReader } from '../host/host.js'
import type { MysqlLogin } from '../mysql/login.js'
import { METADATA } from '../mysql/metadata/schema.js'
import {
  globalOptionsOf,
  globalOptionsQuestion,
  routersOf,
  routersQuestion,
  type GlobalOptions,
  type Router,
} from '../mysql/routers.js'
import { topologyOf, type Server, type Topology } from '../mysql/topology.js'
import { writableServer } from '../mysql/writable-server.js'

/** The Routers and their options as the metadata has them, read where it is written. */
export interface RouterView {
  readonly topology: Topology
  /** The server that takes writes; undefined: none does. */
  readonly at: Server | undefined
  readonly routers: readonly Router[]
  readonly globals: readonly GlobalOptions[]
  /** Ids of routing guidelines by name. */
  readonly guidelines: ReadonlyMap<string, string>
  readonly silent: readonly string[]
}

/** Reads the servers that are named, not the task's host: a Router's host need not have a server. */
export async function viewRouters(
  host: HostReader,
  names: readonly string[],
  login: MysqlLogin,
): Promise<RouterView> {
  const readers = [...new Set(names)].map((name) => (name === host.host ? host : host.peer(name)))
  const pictures = await Promise.all(
    readers.map((reader) => orSilent(host, reader, reader.ask({ ask: 'mysql_instance', login }))),
  )
  const servers = pictures.flatMap((picture, index): readonly Server[] =>
    picture.kind === 'up' ? [{ host: readers[index]?.host ?? '', picture }] : [],
  )
  const silent = pictures.flatMap((picture, index) =>
    picture.kind === 'up' ? [] : [`${readers[index]?.host ?? ''}: ${picture.message}`],
  )
  const topology = topologyOf(servers)
  const [first] = servers
  if (first === undefined)
    throw new SignetError('mysql-unreachable', `None of the servers answers: ${silent.join('; ')}.`, {
      host: host.host,
      hint: 'members names the hosts of the inventory that have the servers of the cluster.',
    })
  const at = writableServer(topology, first)
  const version = topology.metadata?.version
  const source = readers.find((reader) => reader.host === (at ?? first).host)
  if (version === undefined || source === undefined)
    return { topology, at, routers: [], globals: [], guidelines: new Map(), silent }
  const [routers, globals, guidelines] = await Promise.all([
    source.ask(routersQuestion(login, version)),
    source.ask(globalOptionsQuestion(login)),
    version < '2.3.0'
      ? { kind: 'rows' as const, rows: [] }
      : source.ask({
          ask: 'mysql_rows',
          login,
          statement: `SELECT name n, guideline_id i FROM ${METADATA}.routing_guidelines`,
        }),
  ])
  return {
    topology,
    at,
    routers: routersOf(routers),
    globals: globalOptionsOf(globals),
    guidelines: new Map(
      (guidelines.kind === 'rows' ? guidelines.rows : []).map((row) => [String(row['n']), String(row['i'])]),
    ),
    silent,
  }
}

/** What Routers of these servers work for: the ClusterSet, else the cluster or ReplicaSet (of that name). */
export function routedTopology(view: RouterView, name: string | undefined): GlobalOptions | undefined {
  if (name !== undefined) return view.globals.find((each) => each.name.toLowerCase() === name.toLowerCase())
  return (
    view.globals.find(({ kind }) => kind === 'clusterset') ??
    (view.globals.length === 1 ? view.globals[0] : undefined)
  )
}
