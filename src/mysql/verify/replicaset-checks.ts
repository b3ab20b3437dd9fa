import { isReadOnly, channelOf, type Member, type ReplicaSet } from '../replicaset/replicaset.js'
import { stateOf } from '../replicaset/state.js'
import { accountChecks, channelSecurity } from './account-checks.js'
import { check, type Check, type Described, type Evidence } from './evidence.js'
import { certificateChecks, serverChecks } from './server-checks.js'

/** Every member of a ReplicaSet against what its metadata describes. Pure. */
export function replicasetChecks(set: ReplicaSet, evidence: Evidence): readonly Check[] {
  const described: Described = { sslMode: set.sslMode, authType: set.authType, issuer: set.issuer }
  const servers = set.members.flatMap(({ server }) => server ?? [])
  return set.members.flatMap((member): readonly Check[] => {
    const { row, server } = member
    if (server === undefined)
      return [check(row.address, 'is looked at', false, 'not among the servers of the inventory that answer')]
    const state = stateOf(member, set)
    return [
      ...serverChecks(server, described),
      {
        ...check(server.host, 'is ONLINE in its ReplicaSet', state === 'ONLINE', state),
        ...(state === 'CONNECTING' ? { passing: true } : {}),
      },
      ...certificateChecks(server, row, described, evidence),
      ...roleChecks(member, described),
      ...accountChecks(row, 'replicationAccountUser', described, servers),
    ]
  })
}

/** A primary takes writes and follows nobody; a secondary follows, and stays closed when it is restarted. */
function roleChecks({ row, role, server }: Member, described: Described): readonly Check[] {
  if (server === undefined || role === 'PRIMARY') return []
  const channel = channelOf(server)
  const kept = isReadOnly(server) && server.picture.persisted['super_read_only'] === 'ON'
  return [
    check(
      server.host,
      'stays read-only',
      kept,
      kept ? 'super_read_only ON, persisted' : 'SET PERSIST super_read_only = ON',
    ),
    ...(channel === undefined
      ? [check(row.address, 'the default channel', false, 'a secondary without a channel')]
      : channelSecurity(server.host, channel, described)),
  ]
}
