import { attribute, type Server } from '../topology.js'
import { requirementText } from '../views/security.js'
import { channelSslMode, liveTls } from '../views/channel-status.js'
import { channelOf, isReadOnly, sourceAddress, type ReplicaSet } from './replicaset.js'
import type { Detail } from '../views/member-status.js'
import { silenceOf } from '../views/silence.js'
import { BRIEF } from '../views/status.js'
import { memberErrors } from './member-errors.js'
import { availabilityOf, stateOf, withServersAtAddress } from './state.js'

/** How one channel is secured. */
interface ChannelLink {
  readonly from: string
  readonly to: string
  readonly what: string
  readonly sslMode: string
  readonly tls: string | null
  readonly requires: string
}

/** How the channels of a ReplicaSet are secured, as the servers themselves say: the keys of other connections. Pure. */
export function replicasetLinks(set: ReplicaSet): readonly ChannelLink[] {
  return set.members.flatMap(({ row, server }) => {
    const channel = server === undefined ? undefined : channelOf(server)
    if (channel === undefined) return []
    const source = set.primary?.server
    const account = source?.picture.accounts.find(({ user }) => user === channel.user)
    return [
      {
        from: row.address,
        to: sourceAddress(channel),
        what: 'replicaset',
        sslMode: channelSslMode(channel),
        tls: source === undefined ? null : liveTls(channel.user, [source]),
        requires: requirementText(account),
      },
    ]
  })
}

/** ReplicaSets for people: members, what is wrong with them and what to do, and the security of every channel. */
export function replicasetText(
  recorded: readonly ReplicaSet[],
  servers: readonly Server[],
  { silent }: Detail = BRIEF,
): string {
  return recorded
    .map((each) => {
      const set = withServersAtAddress(each, servers)
      const { status, statusText } = availabilityOf(set)
      const members = set.members.flatMap((member) => {
        const { row, role, server } = member
        const mode = server === undefined ? 'n/a' : isReadOnly(server) ? 'R/O' : 'R/W'
        const subject = attribute(row.attributes, 'opt_certSubject')
        const errors =
          server === undefined
            ? [
                `Not read: ${silenceOf(row.address, silent)}. Look there: systemctl status mysql, and the error log.`,
              ]
            : memberErrors(member, server, set)
        return [
          `  ${row.address.padEnd(16)} ${role.padEnd(11)} ${mode.padEnd(4)} ${stateOf(member, set).padEnd(12)} ${server?.picture.version ?? ''}${subject === '' ? '' : `  certSubject ${subject}`}`,
          ...errors.map((error) => `    ${error}`),
        ]
      })
      const channels = replicasetLinks(set).map(
        (link) =>
          `  ${link.from} → ${link.to}  ${link.sslMode}  ${link.tls ?? '(idle)'}  requires ${link.requires}`,
      )
      return [
        `ReplicaSet ${set.name}: ${status} (${statusText})`,
        `  replicationSslMode ${set.sslMode}, memberAuthType ${set.authType}${set.issuer === '' ? '' : `, certIssuer ${set.issuer}`}`,
        ...(status === 'UNAVAILABLE' || status === 'CATASTROPHIC'
          ? [
              `  ERROR: The ReplicaSet takes no writes. Mend the primary (${set.primary?.row.address ?? 'none is recorded'}); if it is lost, innodb_replicaset_primary with force: true makes a secondary the primary, without what only the lost one has.`,
            ]
          : []),
        ...members,
        ...(channels.length === 0 ? [] : ['  Channels:', ...channels.map((line) => `  ${line}`)]),
        '',
      ].join('\n')
    })
    .join('\n')
}
