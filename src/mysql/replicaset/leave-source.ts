import type { Step } from '../../host/step.js'
import { addressOf } from '../topology.js'
import { replicationUser } from './account.js'
import { startChannel, stopChannel } from './channel.js'
import type { MemberTask } from './plan-instance.js'
import { CHANNEL, channelOf, sourceAddress } from './replicaset.js'

/** Whether a server's channel is to another server than the primary. */
export function isElsewhere({ server, primary }: MemberTask): boolean {
  const channel = channelOf(server)
  return (
    channel !== undefined && (channel.host !== primary.picture.host || channel.port !== primary.picture.port)
  )
}

/**
 * Why a channel that a new member has already is not taken over. It must be to the primary, or be one that this very
 * ReplicaSet gave the server before it was forgotten: with its account, to a member, or to one that the server's own
 * copy of the record names.
 */
export function refuseSource(task: MemberTask): string | undefined {
  const { server, set, primary } = task
  const channel = channelOf(server)
  if (channel === undefined || !isElsewhere(task)) return undefined
  const source = sourceAddress(channel)
  const copy = server.picture.metadata
  const remembered = copy?.instances.filter(({ clusterId }) => clusterId === set.row.id) ?? []
  const known = [...set.members.map(({ row }) => row), ...remembered].some(
    ({ address }) => address === source,
  )
  return known && channel.user === replicationUser(server.picture.serverId) && channel.autoPosition
    ? undefined
    : `${server.host} replicates from ${source}, which is not the primary ${addressOf(primary)}, by a channel that ReplicaSet "${set.name}" did not make. Remove it first (STOP REPLICA; RESET REPLICA ALL).`
}

/**
 * Stops a channel to another server than the primary, and sees that the primary has all that came through it: a former
 * primary may have gone on taking writes. @param cloned the server's data are replaced, whatever they are
 */
export function leaveSource(task: MemberTask, cloned: boolean): readonly Step[] {
  const { server, primary, login } = task
  if (!isElsewhere(task)) return []
  const { host } = server
  const runs = channelOf(server)?.receiver !== 'OFF' || channelOf(server)?.applier === 'ON'
  return [
    {
      do: 'sql',
      host,
      login,
      statements: [stopChannel],
      undo: runs ? [{ do: 'sql', host, login, statements: [startChannel] }] : [],
      note: `stop replication on ${host}`,
    },
    ...(cloned
      ? []
      : [
          {
            do: 'catch_up',
            host: primary.host,
            from: host,
            channel: CHANNEL,
            login,
            timeout: 0,
            note: `see that ${primary.host} has every transaction of ${host}`,
          } as const,
        ]),
  ]
}
