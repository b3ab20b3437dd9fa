import type { Value, ValueMap } from '../value/value.js'
import type { Place } from '../source/place.js'

/** Variables from one place, in the order in which they were found. */
export interface VarsSource {
  /** File (and for inline variables, the host or group) that they stand in. */
  readonly origin: string
  readonly values: ValueMap
}

export interface Host {
  /** Inventory name. */
  readonly name: string
  /** Variables written beside the host in inventory files. */
  readonly vars: ValueMap
  /** Groups it belongs to, directly or through children, without `all`; lowest precedence first. */
  readonly groups: readonly string[]
  readonly place?: Place
}

export interface Group {
  readonly name: string
  /** Hosts in it, directly or through children, in inventory order. */
  readonly hosts: readonly string[]
  readonly children: readonly string[]
  readonly vars: ValueMap
  /** Longest way from `all`. Deeper groups win. */
  readonly depth: number
  /** ansible_group_priority; decides among groups of one depth. Default 1. */
  readonly priority: number
}

/** All inventory sources together. `all` and `ungrouped` always exist. Lookup only. */
export interface Inventory {
  readonly hosts: ReadonlyMap<string, Host>
  readonly groups: ReadonlyMap<string, Group>
  /** Directories whose group_vars/ and host_vars/ belong to the inventory. */
  readonly directories: readonly string[]
}

/** Files of a group_vars/ or host_vars/ directory, by group or host name, in the order they apply. */
export interface VarsDirectory {
  readonly groups: ReadonlyMap<string, readonly VarsSource[]>
  readonly hosts: ReadonlyMap<string, readonly VarsSource[]>
}

export type { Value }
