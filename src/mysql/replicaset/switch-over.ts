import type { Step } from '../../host/step.js'
import type { Plan } from '../../modules/module.js'
import { hasPassword } from '../account.js'
import { removeChannel } from '../channel.js'
import { transaction } from '../metadata/statements.js'
import type { Statement } from '../step.js'
import { addressOf, type Server } from '../topology.js'
import { accountFits, accountStatements } from './account.js'
import {
  configureStatements,
  FENCE,
  isConnecting,
  isRunning,
  restoreReadOnly,
  startChannel,
  unfenceStep,
} from './channel.js'
import {
  catchUpWith,
  follows,
  followTarget,
  forgetChannel,
  predictTurn,
  sideBySide,
  startAgain,
  stopTarget,
  tryTarget,
  type PrimaryTask,
} from './primary-steps.js'
import {
  CHANNEL,
  channelOf,
  errantOf,
  errantText,
  isReadOnly,
  memberOf,
  optionsOf,
  requirementOf,
  subjectOf,
  type Member,
} from './replicaset.js'
import { changePrimary } from './statements.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/**
 * A change of the primary without loss: AdminAPI's setPrimaryInstance. @param source the server that the target follows
 * @param others all live members but the target
 */
export function switchOver(
  task: PrimaryTask,
  member: Member,
  primary: Member,
  source: Server,
  others: readonly Server[],
): Plan {
  const { set, target, login } = task
  // An earlier run came as far as this: the old primary follows the new one already.
  const turned = follows(source, target)
  const begun = member.role === 'PRIMARY'
  const followers = others.filter((server) => server !== source)
  const lost = followers.find((server) => !follows(server, source) && !follows(server, target))
  if (lost !== undefined)
    return refuse(
      `${lost.host} does not follow the primary ${source.host}: let it rejoin first (innodb_replicaset_instance), or remove it.`,
    )
  const unwell = [target, ...followers].find(
    (server) => follows(server, source) && !isRunning(server) && !isConnecting(server),
  )
  if (!begun && unwell !== undefined)
    return refuse(
      `${unwell.host} does not replicate: receiver ${channelOf(unwell)?.receiver ?? 'missing'}, applier ${channelOf(unwell)?.applier ?? 'missing'} ${channelOf(unwell)?.error ?? ''}. Let it rejoin first (innodb_replicaset_instance).`,
    )
  const errant = turned
    ? undefined
    : [target, ...followers].find((server) => errantOf(server, source).size > 0)
  if (errant !== undefined)
    return refuse(
      `${errant.host} has transactions that ${source.host} lacks (${errantText(errant, source)}): the data of the members would differ. Bring them into ${source.host}, or remove ${errant.host} and add it anew.`,
    )
  const steps: Step[] = []
  const toTurn = [...(turned ? [] : [source]), ...followers.filter((server) => !follows(server, target))]
  steps.push(...toTurn.map((server) => tryTarget(task, server)))
  if (!turned) {
    const awaited = [target, ...followers].filter((server) => follows(server, source))
    // A run that was cut short may have stopped them to turn them: what is written now has to come to them still.
    const stopped = awaited.filter((server) => !isRunning(server) && !isConnecting(server))
    steps.push(
      ...sideBySide(
        stopped.map((server): readonly Step[] => [
          {
            do: 'sql',
            host: server.host,
            login,
            statements: [startChannel],
            note: `start replication on ${server.host} again`,
          },
        ]),
      ),
    )
    // What is long in coming, or only connecting, comes while writes still go on.
    steps.push(catchUpWith(task, target, source))
    steps.push(
      ...sideBySide(
        followers
          .filter((server) => follows(server, source) && isConnecting(server))
          .map((server) => [catchUpWith(task, server, source)]),
      ),
    )
    steps.push(...handOver(task, primary, member, source))
    steps.push(...sideBySide(awaited.map((server) => [catchUpWith(task, server, source)])))
  }
  steps.push(stopTarget(task))
  steps.push(
    ...sideBySide([
      turned ? startAgain(task, source) : followAsOld(task, source),
      ...followers.map((server) =>
        follows(server, target) ? startAgain(task, server) : followTarget(task, server),
      ),
    ]),
    ...sideBySide(others.map((server) => [catchUpWith(task, server, target)])),
    // From here on clients may have written to it.
    ...unfenceStep(target, login).map((step) => ({ ...step, pointOfNoReturn: 'end' as const })),
    ...forgetChannel(task),
  )
  return {
    steps,
    predicts: predictTurn(task, member, others),
    diff: [
      {
        what: `primary of ReplicaSet ${set.name}`,
        before: `${addressOf(source)}\n`,
        after: `${addressOf(target)}\n`,
      },
    ],
  }
}

/**
 * The last writes on the old primary: its account (it will log in with it from now on) and the record, which all
 * others get from here, so that the new primary has written nothing when it has to be turned back. Then it is closed.
 */
function handOver(
  { set, login, target, timeout }: PrimaryTask,
  primary: Member,
  member: Member,
  source: Server,
): readonly Step[] {
  const { host, picture } = source
  const old = memberOf(set, source)
  const requirement = requirementOf(set, old === undefined ? '' : subjectOf(old))
  const renew = hasPassword(set.authType) || !accountFits(source, source, set.allowedHost, requirement)
  const record = primary.row.id !== member.row.id
  const statements: readonly Statement[] = [
    ...(renew ? accountStatements(source, source, set.allowedHost, requirement) : []),
    ...(record ? transaction(changePrimary(set.row.id, member.row.id, undefined)) : []),
  ]
  const open: Statement = { text: 'SET GLOBAL super_read_only = OFF' }
  const back = record ? [open, ...transaction(changePrimary(set.row.id, primary.row.id, undefined))] : []
  const write: Step = {
    do: 'sql',
    host,
    login,
    statements: [...(isReadOnly(source) ? [open] : []), ...statements],
    undo: back.length === 0 ? [] : [{ do: 'sql', host, login, statements: back }],
    note: `record ${target.host} as the primary of ReplicaSet "${set.name}"`,
  }
  // No limit is a long one: 23 days.
  const patience = timeout === 0 ? 2_000_000 : timeout
  const fence: Step = {
    do: 'sql',
    host,
    login,
    timeout: patience + 10,
    // Waits for commits under way; what comes later is refused, so that nothing can be lost.
    statements: [{ text: 'SET SESSION lock_wait_timeout = ?', values: [patience] }, ...FENCE],
    undo: [{ do: 'sql', host, login, statements: restoreReadOnly(picture) }],
    note: `make ${host} read-only`,
  }
  return statements.length === 0 ? [fence] : [write, fence]
}

/** The old primary becomes a member like the others, with an account of its own. */
function followAsOld({ set, target, login }: PrimaryTask, source: Server): readonly Step[] {
  const { host } = source
  return [
    {
      do: 'sql',
      host,
      login,
      note: `let ${host} follow ${target.host}`,
      undo: [{ do: 'sql', host, login, statements: removeChannel(CHANNEL) }],
      statements: [
        ...configureStatements(source, target, set, optionsOf(memberOf(set, source))),
        startChannel,
      ],
    },
  ]
}
