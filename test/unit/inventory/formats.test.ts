import assert from 'node:assert/strict'
import { SignetError } from '../../../src/errors.js'
import { InventoryDraft } from '../../../src/inventory/build-inventory.js'
import type { Inventory } from '../../../src/inventory/inventory.js'
import { readIniInventory } from '../../../src/inventory/read-ini-inventory.js'
import { readYamlInventory } from '../../../src/inventory/read-yaml-inventory.js'
import { showPlace } from '../../../src/source/place.js'
import { parseYaml } from '../../../src/source/read-yaml.js'
import { placeOfKey } from '../../../src/source/source-file.js'

function ini(text: string): Inventory {
  const draft = new InventoryDraft()
  readIniInventory(text, 'hosts', draft)
  return draft.finish()
}

function yaml(text: string): Inventory {
  const draft = new InventoryDraft()
  readYamlInventory(parseYaml(text, 'hosts.yml'), draft)
  return draft.finish()
}

const hostsOf = (inventory: Inventory, group: string): string =>
  inventory.groups.get(group)?.hosts.join(' ') ?? 'no such group'

describe('INI inventory', () => {
  it('reads groups, children, variables, ranges', () => {
    const inventory = ini(
      [
        'lonely',
        '[db]',
        'db[01:03].example  # three',
        '[web]',
        'web-[a:c] port=80',
        '[site:children]',
        'db',
        'web',
        '[site:vars]',
        'color = "blue"',
        '; end',
      ].join('\r\n'),
    )
    assert.equal(hostsOf(inventory, 'db'), 'db01.example db02.example db03.example')
    assert.equal(hostsOf(inventory, 'site'), 'db01.example db02.example db03.example web-a web-b web-c')
    assert.equal(hostsOf(inventory, 'ungrouped'), 'lonely')
    assert.deepEqual(inventory.groups.get('site')?.vars, { color: 'blue' })
    assert.deepEqual(inventory.hosts.get('web-b')?.vars, { port: 80 })
    assert.deepEqual(inventory.hosts.get('web-b')?.groups, ['site', 'web'])
  })

  const values: readonly (readonly [string, unknown])[] = [
    ['a=1', 1],
    ['a=-2.5', -2.5],
    ['a=0644', '0644'],
    ['a=yes', 'yes'],
    ['a=True', true],
    ['a=None', null],
    ['a="two words"', 'two words'],
    ['a=\'say "x"\'', 'say "x"'],
    ['a=x="y z"', 'x=y z'],
    [`a="['b', 2]"`, ['b', 2]],
    [`a="{'b': [True], 'c': 0x10}"`, { b: [true], c: 16 }],
    [`a="{'b'"`, "{'b'"],
    ['a=', ''],
    ['a=1.2.3', '1.2.3'],
    ['a=99999999999999999999', '99999999999999999999'],
  ]
  for (const [text, value] of values) {
    it(`${text} is ${JSON.stringify(value)}`, () => {
      assert.deepEqual(ini(`h ${text} b=2\n`).hosts.get('h')?.vars, { a: value, b: 2 })
    })
  }

  it('reads ports and IPv6 addresses', () => {
    const inventory = ini('one:2222\n[2001:db8::5]:2200\n2001:db8::6\n')
    assert.deepEqual([...inventory.hosts.keys()], ['one', '2001:db8::5', '2001:db8::6'])
    assert.deepEqual(
      [...inventory.hosts.values()].map((host) => host.vars['ansible_port']),
      [2222, 2200, undefined],
    )
  })

  it('knows where variables stand', () => {
    const inventory = ini('[web]\n  h  a=1  b="x y"\n[web:vars]\nc=3\n')
    const place = (vars: object | undefined, name: string): string => {
      const found = vars && placeOfKey(vars, name)
      return found ? showPlace(found) : 'nowhere'
    }
    assert.equal(place(inventory.hosts.get('h')?.vars, 'b'), 'hosts:2:11')
    assert.equal(place(inventory.groups.get('web')?.vars, 'c'), 'hosts:4:1')
  })

  refusals(ini, {
    '[web\nh\n': 'hosts:1:1 This section header is not complete.',
    '[web:var]\na=1\n': 'hosts:1:6 A section ends with :children or :vars, not :var.',
    '[web]\nh word\n': 'hosts:2:3 "word" is no variable: write name=value.',
    '[web]\nh\n[web:vars]\nnothing\n': 'hosts:4:1 A variable is written name=value.',
    '[web]\nh\n[webb:vars]\na=1\n': 'hosts:3:2 There is no group "webb" in this file.',
    '[site:children]\nweb\n': 'hosts:2:1 There is no group "web" in this file.',
    '[a:children]\nb\n[b:children]\na\n': 'hosts:4:1 The group a contains itself: a → b → a.',
    'h[5:1]\n': 'hosts:1:1 The range "h[5:1]" names no host.',
    'h[1:99999999]\n': 'hosts:1:1 The range "h[1:99999999]" names too many hosts.',
  })
})

describe('YAML inventory', () => {
  it('reads groups, children, variables, ranges', () => {
    const inventory = yaml(
      'all:\n  vars: {x: 1}\n  hosts: {lonely: }\n  children:\n    db:\n      hosts:\n        db[1:2]: {y: 2}\n      vars: {x: 3}\n    site:\n      children: {db: }\n',
    )
    assert.equal(hostsOf(inventory, 'site'), 'db1 db2')
    assert.equal(hostsOf(inventory, 'ungrouped'), 'lonely')
    assert.deepEqual(inventory.hosts.get('db2')?.vars, { y: 2 })
    assert.deepEqual(inventory.hosts.get('db2')?.groups, ['site', 'db'])
    assert.equal(inventory.groups.get('db')?.depth, 2)
    assert.deepEqual(inventory.groups.get('all')?.vars, { x: 1 })
  })

  it('orders the groups of a host by depth, priority and name', () => {
    const inventory = yaml(
      'b: {hosts: {h: }}\na: {hosts: {h: }, vars: {ansible_group_priority: 9}}\nc: {hosts: {h: }}\ntop: {children: {deep: {hosts: {h: }}}}\n',
    )
    assert.deepEqual(inventory.hosts.get('h')?.groups, ['b', 'c', 'top', 'a', 'deep'])
  })

  refusals(yaml, {
    '- h\n': 'hosts.yml:1:1 A YAML inventory is a mapping of groups, not a list.',
    'web:\n  host: {}\n': 'hosts.yml:2:3 Group web has "host"; a group has hosts, children and vars.',
    'web:\n  hosts: [a, b]\n': 'hosts.yml:2:10 "hosts" of group web must be a mapping, not a list.',
    'web:\n  hosts:\n    a: 3\n': 'hosts.yml:3:8 Host a must be a mapping, not the number 3.',
    'plugin: aws_ec2\n': 'hosts.yml:1:1 Inventory plugins are not supported.',
    'a: {children: {b: {children: {a: }}}}\n': 'hosts.yml:1:31 The group a contains itself: a → b → a.',
  })
})

function refusals(read: (text: string) => unknown, cases: Readonly<Record<string, string>>): void {
  for (const [text, expected] of Object.entries(cases)) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => read(text),
        (error) => {
          assert(error instanceof SignetError)
          assert.equal(`${error.place ? showPlace(error.place) : 'nowhere'} ${error.message}`, expected)
          return error.code === 'invalid-inventory'
        },
      )
    })
  }
}
