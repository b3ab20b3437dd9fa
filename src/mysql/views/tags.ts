import type { Value, ValueMap } from '../../value/value.js'

type Attributes = Readonly<Record<string, unknown>>

/** The tags of a row of metadata as AdminAPI's options() lists them. */
export function tagList({ tags }: Attributes): readonly ValueMap[] {
  return typeof tags === 'object' && tags !== null
    ? Object.entries(tags).map(([option, value]) => ({ option, value: value as Value }))
    : []
}

/** The tags of a cluster or ReplicaSet, and those of its members that have some, by label. */
export function tagsView(
  global: Attributes,
  rows: readonly { readonly name: string; readonly attributes: Attributes }[],
): ValueMap {
  return {
    global: tagList(global),
    ...Object.fromEntries(
      rows.flatMap(({ name, attributes }): readonly (readonly [string, Value])[] => {
        const tags = tagList(attributes)
        return tags.length === 0 ? [] : [[name, tags]]
      }),
    ),
  }
}

/** Whether Router shall leave a member alone. */
export const isHidden = ({ tags }: Attributes): boolean =>
  typeof tags === 'object' && tags !== null && '_hidden' in tags && tags._hidden === true
