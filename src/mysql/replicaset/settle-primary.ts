import type { Step } from '../../host/step.js'
import type { Plan } from '../../modules/module.js'
import { transaction } from '../metadata/statements.js'
import { addressOf, type Server } from '../topology.js'
import { isRunning, unfenceStep } from './channel.js'
import {
  catchUpWith,
  follows,
  followTarget,
  forgetChannel,
  isOpen,
  predictTurn,
  sideBySide,
  startAgain,
  tryTarget,
  type PrimaryTask,
} from './primary-steps.js'
import { channelOf, errantOf, errantText, type Member } from './replicaset.js'
import { changePrimary } from './statements.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** The target follows nobody, or nobody any more: whatever is not yet in line with it. */
export function settlePrimary(task: PrimaryTask, member: Member, others: readonly Server[]): Plan {
  const { set, target, login } = task
  const record = member.role !== 'PRIMARY'
  const astray = others.filter((server) => channelOf(server) !== undefined && !follows(server, target))
  const stopped = record ? others.filter((server) => follows(server, target) && !isRunning(server)) : []
  const errant = astray.find((server) => errantOf(server, target).size > 0)
  if (errant !== undefined)
    return refuse(
      `${errant.host} has transactions that the primary ${target.host} lacks (${errantText(errant, target)}): it can't follow.`,
    )
  // From here on clients may have written to it.
  const open = isOpen(target)
    ? []
    : unfenceStep(target, login).map((step) => ({ ...step, pointOfNoReturn: 'end' as const }))
  const steps: readonly Step[] = [
    ...astray.map((server) => tryTarget(task, server)),
    ...open,
    ...(record
      ? [
          {
            do: 'sql',
            host: target.host,
            login,
            statements: transaction(changePrimary(set.row.id, member.row.id, undefined)),
            note: `record ${target.host} as the primary of ReplicaSet "${set.name}"`,
            pointOfNoReturn: 'end',
          } as const,
        ]
      : []),
    ...sideBySide([
      ...astray.map((server) => [...followTarget(task, server), catchUpWith(task, server, target)]),
      ...stopped.map((server) => [...startAgain(task, server), catchUpWith(task, server, target)]),
    ]),
    ...forgetChannel(task),
  ]
  if (steps.length === 0) return { steps: [], diff: [] }
  return {
    steps,
    predicts: predictTurn(task, member, others),
    diff: [
      {
        what: `primary of ReplicaSet ${set.name}`,
        before: `${addressOf(target)}, ${open.length > 0 ? 'not yet writable' : channelOf(target) === undefined ? 'not yet followed by all' : 'still with the channel of a replica'}\n`,
        after: `${addressOf(target)}\n`,
      },
    ],
  }
}
