/**
 * A set of global transaction ids: for each source (`uuid`, or `uuid:tag` from MySQL 8.3) its intervals, sorted,
 * apart from each other, both ends included.
 */
export type GtidSet = ReadonlyMap<string, readonly Interval[]>
export type Interval = readonly [from: number, to: number]

/** Reads the server's text form: `uuid:1-5:9,uuid:tag:1-3`. Line breaks and blanks do not matter. */
export function parseGtidSet(text: string): GtidSet {
  const set = new Map<string, Interval[]>()
  for (const part of text.replaceAll(/\s/g, '').split(',')) {
    const [uuid = '', ...pieces] = part.toLowerCase().split(':')
    let source = uuid
    for (const piece of pieces) {
      const interval = /^(\d+)(?:-(\d+))?$/.exec(piece)
      if (interval === null) {
        source = `${uuid}:${piece}`
        continue
      }
      const from = Number(interval[1])
      const list = set.get(source) ?? []
      list.push([from, Number(interval[2] ?? from)])
      set.set(source, list)
    }
  }
  return new Map([...set].map(([source, list]) => [source, merged(list)]))
}

function merged(list: readonly Interval[]): readonly Interval[] {
  const result: Interval[] = []
  for (const [from, to] of [...list].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last !== undefined && from <= last[1] + 1)
      result[result.length - 1] = [last[0], Math.max(last[1], to)]
    else result.push([from, to])
  }
  return result
}

/** Everything that is in one of the sets. */
export function union(...sets: readonly GtidSet[]): GtidSet {
  const all = new Map<string, Interval[]>()
  for (const set of sets)
    for (const [source, list] of set) all.set(source, [...(all.get(source) ?? []), ...list])
  return new Map([...all].map(([source, list]) => [source, merged(list)]))
}

/** What is in `a` and not in `b`. */
export function minus(a: GtidSet, b: GtidSet): GtidSet {
  const result = new Map<string, readonly Interval[]>()
  for (const [source, list] of a) {
    const taken = b.get(source) ?? []
    const rest = list.flatMap((interval) => without(interval, taken))
    if (rest.length > 0) result.set(source, rest)
  }
  return result
}

function without([from, to]: Interval, taken: readonly Interval[]): readonly Interval[] {
  const rest: Interval[] = []
  let next = from
  for (const [start, end] of taken) {
    if (end < next || start > to) continue
    if (start > next) rest.push([next, start - 1])
    next = end + 1
  }
  if (next <= to) rest.push([next, to])
  return rest
}

/** Whether all of `a` is in `b`. */
export function isWithin(a: GtidSet, b: GtidSet): boolean {
  return minus(a, b).size === 0
}

/** How many transactions a set holds. */
export function countOf(set: GtidSet): number {
  return [...set.values()].flat().reduce((sum, [from, to]) => sum + to - from + 1, 0)
}

/** The server's text form, for messages. */
export function gtidText(set: GtidSet): string {
  return [...set]
    .map(([source, list]) =>
      [source, ...list.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`))].join(':'),
    )
    .join(', ')
}
