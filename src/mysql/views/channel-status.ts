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

/** `ON`, `OFF`, `CONNECTING` or `ERROR`. */
export const receiverStatusOf = ({ receiver, errorNumber }: ReplicationChannel): string =>
  receiver === 'OFF' && errorNumber !== 0 ? 'ERROR' : receiver

/** `APPLYING`, `APPLIED_ALL`, `OFF` or `ERROR`. */
export function applierStatusOf(channel: ReplicationChannel, details: ChannelDetails | undefined): string {
  if ((details?.applierErrorNumber ?? 0) !== 0) return 'ERROR'
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
  const channel = server.picture.channels.find((each) => each.name === name && each.host !== '')
  const details = server.picture.channelDetails[name]
  if (channel === undefined || details === undefined)
    return { applierStatus: null, ...expected, receiverStatus: null, replicationSsl: null }
  const running = channel.receiver === 'ON' && channel.applier === 'ON'
  const queued = minus(parseGtidSet(channel.received), parseGtidSet(server.picture.gtidExecuted))
  const address = `${channel.host.includes(':') ? `[${channel.host}]` : channel.host}:${channel.port}`
  return {
    ...(level > 0 ? { applierState: channel.applier === 'ON' ? 'ON' : 'OFF' } : {}),
    applierStatus: applierStatusOf(channel, details),
    applierThreadState: details.workerThreadState,
    ...(level > 1 || details.applierWorkers > 1
      ? { applierWorkerThreads: Math.max(details.applierWorkers, 1) }
      : {}),
    ...(details.applierErrorNumber === 0
      ? {}
      : { applierLastErrors: [{ error: details.applierError, errorNumber: details.applierErrorNumber }] }),
    ...(level > 0 ? { applierQueuedTransactionSet: gtidText(queued) } : {}),
    ...(level > 0 || queued.size > 0 ? { applierQueuedTransactionSetSize: countOf(queued) } : {}),
    ...(level > 0 && details.coordinatorState !== ''
      ? { coordinatorState: details.coordinatorState, coordinatorThreadState: details.applierThreadState }
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
    ...(!running || astray || level > 0 || source ? { source: address } : {}),
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
