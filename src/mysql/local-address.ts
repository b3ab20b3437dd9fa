import type { Server } from './topology.js'
import { addressOf } from './topology.js'

/** How members of a group talk to each other: through MySQL's own port, or a port of the group's own. */
export type Stack = 'MYSQL' | 'XCOM'

/** AdminAPI's default: the server's own address, or for XCOM its port times ten plus one. */
export function localAddressOf(server: Server, stack: Stack): string {
  const address = addressOf(server)
  if (stack === 'MYSQL') return address
  return `${address.slice(0, address.lastIndexOf(':'))}:${server.picture.port * 10 + 1}`
}

/** Why an address can't be a member's. */
export function refuseLocalAddress(address: string, server: Server, stack: Stack): string | undefined {
  const port = Number(/^(?:\[[0-9A-Fa-f:.]+\]|[^:[\]]+):(\d+)$/.exec(address)?.[1])
  if (Number.isNaN(port))
    return `local_address "${address}" is no address: write HOST:PORT, with brackets around an IPv6 address.`
  if (port < 1 || port > 65_535)
    return `The port of the group's address "${address}" is out of range${port > 65_535 ? `: the default for XCOM is ten times the server's port ${server.picture.port} plus one, so give local_address yourself` : ''}.`
  if (stack === 'MYSQL' && port !== server.picture.port)
    return `local_address "${address}" must have the port of the server, ${server.picture.port}: with communication_stack MYSQL members talk through it.`
  if (stack === 'XCOM' && port === server.picture.port)
    return `local_address "${address}" has the port of the server itself; with communication_stack XCOM the group needs a port of its own.`
  return undefined
}
