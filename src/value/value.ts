import type { Secret } from './secret.js'
import type { Unknown } from './unknown.js'

/** Any value of a playbook: what YAML and JSON can hold, and the two that signet adds. */
export type Value = null | boolean | number | string | Secret | Unknown | readonly Value[] | ValueMap

/** A mapping of a playbook, in the order of the file. */
export interface ValueMap {
  readonly [key: string]: Value
}
