import { dirname, join } from 'node:path'
import type { Group, Inventory, VarsDirectory, VarsSource } from '../inventory/inventory.js'
import type { Play, Prompt, RoleUse, Task } from '../playbook/play.js'
import { placeOfKey } from '../source/source-file.js'
import type { TemplateScope } from '../template/template.js'
import { isMap } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import { PRECEDENCE, type Level } from './precedence.js'
import type { Variable } from './scope.js'

/** What a run knows from its start. */
export interface RunFacts {
  readonly inventory: Inventory
  readonly inventoryVars: readonly VarsDirectory[]
  readonly extraVars: readonly VarsSource[]
  /** What was answered to the questions of `vars_prompt`. */
  readonly answers: ReadonlyMap<Prompt, Value>
  readonly check: boolean
  readonly diff: boolean
  readonly verbosity: number
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The point of a run that a scope is for. */
export interface ScopeContext {
  readonly play: Pick<Play, 'name' | 'vars' | 'prompts'>
  /** Roles whose defaults and vars the whole play sees. */
  readonly roles: readonly RoleUse[]
  readonly playbookDirectory: string
  readonly playbookVars: VarsDirectory
  readonly playVars: readonly VarsSource[]
  /** All hosts of the play; those still running; those of the batch. */
  readonly playHostsAll: readonly string[]
  readonly playHosts: readonly string[]
  readonly batch: readonly string[]
  readonly task?: Task
  /** Loop variables and the like. */
  readonly local?: ValueMap
}

interface Layer {
  readonly level: Level
  readonly source: string
  readonly values: ValueMap
  readonly template: boolean
}

/** All variables of a run that change while it runs: facts, registered results, set_fact, include_vars. */
export class Variables {
  readonly run: RunFacts
  readonly #facts = new Map<string, Record<string, Value>>()
  readonly #set = new Map<string, Record<string, Value>>()
  readonly #included = new Map<string, VarsSource[]>()
  readonly #addedHosts = new Map<string, { vars: ValueMap; groups: readonly string[] }>()
  readonly #addedGroups = new Map<string, string[]>()

  constructor(run: RunFacts) {
    this.run = run
  }

  /** Adds facts of a host. They are data: never evaluated as templates. */
  setFacts(host: string, facts: ValueMap): void {
    this.#facts.set(host, { ...this.#facts.get(host), ...facts })
  }

  clearFacts(host: string): void {
    this.#facts.delete(host)
  }

  factsOf(host: string): ValueMap {
    return this.#facts.get(host) ?? {}
  }

  /** set_fact and register. They are data: never evaluated as templates. */
  setVariables(host: string, values: ValueMap): void {
    this.#set.set(host, { ...this.#set.get(host), ...values })
  }

  includeVars(host: string, source: VarsSource): void {
    this.#included.set(host, [...(this.#included.get(host) ?? []), source])
  }

  /** add_host and group_by. */
  addToGroup(group: string, host: string): void {
    const members = this.#addedGroups.get(group) ?? []
    if (!members.includes(host)) this.#addedGroups.set(group, [...members, host])
  }

  addHost(host: string, vars: ValueMap, groups: readonly string[]): void {
    this.#addedHosts.set(host, { vars, groups })
    for (const group of groups) this.addToGroup(group, host)
  }

  /** The inventory with what add_host and group_by added. */
  inventory(): Inventory {
    if (this.#addedHosts.size === 0 && this.#addedGroups.size === 0) return this.run.inventory
    const hosts = new Map(this.run.inventory.hosts)
    const groups = new Map<string, Group>(this.run.inventory.groups)
    for (const [name, { vars }] of this.#addedHosts) {
      hosts.set(name, {
        name,
        vars: { ...hosts.get(name)?.vars, ...vars },
        groups: hosts.get(name)?.groups ?? [],
      })
    }
    for (const [name, members] of this.#addedGroups) {
      const known = groups.get(name)
      const all = [...new Set([...(known?.hosts ?? []), ...members])]
      groups.set(name, {
        name,
        hosts: all,
        children: known?.children ?? [],
        vars: known?.vars ?? {},
        depth: known?.depth ?? 1,
        priority: known?.priority ?? 1,
      })
      for (const member of members) {
        const host = hosts.get(member)
        if (host && !host.groups.includes(name))
          hosts.set(member, { ...host, groups: [...host.groups, name] })
      }
    }
    const all = groups.get('all')
    if (all) groups.set('all', { ...all, hosts: [...hosts.keys()] })
    return { hosts, groups, directories: this.run.inventory.directories }
  }

  /** What a task on a host can see. Nothing is resolved before it is used. */
  scope(host: string, context: ScopeContext): TemplateScope {
    let layers: readonly Layer[] | undefined
    const all = (): readonly Layer[] => (layers ??= this.#layers(host, context))
    const found = new Map<string, Variable | undefined>()
    const { task } = context
    const role = task?.role
    const directories = [
      ...(role ? [role.directory] : []),
      ...(task ? [task.directory] : []),
      context.playbookDirectory,
    ]
    return {
      places: { directories: [...new Set(directories)], env: this.run.env },
      names: () => new Set(all().flatMap((layer) => Object.keys(layer.values))),
      find: (name) => {
        if (found.has(name)) return found.get(name)
        const variable = this.#find(name, all()) ?? this.#magic(name, host, context)
        found.set(name, variable)
        return variable
      },
    }
  }

  #find(name: string, layers: readonly Layer[]): Variable | undefined {
    for (let index = layers.length - 1; index >= 0; index--) {
      const layer = layers[index]
      if (layer === undefined || !Object.hasOwn(layer.values, name)) continue
      const place = placeOfKey(layer.values, name)
      return {
        value: layer.values[name] ?? null,
        template: layer.template,
        origin: { level: layer.level, source: layer.source, ...(place ? { place } : {}) },
      }
    }
    return undefined
  }

  /** Every place where a variable of a host is set, the one that counts first. */
  explain(name: string, host: string, context: ScopeContext): readonly Variable[] {
    return this.#layers(host, context)
      .filter((layer) => Object.hasOwn(layer.values, name))
      .map((layer) => {
        const place = placeOfKey(layer.values, name)
        return {
          value: layer.values[name] ?? null,
          template: layer.template,
          origin: { level: layer.level, source: layer.source, ...(place ? { place } : {}) },
        }
      })
      .reverse()
  }

  #layers(host: string, context: ScopeContext): readonly Layer[] {
    const inventory = this.inventory()
    const known = inventory.hosts.get(host)
    const groups = ['all', ...(known?.groups ?? [])]
    const layers: Layer[] = []
    const add = (level: Level, source: string, values: ValueMap | undefined, template = true): void => {
      if (values !== undefined && Object.keys(values).length > 0)
        layers.push({ level, source, values, template })
    }
    const addAll = (level: Level, sources: readonly VarsSource[] | undefined): void => {
      for (const source of sources ?? []) add(level, source.origin, source.values)
    }
    const role = context.task?.role
    // Role defaults and vars are seen by the whole play; those of the task's own role win.
    const inPlay = context.roles
    const own = role === undefined ? [] : [role]
    for (const each of [...inPlay, ...own]) add('role defaults', `role ${each.name}`, each.defaults)
    for (const name of groups) add('inventory group vars', `group ${name}`, inventory.groups.get(name)?.vars)
    for (const directory of this.run.inventoryVars)
      addAll('inventory group_vars/all', directory.groups.get('all'))
    addAll('playbook group_vars/all', context.playbookVars.groups.get('all'))
    for (const name of groups.slice(1))
      for (const directory of this.run.inventoryVars)
        addAll('inventory group_vars/*', directory.groups.get(name))
    for (const name of groups.slice(1)) addAll('playbook group_vars/*', context.playbookVars.groups.get(name))
    add('inventory host vars', `host ${host}`, known?.vars)
    for (const directory of this.run.inventoryVars) addAll('inventory host_vars/*', directory.hosts.get(host))
    addAll('playbook host_vars/*', context.playbookVars.hosts.get(host))
    add('facts', `facts of ${host}`, this.#facts.get(host), false)
    add('play vars', 'play', context.play.vars)
    for (const prompt of context.play.prompts) {
      const answer = this.run.answers.get(prompt)
      if (answer !== undefined) add('play vars_prompt', 'vars_prompt', { [prompt.name]: answer }, false)
    }
    addAll('play vars_files', context.playVars)
    for (const each of [...inPlay, ...own]) add('role vars', `role ${each.name}`, each.vars)
    for (const vars of context.task?.vars ?? []) add('block and task vars', 'task', vars)
    addAll('include_vars', this.#included.get(host))
    add('set_fact and registered vars', `set for ${host}`, this.#set.get(host), false)
    if (role !== undefined) add('role params', `role ${role.name}`, role.params)
    add('loop variables', 'loop', context.local, false)
    addAll('extra vars', this.run.extraVars)
    return layers.sort((a, b) => PRECEDENCE.indexOf(a.level) - PRECEDENCE.indexOf(b.level))
  }

  #magic(name: string, host: string, context: ScopeContext): Variable | undefined {
    const value = this.#magicValue(name, host, context)
    if (value === undefined) return undefined
    return { value, template: false, origin: { level: 'magic variables', source: 'signet' } }
  }

  #magicValue(name: string, host: string, context: ScopeContext): Value | undefined {
    const inventory = this.inventory()
    const role: RoleUse | undefined = context.task?.role
    switch (name) {
      case 'inventory_hostname':
        return host
      case 'inventory_hostname_short':
        return host.split('.')[0] ?? host
      case 'group_names':
        return [...(inventory.hosts.get(host)?.groups ?? [])].filter((group) => group !== 'ungrouped').sort()
      case 'groups':
        return Object.fromEntries([...inventory.groups].map(([group, { hosts }]) => [group, hosts]))
      case 'hostvars':
        return this.#hostvars(context)
      case 'vars':
        return this.#view(host, context)
      case 'playbook_dir':
        return context.playbookDirectory
      case 'inventory_dir':
        return inventory.directories[0] ?? context.playbookDirectory
      case 'role_path':
        return role?.directory
      case 'role_name':
      case 'ansible_role_name':
        return role?.name
      case 'ansible_play_name':
        return context.play.name
      case 'ansible_play_hosts':
      case 'play_hosts':
        return context.playHosts
      case 'ansible_play_hosts_all':
        return context.playHostsAll
      case 'ansible_play_batch':
        return context.batch
      case 'ansible_check_mode':
        return this.run.check
      case 'ansible_diff_mode':
        return this.run.diff
      case 'ansible_verbosity':
        return this.run.verbosity
      case 'ansible_run_tags':
        return this.run.tags.length > 0 ? this.run.tags : ['all']
      case 'ansible_skip_tags':
        return this.run.skipTags
      case 'ansible_version':
        return { full: this.run.version, string: this.run.version, major: 2, minor: 18, revision: 0 }
      case 'ansible_facts':
        return Object.fromEntries(
          Object.entries(this.factsOf(host)).map(([key, value]) => [key.replace(/^ansible_/, ''), value]),
        )
      case 'ansible_search_path':
        return [...(role ? [role.directory] : []), context.playbookDirectory]
      case 'inventory_file':
        return inventory.directories[0] === undefined
          ? undefined
          : join(dirname(inventory.directories[0]), 'hosts')
      default:
        return undefined
    }
  }

  /** A mapping whose entries are computed when they are asked for. */
  #hostvars(context: ScopeContext): ValueMap {
    const views: Record<string, Value> = {}
    const names = [
      ...this.inventory().hosts.keys(),
      ...(this.inventory().hosts.has('localhost') ? [] : ['localhost']),
    ]
    for (const name of names) {
      Object.defineProperty(views, name, {
        enumerable: true,
        configurable: true,
        get: () => this.#view(name, context),
      })
    }
    return views
  }

  #view(host: string, context: ScopeContext): ValueMap {
    const other: ScopeContext = {
      play: context.play,
      roles: context.roles,
      playbookDirectory: context.playbookDirectory,
      playbookVars: context.playbookVars,
      playVars: context.playVars,
      playHostsAll: context.playHostsAll,
      playHosts: context.playHosts,
      batch: context.batch,
    }
    const scope = this.scope(host, other)
    const view: Record<string, Value> = {}
    const names = new Set([
      ...scope.names(),
      'inventory_hostname',
      'inventory_hostname_short',
      'group_names',
      'groups',
      'ansible_facts',
    ])
    for (const name of names) {
      Object.defineProperty(view, name, {
        enumerable: true,
        configurable: true,
        get: () => {
          const variable = scope.find(name)
          if (variable === undefined) return null
          return variable.template ? this.resolveIn(variable.value, scope) : variable.value
        },
      })
    }
    return view
  }

  /** How other hosts' variables are evaluated; set by whoever has the template engine at hand. */
  resolveIn: (value: Value, scope: TemplateScope) => Value = (value) => value
}

/** The named member of a mapping as a mapping. */
export function mapMember(values: ValueMap, name: string): ValueMap {
  const found = values[name]
  return isMap(found) ? found : {}
}
