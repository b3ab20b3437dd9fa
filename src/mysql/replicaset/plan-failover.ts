import type { Step } from '../../host/step.js'
import type { Plan } from '../../modules/module.js'
import { isWithin, parseGtidSet, union, type GtidSet } from '../gtid-set.js'
import { transaction } from '../metadata/statements.js'
import { addressOf, type Server } from '../topology.js'
import { unfenceStep } from './channel.js'
import {
  asPrimary,
  asReplica,
  predict,
  seesMetadata,
  withoutMember,
  withPrimary,
  type Foreseen,
} from './predict.js'
import {
  catchUpWith,
  follows,
  followTarget,
  forgetChannel,
  type PrimaryTask,
  secondsOf,
  sideBySide,
  startAgain,
  stopTarget,
  tryTarget,
} from './primary-steps.js'
import { CHANNEL, channelOf, detailsOf, executedOf, memberOf, optionsOf, type Member } from './replicaset.js'
import { changePrimary } from './statements.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Everything that a server has executed or received. */
const knownTo = (server: Server): GtidSet =>
  union(executedOf(server), parseGtidSet(channelOf(server)?.received ?? ''))

/** Lets a member take over from a primary that does not answer: AdminAPI's forcePrimaryInstance. */
export function planFailover(
  task: PrimaryTask,
  member: Member,
  primary: Member,
  options: { readonly invalidate: boolean; readonly primaryListens: boolean },
): Plan {
  const { set, target, login } = task
  const { host } = target
  if (options.primaryListens)
    return refuse(
      `Something listens at ${primary.row.address}, the primary of ReplicaSet "${set.name}", as ${host} sees it: two servers would take writes. Read it too (members), and change the primary without force; or stop it for certain.`,
    )
  const members = set.members.filter(
    (one) => one.role === 'SECONDARY' && one.row.uuid !== target.picture.uuid,
  )
  const bad = members.filter(({ server }) => obstacle(server) !== '')
  if (applierError(target) !== '')
    return refuse(`${host} can't take over: its applier stopped with "${applierError(target)}".`)
  if (bad.length > 0 && !options.invalidate)
    return refuse(
      `${bad.map(({ row, server }) => `${row.address} ${obstacle(server)}`).join('; ')}. Bring it back, or leave it out with invalidate_error_instances: true; then it has to rejoin or be removed.`,
    )
  const followers = members.flatMap((one) =>
    one.server === undefined || bad.includes(one) ? [] : [one.server],
  )
  const better = followers.find((server) => !isWithin(knownTo(server), knownTo(target)))
  if (better !== undefined)
    return refuse(
      `${better.host} has transactions that ${host} lacks; they would be lost. Let ${better.host} take over instead.`,
    )
  const lost = [primary.row.id, ...bad.map(({ row }) => row.id)]
  const toTurn = followers.filter((server) => !follows(server, target))
  const apply = (server: Server): readonly Step[] =>
    channelOf(server) === undefined
      ? []
      : [
          {
            do: 'sql',
            host: server.host,
            login,
            statements: [{ text: 'STOP REPLICA IO_THREAD FOR CHANNEL ?', values: [CHANNEL] }],
            undo: [
              {
                do: 'sql',
                host: server.host,
                login,
                statements: [{ text: 'START REPLICA IO_THREAD FOR CHANNEL ?', values: [CHANNEL] }],
              },
            ],
            note: `let ${server.host} receive nothing more from ${primary.row.address}`,
          },
          {
            do: 'catch_up',
            host: server.host,
            login,
            channel: CHANNEL,
            timeout: secondsOf(task.timeout),
            note: `wait until ${server.host} has applied what it received`,
          },
        ]
  const steps: readonly Step[] = [
    ...toTurn.map((server) => tryTarget(task, server)),
    ...sideBySide([target, ...toTurn].map(apply)),
    ...(channelOf(target) === undefined ? [] : [stopTarget(task)]),
    ...sideBySide(
      followers.map((server) =>
        // A run that was killed may have turned it, and not started it.
        toTurn.includes(server) ? followTarget(task, server) : startAgain(task, server),
      ),
    ),
    ...sideBySide(followers.map((server) => [catchUpWith(task, server, target)])),
    ...unfenceStep(target, login),
    {
      do: 'sql',
      host,
      login,
      statements: transaction(changePrimary(set.row.id, member.row.id, lost)),
      note: `record ${host} as the primary of ReplicaSet "${set.name}"`,
    },
    ...forgetChannel(task),
  ]
  const metadata = seesMetadata(
    withPrimary(
      lost.reduce((before, id) => withoutMember(before, set.row.id, id, true), set.metadata),
      set.row.id,
      member.row.id,
    ),
  )
  return {
    steps,
    predicts: predict(login, [
      [target, asPrimary, metadata],
      ...followers.map((server): Foreseen => [
        server,
        asReplica(server, target, set, optionsOf(memberOf(set, server))),
        metadata,
      ]),
    ]),
    diff: [
      {
        what: `primary of ReplicaSet ${set.name}`,
        before: `${primary.row.address}, which does not answer\n`,
        after: `${addressOf(target)}; invalidated: ${[primary, ...bad].map(({ row }) => row.address).join(', ')}\n`,
      },
    ],
  }
}

/** Why a member can't follow the new primary; empty: it can. */
function obstacle(server: Server | undefined): string {
  if (server === undefined) return 'does not answer'
  if (channelOf(server) === undefined) return 'has no replication channel'
  const error = applierError(server)
  return error === '' ? '' : `has an applier error: ${error}`
}

function applierError(server: Server): string {
  const details = detailsOf(server)
  return details === undefined || details.applierErrorNumber === 0 ? '' : details.applierError
}
