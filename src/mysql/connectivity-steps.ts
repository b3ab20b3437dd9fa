import type { Step } from '../host/step.js'
import { tidyUp } from './connectivity.js'
import type { MysqlLogin } from './login.js'
import type { CheckConnectivity, Presented, Requirement, SslMode } from './step.js'
import type { Server } from './topology.js'

/** A side of a connectivity check: the server, what its accounts demand of it, and the certificate that it presents. */
export interface Side {
  readonly server: Server
  readonly requirement: Requirement
  readonly presented: Presented | undefined
}

/** Lets `from` log in to `to`, as it will have to. */
export function checkOneWay(from: Side, to: Side, sslMode: SslMode, login: MysqlLogin): Step {
  const check: CheckConnectivity = {
    do: 'check_connectivity',
    login,
    to: to.server.host,
    address: to.server.picture.host,
    port: to.server.picture.port,
    sslMode,
    requirement: from.requirement,
    ...(from.presented === undefined ? {} : { fromCertificate: from.presented }),
    ...(to.presented === undefined ? {} : { toCertificate: to.presented }),
  }
  const { host } = from.server
  return {
    ...check,
    host,
    undo: tidyUp(check, host, to.server.picture.variables['super_read_only'] === 'ON'),
    note: `check that ${from.server.host} can log in to ${to.server.host}`,
  }
}

/** Both ways. */
export function checkBothWays(a: Side, b: Side, sslMode: SslMode, login: MysqlLogin): readonly Step[] {
  return [checkOneWay(a, b, sslMode, login), checkOneWay(b, a, sslMode, login)]
}
