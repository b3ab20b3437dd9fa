import type { ValueMap } from '../../value/value.js'
import type { ChannelDetails } from '../channel-details.js'
import { countOf, gtidText, minus, parseGtidSet } from '../gtid-set.js'
import type { ReplicationChannel } from '../instance.js'
import type { Server } from '../topology.js'

/** The SSL mode that a channel really has, from its configuration. */
export function channelSslMode(channel: ReplicationChannel): string {
  if (!channel.ssl) return 'DISABLED'
  if (channel.verifyServerCert) return 'VERIFY_IDENTITY'
  return channel.sslCa === '' ? 'REQUIRED' : 'VERIFY_CA'
}

/** AdminAPI's word for a channel as a whole. */
export type ChannelState =
  'ON' | 'OFF' | 'RECEIVER_OFF' | 'APPLIER_OFF' | 'CONNECTING' | 'CONNECTION_ERROR' | 'APPLIER_ERROR'

/** How a channel stands: an applier's error weighs more than the receiver's. @param details undefined: it was never used */
export function channelState(
  { receiver, errorNumber, applier }: ReplicationChannel,
  details: ChannelDetails | undefined,
): ChannelState {
  const { applierWorkers = 0, workersOff = 0, coordinatorState = '' } = details ?? {}
  const applierOff = applierWorkers === 0 ? applier !== 'ON' : workersOff === applierWorkers
  const failed =
    (workersOff > 0 && (!applierOff || (details?.workerErrors.length ?? 0) > 0)) ||
    (coordinatorState === 'OFF' && (!applierOff || details?.coordinatorError !== undefined))
  if (failed) return 'APPLIER_ERROR'
  if (receiver === 'CONNECTING') return applierOff ? 'APPLIER_OFF' : 'CONNECTING'
  if (errorNumber !== 0) return 'CONNECTION_ERROR'
  if (receiver === 'OFF') return applierOff ? 'OFF' : 'RECEIVER_OFF'
  return applierOff ? 'APPLIER_OFF' : 'ON'
}

/** A channel of a server with its state; undefined when there is none. */
export function channelAt(
  { picture }: Server,
  name: string,
): { readonly channel: ReplicationChannel; readonly state: ChannelState } | undefined {
  // Group Replication's own channels have no host.
  const own = name.startsWith('group_replication_')
  const channel = picture.channels.find((each) => each.name === name && (own || each.host !== ''))
  return channel === undefined
    ? undefined
    : { channel, state: channelState(channel, picture.channelDetails[name]) }
}

/** What stopped a channel: `message (number) at time`. Empty: nothing did. */
export function channelError({ picture }: Server, name: string): string {
  const channel = picture.channels.find((each) => each.name === name)
  const details = picture.channelDetails[name]
  if (channel === undefined || details === undefined) return ''
  const error = details.workerErrors[0] ?? details.coordinatorError
  if (channelState(channel, details) === 'APPLIER_ERROR')
    return error === undefined
      ? 'some of its threads do not run'
      : `${withoutQuery(error.error)} (${error.errorNumber}) at ${error.errorTimestamp}`
  return channel.errorNumber === 0
    ? ''
    : `${channel.error} (${channel.errorNumber}) at ${details.receiverErrorTimestamp}`
}

/** An applier's error without the statement that it failed on, which may be long, or hold a hash of a password. */
export const withoutQuery = (error: string): string =>
  error.replace(/\.? Default database: .*$/s, '').replace(/ Query: .*$/s, '')

/** `ON`, `OFF`, `CONNECTING` or `ERROR`. */
export const receiverStatusOf = ({ receiver, errorNumber }: ReplicationChannel): string =>
  errorNumber !== 0 ? 'ERROR' : receiver

/** `APPLYING`, `APPLIED_ALL`, `OFF` or `ERROR`. */
export function applierStatusOf(channel: ReplicationChannel, details: ChannelDetails | undefined): string {
  if ((details?.workerErrors.length ?? 0) > 0) return 'ERROR'
  if (channel.applier !== 'ON') return 'OFF'
  return (details?.lagFromOriginal ?? '') === '' ? 'APPLIED_ALL' : 'APPLYING'
}

/** What is shown of a channel. */
interface Shown {
  /** How much: 0 to 2. */
  readonly details: number
  /** Its source always, or only when something is wrong. */
  readonly source: boolean
  readonly lag: boolean
  /** What it should lead to, and whether it leads elsewhere. */
  readonly expectedSource?: string | null
  readonly astray?: boolean
}

/** AdminAPI's picture of a channel, which several of its status() have. Pure. */
export function channelStatus(
  server: Server,
  name: string,
  { details: level, source, lag, expectedSource, astray = false }: Shown,
): ValueMap {
  const expected = expectedSource === undefined || expectedSource === null ? {} : { expectedSource }
  const found = channelAt(server, name)
  const details = server.picture.channelDetails[name]
  if (found === undefined || details === undefined)
    return { applierStatus: null, ...expected, receiverStatus: null, replicationSsl: null }
  const { channel } = found
  const running = found.state === 'ON'
  const queued = minus(parseGtidSet(channel.received), parseGtidSet(server.picture.gtidExecuted))
  const address = `${channel.host.includes(':') ? `[${channel.host}]` : channel.host}:${channel.port}`
  return {
    ...(level > 0 ? { applierState: channel.applier === 'ON' ? 'ON' : 'OFF' } : {}),
    applierStatus: applierStatusOf(channel, details),
    applierThreadState: details.workerThreadState,
    ...(level > 1 || details.applierWorkers > 1
      ? { applierWorkerThreads: Math.max(details.applierWorkers, 1) }
      : {}),
    ...(details.workerErrors.length === 0
      ? {}
      : { applierLastErrors: details.workerErrors.map((each) => ({ ...each })) }),
    ...(level > 0 ? { applierQueuedTransactionSet: gtidText(queued) } : {}),
    ...(level > 0 || queued.size > 0 ? { applierQueuedTransactionSetSize: countOf(queued) } : {}),
    ...(level > 0 && details.coordinatorState !== ''
      ? {
          coordinatorState: details.coordinatorState,
          ...(details.applierThreadState === ''
            ? {}
            : { coordinatorThreadState: details.applierThreadState }),
          ...coordinatorError(details),
        }
      : {}),
    ...(!running || astray ? expected : {}),
    ...(level > 1 || details.delay > 0
      ? {
          options: {
            ...(level > 1
              ? {
                  connectRetry: channel.connectRetry,
                  heartbeatPeriod: channel.heartbeatPeriod,
                  retryCount: channel.retryCount,
                }
              : {}),
            delay: details.delay,
          },
        }
      : {}),
    receiverStatus: receiverStatusOf(channel),
    receiverThreadState: details.receiverThreadState,
    ...(channel.errorNumber === 0
      ? {}
      : {
          receiverLastError: channel.error,
          receiverLastErrorNumber: channel.errorNumber,
          receiverLastErrorTimestamp: details.receiverErrorTimestamp,
        }),
    ...(level > 0 ? { receiverTimeSinceLastMessage: details.timeSinceLastMessage } : {}),
    ...(lag ? lagOf(running, details) : {}),
    replicationSsl: null,
    ...(!running || astray || level > 0 || source ? { source: channel.port === 0 ? null : address } : {}),
  }
}

function coordinatorError({ coordinatorError: found }: ChannelDetails): ValueMap {
  return found === undefined
    ? {}
    : {
        coordinatorLastError: found.error,
        coordinatorLastErrorNumber: found.errorNumber,
        coordinatorLastErrorTimestamp: found.errorTimestamp,
      }
}

function lagOf(running: boolean, { lagFromOriginal, lagFromImmediate }: ChannelDetails): ValueMap {
  if (!running) return { replicationLag: null }
  return lagFromOriginal === lagFromImmediate
    ? { replicationLag: lagFromOriginal === '' ? 'applier_queue_applied' : lagFromOriginal }
    : {
        replicationLagFromImmediateSource: lagFromImmediate,
        replicationLagFromOriginalSource: lagFromOriginal,
      }
}

/** `TLS_AES_128_GCM_SHA256 TLSv1.3` of the connection of an account, as the servers that it is logged in to see it; null if there is none. */
export function liveTls(user: string, servers: readonly Server[]): string | null {
  for (const { picture } of servers) {
    const thread = picture.secureThreads.find((one) => one.user === user && one.version !== '')
    if (thread) return `${thread.cipher} ${thread.version}`
  }
  return null
}
