import type { Prediction } from '../../host/plan.js'
import type { Step, StepOptions } from '../../host/step.js'
import { removeChannel } from '../channel.js'
import { checkOneWay } from '../connectivity-steps.js'
import type { MysqlLogin } from '../login.js'
import type { CatchUp, Presented } from '../step.js'
import type { Server } from '../topology.js'
import { fenceStep, isRunning, repoint, startChannel, stopChannel } from './channel.js'
import { asPrimary, asReplica, predict, seesMetadata, withPrimary, type Foreseen } from './predict.js'
import {
  CHANNEL,
  channelOf,
  isReadOnly,
  isWritable,
  memberOf,
  optionsOf,
  requirementOf,
  subjectOf,
  type Member,
  type ReplicaSet,
} from './replicaset.js'

/** What the steps of a change of primaries share. */
export interface PrimaryTask {
  readonly set: ReplicaSet
  /** The server that becomes primary. */
  readonly target: Server
  readonly login: MysqlLogin
  /** Seconds to wait for each server; 0: as long as it takes. */
  readonly timeout: number
  readonly presented: (host: string) => Presented | undefined
}

/** Whether a server's channel is to another server. */
export function follows(server: Server, source: Server): boolean {
  const channel = channelOf(server)
  return channel?.host === source.picture.host && channel.port === source.picture.port
}

export const isOpen = (server: Server): boolean => !isReadOnly(server) && isWritable(server)

/** Lets a server log in to the coming primary, as it will have to. */
export function tryTarget({ set, target, login, presented }: PrimaryTask, from: Server): Step {
  const side = (server: Server) => {
    const member = memberOf(set, server)
    const subject = member === undefined ? '' : subjectOf(member)
    return { server, requirement: requirementOf(set, subject), presented: presented(server.host) }
  }
  return checkOneWay(side(from), side(target), set.sslMode, login)
}

export function catchUpWith({ login, timeout }: PrimaryTask, server: Server, source: Server): Step {
  return waitForTransactions(server, source, login, timeout)
}

/** Waits until a member has what another has, and receives. @param timeout seconds; 0: as long as it takes */
export function waitForTransactions(
  server: Server,
  source: Server,
  login: MysqlLogin,
  timeout: number,
): CatchUp & StepOptions {
  return {
    do: 'catch_up',
    host: server.host,
    login,
    from: source.host,
    channel: CHANNEL,
    receiving: true,
    timeout: secondsOf(timeout),
    note: `wait until ${server.host} has the transactions of ${source.host}`,
  }
}

/** Seconds of a wait; 0 is no limit to the user. */
export const secondsOf = (timeout: number): number => (timeout === 0 ? Infinity : timeout)

/** Steps of several servers side by side. */
export function sideBySide(branches: readonly (readonly Step[])[]): readonly Step[] {
  const some = branches.filter((branch) => branch.length > 0)
  return some.length === 0 ? [] : [{ do: 'parallel', branches: some }]
}

/** Lets a member follow the target; the credentials and options of its channel stay. */
export function followTarget({ target, login }: PrimaryTask, server: Server): readonly Step[] {
  const { host } = server
  const channel = channelOf(server)
  if (channel === undefined) return []
  return [
    ...fenceStep(server, login),
    {
      do: 'sql',
      host,
      login,
      note: `let ${host} follow ${target.host}`,
      undo: [{ do: 'sql', host, login, statements: [stopChannel, repoint(channel, channel), startChannel] }],
      statements: [stopChannel, repoint(channel, target.picture), startChannel],
    },
  ]
}

/**
 * Stops the target's own channel; it is forgotten only when all is done.
 * @param stop what keeps the target from being changed by its channel
 */
export function stopTarget({ target, login }: PrimaryTask, stop = stopChannel): Step {
  const { host } = target
  return {
    do: 'sql',
    host,
    login,
    note: `stop replication on ${host}`,
    undo: [{ do: 'sql', host, login, statements: [startChannel] }],
    statements: [stop],
  }
}

export function forgetChannel({ target, login }: PrimaryTask): readonly Step[] {
  if (channelOf(target) === undefined) return []
  const { host } = target
  return [
    {
      do: 'sql',
      host,
      login,
      statements: removeChannel(CHANNEL),
      note: `forget the replication channel of ${host}`,
    },
  ]
}

/** A member that follows the target already, but was stopped or left open. */
export function startAgain({ login }: PrimaryTask, server: Server): readonly Step[] {
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

/** What servers look like when the target is primary and all others follow it. */
export function predictTurn(
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
