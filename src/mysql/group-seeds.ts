import type { Step } from '../host/step.js'
import { autoIncrement, persist, restore } from './group-variables.js'
import type { MysqlLogin } from './login.js'
import { seedsFor } from './members/members.js'
import { addressOf, type Cluster, type Server } from './topology.js'

/** Every other member learns the joiner's address. */
export function seedSteps(
  cluster: Cluster,
  joiner: Server,
  localAddress: string,
  login: MysqlLogin,
): readonly Step[] {
  const multiPrimary = cluster.primary?.picture.variables['group_replication_single_primary_mode'] === 'OFF'
  const size = cluster.instances.length + 1
  const { uuid } = joiner.picture
  const members = [
    ...cluster.instances.filter((row) => row.uuid !== uuid),
    { uuid, address: addressOf(joiner), addresses: { grLocal: localAddress } },
  ]
  return cluster.online
    .filter((server) => server.picture.uuid !== uuid)
    .map((server) => {
      // With more members than that, their numbers have to be further apart.
      const numbers = multiPrimary && size > 7 ? autoIncrement(true, size, server.picture.serverId) : []
      return {
        do: 'sql',
        host: server.host,
        login,
        statements: [
          {
            text: 'SET PERSIST group_replication_group_seeds = ?',
            values: [seedsFor(server.picture.uuid, members)],
          },
          ...persist(numbers),
        ],
        undo: [
          {
            do: 'sql',
            host: server.host,
            login,
            statements: restore([['group_replication_group_seeds', ''], ...numbers], server.picture),
          },
        ],
        note: `tell ${server.host} of ${joiner.host}`,
      } as const
    })
}
