import { SignetError } from '../errors.js'
import type { HostReader } from '../host/host.js'
import type { MysqlLogin } from '../mysql/login.js'
import { replicasetsOf, type ReplicaSet } from '../mysql/replicaset/replicaset.js'
import { topologyOf, type Server, type Topology } from '../mysql/topology.js'
import { writableServer } from '../mysql/writable-server.js'
import { orSilent } from './cluster-probe.js'

/** Servers that were named, what they form together, and where it is written. */
export interface WritableView {
  readonly topology: Topology
  readonly sets: readonly ReplicaSet[]
  /** Version of the metadata; undefined: there is none. */
  readonly metadataVersion: string | undefined
  /** The server that takes writes; undefined: none does. */
  readonly at: Server | undefined
  /** A server that answers, to be asked when none takes writes. */
  readonly any: Server
  /** Servers that do not answer, with the reason. */
  readonly silent: readonly string[]
}

/**
 * Reads the servers that are named, not the task's host: a Router's host need not have a server, and it does not
 * matter which of the servers are down as long as the one that takes writes is found.
 * @throws SignetError mysql-unreachable when none of them answers
 */
export async function viewWritable(
  host: HostReader,
  names: readonly string[],
  login: MysqlLogin,
): Promise<WritableView> {
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
  const [any] = servers
  if (any === undefined)
    throw new SignetError('mysql-unreachable', `None of the servers answers: ${silent.join('; ')}.`, {
      host: host.host,
      hint: 'members names the hosts of the inventory that have the servers of the cluster.',
    })
  const topology = topologyOf(servers)
  const sets = replicasetsOf(servers)
  return {
    topology,
    sets,
    metadataVersion: topology.metadata?.version ?? sets[0]?.metadata.version,
    at: writableServer(topology, sets, any),
    any,
    silent,
  }
}
