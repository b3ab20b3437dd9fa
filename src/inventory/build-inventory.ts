import { SignetError } from '../errors.js'
import type { Place } from '../source/place.js'
import { placeOfKey, placeOfValue, rememberEntry } from '../source/source-file.js'
import type { Value, ValueMap } from '../value/value.js'
import type { Group, Host, Inventory } from './inventory.js'

interface GroupDraft {
  readonly hosts: Set<string>
  readonly children: Map<string, Place | undefined>
  readonly vars: Record<string, Value>
}

const emptyGroup = (): GroupDraft => ({ hosts: new Set(), children: new Map(), vars: {} })

/** Hosts and groups as they are being read from one or more sources. Later variables win. */
export class InventoryDraft {
  readonly #hosts = new Map<string, { readonly vars: Record<string, Value>; readonly place?: Place }>()
  readonly #groups = new Map<string, GroupDraft>([
    ['all', emptyGroup()],
    ['ungrouped', emptyGroup()],
  ])
  /** Absolute directories of the sources: group_vars/ and host_vars/ lie there. */
  readonly directories: string[] = []

  host(name: string, vars: ValueMap = {}, place?: Place): void {
    const host = this.#hosts.get(name) ?? { vars: {}, ...(place ? { place } : {}) }
    this.#hosts.set(name, host)
    mergeVars(host.vars, vars)
  }

  group(name: string): void {
    this.#group(name)
  }

  groupVars(name: string, vars: ValueMap): void {
    mergeVars(this.#group(name).vars, vars)
  }

  addHost(group: string, host: string): void {
    if (group !== 'all' && group !== 'ungrouped') this.#group(group).hosts.add(host)
  }

  addChild(group: string, child: string, place?: Place): void {
    this.#group(child)
    const { children } = this.#group(group)
    if (!children.has(child)) children.set(child, place)
  }

  #group(name: string): GroupDraft {
    const known = this.#groups.get(name)
    if (known) return known
    const group = emptyGroup()
    this.#groups.set(name, group)
    return group
  }

  /**
   * Everything together, with depths, transitive members and the groups of each host.
   * @throws SignetError invalid-inventory for a group that contains itself
   */
  finish(): Inventory {
    const order = new Map([...this.#hosts.keys()].map((name, index) => [name, index]))
    const members = this.#members()
    const depths = this.#depths()
    const groups = new Map<string, Group>()
    const groupsOf = new Map<string, Group[]>([...this.#hosts.keys()].map((name) => [name, []]))
    for (const [name, draft] of this.#groups) {
      if (name === 'all' || name === 'ungrouped') continue
      const group: Group = {
        name,
        hosts: [...(members.get(name) ?? [])].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)),
        children: [...draft.children.keys()],
        vars: draft.vars,
        depth: depths.get(name) ?? 1,
        priority: Number(draft.vars['ansible_group_priority'] ?? 1),
      }
      groups.set(name, group)
      for (const host of group.hosts) groupsOf.get(host)?.push(group)
    }
    const alone = [...this.#hosts.keys()].filter((host) => groupsOf.get(host)?.length === 0)
    groups.set('ungrouped', {
      name: 'ungrouped',
      hosts: alone,
      children: [],
      vars: this.#group('ungrouped').vars,
      depth: 1,
      priority: 1,
    })
    groups.set('all', {
      name: 'all',
      hosts: [...this.#hosts.keys()],
      children: [...groups.keys()],
      vars: this.#group('all').vars,
      depth: 0,
      priority: 1,
    })
    const hosts = new Map<string, Host>()
    for (const [name, host] of this.#hosts) {
      const own = (groupsOf.get(name) ?? [])
        .sort((a, b) => a.depth - b.depth || a.priority - b.priority || (a.name < b.name ? -1 : 1))
        .map((group) => group.name)
      hosts.set(name, { name, groups: own.length === 0 ? ['ungrouped'] : own, ...host })
    }
    return { hosts, groups, directories: this.directories }
  }

  /** Hosts of each group, directly or through children. */
  #members(): ReadonlyMap<string, ReadonlySet<string>> {
    const found = new Map<string, ReadonlySet<string>>()
    const membersOf = (
      name: string,
      path: readonly string[],
      place: Place | undefined,
    ): ReadonlySet<string> => {
      if (path.includes(name)) {
        const circle = [...path.slice(path.indexOf(name)), name].join(' → ')
        throw new SignetError('invalid-inventory', `The group ${name} contains itself: ${circle}.`, {
          place,
          hint: 'Remove one of the children.',
        })
      }
      const known = found.get(name)
      if (known) return known
      const group = this.#group(name)
      const hosts = new Set(group.hosts)
      for (const [child, at] of group.children)
        for (const host of membersOf(child, [...path, name], at)) hosts.add(host)
      found.set(name, hosts)
      return hosts
    }
    for (const name of this.#groups.keys()) membersOf(name, [], undefined)
    return found
  }

  /** Longest way from `all` to each group; a group without a parent is a child of `all`. */
  #depths(): ReadonlyMap<string, number> {
    const depths = new Map<string, number>()
    const sink = (name: string, depth: number): void => {
      if (name !== 'all' && (depths.get(name) ?? 0) >= depth) return
      depths.set(name, depth)
      for (const child of this.#group(name).children.keys()) sink(child, depth + 1)
    }
    for (const name of this.#groups.keys()) sink(name, name === 'all' ? 0 : 1)
    return depths
  }
}

/** Adds variables, with the places where they stand. */
function mergeVars(into: Record<string, Value>, vars: ValueMap): void {
  for (const name of Object.keys(vars)) {
    into[name] = vars[name] ?? null
    const key = placeOfKey(vars, name)
    if (key) rememberEntry(into, name, key, placeOfValue(vars, name) ?? key)
  }
}
