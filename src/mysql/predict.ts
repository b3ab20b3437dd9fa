import type { InstancePicture, Metadata } from './instance.js'
import { recoveryUser } from './account.js'
import { addressOf, isOnline, recordedAddresses, type Server } from './topology.js'

/** Pictures of servers as they would be after a plan: check mode plans the next task on them. */

const member = (server: Server, role: string) => ({
  uuid: server.picture.uuid,
  host: server.picture.host,
  port: server.picture.port,
  state: 'ONLINE',
  role,
})

/** After a group was started on a server. */
export function withGroup(
  picture: InstancePicture,
  server: Server,
  groupName: string,
  sslMode: string,
  stack: 'MYSQL' | 'XCOM' = 'MYSQL',
): InstancePicture {
  return {
    ...picture,
    members: [member(server, 'PRIMARY')],
    plugins: ['group_replication', 'clone'],
    variables: {
      ...picture.variables,
      group_replication_group_name: groupName,
      group_replication_ssl_mode: sslMode,
      group_replication_communication_stack: stack,
      super_read_only: 'OFF',
      group_replication_transaction_size_limit: '150000000',
    },
    accounts: [
      ...picture.accounts,
      {
        user: recoveryUser(server.picture.serverId),
        host: '%',
        sslType: '',
        issuer: '',
        subject: '',
        hasPassword: true,
      },
    ],
  }
}

/** After a server joined the group of another. */
export function withMember(picture: InstancePicture, joiner: Server): InstancePicture {
  return {
    ...picture,
    members: [
      ...picture.members.filter((one) => one.uuid !== joiner.picture.uuid),
      member(joiner, 'SECONDARY'),
    ],
  }
}

export function joined(joiner: Server, primary: Server): InstancePicture {
  const { variables } = primary.picture
  const copied = Object.fromEntries(
    Object.entries(variables).filter(
      ([name]) =>
        name.startsWith('group_replication_group_name') ||
        name.startsWith('group_replication_ssl_mode') ||
        name.startsWith('group_replication_communication'),
    ),
  )
  return {
    ...joiner.picture,
    members: [
      ...primary.picture.members.filter((one) => one.uuid !== joiner.picture.uuid),
      member(joiner, 'SECONDARY'),
    ],
    variables: { ...joiner.picture.variables, ...copied, super_read_only: 'ON' },
    ...(primary.picture.metadata === undefined ? {} : { metadata: primary.picture.metadata }),
  }
}

export const NO_METADATA: Metadata = {
  version: '2.2.0',
  clusters: [],
  instances: [],
  clustersets: [],
  clustersetMembers: [],
  replicasetViews: [],
  replicasetMembers: [],
}

/** With the rows of a new cluster whose only member is a server. */
export function withCluster(
  metadata: Metadata,
  cluster: {
    readonly id: string
    readonly name: string
    readonly primaryMode: 'pm' | 'mm'
    readonly attributes: Readonly<Record<string, unknown>>
  },
  seed: Server,
  instance: Readonly<Record<string, unknown>>,
): Metadata {
  return withInstance(
    {
      ...metadata,
      clusters: [
        ...metadata.clusters,
        {
          id: cluster.id,
          name: cluster.name,
          type: 'gr',
          primaryMode: cluster.primaryMode,
          attributes: cluster.attributes,
          clustersetId: null,
        },
      ],
    },
    cluster.id,
    seed,
    instance,
  )
}

export function withInstance(
  metadata: Metadata,
  clusterId: string,
  server: Server,
  attributes: Readonly<Record<string, unknown>> = {},
): Metadata {
  const row = {
    id: metadata.instances.length + 1,
    clusterId,
    address: addressOf(server),
    uuid: server.picture.uuid,
    name: addressOf(server),
    addresses: recordedAddresses(server, addressOf(server)),
    attributes,
  }
  return {
    ...metadata,
    instances: [...metadata.instances.filter((one) => one.uuid !== server.picture.uuid), row],
  }
}

/** Every server of a topology that would see new metadata: the members that are ONLINE. */
export function seeing(servers: readonly Server[]): readonly Server[] {
  return servers.filter(isOnline)
}
