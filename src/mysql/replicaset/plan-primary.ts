import type { Step } from '../../host/step.js'
import type { Plan, Prediction } from '../../modules/module.js'
import { hasPassword } from '../account.js'
import { removeChannel } from '../channel.js'
import type { MysqlLogin } from '../login.js'
import { transaction } from '../metadata/statements.js'
import type { Presented, Statement } from '../step.js'
import { addressOf, type Server } from '../topology.js'
import { accountFits, accountStatements } from './account.js'
import {
  configureStatements,
  FENCE,
  fenceStep,
  isRunning,
  restoreReadOnly,
  startChannel,
  unfenceStep,
} from './channel.js'
import { planFailover } from './plan-failover.js'
import { asPrimary, asReplica, predict, seesMetadata, withPrimary, type Foreseen } from './predict.js'
import {
  catchUpWith,
  follows,
  followTarget,
  forgetChannel,
  isOpen,
  sideBySide,
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
  replicasetNamed,
  requirementOf,
  sourceAddress,
  subjectOf,
  type Member,
  type ReplicaSet,
} from './replicaset.js'
import { changePrimary } from './statements.js'

export interface WantedPrimary {
  readonly replicaset: string
  /** Without the primary, which does not answer. */
  readonly force: boolean
  /** With force: members that do not answer or fail are left out. */
  readonly invalidate: boolean
  /** Seconds to wait for each server; 0: as long as it takes. */
  readonly timeout: number
  /** Whether something listens at the address of a primary that was not read. */
  readonly primaryListens: boolean
}

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Makes a server the primary: a switchover without loss, or a failover. What an earlier run began is completed. */
export function planPrimary(
  wanted: WantedPrimary,
  own: Server,
  sets: readonly ReplicaSet[],
  login: MysqlLogin,
  presented: (host: string) => Presented | undefined,
): Plan {
  const set = replicasetNamed(sets, wanted.replicaset)
  if (set === undefined)
    return refuse(
      `There is no ReplicaSet "${wanted.replicaset}" among the servers of this play; known are: ${sets.map(({ name }) => name).join(', ') || 'none'}.`,
    )
  const member = memberOf(set, own)
  const { primary } = set
  // The very object that is among the members.
  const target = member?.server
  if (member === undefined || target === undefined || primary === undefined)
    return refuse(`${own.host} is not a member of ReplicaSet "${set.name}": add it first.`)
  if (member.role === 'INVALIDATED')
    return refuse(
      `${target.host} was invalidated by a failover of ReplicaSet "${set.name}": let it rejoin first (innodb_replicaset_instance).`,
    )
  const task: PrimaryTask = { set, target, login, timeout: wanted.timeout, presented }
  if (primary.server === undefined) {
    if (!wanted.force)
      return refuse(
        `The primary ${primary.row.address} of ReplicaSet "${set.name}" is not among the servers that answer. Bring it back; or, if it is lost, let ${target.host} take over with force: true. Transactions that it did not send are lost then.`,
      )
    return planFailover(task, member, primary, wanted)
  }
  if (wanted.force && member.role !== 'PRIMARY')
    return refuse(
      `The primary ${primary.row.address} of ReplicaSet "${set.name}" answers: change the primary without force, which loses nothing.`,
    )
  const silent = set.members.filter((one) => one.server === undefined && one.role !== 'INVALIDATED')
  const live = liveServers(set)
  const channel = channelOf(target)
  const source = channel === undefined ? target : live.find((server) => follows(target, server))
  const others = live.filter((server) => server !== target)
  if (source === target) {
    const back = primary.server !== target && follows(primary.server, target)
    if (member.role !== 'PRIMARY' && !back)
      return refuse(
        `${target.host} does not follow the primary ${primary.row.address} of ReplicaSet "${set.name}": let it rejoin first (innodb_replicaset_instance).`,
      )
    return settle(task, member, others)
  }
  if (silent.length > 0)
    return refuse(
      `${silent.map(({ row }) => row.address).join(', ')} of ReplicaSet "${set.name}" is not among the servers that answer; a change of the primary needs all members. Bring it back, or remove it first.`,
    )
  if (source === undefined || (source !== primary.server && member.role !== 'PRIMARY'))
    return refuse(
      `${target.host} replicates from ${channel === undefined ? 'nobody' : sourceAddress(channel)}, not from the primary ${primary.row.address} of ReplicaSet "${set.name}": let it rejoin first (innodb_replicaset_instance).`,
    )
  return switchOver(task, member, primary, source, others)
}

const liveServers = (set: ReplicaSet): readonly Server[] =>
  set.members.flatMap(({ server, role }) => (server === undefined || role === 'INVALIDATED' ? [] : [server]))

function switchOver(
  task: PrimaryTask,
  member: Member,
  primary: Member,
  source: Server,
  others: readonly Server[],
): Plan {
  const { set, target, login } = task
  const { host } = target
  // An earlier run came as far as this: the old primary follows the new one already.
  const turned = follows(source, target)
  const begun = member.role === 'PRIMARY'
  const followers = others.filter((server) => server !== source)
  const lost = followers.find((server) => !follows(server, source) && !follows(server, target))
  if (lost !== undefined)
    return refuse(
      `${lost.host} does not follow the primary ${source.host}: let it rejoin first (innodb_replicaset_instance), or remove it.`,
    )
  const unwell = [target, ...followers].find((server) => follows(server, source) && !isRunning(server))
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
    if (!isRunning(target))
      steps.push({
        do: 'sql',
        host,
        login,
        statements: [startChannel],
        note: `start replication on ${host} again`,
      })
    // What is long in coming comes while writes still go on.
    steps.push(catchUpWith(task, target, source))
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
    ...unfenceStep(target, login),
    ...forgetChannel(task),
  )
  return {
    steps,
    predicts: predictions(task, member, others),
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

/** A member that follows the target already, but was stopped or left open. */
function startAgain({ login }: PrimaryTask, server: Server): readonly Step[] {
  const { host } = server
  return [
    ...fenceStep(server, login),
    ...(isRunning(server)
      ? []
      : [
          {
            do: 'sql',
            host,
            login,
            statements: [startChannel],
            note: `start replication on ${host}`,
          } as const,
        ]),
  ]
}

/** The target follows nobody: whatever is not yet in line with it. */
function settle(task: PrimaryTask, member: Member, others: readonly Server[]): Plan {
  const { set, target, login } = task
  const record = member.role !== 'PRIMARY'
  const astray = others.filter((server) => channelOf(server) !== undefined && !follows(server, target))
  const stopped = record ? others.filter((server) => follows(server, target) && !isRunning(server)) : []
  const errant = astray.find((server) => errantOf(server, target).size > 0)
  if (errant !== undefined)
    return refuse(
      `${errant.host} has transactions that the primary ${target.host} lacks (${errantText(errant, target)}): it can't follow.`,
    )
  const open = isOpen(target) ? [] : unfenceStep(target, login)
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
          } as const,
        ]
      : []),
    ...sideBySide([
      ...astray.map((server) => [...followTarget(task, server), catchUpWith(task, server, target)]),
      ...stopped.map((server) => [...startAgain(task, server), catchUpWith(task, server, target)]),
    ]),
  ]
  if (steps.length === 0) return { steps: [], diff: [] }
  return {
    steps,
    predicts: predictions(task, member, others),
    diff: [
      {
        what: `primary of ReplicaSet ${set.name}`,
        before: `${addressOf(target)}, not yet ${open.length > 0 ? 'writable' : 'followed by all'}\n`,
        after: `${addressOf(target)}\n`,
      },
    ],
  }
}

function predictions(
  { set, target, login }: PrimaryTask,
  member: Member,
  others: readonly Server[],
): readonly Prediction[] {
  const metadata = seesMetadata(withPrimary(set.metadata, set.row.id, member.row.id))
  return predict(login, [
    [target, asPrimary, metadata],
    ...others.map((server): Foreseen => [
      server,
      asReplica(server, target, set, optionsOf(memberOf(set, server))),
      metadata,
    ]),
  ])
}
