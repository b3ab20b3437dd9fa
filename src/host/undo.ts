import { SignetError } from '../errors.js'
import { MysqlProblem } from '../mysql/connect.js'
import type { Step } from './step.js'

/** A step that was begun, and where. */
export interface Begun {
  readonly step: Step
  readonly host: string
  /** The server refused a statement of it, or it did not come true, so that what it would leave for good is not there. */
  refused?: boolean
}

/** How far the steps of a task came. */
export interface Progress {
  /** What has to be undone when a later step fails; emptied at a point of no return. */
  readonly begun: Begun[]
  /** A point of no return was passed. */
  committed: boolean
}

/** Nothing that was begun before is undone any more. */
export function commit(progress: Progress): void {
  progress.begun.length = 0
  progress.committed = true
}

const causeOf = (error: unknown): unknown => (error instanceof SignetError ? error.cause : undefined)

/** Whether a statement was sent whose answer never came: it may have been carried out. */
export function isInDoubt(error: unknown): boolean {
  const cause = causeOf(error)
  return (
    (error instanceof SignetError && error.code === 'connection-lost') ||
    (cause instanceof MysqlProblem && cause.kind === 'down')
  )
}

/** Whether the server answered, with an error. */
export function isRefused(error: unknown): boolean {
  const cause = causeOf(error)
  return cause instanceof MysqlProblem && cause.kind !== 'down'
}

/**
 * Undoes what was begun, the last first, and says in the error what became of it: what was undone, what can't be, what
 * could not be.
 * @param host the task's host; an error of another names it
 * @param perform performs one step
 */
export async function undone(
  error: unknown,
  { begun, committed }: Progress,
  host: string,
  perform: (step: Step, host: string) => Promise<unknown>,
): Promise<unknown> {
  const undoable = begun
    .filter(({ step, refused }) => (step.undo ?? []).length > 0 && !(step.atomic && refused))
    // Past the point of no return, only a check tidies up behind itself.
    .filter(({ step }) => !committed || step.do === 'check_connectivity')
    .reverse()
  const failures: string[] = []
  for (const { step, host: at } of undoable)
    for (const each of step.undo ?? []) {
      const failure = await failureOf(each, each.host ?? at, perform)
      if (failure !== undefined) failures.push(`  ${step.note ?? step.do} (${each.host ?? at}): ${failure}`)
    }
  if (!(error instanceof SignetError)) return error
  const left = begun.flatMap(({ step, refused }) =>
    step.leaves === undefined || refused === true ? [] : [step.leaves],
  )
  const outcome = [
    ...(committed ? ['What was done so far stays. Run again: the next run completes it.'] : []),
    ...(failures.length > 0
      ? [
          'Not everything could be undone. Run again, or put it right by hand: these steps are not taken back:',
          ...failures,
        ]
      : undoable.length === 0 || committed
        ? []
        : [`${left.length > 0 ? 'Whatever else' : 'Everything that'} the task had changed was undone.`]),
    ...(left.length > 0 && !committed ? [`What can not be undone: ${[...new Set(left)].join('; ')}.`] : []),
  ]
  return new SignetError(error.code, [named(error, host), ...outcome].join('\n'), {
    host: error.host,
    place: error.place,
    hint: error.hint,
    cause: error,
  })
}

/** Undoing is tried twice: what broke off once, such as a connection, need not do so again. */
async function failureOf(
  step: Step,
  host: string,
  perform: (step: Step, host: string) => Promise<unknown>,
): Promise<string | undefined> {
  for (let attempt = 1; ; attempt++)
    try {
      await perform(step, host)
      return undefined
    } catch (failure) {
      if (attempt === 2) return failure instanceof Error ? failure.message : String(failure)
    }
}

/** The message, with the host that it is about where that is not the task's. */
function named({ message, host }: SignetError, own: string): string {
  if (host === undefined || host === own) return message
  return new RegExp(`(^|[^\\w.-])${host.replace(/[^\w]/g, '\\$&')}($|[^\\w-])`).test(message)
    ? message
    : `${host}: ${message}`
}
