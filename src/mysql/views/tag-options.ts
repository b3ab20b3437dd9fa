import type { ValueMap } from '../../value/value.js'
import type { Json } from '../instance.js'
import type { InstanceRow } from '../topology.js'
import { tagsOf } from './member-status.js'

/** The tags as options() lists them: those of the whole under `global`, those of each member under its label. */
export function tagOptions(whole: Json, rows: readonly InstanceRow[]): ValueMap {
  const list = (attributes: Json): readonly ValueMap[] =>
    Object.entries((tagsOf(attributes)['tags'] ?? {}) as ValueMap).map(([option, value]) => ({
      option,
      value,
    }))
  return {
    global: list(whole),
    ...Object.fromEntries(rows.map(({ name, attributes }) => [name, list(attributes)])),
  }
}
