import type { Plan } from '../../modules/module.js'
import type { Value } from '../../value/value.js'
import type { ChannelOptions, OptionKey } from '../channel-options.js'
import type { MysqlLogin } from '../login.js'
import type { Presented } from '../step.js'
import type { Server } from '../topology.js'
import { planAddMember } from './plan-add.js'
import { planRejoinMember } from './plan-rejoin.js'
import { isWritable, memberOf, replicasetNamed, replicasetOfServer, type ReplicaSet } from './replicaset.js'

export interface WantedMember {
  readonly replicaset: string
  /** Empty: the one that is recorded. */
  readonly subject: string
  readonly recoveryMethod: 'auto' | 'incremental' | 'clone'
  /** Inventory name of the server to clone; undefined: chosen. */
  readonly cloneDonor: string | undefined
  /** Options of its channel that were given. */
  readonly options: ChannelOptions
  /** Options of its channel that are to be as the server has them. */
  readonly resets: readonly OptionKey[]
  /** Name in the record; undefined: kept, the address for a new member. */
  readonly label: string | undefined
  /** All tags; undefined: kept. */
  readonly tags: Readonly<Record<string, Value>> | undefined
  /** Seconds to wait for transactions; 0: as long as it takes. */
  readonly timeout: number
}

/** What a plan for one member is made from. */
export interface MemberTask {
  readonly wanted: WantedMember
  readonly server: Server
  readonly set: ReplicaSet
  /** The primary's server. */
  readonly primary: Server
  readonly login: MysqlLogin
  readonly presented: (host: string) => Presented | undefined
}

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Makes a server a member of a ReplicaSet that follows its primary: adds it, brings it back, or sets its options. */
export function planMember(
  wanted: WantedMember,
  server: Server,
  sets: readonly ReplicaSet[],
  login: MysqlLogin,
  presented: (host: string) => Presented | undefined,
): Plan {
  const set = replicasetNamed(sets, wanted.replicaset)
  if (set === undefined)
    return refuse(
      `There is no ReplicaSet "${wanted.replicaset}" among the servers of this play; known are: ${sets.map(({ name }) => name).join(', ') || 'none'}.`,
    )
  const mine = replicasetOfServer(sets, server)
  if (mine !== undefined && mine.row.id !== set.row.id)
    return refuse(`${server.host} is a member of ReplicaSet "${mine.name}" already; a server belongs to one.`)
  const primary = set.primary?.server
  if (primary === undefined)
    return refuse(
      `The primary ${set.primary?.row.address ?? ''} of ReplicaSet "${set.name}" is not among the servers that answer. Bring it back, or let another member take over (innodb_replicaset_primary with force).`,
    )
  if (!isWritable(primary))
    return refuse(
      `The primary ${primary.host} of ReplicaSet "${set.name}" is read-only. Finish the switchover (innodb_replicaset_primary) first.`,
    )
  const member = memberOf(set, server)
  const namesake = set.members.find(
    ({ row }) => row.name === wanted.label && row.uuid !== server.picture.uuid,
  )
  if (namesake !== undefined)
    return refuse(
      `The label "${namesake.row.name}" belongs to ${namesake.row.address} already; labels are unique in a ReplicaSet.`,
    )
  const task: MemberTask = { wanted, server, set, primary, login, presented }
  return member === undefined ? planAddMember(task) : planRejoinMember(task, member)
}
