import type { Value } from './value.js'

/**
 * A value that check mode can't know without running something: the output of a command that was not run, the
 * bytes of a key that was not made. Every value, condition and task that depends on it is unknown in turn.
 */
export class Unknown {
  /** Why it is not known, as a clause: `the command of "Read the version" (site.yml:12:5) was not run`. */
  readonly cause: string
  /** True when it will be made anew, so that it differs from everything that exists already. */
  readonly fresh: boolean
  /** What is known nonetheless, such as the subject of a certificate yet to be issued. */
  readonly known: Readonly<Record<string, Value>>

  constructor(cause: string, options: { fresh?: boolean; known?: Readonly<Record<string, Value>> } = {}) {
    this.cause = cause
    this.fresh = options.fresh ?? false
    this.known = options.known ?? {}
  }

  toString(): string {
    return `(unknown: ${this.cause})`
  }

  toJSON(): string {
    return this.toString()
  }
}
