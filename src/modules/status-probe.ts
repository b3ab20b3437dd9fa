import { setTimeout } from 'node:timers/promises'
import { SignetError } from '../errors.js'
import type { HostReader } from '../host/host.js'
import type { MysqlInstance } from '../mysql/instance.js'
import type { MysqlLogin } from '../mysql/login.js'
import { topologyOf, type Server, type Topology } from '../mysql/topology.js'
import type { Silence } from '../mysql/views/silence.js'

/** Seconds after which a server that says nothing is as good as down: it may be stopped, or its disk may hang. */
const PATIENCE = 30

/** Failures of one host that must not keep the others from being shown. */
const OF_ONE_HOST: readonly string[] = [
  'unreachable',
  'connection-lost',
  'login-refused',
  'unknown-host-key',
  'changed-host-key',
  'become-failed',
  'mysql-unreachable',
  'mysql-failed',
]

/** What servers form together, for somebody who looks. */
export interface StatusView {
  readonly topology: Topology
  /** Servers that could not be read, with the reason. */
  readonly silent: readonly string[]
  /** The same, by inventory name. */
  readonly reasons: Silence
}

/**
 * Reads one picture of each server. One that is away, refuses, hangs or can not be understood is left out and named:
 * the others are shown all the same. @throws SignetError of the first host when none of them can be read
 */
export async function viewStatus(
  host: HostReader,
  names: readonly string[],
  login: MysqlLogin,
): Promise<StatusView> {
  const failures: SignetError[] = []
  const answers = await Promise.all(
    [...new Set(names)].map(async (name) => {
      const reader = name === host.host ? host : host.peer(name)
      try {
        const answer = await inTime(reader.ask({ ask: 'mysql_instance', login }))
        return { name, answer: answer ?? HANGS }
      } catch (error) {
        if (!isOfOneHost(error)) throw error
        failures.push(error)
        return { name, answer: { kind: 'down', message: error.message } as const }
      }
    }),
  )
  const servers = answers.flatMap(({ name, answer }): readonly Server[] =>
    answer.kind === 'up' ? [{ host: name, picture: answer }] : [],
  )
  const reasons = new Map(
    answers.flatMap(({ name, answer }) => (answer.kind === 'up' ? [] : [[name, answer.message] as const])),
  )
  const silent = [...reasons].map(([name, reason]) => `${name}: ${reason}`)
  if (servers.length === 0)
    throw (
      failures[0] ??
      new SignetError('mysql-unreachable', `None of the servers answers: ${silent.join('; ')}.`, {
        host: host.host,
      })
    )
  return { topology: topologyOf(servers), silent, reasons }
}

const HANGS: MysqlInstance = { kind: 'down', message: `its server says nothing for ${PATIENCE} s` }

/** An answer, or undefined when it does not come in time. */
export async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  const stop = new AbortController()
  try {
    return await Promise.race([
      answer,
      setTimeout(PATIENCE * 1000, undefined, { signal: stop.signal }).catch(() => undefined),
    ])
  } finally {
    stop.abort()
  }
}

/** Whether an error is about one host only, and not about the run. */
export const isOfOneHost = (error: unknown): error is SignetError =>
  error instanceof SignetError && OF_ONE_HOST.includes(error.code)
