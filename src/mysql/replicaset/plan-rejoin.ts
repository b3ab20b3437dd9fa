import type { Step } from '../../host/step.js'
import type { Plan, Prediction } from '../../modules/module.js'
import { hasPassword } from '../account.js'
import { cloneText, isBeingCloned, waitForCloneUnderWay } from '../received-clone.js'
import {
  CHANNEL_OPTIONS,
  chosenOptions,
  defaultOptions,
  optionAttribute,
  optionAttributes,
  optionsSql,
  optionsThatDiffer,
  otherOptions,
  type ChannelOptions,
} from '../channel-options.js'
import { attributeStatements, differingAttributes, type AttributeChange } from '../members/options.js'
import { transaction } from '../metadata/statements.js'
import type { Statement } from '../step.js'
import { addressOf } from '../topology.js'
import { accountFits, replicationAccount, replicationUser } from './account.js'
import { channelDiffers, fenceStep, isConnecting, isRunning, startChannel, stopChannel } from './channel.js'
import { catchUpWith, connectivity, followSteps } from './plan-add.js'
import { leaveSource } from './leave-source.js'
import type { MemberTask } from './plan-instance.js'
import { asReplica, predict, seesMetadata, withAccount, withMember, type Foreseen } from './predict.js'
import { refuseReplicasetOptions, refuseReplicasetServer } from './refusals.js'
import { afterClone, cloneFrom, recoveryOf } from './recovery.js'
import { CHANNEL, channelOf, optionsOf, requirementOf, subjectOf, type Member } from './replicaset.js'
import { rejoinMember, renameMember } from './statements.js'

/** Brings a recorded member back, and sets its options. Only what differs is touched. */
export function planRejoinMember(task: MemberTask, member: Member): Plan {
  const { wanted, server, set, primary, login } = task
  const { host } = server
  const isPrimary = server.picture.uuid === primary.picture.uuid
  const subject = wanted.subject || subjectOf(member)
  const attributes = attributesThatDiffer(task, member, subject)
  if (isPrimary) {
    const record = recordStep(task, member, attributes)
    return {
      steps: record,
      diff: record.length === 0 ? [] : [difference(task, member, [recordText(attributes)])],
      predicts: record.length === 0 ? [] : predictions(task, member, attributes, {}),
    }
  }
  const requirement = requirementOf(set, subject)
  const refusal =
    refuseReplicasetOptions({ sslMode: set.sslMode, ...requirement }, server) ??
    refuseReplicasetServer(server)
  if (refusal !== undefined) return { steps: [], diff: [], failure: refusal }
  // A member that is well is not cloned, whatever the method: only one that can't get along otherwise.
  const recovery = recoveryOf(task, false)
  if ('refusal' in recovery) return { steps: [], diff: [], failure: recovery.refusal }
  const { donor } = recovery

  const { resets } = wanted
  const options = { ...otherOptions(optionsOf(member), resets), ...wanted.options }
  const differs = channelDiffers(server, primary, set)
  const fits = accountFits(primary, server, set.allowedHost, requirement)
  const secret = hasPassword(set.authType)
  const channel = channelOf(server)
  const failed = channel?.receiver !== 'ON' && (channel?.errorNumber ?? 0) !== 0
  const anew = differs !== undefined || failed || (secret && !fits) || donor !== undefined
  const fence = fenceStep(server, login)
  const more = anew
    ? {}
    : optionsThatDiffer({ ...options, ...chosenOptions(defaultOptions(server.picture), resets) }, channel)
  const reasons: string[] = []
  const steps: Step[] = []
  if (anew) {
    reasons.push(
      donor !== undefined
        ? 'its transactions do not go with those of the primary: it is cloned'
        : (differs ?? (failed ? 'its receiver fails' : 'its account differs')),
    )
    steps.push(...connectivity(task, subject), ...leaveSource(task, donor !== undefined))
  }
  // A password that nobody knows can only be replaced; an account without one is left alone when it is right.
  if (!fits || (anew && secret)) {
    if (!anew) reasons.push('its account differs')
    steps.push(...replicationAccount(primary, server, login, set.allowedHost, requirement))
  }
  if (fence.length > 0) reasons.push('it is not read-only')
  if (isBeingCloned(server)) reasons.push(`${cloneText(server)} goes on`)
  steps.push(...cloneFrom(task, donor), ...fence)
  if (anew) steps.push(...followSteps(task, options))
  else if (Object.keys(more).length > 0) {
    reasons.push('its channel options differ')
    steps.push(optionsStep(task, more))
  } else if (!isRunning(server) && !isConnecting(server)) {
    reasons.push('its replication is stopped')
    steps.push({
      do: 'sql',
      host,
      login,
      statements: [startChannel],
      undo: [{ do: 'sql', host, login, statements: [stopChannel] }],
      note: `start replication on ${host}`,
    })
  }
  if (steps.length > fence.length) steps.push(catchUpWith(task))
  const settled = afterClone(task, donor)
  if (donor === undefined && settled.length > 0) reasons.push('it was cloned by a run that was cut short')
  const record = recordStep(task, member, attributes)
  if (member.role === 'INVALIDATED') reasons.push('it was invalidated')
  else if (record.length > 0) reasons.push(recordText(attributes))
  steps.push(...settled, ...record)
  if (record.length > 0) steps.push(catchUpWith(task))
  if (steps.length === 0) return { steps: [], diff: [] }
  return {
    steps,
    first: waitForCloneUnderWay(server, login),
    diff: [difference(task, member, reasons)],
    predicts: predictions(task, member, attributes, options),
  }
}

const recordText = (attributes: readonly AttributeChange[]): string =>
  `to be recorded: ${attributes.map(({ key }) => key.replace('opt_', '')).join(', ') || 'its label'}`

/** What metadata does not say yet. */
function attributesThatDiffer(
  { wanted, server, set }: MemberTask,
  { row }: Member,
  subject: string,
): readonly AttributeChange[] {
  return differingAttributes(row.attributes, {
    ...Object.fromEntries(wanted.resets.map((key) => [optionAttribute(key), undefined])),
    ...optionAttributes(wanted.options),
    ...(subject === '' ? {} : { opt_certSubject: subject }),
    ...(wanted.tags === undefined ? {} : { tags: wanted.tags }),
    replicationAccountUser: replicationUser(server.picture.serverId),
    replicationAccountHost: set.allowedHost,
  })
}

function recordStep(
  task: MemberTask,
  member: Member,
  attributes: readonly AttributeChange[],
): readonly Step[] {
  const { set, server, primary, login, wanted } = task
  const { uuid } = server.picture
  const { label } = wanted
  const statements: readonly Statement[] = [
    ...attributeStatements({ table: 'instances', column: 'mysql_server_uuid', value: uuid }, attributes),
    ...(label === undefined || label === member.row.name ? [] : [renameMember(uuid, label)]),
    ...(member.role === 'INVALIDATED' ? rejoinMember(set.row.id, member.row.id, uuid, primary) : []),
  ]
  return statements.length === 0
    ? []
    : [
        {
          do: 'sql',
          host: primary.host,
          login,
          statements: transaction(statements),
          note: `record ${server.host} in ReplicaSet "${set.name}"`,
          pointOfNoReturn: 'end',
        },
      ]
}

/** Changes options of a channel that is otherwise right. */
function optionsStep({ server, login }: MemberTask, options: ChannelOptions): Step {
  const { host } = server
  const channel = channelOf(server)
  const before = Object.fromEntries(
    CHANNEL_OPTIONS.flatMap(({ key }) =>
      options[key] === undefined || channel === undefined ? [] : [[key, channel[key]]],
    ),
  )
  const change = (values: ChannelOptions): readonly Statement[] => {
    const part = optionsSql(values)
    return [
      stopChannel,
      {
        text: `CHANGE REPLICATION SOURCE TO ${part.text.slice(2)} FOR CHANNEL ?`,
        values: [...part.values, CHANNEL],
      },
      startChannel,
    ]
  }
  return {
    do: 'sql',
    host,
    login,
    statements: change(options),
    undo: [{ do: 'sql', host, login, statements: change(before) }],
    note: `set the channel options of ${host}`,
  }
}

function difference(
  { server, set, primary }: MemberTask,
  member: Member,
  reasons: readonly string[],
): Plan['diff'][number] {
  return {
    what: `${server.host} in ReplicaSet ${set.name}`,
    before: `${member.role}: ${reasons.join('; ')}\n`,
    after:
      server.picture.uuid === primary.picture.uuid
        ? 'PRIMARY\n'
        : `SECONDARY of ${addressOf(primary)}, ONLINE\n`,
  }
}

function predictions(
  task: MemberTask,
  member: Member,
  attributes: readonly AttributeChange[],
  options: ChannelOptions,
): readonly Prediction[] {
  const { set, server, primary, login, wanted } = task
  const isPrimary = server.picture.uuid === primary.picture.uuid
  const metadata = withMember(
    set.metadata,
    set.row.id,
    server,
    isPrimary ? undefined : primary,
    Object.fromEntries(attributes.map(({ key, after }) => [key, after])),
    wanted.label,
  )
  const account = withAccount(
    server,
    set.allowedHost,
    requirementOf(set, wanted.subject || subjectOf(member)),
  )
  return predict(
    login,
    set.members.flatMap((each): readonly Foreseen[] => {
      if (each.server === undefined) return []
      return each.server.picture.uuid === server.picture.uuid && !isPrimary
        ? [[each.server, asReplica(server, primary, set, options), account, seesMetadata(metadata)]]
        : [[each.server, account, seesMetadata(metadata)]]
    }),
  )
}
