import type { Step } from '../../host/step.js'
import type { Plan } from '../../modules/module.js'
import { removeChannel } from '../channel.js'
import { optionAttributes, type ChannelOptions } from '../channel-options.js'
import { checkBothWays } from '../connectivity-steps.js'
import { cloneText, isBeingCloned, waitForCloneUnderWay } from '../received-clone.js'
import { transaction } from '../metadata/statements.js'
import { refuseTwin } from '../refusals.js'
import { addressOf, attribute } from '../topology.js'
import { replicationAccount, replicationUser } from './account.js'
import {
  configureStatements,
  fenceStep,
  forgetChannel,
  isRunning,
  startChannel,
  stopChannel,
} from './channel.js'
import { leaveSource, refuseSource } from './leave-source.js'
import type { MemberTask } from './plan-instance.js'
import { asReplica, predict, seesMetadata, withAccount, withMember } from './predict.js'
import { afterClone, cloneFrom, recoveryOf } from './recovery.js'
import { waitForTransactions } from './primary-steps.js'
import { refuseReplicasetOptions, refuseReplicasetServer, refuseUnlike } from './refusals.js'
import { CHANNEL, channelOf, requirementOf, sourceAddress, subjectOf } from './replicaset.js'
import { addMember } from './statements.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Adds a server as a member that follows the primary. The record comes last: until then a run begins anew. */
export function planAddMember(task: MemberTask): Plan {
  const { wanted, server, set, primary, login } = task
  const { host, picture } = server
  const requirement = requirementOf(set, wanted.subject)
  const refusal =
    refuseReplicasetOptions({ sslMode: set.sslMode, ...requirement }, server) ??
    refuseReplicasetServer(server) ??
    refuseUnlike(server, primary) ??
    refuseKnown(task) ??
    refuseSource(task)
  if (refusal !== undefined) return refuse(refusal)
  const recovery = recoveryOf(task, wanted.recoveryMethod === 'clone')
  if ('refusal' in recovery) return refuse(recovery.refusal)
  const attributes = {
    server_id: picture.serverId,
    opt_certSubject: wanted.subject,
    replicationAccountUser: replicationUser(picture.serverId),
    replicationAccountHost: set.allowedHost,
    ...optionAttributes(wanted.options),
    ...(wanted.tags === undefined ? {} : { tags: wanted.tags }),
  }
  const channel = channelOf(server)
  const steps: readonly Step[] = [
    ...connectivity(task, wanted.subject),
    ...leaveSource(task, recovery.donor !== undefined),
    ...replicationAccount(primary, server, login, set.allowedHost, requirement),
    ...cloneFrom(task, recovery.donor),
    ...fenceStep(server, login),
    ...followSteps(task, wanted.options),
    catchUpWith(task),
    ...afterClone(task, recovery.donor),
    {
      do: 'sql',
      host: primary.host,
      login,
      pointOfNoReturn: 'end',
      note: `record ${host} in ReplicaSet "${set.name}"`,
      statements: transaction(addMember(set.row.id, server, primary, attributes, wanted.label)),
    },
    // The record has to reach the new member before the task is over.
    catchUpWith(task),
  ]
  const metadata = withMember(set.metadata, set.row.id, server, primary, attributes, wanted.label)
  const account = withAccount(server, set.allowedHost, requirement)
  const others = set.members.flatMap((member) =>
    member.server === undefined ? [] : [[member.server, account, seesMetadata(metadata)] as const],
  )
  return {
    steps,
    first: waitForCloneUnderWay(server, login),
    predicts: predict(login, [
      ...others,
      [server, asReplica(server, primary, set, wanted.options), account, seesMetadata(metadata)],
    ]),
    diff: [
      {
        what: `${host} in ReplicaSet ${set.name}`,
        before: isBeingCloned(server)
          ? `${cloneText(server)} goes on\n`
          : channel === undefined
            ? ''
            : `no member; replicates from ${sourceAddress(channel)}\n`,
        after: `SECONDARY ${addressOf(server)} of ${addressOf(primary)}, certSubject ${wanted.subject}\n`,
      },
    ],
  }
}

/** Logs in both ways as the members will have to. */
export function connectivity(task: MemberTask, subject: string): readonly Step[] {
  const { set, server, primary, login, presented } = task
  const recorded = set.primary === undefined ? '' : subjectOf(set.primary)
  return checkBothWays(
    { server, requirement: requirementOf(set, subject), presented: presented(server.host) },
    {
      server: primary,
      requirement: requirementOf(set, recorded || (presented(primary.host)?.subject ?? '')),
      presented: presented(primary.host),
    },
    set.sslMode,
    login,
  )
}

/** Configures the channel to the primary and starts it. One that was there is forgotten: its password nobody knows. */
export function followSteps(
  { server, primary, set, login }: MemberTask,
  options: ChannelOptions,
): readonly Step[] {
  const { host } = server
  const stop: Step = {
    do: 'sql',
    host,
    login,
    note: `stop replication on ${host}`,
    statements: [stopChannel],
    undo: isRunning(server) ? [{ do: 'sql', host, login, statements: [startChannel] }] : [],
  }
  const forget: Step = {
    do: 'sql',
    host,
    login,
    note: `forget the old replication channel of ${host}`,
    statements: [forgetChannel],
    leaves: `the old replication channel of ${host} is gone`,
  }
  return [
    ...(channelOf(server) === undefined ? [] : [stop, forget]),
    {
      do: 'sql',
      host,
      login,
      note: `let ${host} follow ${primary.host}`,
      undo: [{ do: 'sql', host, login, statements: removeChannel(CHANNEL) }],
      leaves: `${host} keeps the transactions that it received from ${primary.host}`,
      statements: [...configureStatements(server, primary, set, options), startChannel],
    },
  ]
}

export function catchUpWith({ server, primary, login, wanted }: MemberTask): Step {
  return waitForTransactions(server, primary, login, wanted.timeout)
}

/** Servers that are the same, and records that a new member would contradict. */
function refuseKnown({ server, set }: MemberTask): string | undefined {
  const twin = refuseTwin(
    server,
    set.members.flatMap((member) => (member.server === undefined ? [] : [member.server])),
  )
  if (twin !== undefined) return twin
  const address = set.members.find(({ row }) => row.address === addressOf(server))
  if (address !== undefined)
    return `${addressOf(server)} is recorded in ReplicaSet "${set.name}" as the server ${address.row.uuid}, but ${server.host} is ${server.picture.uuid}: it was set up anew. Remove the old one first (innodb_replicaset_instance with instance: ${addressOf(server)}, state: absent, force: true, on the primary).`
  const id = String(server.picture.serverId)
  const same = set.members.find(({ row }) => attribute(row.attributes, 'server_id') === id)
  return same === undefined
    ? undefined
    : `${server.host} has the server_id ${id} of member ${same.row.address}: give every server a number of its own.`
}
