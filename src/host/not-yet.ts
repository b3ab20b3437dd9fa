import { SignetError } from '../errors.js'
import { Unknown } from '../value/unknown.js'
import type { Step } from './step.js'

/**
 * A probe can't look at a server that is about to come up: a run waits for it and looks again, check mode says that it
 * does not know.
 */
export class NotYet extends SignetError {
  readonly wait: Step

  /** @param wait what has to be over first */
  constructor(message: string, host: string, wait: Step) {
    super('mysql-unreachable', message, { host })
    this.wait = wait
  }

  /** Why check mode can't tell what would change. */
  get unknown(): Unknown {
    return new Unknown(this.message)
  }
}
