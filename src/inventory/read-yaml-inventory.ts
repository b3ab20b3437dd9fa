import { SignetError } from '../errors.js'
import { closest } from '../source/closest.js'
import { placeOfKey, placeOfValue, type SourceFile } from '../source/source-file.js'
import { isMap, kindOf } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import type { InventoryDraft } from './build-inventory.js'
import { hostsOf } from './read-ini-inventory.js'

/** Reads a YAML inventory: groups with hosts, children and vars. @throws SignetError invalid-inventory */
export function readYamlInventory(source: SourceFile, draft: InventoryDraft): void {
  if (source.data === null) return
  const start = { file: source.file, line: 1, column: 1 }
  if (!isMap(source.data))
    throw problem(`A YAML inventory is a mapping of groups, not ${kindOf(source.data)}`, start)
  if ('plugin' in source.data) {
    throw new SignetError('invalid-inventory', 'Inventory plugins are not supported.', {
      place: placeOfKey(source.data, 'plugin'),
      hint: 'Use a program that prints the inventory as JSON when called with --list.',
    })
  }
  for (const name of Object.keys(source.data)) readGroup(name, source.data, draft)
}

function problem(message: string, place: ReturnType<typeof placeOfKey>, hint?: string): SignetError {
  return new SignetError('invalid-inventory', `${message}.`, { place, hint })
}

function mapping(container: ValueMap, key: string, what: string): ValueMap {
  const value: Value | undefined = container[key]
  if (value === null || value === undefined) return {}
  if (isMap(value)) return value
  const hint =
    typeof value === 'string' ? `Put a colon after it: \`${value}:\`.` : 'Write each name as a key: `name:`.'
  throw problem(`${what} must be a mapping, not ${kindOf(value)}`, placeOfValue(container, key), hint)
}

function readGroup(name: string, container: ValueMap, draft: InventoryDraft): void {
  const body = mapping(container, name, `Group ${name}`)
  draft.group(name)
  for (const part of Object.keys(body)) {
    switch (part) {
      case 'hosts':
        readHosts(name, mapping(body, part, `"hosts" of group ${name}`), draft)
        break
      case 'children': {
        const children = mapping(body, part, `"children" of group ${name}`)
        for (const child of Object.keys(children)) {
          draft.addChild(name, child, placeOfKey(children, child))
          readGroup(child, children, draft)
        }
        break
      }
      case 'vars':
        draft.groupVars(name, mapping(body, part, `"vars" of group ${name}`))
        break
      default: {
        const near = closest(part, ['hosts', 'children', 'vars'])
        throw problem(
          `Group ${name} has "${part}"; a group has hosts, children and vars`,
          placeOfKey(body, part),
          near === undefined ? undefined : `Did you mean ${near}?`,
        )
      }
    }
  }
}

function readHosts(group: string, hosts: ValueMap, draft: InventoryDraft): void {
  for (const pattern of Object.keys(hosts)) {
    const vars = mapping(hosts, pattern, `Host ${pattern}`)
    const { hosts: names, port } = hostsOf(pattern, placeOfKey(hosts, pattern))
    for (const name of names) {
      if (port !== undefined) draft.host(name, { ansible_port: port })
      draft.host(name, vars, placeOfKey(hosts, pattern))
      draft.addHost(group, name)
    }
  }
}
