import type { Prediction } from '../../modules/module.js'
import { hasPassword } from '../account.js'
import type { ChannelDetails } from '../channel-details.js'
import { defaultOptions, type ChannelOptions } from '../channel-options.js'
import type { InstancePicture, Metadata } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import { metadataVersion } from '../metadata/schema.js'
import type { Requirement } from '../step.js'
import { addressOf, recordedAddresses, type Server } from '../topology.js'
import { replicationUser } from './account.js'
import { wantedChannel, type Security } from './channel.js'
import { CHANNEL } from './replicaset.js'

/** Pictures of servers as they would be after a plan: check mode plans the next task on them. */

type Attributes = Readonly<Record<string, unknown>>
type Change = (picture: InstancePicture) => InstancePicture

/** A server and what changes on it. */
export type Foreseen = readonly [server: Server, ...changes: readonly Change[]]

/** The predictions for servers, each with the changes that it sees. */
export function predict(login: MysqlLogin, changes: readonly Foreseen[]): readonly Prediction[] {
  return changes.map(([server, ...list]) => ({
    host: server.host,
    question: { ask: 'mysql_instance', login },
    answer: list.reduce((picture, change) => change(picture), server.picture),
  }))
}

/** The picture of a server that predictions foresee. */
export function predictedPicture(
  predictions: readonly Prediction[],
  of: string,
): InstancePicture | undefined {
  return predictions
    .filter(({ host, question }) => host === of && question.ask === 'mysql_instance')
    .map(({ answer }) => answer)
    .find(isPicture)
}

const isPicture = (answer: Prediction['answer']): answer is InstancePicture =>
  typeof answer === 'object' && 'gtidExecuted' in answer

export const seesMetadata =
  (metadata: Metadata | undefined): Change =>
  (picture) => {
    if (metadata !== undefined) return { ...picture, metadata }
    const { metadata: gone, ...rest } = picture
    return gone === undefined ? picture : rest
  }

const readOnly = (picture: InstancePicture, value: 'ON' | 'OFF'): InstancePicture => ({
  ...picture,
  variables: { ...picture.variables, super_read_only: value, read_only: value },
  persisted: {
    ...picture.persisted,
    super_read_only: value,
    ...(value === 'OFF' ? { read_only: value } : {}),
  },
})

export const withoutChannel: Change = (picture) => ({
  ...picture,
  channels: picture.channels.filter(({ name }) => name !== CHANNEL),
})

export const asPrimary: Change = (picture) => readOnly(withoutChannel(picture), 'OFF')
export const asRemoved: Change = (picture) => readOnly(withoutChannel(picture), 'ON')

/** The state of a channel that was only just started. */
const NEW_CHANNEL = {
  received: '',
  receiver: 'ON',
  applier: 'ON',
  error: '',
  errorNumber: 0,
} as const

const NEW_DETAILS: ChannelDetails = {
  sourceUuid: '',
  sslCaPath: '',
  delay: 0,
  receiverThreadState: '',
  applierErrorNumber: 0,
  applierError: '',
  applierThreadState: '',
  coordinatorState: '',
  coordinatorError: undefined,
  workerThreadState: '',
  workerErrors: [],
  workersOff: 0,
  receiverErrorTimestamp: '',
  applierWorkers: 4,
  timeSinceLastMessage: '',
  lagFromOriginal: '',
  lagFromImmediate: '',
}

/** As a member that follows another, and has all its transactions. */
export function asReplica(of: Server, source: Server, security: Security, options: ChannelOptions): Change {
  return (picture) => ({
    ...readOnly(withoutChannel(picture), 'ON'),
    gtidExecuted: source.picture.gtidExecuted,
    channels: [
      ...withoutChannel(picture).channels,
      { ...NEW_CHANNEL, ...defaultOptions(picture), ...options, ...wantedChannel(of, source, security) },
    ],
    channelDetails: {
      ...picture.channelDetails,
      [CHANNEL]: { ...NEW_DETAILS, sourceUuid: source.picture.uuid },
    },
  })
}

export const withAccount =
  (of: Server, host: string, { authType, issuer, subject }: Requirement): Change =>
  (picture) => {
    const user = replicationUser(of.picture.serverId)
    const certificate = authType.startsWith('CERT')
    const account = {
      user,
      host,
      sslType: certificate ? 'SPECIFIED' : '',
      issuer: certificate ? issuer : '',
      subject: authType.includes('SUBJECT') ? subject : '',
      hasPassword: hasPassword(authType),
    }
    return { ...picture, accounts: [...picture.accounts.filter((one) => one.user !== user), account] }
  }

export const withoutAccounts =
  (users: readonly string[]): Change =>
  (picture) => ({ ...picture, accounts: picture.accounts.filter(({ user }) => !users.includes(user)) })

/** Metadata with a new ReplicaSet that has no members yet. */
export function metadataOf(
  id: string,
  name: string,
  attributes: Attributes,
  serverVersion: string,
): Metadata {
  return {
    version: metadataVersion(serverVersion),
    clusters: [{ id, name, type: 'ar', attributes, clustersetId: null }],
    instances: [],
    clustersets: [],
    clustersetMembers: [],
    replicasetViews: [{ clusterId: id, viewId: 1 }],
    replicasetMembers: [],
  }
}

const nextView = (metadata: Metadata, clusterId: string): Metadata['replicasetViews'] =>
  metadata.replicasetViews.map((view) =>
    view.clusterId === clusterId ? { ...view, viewId: view.viewId + 1 } : view,
  )

/** With one more member. @param source undefined: it is the primary */
export function withMember(
  metadata: Metadata,
  clusterId: string,
  server: Server,
  source: Server | undefined,
  attributes: Attributes,
  label?: string,
): Metadata {
  const known = metadata.instances.find((row) => row.uuid === server.picture.uuid)
  const id = known?.id ?? Math.max(0, ...metadata.instances.map((row) => row.id)) + 1
  const address = addressOf(server)
  const row = {
    id,
    clusterId,
    address,
    uuid: server.picture.uuid,
    name: label ?? known?.name ?? address,
    addresses: recordedAddresses(server),
    attributes: { ...known?.attributes, ...attributes },
  }
  return {
    ...metadata,
    instances: [...metadata.instances.filter((one) => one.id !== id), row],
    replicasetViews: nextView(metadata, clusterId),
    replicasetMembers: [
      ...metadata.replicasetMembers.filter(({ instanceId }) => instanceId !== id),
      {
        clusterId,
        instanceId: id,
        masterInstanceId: metadata.instances.find((one) => one.uuid === source?.picture.uuid)?.id ?? null,
        primary: source === undefined,
      },
    ],
  }
}

/** Without a member; `kept`: it stays recorded, but is invalidated. */
export function withoutMember(
  metadata: Metadata,
  clusterId: string,
  instanceId: number,
  kept: boolean,
): Metadata {
  return {
    ...metadata,
    instances: kept ? metadata.instances : metadata.instances.filter(({ id }) => id !== instanceId),
    replicasetViews: nextView(metadata, clusterId),
    replicasetMembers: metadata.replicasetMembers.filter((member) => member.instanceId !== instanceId),
  }
}

/** With another primary, whom all others follow. */
export function withPrimary(metadata: Metadata, clusterId: string, primaryId: number): Metadata {
  return {
    ...metadata,
    replicasetViews: nextView(metadata, clusterId),
    replicasetMembers: metadata.replicasetMembers.map((member) => ({
      ...member,
      primary: member.instanceId === primaryId,
      masterInstanceId: member.instanceId === primaryId ? null : primaryId,
    })),
  }
}

/** With a member that is another server, or one somewhere else. */
export function withMoved(metadata: Metadata, instanceId: number, server: Server): Metadata {
  const address = addressOf(server)
  return {
    ...metadata,
    instances: metadata.instances.map((row) =>
      row.id === instanceId
        ? {
            ...row,
            uuid: server.picture.uuid,
            address,
            name: row.name === row.address ? address : row.name,
            addresses: { ...row.addresses, mysqlClassic: address },
            attributes: { ...row.attributes, server_id: server.picture.serverId },
          }
        : row,
    ),
  }
}
