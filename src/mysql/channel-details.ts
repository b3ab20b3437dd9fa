import type { Query, Row } from './pool.js'

/** Why a thread of replication stopped last. */
export interface ThreadError {
  readonly error: string
  readonly errorNumber: number
  readonly errorTimestamp: string
}

/** What a channel's configuration and state say beyond what every plan needs (instance.ts, ReplicationChannel). */
export interface ChannelDetails {
  /** UUID of the server that it receives from; empty before the first connection. */
  readonly sourceUuid: string
  readonly sslCaPath: string
  /** Seconds that the applier waits on purpose. */
  readonly delay: number
  readonly receiverThreadState: string
  /** Of the first worker that stopped with an error, or of the coordinator. */
  readonly applierErrorNumber: number
  readonly applierError: string
  /** Of the coordinator. */
  readonly applierThreadState: string
  /** ON or OFF; empty: there is no coordinator. */
  readonly coordinatorState: string
  readonly coordinatorError: ThreadError | undefined
  /** Of one of the workers. */
  readonly workerThreadState: string
  /** Of every worker that has one, running again or not. */
  readonly workerErrors: readonly ThreadError[]
  /** How many workers do not run. */
  readonly workersOff: number
  readonly receiverErrorTimestamp: string
  readonly applierWorkers: number
  /** `HH:MM:SS.ffffff` since something came from the source; empty when nothing did. */
  readonly timeSinceLastMessage: string
  /** `HH:MM:SS.ffffff` between commit on the original and on the immediate source and here; empty when all is applied. */
  readonly lagFromOriginal: string
  readonly lagFromImmediate: string
}

const text = (row: Row, key: string): string => String(row[key] ?? '')
const number = (row: Row, key: string): number => Number(row[key] ?? 0)

/** The greatest text of a column; empty when there is none. */
const greatest = (rows: readonly Row[], key: string): string =>
  rows.map((row) => text(row, key)).reduce((most, one) => (one > most ? one : most), '')

function errorOf(row: Row, errno: string, error: string, time: string): ThreadError | undefined {
  return number(row, errno) === 0
    ? undefined
    : { error: text(row, error), errorNumber: number(row, errno), errorTimestamp: text(row, time) }
}

/** The details of all channels of a server by channel name. */
export async function readChannelDetails(query: Query): Promise<Readonly<Record<string, ChannelDetails>>> {
  const [rows, workers] = await Promise.all([
    query(
      `SELECT c.CHANNEL_NAME n, s.SOURCE_UUID source_uuid, c.SSL_CA_PATH ca_path,
       ac.DESIRED_DELAY delay, rt.PROCESSLIST_STATE receiver_state,
       s.LAST_ERROR_TIMESTAMP error_time, co.SERVICE_STATE coordinator_state, co.LAST_ERROR_NUMBER coordinator_errno, co.LAST_ERROR_MESSAGE coordinator_error, co.LAST_ERROR_TIMESTAMP coordinator_time, ct.PROCESSLIST_STATE applier_state,
       GREATEST(s.LAST_HEARTBEAT_TIMESTAMP, s.LAST_QUEUED_TRANSACTION_START_QUEUE_TIMESTAMP) heard,
       TIMEDIFF(NOW(6), GREATEST(s.LAST_HEARTBEAT_TIMESTAMP, s.LAST_QUEUED_TRANSACTION_START_QUEUE_TIMESTAMP)) since
     FROM performance_schema.replication_connection_configuration c
     LEFT JOIN performance_schema.replication_connection_status s USING (CHANNEL_NAME)
     LEFT JOIN performance_schema.replication_applier_configuration ac USING (CHANNEL_NAME)
     LEFT JOIN performance_schema.replication_applier_status_by_coordinator co USING (CHANNEL_NAME)
     LEFT JOIN performance_schema.threads rt ON rt.THREAD_ID = s.THREAD_ID
     LEFT JOIN performance_schema.threads ct ON ct.THREAD_ID = co.THREAD_ID`,
    ),
    query(
      `SELECT w.CHANNEL_NAME n, w.SERVICE_STATE service, wt.PROCESSLIST_STATE state,
       w.LAST_ERROR_NUMBER errno, w.LAST_ERROR_MESSAGE error, w.LAST_ERROR_TIMESTAMP error_time,
       IF(APPLYING_TRANSACTION = '', NULL, TIMEDIFF(NOW(6), APPLYING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP)) original,
       IF(APPLYING_TRANSACTION = '', NULL, TIMEDIFF(NOW(6), APPLYING_TRANSACTION_IMMEDIATE_COMMIT_TIMESTAMP)) immediate
     FROM performance_schema.replication_applier_status_by_worker w
     LEFT JOIN performance_schema.threads wt ON wt.THREAD_ID = w.THREAD_ID ORDER BY w.CHANNEL_NAME, w.WORKER_ID`,
    ),
  ])
  return Object.fromEntries(
    rows.map((row): readonly [string, ChannelDetails] => {
      const own = workers.filter((one) => text(one, 'n') === text(row, 'n'))
      const workerErrors = own.flatMap((worker) => errorOf(worker, 'errno', 'error', 'error_time') ?? [])
      const coordinatorError = errorOf(row, 'coordinator_errno', 'coordinator_error', 'coordinator_time')
      const first = workerErrors[0] ?? coordinatorError
      return [
        text(row, 'n'),
        {
          sourceUuid: text(row, 'source_uuid'),
          sslCaPath: text(row, 'ca_path'),
          delay: number(row, 'delay'),
          receiverThreadState: text(row, 'receiver_state'),
          applierErrorNumber: first?.errorNumber ?? 0,
          applierError: first?.error ?? '',
          applierThreadState: text(row, 'applier_state'),
          coordinatorState: text(row, 'coordinator_state'),
          coordinatorError,
          workerThreadState: greatest(own, 'state'),
          workerErrors,
          workersOff: own.filter((worker) => text(worker, 'service') === 'OFF').length,
          receiverErrorTimestamp: text(row, 'error_time'),
          applierWorkers: own.length,
          timeSinceLastMessage: text(row, 'heard').startsWith('0000') ? '' : text(row, 'since'),
          lagFromOriginal: greatest(own, 'original'),
          lagFromImmediate: greatest(own, 'immediate'),
        },
      ]
    }),
  )
}
