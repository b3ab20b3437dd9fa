import type { Step } from '../../host/step.js'
import type { Difference } from '../../host/plan.js'
import { sameValue } from '../../option-file/edit.js'
import type { Value } from '../../value/value.js'
import { persist, restore, type Setting } from '../group-variables.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import type { Statement } from '../step.js'
import type { Server } from '../topology.js'

/** The value of a setting as the server shows it; what is generated when it is set has its name only. */
const valueText = (value: Setting[1]): string => (typeof value === 'object' ? value.name : String(value))

/** Settings as variables of a picture. */
export function valuesOf(settings: readonly Setting[]): Readonly<Record<string, string>> {
  return Object.fromEntries(settings.map(([name, value]) => [name, valueText(value)]))
}

/** Settings that a member does not have, running and persisted. */
export function differing({ picture }: Server, settings: readonly Setting[]): readonly Setting[] {
  return settings.filter(([name, value]) => {
    const wanted = valueText(value)
    return (
      !sameValue(picture.variables[name] ?? '', wanted) || !sameValue(picture.persisted[name] ?? '', wanted)
    )
  })
}

/** Sets variables of a member where they differ. */
export function settingSteps(
  server: Server,
  settings: readonly Setting[],
  login: MysqlLogin,
): readonly Step[] {
  const changed = differing(server, settings)
  if (changed.length === 0) return []
  return [
    {
      do: 'sql',
      host: server.host,
      login,
      note: `set ${changed.map(([name]) => name.replace('group_replication_', '')).join(', ')} on ${server.host}`,
      statements: persist(changed),
      undo: [{ do: 'sql', host: server.host, login, statements: restore(changed, server.picture) }],
    },
  ]
}

/** What changes, for people. */
export function settingDifferences(server: Server, settings: readonly Setting[]): readonly Difference[] {
  return differing(server, settings).map(([name, value]) => ({
    what: `${name} on ${server.host}`,
    before: `${server.picture.variables[name] ?? ''}\n`,
    after: `${valueText(value)}\n`,
  }))
}

/** A JSON value in the same form, whatever the order of its keys: to compare. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`)
      .join(',')}}`
  return JSON.stringify(value ?? null)
}

/** One attribute in a row of metadata: as it is and as it shall be; undefined removes it. */
export interface AttributeChange {
  readonly key: string
  readonly before: unknown
  readonly after: Value | undefined
}

/** Attributes that are not as they shall be. */
export function differingAttributes(
  attributes: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, Value | undefined>>,
): readonly AttributeChange[] {
  return Object.entries(wanted).flatMap(([key, after]) => {
    const before = attributes[key]
    return canonical(before) === canonical(after) ? [] : [{ key, before, after }]
  })
}

/** The statements that write attributes. @param row its table, and the column that finds it */
export function attributeStatements(
  row: { readonly table: 'clusters' | 'instances'; readonly column: string; readonly value: string },
  changes: readonly AttributeChange[],
  direction: 'before' | 'after' = 'after',
): readonly Statement[] {
  return changes.map((change) => {
    const value = change[direction]
    return value === undefined
      ? {
          text: `UPDATE ${METADATA}.${row.table} SET attributes = JSON_REMOVE(attributes, '$.${change.key}') WHERE ${row.column} = ?`,
          values: [row.value],
        }
      : {
          text: `UPDATE ${METADATA}.${row.table} SET attributes = JSON_SET(COALESCE(attributes, '{}'), '$.${change.key}', CAST(? AS JSON)) WHERE ${row.column} = ?`,
          values: [JSON.stringify(value), row.value],
        }
  })
}

/** Attributes after the changes. */
export function withAttributes(
  attributes: Readonly<Record<string, unknown>>,
  changes: readonly AttributeChange[],
): Readonly<Record<string, unknown>> {
  const after: Record<string, unknown> = { ...attributes }
  for (const { key, after: value } of changes) {
    if (value === undefined) Reflect.deleteProperty(after, key)
    else after[key] = value
  }
  return after
}
