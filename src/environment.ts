import type { Readable, Writable } from 'node:stream'

/** Everything that the program takes from the process around it. Passed in, so that tests can pass their own. */
export interface Environment {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly now: () => Date
  /** Aborted on SIGINT and SIGTERM: finish what is under way, then stop. */
  readonly signal: AbortSignal
}
