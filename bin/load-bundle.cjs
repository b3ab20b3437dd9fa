// Loads the bundles of dist with what V8 compiled of them at build time: compiling them anew would cost every
// run a tenth of a second of processor time.
const { existsSync, readFileSync, writeFileSync, renameSync } = require('node:fs')
const Module = require('node:module')
const { dirname, join, resolve } = require('node:path')
const { Script } = require('node:vm')

const DIST = join(__dirname, '../dist')
/** What was compiled, by the bundle's file name. */
const scripts = new Map()

/** Where the compiled code of a bundle is kept. V8 itself refuses what another version, or other flags, compiled. */
const codeFile = (file) => `${file}.code`

/** The exports of a bundle: `main.cjs`, or another one that it needs. */
function load(name) {
  const file = resolve(DIST, name)
  const loaded = require.cache[file]
  if (loaded) return loaded.exports
  // Node reads the source map of what it loads itself only.
  if (process.env.SIGNET_DEBUG || !existsSync(codeFile(file))) return require(file)
  return run(file, readFileSync(codeFile(file)))
}

function run(file, cachedData) {
  const script = new Script(Module.wrap(readFileSync(file, 'latin1')), { filename: file, cachedData })
  scripts.set(file, script)
  const module = new Module(file)
  module.filename = file
  require.cache[file] = module
  const required = Module.createRequire(file)
  const requires = (id) => (id.startsWith('./') ? load(id) : required(id))
  script.runInThisContext()(module.exports, requires, module, file, dirname(file))
  module.loaded = true
  return module.exports
}

/** Keeps what has been compiled of a bundle until now. */
function keepCode(name) {
  const file = resolve(DIST, name)
  const script = scripts.get(file)
  if (!script) throw new Error(`${name} was not loaded by this program`)
  writeFileSync(`${codeFile(file)}.new`, script.createCachedData())
  renameSync(`${codeFile(file)}.new`, codeFile(file))
}

/** Like `load`, but compiles, so that the code can be kept. */
const compile = (name) => run(resolve(DIST, name))

module.exports = { load, compile, keepCode }
