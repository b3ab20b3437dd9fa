import { needsCertificate } from '../account.js'
import type { ChannelDetails } from '../channel-details.js'
import { recordedOptions, type ChannelOptions } from '../channel-options.js'
import { gtidText, minus, parseGtidSet, type GtidSet } from '../gtid-set.js'
import type { Metadata, ReplicationChannel } from '../instance.js'
import type { AuthType, Requirement, SslMode } from '../step.js'
import { attribute, type ClusterRow, type InstanceRow, type Server } from '../topology.js'

/** The replication channel of a ReplicaSet's members: the default one, without a name. */
export const CHANNEL = ''

export type MemberRole = 'PRIMARY' | 'SECONDARY' | 'INVALIDATED'

/** A recorded member, and its server if that was among those that were read. */
export interface Member {
  readonly row: InstanceRow
  readonly role: MemberRole
  readonly server: Server | undefined
}

/** A ReplicaSet as the newest metadata describes it. */
export interface ReplicaSet {
  readonly row: ClusterRow
  readonly name: string
  /** The metadata that counts: the one with the newest view. */
  readonly metadata: Metadata
  readonly viewId: number
  readonly sslMode: SslMode
  readonly authType: AuthType
  readonly issuer: string
  /** Host part of the accounts. */
  readonly allowedHost: string
  readonly members: readonly Member[]
  /** The member that metadata calls primary. */
  readonly primary: Member | undefined
}

/** The ReplicaSets that servers know of. Where servers differ, the newest view counts: a failover makes a big step. Pure. */
export function replicasetsOf(servers: readonly Server[]): readonly ReplicaSet[] {
  const newest = new Map<string, ReplicaSet>()
  for (const server of servers) {
    const { metadata } = server.picture
    for (const row of metadata?.clusters.filter(({ type }) => type === 'ar') ?? []) {
      if (metadata === undefined) continue
      const found = replicasetOf(row, metadata, servers)
      const known = newest.get(row.id)
      const better =
        known === undefined ||
        found.viewId > known.viewId ||
        (found.viewId === known.viewId && found.primary?.server?.host === server.host)
      if (better) newest.set(row.id, found)
    }
  }
  return [...newest.values()].filter(isAlive)
}

/** A server that was away when its ReplicaSet was dissolved remembers it; the primary that it names knows better. */
function isAlive({ row, primary }: ReplicaSet): boolean {
  const { server } = primary ?? {}
  return server === undefined || recordsReplicaset(server, row.id)
}

const recordsReplicaset = ({ picture }: Server, id: string): boolean =>
  picture.metadata?.clusters.some((row) => row.id === id) === true

/** Servers that remember a ReplicaSet of a name which is no more. */
export function leftBehindBy(name: string, servers: readonly Server[]): readonly Server[] {
  const alive = replicasetsOf(servers).map(({ row }) => row.id)
  return servers.filter(({ picture }) =>
    picture.metadata?.clusters.some(
      (row) => row.type === 'ar' && row.name.toLowerCase() === name.toLowerCase() && !alive.includes(row.id),
    ),
  )
}

function replicasetOf(row: ClusterRow, metadata: Metadata, servers: readonly Server[]): ReplicaSet {
  const rows = metadata.replicasetMembers.filter(({ clusterId }) => clusterId === row.id)
  const members = metadata.instances
    .filter(({ clusterId }) => clusterId === row.id)
    .map((instance): Member => {
      const member = rows.find(({ instanceId }) => instanceId === instance.id)
      return {
        row: instance,
        role: member === undefined ? 'INVALIDATED' : member.primary ? 'PRIMARY' : 'SECONDARY',
        server: servers.find(({ picture }) => picture.uuid === instance.uuid),
      }
    })
  return {
    row,
    name: row.name,
    metadata,
    viewId: metadata.replicasetViews.find(({ clusterId }) => clusterId === row.id)?.viewId ?? 0,
    // AdminAPI: what was made before the option was there has no TLS.
    sslMode: attribute(row.attributes, 'opt_replicationSslMode', 'DISABLED') as SslMode,
    authType: attribute(row.attributes, 'opt_memberAuthType', 'PASSWORD') as AuthType,
    issuer: attribute(row.attributes, 'opt_certIssuer'),
    allowedHost: attribute(row.attributes, 'opt_replicationAllowedHost', '%'),
    members,
    primary: members.find(({ role }) => role === 'PRIMARY'),
  }
}

/** The ReplicaSet of a name, compared without case as the server does. */
export function replicasetNamed(all: readonly ReplicaSet[], name: string): ReplicaSet | undefined {
  return all.find((one) => one.name.toLowerCase() === name.toLowerCase())
}

export const memberOf = (set: ReplicaSet, { picture }: Server): Member | undefined =>
  set.members.find(({ row }) => row.uuid === picture.uuid)

/** The ReplicaSet that a server is recorded in. */
export function replicasetOfServer(all: readonly ReplicaSet[], server: Server): ReplicaSet | undefined {
  return all.find((set) => memberOf(set, server) !== undefined)
}

/** What the account of a member demands. */
export function requirementOf(set: ReplicaSet, subject: string): Requirement {
  return { authType: set.authType, issuer: needsCertificate(set.authType) ? set.issuer : '', subject }
}

/** The subject that was recorded for a member. */
export const subjectOf = ({ row }: Member): string => attribute(row.attributes, 'opt_certSubject')

/** The options that were recorded for a member's channel. */
export const optionsOf = (member: Member | undefined): ChannelOptions =>
  recordedOptions(member?.row.attributes ?? {})

export function channelOf({ picture }: Server): ReplicationChannel | undefined {
  return picture.channels.find(({ name, host }) => name === CHANNEL && host !== '')
}

export function detailsOf({ picture }: Server): ChannelDetails | undefined {
  return picture.channelDetails[CHANNEL]
}

export const isReadOnly = ({ picture }: Server): boolean => picture.variables['super_read_only'] === 'ON'
export const isWritable = ({ picture }: Server): boolean => picture.variables['read_only'] === 'OFF'

export const executedOf = ({ picture }: Server): GtidSet => parseGtidSet(picture.gtidExecuted)

/**
 * Transactions of a server that another does not have. Those that came from the other by the running channel are left
 * out: they are younger than its picture.
 */
export function errantOf(server: Server, source: Server): GtidSet {
  const more = minus(executedOf(server), executedOf(source))
  const follows =
    channelOf(server) !== undefined && detailsOf(server)?.sourceUuid.toLowerCase() === source.picture.uuid
  if (!follows) return more
  return new Map([...more].filter(([id]) => !id.startsWith(source.picture.uuid.toLowerCase())))
}

export const errantText = (server: Server, source: Server): string => gtidText(errantOf(server, source))

/** `host:port` of a channel's source. */
export const sourceAddress = (channel: ReplicationChannel): string =>
  `${channel.host.includes(':') ? `[${channel.host}]` : channel.host}:${channel.port}`
