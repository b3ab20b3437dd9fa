import assert from 'node:assert/strict'
import { join } from 'node:path'
import { SignetError } from '../../../src/errors.js'
import { loadInventory } from '../../../src/inventory/load-inventory.js'
import { readLimit } from '../../../src/inventory/select-hosts.js'
import { loadVarsDirectory } from '../../../src/inventory/vars-directory.js'
import { withFiles } from '../temporary-directory.js'

const names = async (files: Readonly<Record<string, string>>, sources: readonly string[]): Promise<string> =>
  withFiles(files, async (directory) => [...(await loadInventory(sources, directory)).hosts.keys()].join(' '))

describe('loadInventory', () => {
  it('reads a list of hosts', async () => {
    assert.equal(await names({}, ['s1,s[2:3],']), 's1 s2 s3')
  })

  it('reads all files of a directory in order, and what lies deeper', async () => {
    const files = {
      'inv/20-b.yml': 'all: {hosts: {b: }}',
      'inv/10-a': 'a\n',
      'inv/30/c.ini': 'c\n',
      'inv/.hidden': 'x\n',
      'inv/backup~': 'x\n',
      'inv/ansible.cfg': '[defaults]\n',
      'inv/group_vars/all.yml': 'x: 1\n',
      'inv/host_vars/b.yml': 'x: 1\n',
      'inv/pki/ca-passphrase': 'secret\n',
      'inv/extra.pem': '-----BEGIN CERTIFICATE-----\n',
    }
    assert.equal(await names(files, ['inv']), 'a b c')
  })

  it('tells YAML from INI in a file without an ending', async () => {
    assert.equal(await names({ hosts: '# mine\nall:\n  hosts:\n    a:\n' }, ['hosts']), 'a')
    assert.equal(await names({ hosts: '[web]\na\n' }, ['hosts']), 'a')
  })

  it('puts sources together, later variables win', async () => {
    await withFiles({ one: 'h a=1 b=1\n', two: 'h b=2\n' }, async (directory) => {
      const inventory = await loadInventory(['one', 'two'], directory)
      assert.deepEqual(inventory.hosts.get('h')?.vars, { a: 1, b: 2 })
    })
  })

  const program = (json: string): string =>
    `#!/bin/sh\n[ "$1" = --list ] || exit 9\ncat <<'END'\n${json}\nEND\n`

  it('asks a program', async () => {
    const json =
      '{"web": {"hosts": ["a", "b"], "vars": {"x": 1}}, "db": ["c"], "all": {"children": ["web"]}, "_meta": {"hostvars": {"a": {"y": 2}}}}'
    await withFiles({ inv: program(json) }, async (directory) => {
      const inventory = await loadInventory(['inv'], directory)
      assert.deepEqual([...inventory.hosts.keys()], ['a', 'b', 'c'])
      assert.deepEqual(inventory.hosts.get('a')?.vars, { y: 2 })
      assert.deepEqual(inventory.groups.get('web')?.vars, { x: 1 })
    })
  })

  it('asks a program without _meta for each host', async () => {
    const text =
      '#!/bin/sh\nif [ "$1" = --list ]; then echo \'{"web": ["a"]}\'; else echo "{\\"name\\": \\"$2\\"}"; fi\n'
    await withFiles({ inv: text }, async (directory) => {
      assert.deepEqual((await loadInventory(['inv'], directory)).hosts.get('a')?.vars, { name: 'a' })
    })
  })

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['a missing file', '', /^There is no inventory inv\.$/],
    [
      'a program that fails',
      '#!/bin/sh\necho broken >&2\nexit 3\n',
      /^The inventory program inv failed with exit code 3: broken\.$/,
    ],
    ['a program that prints no JSON', program('hello'), /^The inventory program inv did not print JSON\.$/],
    ['a program that prints a list', program('[1]'), /must print a JSON object, not a list\.$/],
  ]
  for (const [what, text, message] of refused) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(
        names(text === '' ? {} : { inv: text }, ['inv']),
        (error) => error instanceof SignetError && message.test(error.message),
      )
    })
  }
})

describe('loadVarsDirectory', () => {
  it('reads files with and without ending, directories, host names with dots', async () => {
    const files = {
      'group_vars/all.yml': 'a: 1\n',
      'group_vars/web/20.yml': 'b: 2\n',
      'group_vars/web/10': 'b: 1\n',
      'group_vars/db.yml.bak': 'c: [\n',
      'host_vars/db1.example.com.yaml': 'd: 4\n',
      'host_vars/web1.json': '{"e": 5}\n',
      'host_vars/empty.yml': '---\n',
    }
    await withFiles(files, async (directory) => {
      const { groups, hosts } = await loadVarsDirectory(directory, directory)
      assert.deepEqual([...groups.keys()], ['all', 'web'])
      assert.deepEqual(groups.get('web'), [
        { origin: 'group_vars/web/10', values: { b: 1 } },
        { origin: 'group_vars/web/20.yml', values: { b: 2 } },
      ])
      assert.deepEqual(hosts.get('db1.example.com')?.[0]?.values, { d: 4 })
      assert.deepEqual(hosts.get('web1')?.[0]?.values, { e: 5 })
      assert.deepEqual(hosts.get('empty'), [])
    })
  })

  it('is empty where nothing is', async () => {
    await withFiles({}, async (directory) => {
      assert.equal((await loadVarsDirectory(join(directory, 'none'), directory)).groups.size, 0)
    })
  })
})

describe('readLimit', () => {
  it('reads patterns from files', async () => {
    await withFiles({ retry: 'web1\n# no\n\ndb1\n' }, async (directory) => {
      assert.equal(await readLimit('all,!@retry', directory), 'all,!web1,!db1')
      assert.equal(await readLimit('@retry', directory), 'web1,db1')
      await assert.rejects(readLimit('@none', directory), /The file none of --limit can not be read/)
    })
  })
})
