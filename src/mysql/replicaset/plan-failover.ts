import type { Step } from '../../host/step.js'
import type { Plan } from '../../modules/module.js'
import { isWithin, parseGtidSet, union, type GtidSet } from '../gtid-set.js'
import { transaction } from '../metadata/statements.js'
import { addressOf, type Server } from '../topology.js'
import type { InstancePicture, MysqlInstance } from '../instance.js'
import type { Statement } from '../step.js'
import { fenceStep, repoint, startChannel, stopApplier, stopChannel, unfenceStep } from './channel.js'
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
  forgetChannel,
  type PrimaryTask,
  secondsOf,
  sideBySide,
  startAgain,
  stopTarget,
  tryTarget,
} from './primary-steps.js'
import { CHANNEL, channelOf, detailsOf, memberOf, optionsOf, type Member } from './replicaset.js'
import { changePrimary } from './statements.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Everything that a server has executed or received. */
const knownTo = (server: Server): GtidSet => knownBy(server.picture)

function knownBy({ gtidExecuted, channels }: InstancePicture): GtidSet {
  const received = channels.find(({ name }) => name === CHANNEL)?.received ?? ''
  return union(parseGtidSet(gtidExecuted), parseGtidSet(received))
}

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
  const opened: readonly Step[] = [
    ...unfenceStep(target, login),
    {
      do: 'sql',
      host,
      login,
      statements: transaction(changePrimary(set.row.id, member.row.id, lost)),
      note: `record ${host} as the primary of ReplicaSet "${set.name}"`,
    },
  ]
  const steps: readonly Step[] = [
    ...toTurn.map((server) => tryTarget(task, server)),
    ...sideBySide([target, ...toTurn].map((server) => applyReceived(task, server, primary))),
    ...(channelOf(target) === undefined ? [] : [stopTarget(task, stopApplier)]),
    // Clients write again before anybody waits for a receiver; clients may have written, so nothing is taken back.
    ...opened.map((step) => ({ ...step, pointOfNoReturn: 'end' as const })),
    ...sideBySide(
      followers.map((server) => [
        // A run that was killed may have turned it, and not started it.
        ...(toTurn.includes(server) ? turn(task, server, primary) : startAgain(task, server)),
        catchUpWith(task, server, target),
      ]),
    ),
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

/**
 * Waits until a member has applied what it received. A receiver that runs is stopped before; one that is about to connect
 * to the lost primary receives nothing, and would let itself be waited for up to replica_net_timeout (60 s).
 */
function applyReceived({ login, timeout }: PrimaryTask, server: Server, primary: Member): readonly Step[] {
  const { host } = server
  const channel = channelOf(server)
  if (channel === undefined) return []
  const receiver = (verb: 'START' | 'STOP'): Statement => ({
    text: `${verb} REPLICA IO_THREAD FOR CHANNEL ?`,
    values: [CHANNEL],
  })
  return [
    ...(channel.receiver !== 'ON'
      ? []
      : [
          {
            do: 'sql',
            host,
            login,
            statements: [receiver('STOP')],
            undo: [{ do: 'sql', host, login, statements: [receiver('START')] }],
            note: `let ${host} receive nothing more from ${primary.row.address}`,
          } as const,
        ]),
    {
      do: 'catch_up',
      host,
      login,
      channel: CHANNEL,
      timeout: secondsOf(timeout),
      note: `wait until ${host} has applied what it received`,
    },
  ]
}

/** Lets a member follow the target, unless the lost primary was back for a moment and told it more than the target knows. */
function turn(task: PrimaryTask, server: Server, primary: Member): readonly Step[] {
  const { target, login } = task
  const { host } = server
  const channel = channelOf(server)
  if (channel === undefined) return []
  const known = union(knownTo(target), knownTo(server))
  return [
    ...fenceStep(server, login),
    {
      do: 'sql',
      host,
      login,
      statements: [stopChannel],
      note: `stop replication on ${host}`,
    },
    {
      do: 'wait',
      host,
      question: { ask: 'mysql_instance', login },
      until: (answer) => hasOnly(answer as MysqlInstance, known),
      timeout: 5,
      otherwise: `${host} received more from ${primary.row.address}, which was back meanwhile, than ${target.host} has. ${target.host} is the primary; let ${host} rejoin, by clone if it is refused otherwise (innodb_replicaset_instance).`,
      note: `see that ${host} has nothing that ${target.host} lacks`,
    },
    {
      do: 'sql',
      host,
      login,
      statements: [repoint(channel, target.picture), startChannel],
      note: `let ${host} follow ${target.host}`,
    },
  ]
}

const hasOnly = (picture: MysqlInstance, known: GtidSet): boolean =>
  picture.kind === 'up' && isWithin(knownBy(picture), known)

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
