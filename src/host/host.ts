import type { AnswerTo, Question } from './question.js'
import type { Outcome, Step } from './step.js'

/**
 * What a probe is given: questions only. The object handed over in check mode has no writer behind it, so that
 * a probe can't write even if it tried at run time.
 */
export interface HostReader {
  /** Inventory name. */
  readonly host: string
  /**
   * Answers a question. Questions asked in the same tick travel in one round trip.
   * @throws SignetError unreachable, become-failed, connection-lost …
   */
  ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>>
  /** The same for another host of the inventory. @throws SignetError if there is none of that name. */
  peer(host: string): HostReader
}

/** What apply is given. */
export interface HostWriter extends HostReader {
  /**
   * Performs steps in order; neighbouring ones travel together. On failure the undo steps of those already
   * done are performed in reverse order, then the failure is thrown.
   * @throws SignetError task-failed and the like, saying which step failed and what was undone.
   */
  perform(steps: readonly Step[]): Promise<readonly Outcome[]>
  peer(host: string): HostWriter
}
