import type { Step } from '../../host/step.js'
import type { Plan } from '../../modules/module.js'
import { removeChannel } from '../channel.js'
import type { MysqlLogin } from '../login.js'
import { isNamed } from '../members/members.js'
import { transaction } from '../metadata/statements.js'
import { addressOf, attribute, type Server } from '../topology.js'
import { dropAccounts, replicationUser } from './account.js'
import { FENCE } from './channel.js'
import { asRemoved, predict, seesMetadata, withoutAccounts, withoutMember, type Foreseen } from './predict.js'
import { waitForTransactions } from './primary-steps.js'
import { CHANNEL, channelOf, errantOf, memberOf, replicasetNamed, type ReplicaSet } from './replicaset.js'
import { removeMember } from './statements.js'

export interface RemoveMember {
  readonly replicaset: string
  /** Address, label or server_uuid of a member that is not the task's server. */
  readonly instance: string | undefined
  readonly force: boolean
  /** Seconds; 0: as long as it takes. */
  readonly timeout: number
}

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Removes a member: its record first, its account last, so that a run that died is completed by the next. */
export function planRemoveMember(
  wanted: RemoveMember,
  server: Server,
  sets: readonly ReplicaSet[],
  login: MysqlLogin,
): Plan {
  const set = replicasetNamed(sets, wanted.replicaset)
  if (set === undefined) return { steps: [], diff: [] }
  const primary = set.primary?.server
  const name = wanted.instance
  const member =
    name === undefined ? memberOf(set, server) : set.members.find(({ row }) => isNamed(row, name))
  if (primary === undefined)
    return refuse(
      `The primary ${set.primary?.row.address ?? ''} of ReplicaSet "${set.name}" is not among the servers that answer: nothing can be recorded.`,
    )
  if (member === undefined)
    return wanted.instance === undefined ? leftBehind(server, set, primary, login) : none
  if (member.role === 'PRIMARY')
    return refuse(
      `${member.row.address} is the primary of ReplicaSet "${set.name}". Let another member take over first (innodb_replicaset_primary), or dissolve the ReplicaSet.`,
    )
  const target = member.server
  if (target === undefined && !wanted.force)
    return refuse(
      `${member.row.address} does not answer. Bring it back, or remove it with force: true and take care yourself that it does not go on replicating.`,
    )
  const follows = target !== undefined && channelOf(target) !== undefined
  if (follows && !wanted.force && errantOf(target, primary).size > 0)
    return refuse(
      `${target.host} has transactions that the primary ${primary.host} lacks: it can't be brought in line before it leaves. Remove it with force: true.`,
    )
  const wait: Step | undefined =
    follows && !wanted.force ? waitForTransactions(target, primary, login, wanted.timeout) : undefined
  const id = Number(attribute(member.row.attributes, 'server_id', String(target?.picture.serverId ?? 0)))
  const user = attribute(member.row.attributes, 'replicationAccountUser') || replicationUser(id)
  const steps: readonly Step[] = [
    ...(wait === undefined ? [] : [wait]),
    {
      do: 'sql',
      host: primary.host,
      login,
      statements: transaction(removeMember(set.row.id, member.row.id)),
      note: `forget ${member.row.address} in ReplicaSet "${set.name}"`,
      pointOfNoReturn: 'end',
    },
    // It learns of it, so that nobody who asks it later takes it for a member.
    ...(wait === undefined ? [] : [wait]),
    ...(target === undefined ? [] : [leaveStep(target, set, login)]),
    accountStep(primary, user, set, login),
  ]
  const metadata = withoutMember(set.metadata, set.row.id, member.row.id, false)
  return {
    steps,
    predicts: predict(
      login,
      set.members.flatMap((each): readonly Foreseen[] => {
        if (each.server === undefined) return []
        const sees = [withoutAccounts([user]), seesMetadata(metadata)] as const
        return [each === member ? [each.server, ...sees, asRemoved] : [each.server, ...sees]]
      }),
    ),
    diff: [
      {
        what: `${member.row.address} in ReplicaSet ${set.name}`,
        before: `${member.role}\n`,
        after: '',
      },
    ],
    warnings: target === undefined ? [`${member.row.address} did not answer and is left as it is.`] : [],
  }
}

const none: Plan = { steps: [], diff: [] }

function leaveStep(target: Server, set: ReplicaSet, login: MysqlLogin): Step {
  return {
    do: 'sql',
    host: target.host,
    login,
    statements: [...removeChannel(CHANNEL), ...FENCE],
    note: `take ${target.host} out of ReplicaSet "${set.name}"`,
  }
}

function accountStep(primary: Server, user: string, set: ReplicaSet, login: MysqlLogin): Step {
  return {
    do: 'sql',
    host: primary.host,
    login,
    statements: dropAccounts(primary, user, set.allowedHost),
    note: `drop the account ${user}`,
  }
}

/** What a run that died after it forgot the member did not come to. */
function leftBehind(server: Server, set: ReplicaSet, primary: Server, login: MysqlLogin): Plan {
  const user = replicationUser(server.picture.serverId)
  const follows = channelOf(server)?.user === user
  const account = primary.picture.accounts.some((one) => one.user === user)
  if (!follows && !account) return none
  return {
    steps: [...(follows ? [leaveStep(server, set, login)] : []), accountStep(primary, user, set, login)],
    predicts: predict(login, [
      [server, ...(follows ? [asRemoved] : [])],
      [primary, withoutAccounts([user])],
    ]),
    diff: [
      {
        what: `${addressOf(server)} in ReplicaSet ${set.name}`,
        before: 'no longer recorded, but not yet taken out\n',
        after: '',
      },
    ],
  }
}
