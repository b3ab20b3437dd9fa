import type { Query, Row } from './pool.js'

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
  /** Of one of the workers. */
  readonly workerThreadState: string
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

/** The details of all channels of a server by channel name. */
export async function readChannelDetails(query: Query): Promise<Readonly<Record<string, ChannelDetails>>> {
  const rows = await query(
    `SELECT c.CHANNEL_NAME n, s.SOURCE_UUID source_uuid, c.SSL_CA_PATH ca_path,
       ac.DESIRED_DELAY delay, rt.PROCESSLIST_STATE receiver_state,
       s.LAST_ERROR_TIMESTAMP error_time, co.SERVICE_STATE coordinator_state, co.LAST_ERROR_NUMBER coordinator_errno, co.LAST_ERROR_MESSAGE coordinator_error, ct.PROCESSLIST_STATE applier_state,
       GREATEST(s.LAST_HEARTBEAT_TIMESTAMP, s.LAST_QUEUED_TRANSACTION_START_QUEUE_TIMESTAMP) heard,
       TIMEDIFF(NOW(6), GREATEST(s.LAST_HEARTBEAT_TIMESTAMP, s.LAST_QUEUED_TRANSACTION_START_QUEUE_TIMESTAMP)) since
     FROM performance_schema.replication_connection_configuration c
     LEFT JOIN performance_schema.replication_connection_status s USING (CHANNEL_NAME)
     LEFT JOIN performance_schema.replication_applier_configuration ac USING (CHANNEL_NAME)
     LEFT JOIN performance_schema.replication_applier_status_by_coordinator co USING (CHANNEL_NAME)
     LEFT JOIN performance_schema.threads rt ON rt.THREAD_ID = s.THREAD_ID
     LEFT JOIN performance_schema.threads ct ON ct.THREAD_ID = co.THREAD_ID`,
  )
  const workers = await query(
    `SELECT w.CHANNEL_NAME n, COUNT(*) workers, MAX(wt.PROCESSLIST_STATE) state, MAX(w.LAST_ERROR_NUMBER) errno, MAX(w.LAST_ERROR_MESSAGE) error,
       MAX(IF(APPLYING_TRANSACTION = '', NULL, TIMEDIFF(NOW(6), APPLYING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP))) original,
       MAX(IF(APPLYING_TRANSACTION = '', NULL, TIMEDIFF(NOW(6), APPLYING_TRANSACTION_IMMEDIATE_COMMIT_TIMESTAMP))) immediate
     FROM performance_schema.replication_applier_status_by_worker w
     LEFT JOIN performance_schema.threads wt ON wt.THREAD_ID = w.THREAD_ID GROUP BY w.CHANNEL_NAME`,
  )
  return Object.fromEntries(
    rows.map((row): readonly [string, ChannelDetails] => {
      const worker = workers.find((one) => text(one, 'n') === text(row, 'n')) ?? {}
      const ofWorker = number(worker, 'errno') !== 0
      return [
        text(row, 'n'),
        {
          sourceUuid: text(row, 'source_uuid'),
          sslCaPath: text(row, 'ca_path'),
          delay: number(row, 'delay'),
          receiverThreadState: text(row, 'receiver_state'),
          applierErrorNumber: ofWorker ? number(worker, 'errno') : number(row, 'coordinator_errno'),
          applierError: ofWorker ? text(worker, 'error') : text(row, 'coordinator_error'),
          applierThreadState: text(row, 'applier_state'),
          coordinatorState: text(row, 'coordinator_state'),
          workerThreadState: text(worker, 'state'),
          receiverErrorTimestamp: text(row, 'error_time'),
          applierWorkers: number(worker, 'workers'),
          timeSinceLastMessage: text(row, 'heard').startsWith('0000') ? '' : text(row, 'since'),
          lagFromOriginal: text(worker, 'original'),
          lagFromImmediate: text(worker, 'immediate'),
        },
      ]
    }),
  )
}
