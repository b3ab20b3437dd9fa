import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PROJECT } from '../lab/signet.js'

/** Tells which bundles the program compiled, and whether V8 took the code that was kept of them. */
const WATCH = `
const vm = require('node:vm')
const { basename } = require('node:path')
const took = {}
vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options)
    took[basename(options.filename)] = this.cachedDataRejected === false
  }
}
process.on('exit', () => {
  const bundles = Object.keys(require.cache).filter((file) => file.includes('/dist/')).map((file) => basename(file))
  process.stderr.write(JSON.stringify({ took, bundles }))
})
`

describe('the start of the program', () => {
  let directory: string
  const started = async (program: string): Promise<{ out: string; seen: unknown }> => {
    const watch = join(directory, 'watch.cjs')
    await writeFile(watch, WATCH)
    const words = ['--require', watch, program, '--version']
    const { stdout, stderr } = await promisify(execFile)(process.execPath, words)
    return { out: stdout, seen: JSON.parse(stderr) }
  }
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signet-start-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  it('takes the code that the build kept, and loads nothing of MySQL', async () => {
    const { out, seen } = await started(join(PROJECT, 'bin/signet.js'))
    assert.match(out, /^signet \d/)
    assert.deepEqual(seen, { took: { 'main.cjs': true }, bundles: ['main.cjs'] })
  })

  for (const [what, damage, took] of [
    ['is damaged', (code: Buffer) => code.subarray(0, 1000), { 'main.cjs': false }],
    ['is missing', () => undefined, {}],
  ] as const)
    it(`does without it where it ${what}`, async () => {
      for (const part of ['bin', 'package.json'])
        await cp(join(PROJECT, part), join(directory, part), { recursive: true })
      await symlink(join(PROJECT, 'node_modules'), join(directory, 'node_modules'))
      await mkdir(join(directory, 'dist'))
      await cp(join(PROJECT, 'dist/main.cjs'), join(directory, 'dist/main.cjs'))
      const code = damage(await readFile(join(PROJECT, 'dist/main.cjs.code')))
      if (code) await writeFile(join(directory, 'dist/main.cjs.code'), code)
      const { out, seen } = await started(join(directory, 'bin/signet.js'))
      assert.match(out, /^signet \d/)
      assert.deepEqual(seen, { took, bundles: ['main.cjs'] })
    })
})
