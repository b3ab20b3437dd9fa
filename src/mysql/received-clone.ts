import type { Step } from '../host/step.js'
import type { InstancePicture } from './instance.js'
import type { MysqlLogin } from './login.js'
import type { MysqlRows } from './question.js'
import { addressOf, type Server } from './topology.js'

/** The last clone that a server received, as it tells itself. */
export interface ReceivedClone {
  /** In Progress, Completed or Failed. */
  readonly state: string
  /** Whether it still goes on: that of a server which crashed is In Progress for ever. */
  readonly underWay: boolean
  /** Whether it began after {@link MARK} was set: it is the one that was prepared then. */
  readonly marked: boolean
  /** `host:port` of the donor. */
  readonly source: string
}

/**
 * Persisted together with skip_replica_start, and taken back together: when both are found later, a run was cut short
 * while it cloned.
 */
export const MARK = 'clone_valid_donor_list'

/** Whether a run was cut short while it cloned to this server. */
export const wasCutShort = ({ persisted }: InstancePicture): boolean =>
  persisted[MARK] !== undefined && persisted['skip_replica_start'] !== undefined

/** Whether a clone that was begun before, by whomever, replaces the data of a server just now. */
export const isBeingCloned = ({ picture }: Server): boolean => picture.clone?.underWay === true

/** Whether the clone came to its end that a run which was cut short had prepared: the data need not be copied again. */
export const wasCloned = ({ picture }: Server): boolean =>
  wasCutShort(picture) && picture.clone?.marked === true && picture.clone.state === 'Completed'

/** A question about the last clone, of a server that has the plugin. */
export const RECEIVED_CLONE = `SELECT s.STATE state, s.SOURCE source, s.ERROR_NO number, s.ERROR_MESSAGE message,
  s.STATE = 'In Progress' AND s.ERROR_NO = 0 AND s.BEGIN_TIME > NOW(3) - INTERVAL (SELECT VARIABLE_VALUE + 1 FROM performance_schema.global_status WHERE VARIABLE_NAME = 'Uptime') SECOND under_way,
  COALESCE(s.BEGIN_TIME >= (SELECT v.SET_TIME FROM performance_schema.variables_info v WHERE v.VARIABLE_NAME = '${MARK}'), 0) marked,
  (SELECT CONCAT(LOWER(p.STAGE), IF(p.ESTIMATE > 0, CONCAT(', ', 10 * FLOOR(10 * p.DATA / p.ESTIMATE), ' %'), '')) FROM performance_schema.clone_progress p WHERE p.ID = s.ID AND p.STATE = 'In Progress' LIMIT 1) stage,
  (SELECT COUNT(*) FROM performance_schema.clone_progress p WHERE p.ID = s.ID AND p.STAGE = 'DROP DATA' AND p.STATE <> 'Not Started') dropped
  FROM performance_schema.clone_status s ORDER BY s.ID DESC LIMIT 1`

/** Tells of a clone that failed whether the server had thrown its own data away by then. */
export const LOST_BY_CLONE = `SELECT 'they are gone: the clone had begun, and the next run clones anew' FROM (${RECEIVED_CLONE}) clone WHERE clone.marked AND clone.dropped AND clone.state <> 'Completed'`

type Row = Readonly<Record<string, string | number | null>>

/** What the answer to {@link RECEIVED_CLONE} tells; undefined: the server was never cloned. */
export function receivedClone([row]: readonly Row[]): ReceivedClone | undefined {
  if (row === undefined) return undefined
  return {
    state: String(row['state'] ?? ''),
    underWay: Number(row['under_way']) === 1,
    marked: Number(row['marked']) === 1,
    source: String(row['source'] ?? ''),
  }
}

/** Seconds that a server may be silent after a clone: until its unit, or a person, has started it again. */
const SILENCE = 900
/** Seconds that the copy may take. */
export const LONGEST = 7 * 86_400

/** Waits until a clone ends that goes on although the run that began it is gone, and its server is back. */
export function waitForCloneUnderWay(server: Server, login: MysqlLogin): readonly Step[] {
  if (!isBeingCloned(server)) return []
  const { host } = server
  return [
    {
      do: 'wait',
      host,
      question: { ask: 'mysql_rows', login, statement: RECEIVED_CLONE },
      timeout: LONGEST,
      silence: SILENCE,
      interval: 0.5,
      byThemselves: true,
      until: (answer) => hasEnded(answer as MysqlRows),
      tells: (answer) => progressText(host, answer as MysqlRows),
      otherwise: `The clone on ${host} that an earlier run began does not end: see performance_schema.clone_progress there.`,
      note: `wait for ${cloneText(server)}`,
    },
  ]
}

/** Waits for the data of a clone that was begun just now, and until the server answers again. */
export function waitForClone({ host }: Server, donor: Server, login: MysqlLogin): Step {
  return {
    do: 'wait',
    host,
    question: { ask: 'mysql_rows', login, statement: RECEIVED_CLONE },
    timeout: LONGEST,
    silence: SILENCE,
    interval: 0.2,
    until: (answer) => isComplete(answer as MysqlRows),
    hopeless: (answer) => failureOfClone(host, answer as MysqlRows),
    otherwise: `${host} did not come back after the clone; its own data are gone. If nothing starts its mysqld again (systemctl start mysql), do so; then run again: the next run goes on with the copied data.`,
    leaves: `${host} has the data of ${addressOf(donor)} now, its own are gone`,
    note: `wait until ${host} is back with the data of ${donor.host}`,
  }
}

/** The clone in words: for notes and differences. */
export function cloneText({ host, picture }: Server): string {
  return `the clone of ${picture.clone?.source ?? ''} to ${host} that an earlier run began`
}

/** The plugin is the donor's after the restart; a server whose table is gone is not being cloned. */
function hasEnded(answer: MysqlRows): boolean {
  if (answer.kind !== 'rows') return answer.kind === 'refused'
  return receivedClone(answer.rows)?.underWay !== true
}

function progressText(host: string, answer: MysqlRows): string | undefined {
  if (answer.kind === 'down') return `${host} is restarted`
  const stage = answer.kind === 'rows' ? answer.rows[0]?.['stage'] : undefined
  return typeof stage === 'string' ? `clone to ${host}: ${stage}` : undefined
}

/** One that is complete from before does not count: this one may never have begun. */
function isComplete(answer: MysqlRows): boolean {
  const clone = answer.kind === 'rows' ? receivedClone(answer.rows) : undefined
  return clone?.state === 'Completed' && clone.marked
}

/** ER_RESTART_SERVER_FAILED: nothing starts the server again; it has the data. */
const NOBODY_RESTARTS = 3707

/** Why the data won't come any more. */
function failureOfClone(host: string, answer: MysqlRows): string | undefined {
  if (answer.kind === 'refused')
    return `${host} refuses the login after the clone (${answer.message}): its accounts are the donor's now, and its own data are gone. Log in as an account that the donor has, too, and run again.`
  if (answer.kind !== 'rows') return undefined
  const [row] = answer.rows
  const clone = receivedClone(answer.rows)
  if (clone?.marked !== true)
    return `The clone to ${host} did not begin: the connection was lost before. Run again.`
  const number = Number(row?.['number'])
  if (clone.underWay || number === NOBODY_RESTARTS || clone.state === 'Completed') return undefined
  const lost = Number(row?.['dropped']) > 0 ? ` What ${host} had is gone.` : ''
  return clone.state === 'Failed'
    ? `The clone to ${host} failed: ${String(row?.['message'] ?? '')} (${number}).${lost} Its error log says more; run again when the cause is mended.`
    : `The server of ${host} ended while it was cloned.${lost} Its error log says more; run again: it is cloned anew.`
}
