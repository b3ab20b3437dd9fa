import type { Place } from '../source/place.js'
import type { Difference } from '../host/plan.js'
import type { Traffic } from '../connection/transport.js'
import type { Value } from '../value/value.js'

/** How a task ended on a host. `unknown` exists in check mode only. */
export type Status = 'ok' | 'changed' | 'skipped' | 'failed' | 'unreachable' | 'unknown'

/** What a task on a host came to, as registered and reported; the same keys in check and run. */
export interface TaskResult {
  readonly status: Status
  /** For skipped: the condition; for failed: the sentence; for unknown: the cause. */
  readonly message?: string
  readonly place?: Place
  readonly hint?: string
  readonly diff: readonly Difference[]
  /** The registered value: changed, failed, skipped, msg, and the module's own keys. */
  readonly values: Readonly<Record<string, Value>>
  readonly warnings: readonly string[]
  readonly ignored: boolean
  readonly rescued: boolean
  readonly noLog: boolean
  /** Seconds. */
  readonly elapsed: number
  /** Label of the loop item. */
  readonly item?: string
}

/** Everything that happens in a run, emitted once; terminal, JSON lines, recap and exit code only listen. */
export type Event =
  | { readonly event: 'run_start'; readonly check: boolean; readonly playbooks: readonly string[] }
  | {
      readonly event: 'play_start'
      readonly name: string
      readonly place: Place
      readonly hosts: readonly string[]
    }
  | {
      readonly event: 'task_start'
      readonly name: string
      readonly place: Place
      readonly handler: boolean
      readonly role?: string
    }
  | {
      readonly event: 'item_result'
      readonly host: string
      readonly task: string
      readonly place: Place
      readonly result: TaskResult
    }
  | {
      readonly event: 'task_result'
      readonly host: string
      readonly task: string
      readonly place: Place
      readonly result: TaskResult
      readonly delegate?: string
    }
  | {
      readonly event: 'output'
      readonly host: string
      readonly stream: 'stdout' | 'stderr'
      readonly text: string
    }
  | { readonly event: 'note'; readonly host: string; readonly text: string }
  | { readonly event: 'waiting'; readonly host: string; readonly task: string; readonly seconds: number }
  | { readonly event: 'warning'; readonly text: string; readonly place?: Place }
  | { readonly event: 'no_hosts_left'; readonly play: string }
  | {
      readonly event: 'run_end'
      readonly exit: number
      readonly elapsed: number
      readonly recap: Readonly<Record<string, HostRecap>>
    }

export interface HostRecap {
  readonly ok: number
  readonly changed: number
  readonly unreachable: number
  readonly failed: number
  readonly skipped: number
  readonly rescued: number
  readonly ignored: number
  readonly unknown: number
  readonly traffic: Traffic
}

export type Listener = (event: Event) => void
