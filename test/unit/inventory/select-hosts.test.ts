import assert from 'node:assert/strict'
import { InventoryDraft } from '../../../src/inventory/build-inventory.js'
import { readIniInventory } from '../../../src/inventory/read-ini-inventory.js'
import { selectHosts } from '../../../src/inventory/select-hosts.js'
import { SignetError } from '../../../src/errors.js'

function inventory() {
  const draft = new InventoryDraft()
  readIniInventory(
    '[web]\nweb[1:3]\n[db]\ndb1\ndb2\n[old]\nweb3\ndb2\n[site:children]\nweb\ndb\n[six]\n[2001:db8::1]:22\n',
    'hosts',
    draft,
  )
  return draft.finish()
}

describe('selectHosts', () => {
  const cases: Readonly<Record<string, string>> = {
    all: 'web1 web2 web3 db1 db2 2001:db8::1',
    '*': 'web1 web2 web3 db1 db2 2001:db8::1',
    web2: 'web2',
    web: 'web1 web2 web3',
    site: 'web1 web2 web3 db1 db2',
    'db:web1': 'web1 db1 db2',
    'db,web1': 'web1 db1 db2',
    ' db , web1 ': 'web1 db1 db2',
    'site:&old': 'web3 db2',
    'site:!old': 'web1 web2 db1',
    'web:db:!old:&db': 'db1',
    '!web': 'db1 db2 2001:db8::1',
    'web*': 'web1 web2 web3',
    'w*,db1': 'web1 web2 web3 db1',
    'web?': 'web1 web2 web3',
    'web[0]': 'web1',
    'web[-1]': 'web3',
    'web[-2]': 'web2',
    'web[0:1]': 'web1 web2',
    'web[1:]': 'web2 web3',
    'web[:1]': 'web1 web2',
    'web[0:-2]': 'web1 web2',
    'web[-2:]': 'web2 web3',
    'web[1:-1]': 'web2 web3',
    'web[9]': '',
    'web[0]:db[0]': 'web1 db1',
    '~web[12]': 'web1 web2',
    '~(web|db)1': 'web1 db1',
    '~web\\d:!web1': 'web2 web3',
    '2001:db8::1': '2001:db8::1',
    localhost: 'localhost',
    'nothing*': '',
    '': '',
  }
  for (const [pattern, hosts] of Object.entries(cases)) {
    it(`"${pattern}" → ${hosts || 'none'}`, () => {
      assert.equal(selectHosts(inventory(), pattern).join(' '), hosts)
    })
  }

  const refused: Readonly<Record<string, readonly [string, RegExp]>> = {
    wbe: ['"wbe" is neither a host nor a group of the inventory.', /Did you mean web\?/],
    'web:dbs': [
      '"dbs" of the pattern "web:dbs" is neither a host nor a group of the inventory.',
      /Did you mean db\?/,
    ],
    'all:!olld': [
      '"olld" of the pattern "all:!olld" is neither a host nor a group of the inventory.',
      /Did you mean old\?/,
    ],
    '~web(': ['"~web(" is no valid regular expression.', /regular expression/],
  }
  for (const [pattern, [message, hint]] of Object.entries(refused)) {
    it(`refuses "${pattern}"`, () => {
      assert.throws(
        () => selectHosts(inventory(), pattern),
        (error) =>
          error instanceof SignetError &&
          error.code === 'no-hosts' &&
          error.message === message &&
          hint.test(error.hint),
      )
    })
  }
})
