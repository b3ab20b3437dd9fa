import type { Item } from './values.js'

export interface Filter {
  readonly summary: string
  apply(of: Item, args: readonly Item[], named: ReadonlyMap<string, Item>): Item
}

/** Rows of a table of filters: summary, function, further names. */
export type FilterTable = Readonly<
  Record<string, readonly [summary: string, apply: Filter['apply'], ...aliases: readonly string[]]>
>
