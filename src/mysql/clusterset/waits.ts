import type { Step } from '../../host/step.js'
import type { InstancePicture, MysqlInstance } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import type { Server } from '../topology.js'
import { CLUSTERSET_CHANNEL } from './members.js'

/** Waits until the metadata that a server has tells something. */
export function waitForMetadata(
  server: Server,
  login: MysqlLogin,
  until: (picture: InstancePicture) => boolean,
): Step {
  return {
    do: 'wait',
    host: server.host,
    question: { ask: 'mysql_instance', login },
    timeout: 120,
    interval: 0.05,
    until: (answer) => (answer as MysqlInstance).kind === 'up' && until(answer as InstancePicture),
    otherwise: `The metadata of the primary cluster did not reach ${server.host}; see channel ${CLUSTERSET_CHANNEL} there.`,
    note: `wait until ${server.host} has caught up`,
  }
}

/** Waits until an account that was made on the primary cluster's primary has reached a server. */
export function waitForAccount(server: Server, user: string, login: MysqlLogin): Step {
  return {
    do: 'wait',
    host: server.host,
    question: { ask: 'mysql_instance', login },
    timeout: 60,
    interval: 0.05,
    until: (answer) => hasAccount(answer as MysqlInstance, user),
    otherwise: `The account ${user} did not reach ${server.host}: does its channel ${CLUSTERSET_CHANNEL} run?`,
    note: `wait for the account on ${server.host}`,
  }
}

function hasAccount(picture: MysqlInstance, user: string): boolean {
  return picture.kind === 'up' && picture.accounts.some((account) => account.user === user)
}
