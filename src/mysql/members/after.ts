import type { Prediction } from '../../host/plan.js'
import type { InstancePicture, Metadata } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import { isOnline, type Server, type Topology } from '../topology.js'

/** Pictures as they will be: check mode plans the next tasks on them. */

/** Predicts a new picture of each server that a change applies to. */
export function predictPictures(
  topology: Topology,
  login: MysqlLogin,
  change: (server: Server) => InstancePicture,
): readonly Prediction[] {
  return topology.servers.flatMap((server) => {
    const answer = change(server)
    return answer === server.picture
      ? []
      : [{ host: server.host, question: { ask: 'mysql_instance', login }, answer }]
  })
}

/** With other rows of metadata, where a server has any and takes part in replication. */
export function withMetadata(server: Server, change: (metadata: Metadata) => Metadata): InstancePicture {
  const { picture } = server
  return picture.metadata === undefined || !isOnline(server)
    ? picture
    : { ...picture, metadata: change(picture.metadata) }
}

/** With variables set and persisted. */
export function withVariables(
  picture: InstancePicture,
  values: Readonly<Record<string, string | number>>,
): InstancePicture {
  const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]))
  return {
    ...picture,
    variables: { ...picture.variables, ...texts },
    persisted: { ...picture.persisted, ...texts },
  }
}

/** With members of the group in other states or roles; those for which `change` gives undefined have left it. */
export function withMembers(
  picture: InstancePicture,
  change: (member: InstancePicture['members'][number]) => InstancePicture['members'][number] | undefined,
): InstancePicture {
  return { ...picture, members: picture.members.flatMap((member) => change(member) ?? []) }
}

/** Out of every group. */
export function offline(picture: InstancePicture): InstancePicture {
  const { uuid, host, port } = picture
  return {
    ...picture,
    members: [{ uuid, host, port, state: 'OFFLINE', role: '' }],
    variables: { ...picture.variables, super_read_only: 'ON' },
  }
}

/** With attributes of some rows of instances changed. */
export function withInstances(
  metadata: Metadata,
  change: (row: Metadata['instances'][number]) => Metadata['instances'][number] | undefined,
): Metadata {
  return { ...metadata, instances: metadata.instances.flatMap((row) => change(row) ?? []) }
}

/** With the row of a cluster changed. */
export function withClusterRow(
  metadata: Metadata,
  id: string,
  change: (row: Metadata['clusters'][number]) => Metadata['clusters'][number],
): Metadata {
  return { ...metadata, clusters: metadata.clusters.map((row) => (row.id === id ? change(row) : row)) }
}
