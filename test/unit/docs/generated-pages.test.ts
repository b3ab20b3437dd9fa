import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { generatedPages } from '../../../src/docs/pages.js'

describe('generated pages', () => {
  const pages = generatedPages()

  for (const [path, text] of Object.entries(pages)) {
    it(`${path} is as the program says: npm run docs`, () => {
      assert.equal(readFileSync(path, 'utf8'), text)
    })
  }

  it('no page is left of a module that is gone', () => {
    const there = readdirSync('docs/modules').map((name) => `docs/modules/${name}`)
    assert.deepEqual(
      there.filter((path) => !(path in pages)),
      [],
    )
  })
})
