import type { Secret } from '../value/secret.js'
import type { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'
import type { AnswerTo, Question } from './question.js'
import type { Step } from './step.js'

/** One difference between how the host stands and what is wanted, for people. */
export interface Difference {
  /** What differs: a path, an account, a variable. */
  readonly what: string
  readonly before: string | Secret | Unknown
  readonly after: string | Secret | Unknown
}

/** "Once the steps are done, this question is answered so": tells check mode's overlay what steps can't. */
export interface Prediction {
  readonly host?: string
  readonly question: Question
  readonly answer: AnswerTo<Question>
}

/** What has to change on one host for one task. No steps: nothing to do. */
export interface Plan {
  readonly steps: readonly Step[]
  /**
   * Waits for what goes on by itself and has to be over before this can be planned for certain. They come first; then it
   * is planned anew. The steps are those that are foreseen.
   */
  readonly first?: readonly Step[]
  readonly diff: readonly Difference[]
  /** Default: `steps.length > 0`. A wait or a query has steps and changes nothing. */
  readonly changed?: boolean
  /** It acts every time, by its meaning (restarted, touch): the same probe still finds something to do afterwards. */
  readonly everyTime?: boolean
  readonly predicts?: readonly Prediction[]
  /** Facts or variables set for this host by the task (setup, set_fact). */
  readonly facts?: Readonly<Record<string, Value>>
  /** The task's message, also when nothing changes. */
  readonly message?: string
  /** The task fails with this sentence, in check mode too (assert, fail, a value that is refused). */
  readonly failure?: string
  /**
   * It can't be known without running whether something would change, and why: check mode says so. What a real run
   * can't do either is a failure besides.
   */
  readonly unknown?: Unknown
  readonly warnings?: readonly string[]
}
