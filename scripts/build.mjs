// Bundles the program, so that no run has to look for hundreds of small files, and keeps the code that V8 makes of it.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
// V8 compares the length of a bundle only: the code of another one must never stay beside it.
for (const name of ['main', 'mysql']) rmSync(`dist/${name}.cjs.code`, { force: true })

await build({
  entryPoints: { main: 'src/main.ts', mysql: 'src/mysql/mysql2.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // Only ASCII, which V8 keeps in half the memory.
  charset: 'ascii',
  sourcemap: true,
  logLevel: 'warning',
  external: ['cpu-features'],
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  plugins: [
    {
      name: 'what stays outside',
      setup({ onResolve }) {
        onResolve({ filter: /^\.\/mysql2\.js$/ }, () => ({ path: './mysql.cjs', external: true }))
        // The native part of ssh2, which runs without it, too.
        onResolve({ filter: /\/sshcrypto\.node$/ }, () => ({
          path: 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node',
          external: true,
        }))
      },
    },
  ],
})

// esbuild leaves regular expressions and comments as they are; the program is read as Latin-1.
for (const name of ['main', 'mysql']) {
  const escaped = readFileSync(`dist/${name}.cjs`, 'utf8').replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  writeFileSync(`dist/${name}.cjs`, escaped)
}

// In a process of its own, for what a run uses is compiled only when it is used.
const warmed = spawnSync(process.execPath, ['scripts/keep-code.cjs'], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
if (warmed.status !== 0) throw new Error('the code of the bundles could not be kept')
