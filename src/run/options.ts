import type { Listener } from '../report/events.js'
import type { Environment } from '../environment.js'
import type { LoadOptions } from '../playbook/load-playbook.js'
import type { Masks } from '../report/masks.js'

/** What the user asked of a run. */
export interface RunOptions {
  readonly check: boolean
  readonly diff: boolean
  readonly forks: number
  readonly limit: string | undefined
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly startAtTask: string | undefined
  readonly forceHandlers: boolean
  readonly become: {
    readonly become: boolean
    readonly user: string | undefined
    readonly method: string | undefined
  }
  readonly verbosity: number
  readonly environment: Pick<Environment, 'now' | 'signal' | 'env' | 'cwd'>
  readonly load: LoadOptions
  readonly emit: Listener
  readonly masks: Masks
}
