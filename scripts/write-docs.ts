// Writes all that is made from the program's own tables: schema/, docs/modules/, docs/cli.md and the like.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { generatedPages } from '../src/docs/pages.js'

rmSync('docs/modules', { recursive: true, force: true })
for (const [path, text] of Object.entries(generatedPages())) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
