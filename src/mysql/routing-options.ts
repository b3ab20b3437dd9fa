import { isMap } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import type { GlobalOptions } from './routers.js'

/** Options of AdminAPI's setRoutingOption for each kind of topology, with the values that null brings back. */
const DEFAULTS: Readonly<Record<GlobalOptions['kind'], ValueMap>> = {
  clusterset: {
    target_cluster: 'primary',
    invalidated_cluster_policy: 'drop_all',
    stats_updates_frequency: null,
    use_replica_primary_as_rw: false,
    read_only_targets: 'secondaries',
    guideline: null,
    tags: {},
  },
  cluster: {
    read_only_targets: 'secondaries',
    stats_updates_frequency: null,
    unreachable_quorum_allowed_traffic: null,
    guideline: null,
    tags: {},
  },
  replicaset: { stats_updates_frequency: null, guideline: null, tags: {} },
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  invalidated_cluster_policy: ['accept_ro', 'drop_all'],
  read_only_targets: ['all', 'read_replicas', 'secondaries'],
  unreachable_quorum_allowed_traffic: ['read', 'all', 'none'],
}

/** The value as it is stored, or why it is refused. */
type Checked = { readonly value: Value } | { readonly failure: string }

/** The options that the metadata of a new cluster begins with. */
export function initialRoutingOptions(kind: GlobalOptions['kind']): ValueMap {
  return Object.fromEntries(Object.entries(DEFAULTS[kind]).filter(([, value]) => value !== null))
}

/**
 * Checks one option as AdminAPI does. @param groupOf the group name of a cluster, which is what is stored
 * @param guidelineOf the id of a routing guideline
 */
export function checkRoutingOption(
  kind: GlobalOptions['kind'],
  name: string,
  value: Value,
  groupOf: (cluster: string) => string | undefined,
  guidelineOf: (name: string) => string | undefined,
): Checked {
  if (!(name in DEFAULTS[kind]))
    return {
      failure: `There is no routing option "${name}" for a ${kind}; there are ${Object.keys(DEFAULTS[kind]).join(', ')}.`,
    }
  if (value === null) return { value }
  const choices = CHOICES[name]
  if (choices !== undefined)
    return typeof value === 'string' && choices.includes(value)
      ? { value }
      : { failure: `Routing option ${name} takes ${choices.join(', ')}.` }
  switch (name) {
    case 'target_cluster': {
      if (value === 'primary') return { value }
      const group = typeof value === 'string' ? groupOf(value) : undefined
      return group === undefined
        ? {
            failure:
              'Routing option target_cluster takes "primary" or the name of a cluster of the ClusterSet.',
          }
        : { value: group }
    }
    case 'guideline': {
      const id = typeof value === 'string' ? guidelineOf(value) : undefined
      return id === undefined
        ? { failure: 'Routing option guideline takes the name of a routing guideline.' }
        : { value: id }
    }
    case 'stats_updates_frequency':
      return typeof value === 'number' && Number.isInteger(value) && value >= 0
        ? { value }
        : { failure: 'Routing option stats_updates_frequency takes whole seconds, 0 or more.' }
    case 'use_replica_primary_as_rw':
      return typeof value === 'boolean'
        ? { value }
        : { failure: 'Routing option use_replica_primary_as_rw takes true or false.' }
    default:
      return isMap(value)
        ? { value }
        : { failure: `Routing option ${name} takes a mapping of names to values.` }
  }
}

/** What an option becomes: undefined means that it is removed. Null brings back the default, tags are merged. */
export function optionAfter(
  kind: GlobalOptions['kind'],
  name: string,
  value: Value,
  before: Value | undefined,
  ofOneRouter: boolean,
): Value | undefined {
  if (name === 'tags' && isMap(value)) {
    const merged = { ...(isMap(before) ? before : {}), ...value }
    return Object.fromEntries(Object.entries(merged).filter(([, tag]) => tag !== null))
  }
  if (value !== null) return value
  return ofOneRouter ? undefined : (DEFAULTS[kind][name] ?? undefined)
}
