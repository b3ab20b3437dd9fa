import type { authPlugins } from 'mysql2'
import type { createConnection } from 'mysql2/promise'

/** What is used of mysql2. */
export interface Driver {
  readonly createConnection: typeof createConnection
  readonly authPlugins: typeof authPlugins
}

let loading: Promise<Driver> | undefined

/**
 * mysql2, loaded when it is first needed: a run without MySQL starts a good deal earlier. Await it before a stream is
 * opened: until mysql2 listens, an error of the stream would end the program.
 */
export function loadDriver(): Promise<Driver> {
  loading ??= import('./mysql2.js')
  return loading
}
