import type { Step } from '../host/step.js'
import type { MysqlInstance } from './instance.js'
import type { MysqlLogin } from './login.js'
import { waitForCloneUnderWay } from './received-clone.js'
import { ownState, type Server } from './topology.js'

/** Seconds that the recovery of a member may take. */
const RECOVERY = 86_400

/**
 * What goes on by itself on a server that is to become a member, because a run that began it is gone: a clone, or its
 * recovery in a group. It is waited for before anything is done to the server.
 */
export function waitsFor(server: Server, login: MysqlLogin): readonly Step[] {
  const clone = waitForCloneUnderWay(server, login)
  return clone.length > 0 ? clone : waitForRecovery(server, login)
}

/** Group Replication recovers by binary logs or by a clone of its own, after which the server restarts and begins anew. */
function waitForRecovery(server: Server, login: MysqlLogin): readonly Step[] {
  const { host, picture } = server
  if (isSettled(host, picture)) return []
  return [
    {
      do: 'wait',
      host,
      question: { ask: 'mysql_instance', login },
      timeout: RECOVERY,
      silence: 900,
      interval: 0.5,
      byThemselves: true,
      until: (answer) => isSettled(host, answer as MysqlInstance),
      otherwise: `${host} does not come to an end with joining its group: see its error log (performance_schema.error_log, subsystem Repl).`,
      note: `wait until ${host}, which joins its group by itself, is in it or has given up`,
    },
  ]
}

/** Nothing of a group goes on, its end be good or bad; or nobody can look. */
function isSettled(host: string, picture: MysqlInstance): boolean {
  if (picture.kind !== 'up') return picture.kind === 'refused'
  return ownState({ host, picture }).state !== 'RECOVERING' && picture.startsGroup !== true
}
