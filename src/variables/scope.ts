import type { Place } from '../source/place.js'
import type { Value } from '../value/value.js'

/** Where a variable came from. */
export interface Origin {
  /** A level of precedence.ts, such as `play vars`. */
  readonly level: string
  /** File, task or option that it stands in. */
  readonly source: string
  readonly place?: Place
}

/**
 * One variable as it was set. What comes from a host (facts, registered results, file content) is data for
 * ever: `template` is false and its text is never evaluated, however it is nested.
 */
export interface Variable {
  readonly value: Value
  readonly template: boolean
  readonly origin: Origin
}

/** All variables that one task on one host can see. Values are templates until they are resolved. */
export interface Scope {
  /** The variable of the highest precedence; undefined if there is none. */
  find(name: string): Variable | undefined
  /** All names, for "did you mean". */
  names(): Iterable<string>
}
