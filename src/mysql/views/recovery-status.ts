import type { ValueMap } from '../../value/value.js'
import { attribute, ownState, type InstanceRow, type Server } from '../topology.js'
import { channelAt, channelState, channelStatus } from './channel-status.js'

const RECOVERY = 'group_replication_recovery'
const APPLIER = 'group_replication_applier'

/** The last clone that a server received. */
export interface CloneProgress {
  readonly state: string
  readonly beginTime: string
  readonly errorNumber: number
  readonly error: string
  readonly stages: readonly {
    readonly stage: string
    readonly state: string
    readonly estimate: number
    readonly data: number
  }[]
}

type Row = Readonly<Record<string, string | number | null>>

/** Questions whose answers cloneProgressOf() takes; the tables exist where the clone plugin was ever loaded. */
export const CLONE_STATUS =
  'SELECT ID, STATE, BEGIN_TIME, ERROR_NO, ERROR_MESSAGE FROM performance_schema.clone_status ORDER BY ID DESC LIMIT 1'
export const CLONE_STAGES = 'SELECT ID, STAGE, STATE, ESTIMATE, DATA FROM performance_schema.clone_progress'

/** The last clone, from the two tables that tell of it; undefined: there was none. */
export function cloneProgressOf(status: readonly Row[], stages: readonly Row[]): CloneProgress | undefined {
  const [last] = status
  if (last === undefined) return undefined
  return {
    state: String(last['STATE'] ?? ''),
    beginTime: String(last['BEGIN_TIME'] ?? ''),
    errorNumber: Number(last['ERROR_NO'] ?? 0),
    error: String(last['ERROR_MESSAGE'] ?? ''),
    stages: stages
      .filter((row) => String(row['ID']) === String(last['ID']))
      .map((row) => ({
        stage: String(row['STAGE'] ?? ''),
        state: String(row['STATE'] ?? ''),
        estimate: Number(row['ESTIMATE'] ?? 0),
        data: Number(row['DATA'] ?? 0),
      })),
  }
}

/** What a member that is RECOVERING is doing: AdminAPI's sentence and details. Empty when nobody knows. */
function recoveryUnderWay(
  server: Server,
  row: InstanceRow | undefined,
  clone: CloneProgress | undefined,
): { readonly text?: string; readonly details?: ValueMap } {
  const { state } = ownState(server)
  const channel = channelAt(server, RECOVERY)
  const details = server.picture.channelDetails[RECOVERY]
  const distributed =
    channel !== undefined &&
    (channel.channel.receiver === 'ON' ||
      channel.channel.error !== '' ||
      (details !== undefined &&
        (details.workersOff < details.applierWorkers || details.workerErrors.length > 0)))
  // A clone before the member joined is none of this recovery.
  const joined = row === undefined ? '' : attribute(row.attributes, 'joinTime')
  const cloned = clone !== undefined && clone.beginTime >= joined ? clone : undefined
  switch (state) {
    case 'RECOVERING':
      if (distributed)
        return { text: 'Distributed recovery in progress', details: distributedDetails(server) }
      return cloned === undefined
        ? { text: 'Recovery in progress' }
        : { text: 'Cloning in progress', details: cloneDetails(cloned) }
    case 'ERROR':
      if (distributed) return { text: 'Distributed recovery error', details: distributedDetails(server) }
      return cloned === undefined
        ? { text: 'Recovery error' }
        : { text: 'Clone error', details: cloneDetails(cloned) }
    case 'OFFLINE':
      // The server restarts in the middle of a clone.
      return cloned === undefined ? {} : { text: 'Cloning in progress', details: cloneDetails(cloned) }
    default:
      return {}
  }
}

function distributedDetails(server: Server): ValueMap {
  const found = channelAt(server, RECOVERY)
  const details = server.picture.channelDetails[RECOVERY]
  if (found === undefined) return {}
  const [error] = details?.workerErrors ?? []
  return {
    ...(error === undefined ? {} : { applierError: error.error, applierErrorNumber: error.errorNumber }),
    ...(found.channel.errorNumber === 0
      ? {}
      : { receiverError: found.channel.error, receiverErrorNumber: found.channel.errorNumber }),
    state: found.state,
  }
}

function cloneDetails({ state, beginTime, errorNumber, error, stages }: CloneProgress): ValueMap {
  const running = stages.find((one) => one.state === 'In Progress')
  const current = running ?? (stages[0]?.state === 'Not Started' ? undefined : stages.at(-1))
  return {
    cloneStartTime: beginTime,
    cloneState: state,
    ...(current === undefined
      ? { currentStage: null, currentStageProgress: null, currentStageState: null }
      : {
          currentStage: current.stage,
          ...(current.estimate > 0 ? { currentStageProgress: (current.data * 100) / current.estimate } : {}),
          currentStageState: current.state,
        }),
    ...(error === '' ? {} : { error }),
    ...(errorNumber === 0 ? {} : { errorNumber }),
  }
}

/** What is shown of a member's recovery. */
interface ShownRecovery {
  /** The group says that it is RECOVERING. */
  readonly recovering: boolean
  readonly level: number
  readonly clone: CloneProgress | undefined
  /** Of levels 2 and 3. */
  readonly more: ValueMap
}

/** recoveryStatusText and recovery of a member. Pure. */
export function recoveryStatus(
  server: Server,
  row: InstanceRow | undefined,
  { recovering, level, clone, more }: ShownRecovery,
): ValueMap {
  const { text, details } = recovering ? recoveryUnderWay(server, row, clone) : {}
  const channel = channelAt(server, RECOVERY)
  const shown =
    level > 0 &&
    channel !== undefined &&
    server.picture.channelDetails[RECOVERY]?.applierWorkers !== 0 &&
    (recovering || channel.state !== 'OFF')
  const node: ValueMap = {
    ...more,
    ...details,
    ...(shown
      ? {
          recoveryChannel: channelStatus(server, RECOVERY, { details: level - 1, source: true, lag: false }),
        }
      : {}),
  }
  return {
    ...(text === undefined ? {} : { recoveryStatusText: text }),
    ...(details !== undefined || Object.keys(node).length > 0 ? { recovery: node } : {}),
  }
}

/** The channel of the group where it is not as it has to be; from level 1. Pure. */
export function applierChannel(server: Server, level: number): ValueMap {
  const { state } = ownState(server)
  const channel = server.picture.channels.find(({ name }) => name === APPLIER)
  const details = server.picture.channelDetails[APPLIER]
  if (level < 1 || channel === undefined || (details?.applierWorkers ?? 0) === 0) return {}
  const is = channelState(channel, details)
  const wrong = state === 'ONLINE' ? is !== 'ON' : state !== 'RECOVERING' && is !== 'OFF'
  return wrong
    ? { applierChannel: channelStatus(server, APPLIER, { details: level - 1, source: false, lag: false }) }
    : {}
}
