import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { loadInventory } from '../../../src/inventory/load-inventory.js'
import { selectHosts } from '../../../src/inventory/select-hosts.js'
import { withFiles } from '../temporary-directory.js'

/** The example of a language in docs/inventories.md. */
async function example(language: string): Promise<string> {
  const page = await readFile('docs/inventories.md', 'utf8')
  const found = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(page)?.[1]
  assert(found)
  return found
}

describe('docs/inventories.md', () => {
  it('has a YAML inventory that is read as it says', async () => {
    await withFiles({ 'hosts.yml': await example('yaml') }, async (directory) => {
      const inventory = await loadInventory(['hosts.yml'], directory)
      assert.equal(
        selectHosts(inventory, 'site').join(' '),
        'web01.example.com web02.example.com web03.example.com db1 2001:db8::5',
      )
      assert.equal(inventory.hosts.get('2001:db8::5')?.vars['ansible_port'], 2222)
    })
  })

  it('has an INI inventory that is read as it says', async () => {
    await withFiles({ hosts: await example('ini') }, async (directory) => {
      const inventory = await loadInventory(['hosts'], directory)
      assert.equal(selectHosts(inventory, 'ungrouped').length, 3)
      assert.deepEqual(inventory.hosts.get('db-b')?.vars, { ansible_host: '10.0.0.5', label: 'two words' })
      assert.deepEqual(inventory.groups.get('site')?.vars, { colour: 'blue' })
    })
  })

  it('has patterns that are all understood', async () => {
    const page = await readFile('docs/inventories.md', 'utf8')
    const table = page.slice(page.indexOf('| Pattern |'))
    const patterns = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap((row) =>
      [...(row[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
    )
    assert(patterns.length > 10)
    await withFiles(
      { hosts: '[web]\nweb[1:9]\n[db]\ndb[1:4]\n[site:children]\nweb\ndb\n' },
      async (directory) => {
        const inventory = await loadInventory(['hosts'], directory)
        for (const pattern of patterns.filter((each) => !each.startsWith('@')))
          assert(selectHosts(inventory, pattern).length > 0, pattern)
      },
    )
  })
})
