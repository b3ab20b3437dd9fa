import type { Plan } from '../../modules/module.js'
import type { MysqlLogin } from '../login.js'
import type { Presented } from '../step.js'
import type { Server } from '../topology.js'
import { replicationUser } from './account.js'
import { planFailover } from './plan-failover.js'
import { follows, type PrimaryTask } from './primary-steps.js'
import { channelOf, memberOf, replicasetNamed, sourceAddress, type ReplicaSet } from './replicaset.js'
import { settlePrimary } from './settle-primary.js'
import { switchOver } from './switch-over.js'

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
  // A failover that was cut short right before its end: the primary has its channel to the lost one still.
  const stale =
    member.role === 'PRIMARY' &&
    source === undefined &&
    channel?.user === replicationUser(target.picture.serverId)
  const others = live.filter((server) => server !== target)
  if (stale) return settlePrimary(task, member, others)
  if (source === target) {
    const back = primary.server !== target && follows(primary.server, target)
    if (member.role !== 'PRIMARY' && !back)
      return refuse(
        `${target.host} does not follow the primary ${primary.row.address} of ReplicaSet "${set.name}": let it rejoin first (innodb_replicaset_instance).`,
      )
    return settlePrimary(task, member, others)
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
