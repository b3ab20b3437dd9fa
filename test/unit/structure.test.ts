import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Directories of src in the order in which they may use each other: each only what stands before it. */
const ORDER = [
  'value',
  'source',
  'template',
  'inventory',
  'option-file',
  'certificates',
  'connection',
  'mysql',
  'host',
  'modules',
  'playbook',
  'variables',
  'report',
  'run',
  'lab',
  'cli',
  'docs',
]

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

function files(directory: string): readonly string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name)
    return statSync(path).isDirectory() ? files(path) : path.endsWith('.ts') ? [path] : []
  })
}

const SOURCES = files('src')
const IMPORTS: readonly Import[] = SOURCES.flatMap((from) =>
  [...readFileSync(from, 'utf8').matchAll(/^(?:import|export) (type )?[^;'"]*?from '(\.[^']+)'/gms)].map(
    ([, type, path]) => ({
      from,
      to: normalize(join(dirname(from), path ?? '')),
      typeOnly: type !== undefined,
    }),
  ),
)
const room = (path: string): string => path.split('/')[1] ?? ''
const shown = ({ from, to }: Import): string => `${from} → ${to}`

describe('structure of the source', () => {
  it('every directory has its place in the order', () => {
    const rooms = readdirSync('src').filter((name) => statSync(join('src', name)).isDirectory())
    assert.deepEqual([...rooms].sort(), [...ORDER].sort())
  })

  it('code is used in one direction only; contracts (import type) may be shared', () => {
    const wrong = IMPORTS.filter(({ from, to, typeOnly }) => {
      const [user, used] = [ORDER.indexOf(room(from)), ORDER.indexOf(room(to))]
      return !typeOnly && user >= 0 && used > user
    })
    assert.deepEqual(wrong.map(shown), [])
  })

  it('nothing but main and the documentation uses the command line; nothing uses main', () => {
    const wrong = IMPORTS.filter(
      ({ from, to }) =>
        to === 'src/main.js' || (room(to) === 'cli' && !['cli', 'docs', 'main.ts'].includes(room(from))),
    )
    assert.deepEqual(wrong.map(shown), [])
  })

  it('modules know neither the engine nor ssh; mysql and certificates know no module', () => {
    const wrong = IMPORTS.filter(
      ({ from, to, typeOnly }) =>
        (room(from) === 'modules' && ['run', 'connection', 'report', 'cli', 'playbook'].includes(room(to))) ||
        (['mysql', 'certificates'].includes(room(from)) && room(to) === 'modules' && !typeOnly),
    )
    assert.deepEqual(wrong.map(shown), [])
  })

  it('reports only listen: they use nothing of the run', () => {
    const wrong = IMPORTS.filter(
      ({ from, to }) => room(from) === 'report' && ['run', 'host'].includes(room(to)),
    )
    assert.deepEqual(wrong.filter(({ typeOnly }) => !typeOnly).map(shown), [])
  })

  it('steps of modules are performed in one file of the engine only', () => {
    const naming = SOURCES.filter(
      (path) => room(path) === 'run' && /\.perform\(/.test(readFileSync(path, 'utf8')),
    )
    assert.deepEqual(naming, ['src/run/apply-task.ts'])
  })

  it('no room without a purpose in its name', () => {
    const dumps = SOURCES.filter((path) => /\/(utils?|helpers?|common|misc|shared)(\.ts|\/)/.test(path))
    assert.deepEqual(dumps, [])
  })
})
