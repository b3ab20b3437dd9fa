import type { Step } from '../../host/step.js'
import { METADATA } from '../metadata/schema.js'
import { gtidText, isWithin, minus, parseGtidSet, union, type GtidSet } from '../gtid-set.js'
import type { Server } from '../topology.js'
import { alignReplica } from './align-replica.js'
import { STOP_APPLIER } from './channel.js'
import { channelOf, CLUSTERSET_CHANNEL } from './members.js'
import { channelRemoval, limitSteps, promoteSteps } from './promote.js'
import { invalidated, replicaOf, type Change } from './switch-over.js'

/** All that a server has or has received. */
function known(server: Server): GtidSet {
  return union(parseGtidSet(server.picture.gtidExecuted), parseGtidSet(channelOf(server)?.received ?? ''))
}

/** Why another cluster should be promoted instead: it has transactions that this one never received. */
export function refuseOutdated({ roles, promoted }: Change): string | undefined {
  for (const replica of roles.replicas) {
    if (replica.primary === undefined || isWithin(known(replica.primary), known(promoted))) continue
    return `Cluster "${replica.row.name}" has transactions that "${roles.target.row.name}" never received (${gtidText(minus(known(replica.primary), known(promoted)))}): fail over to it instead, or they would be lost.`
  }
  return undefined
}

/**
 * A failover from a primary cluster that is lost: what was received is applied first, then the cluster is opened and the
 * lost one is invalidated. The number of the new view is 2^32 higher, so that what the lost cluster believes never counts.
 */
export function failOverSteps(change: Change): readonly Step[] {
  const { roles, topology, login, promoted } = change
  const { target, current, replicas, lost, clusterset } = roles
  return [
    ...applySteps(change),
    ...limitSteps(target, topology, login),
    ...promoteSteps(
      target,
      login,
      [
        {
          text: `CALL ${METADATA}.v2_cs_primary_force_changed(?, ?, '{}')`,
          values: [clusterset.id, target.row.id],
        },
        ...[current, ...lost].map(({ row }) => invalidated(clusterset.id, row.id)),
      ],
      // Clients write again before the receiver is waited for: that comes last, with the channels.
      STOP_APPLIER,
    ),
    ...replicas.flatMap((replica) => alignReplica(replicaOf(replica, change, promoted))),
    ...channelRemoval(target, topology, login),
  ]
}

/** What was received is applied, by an applier that was stopped, too: with the channel it would be thrown away. */
function applySteps({ promoted, login, wanted }: Change): readonly Step[] {
  const { host, picture } = promoted
  const channel = channelOf(promoted)
  const waiting = minus(parseGtidSet(channel?.received ?? ''), parseGtidSet(picture.gtidExecuted))
  if (channel?.applier !== 'ON' && waiting.size === 0) return []
  const applier = (verb: 'START' | 'STOP') => ({
    text: `${verb} REPLICA SQL_THREAD FOR CHANNEL ?`,
    values: [CLUSTERSET_CHANNEL],
  })
  return [
    ...(channel?.applier === 'ON'
      ? []
      : [
          {
            do: 'sql' as const,
            host,
            login,
            statements: [applier('START')],
            undo: [{ do: 'sql' as const, host, login, statements: [applier('STOP')] }],
            note: `let ${host} apply what it received`,
          },
        ]),
    {
      do: 'catch_up',
      host,
      channel: CLUSTERSET_CHANNEL,
      login,
      timeout: wanted.timeout,
      note: `wait until ${host} has applied what it received`,
    },
  ]
}
