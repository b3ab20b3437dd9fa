import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { FileState } from '../../../src/host/question.js'
import { readArguments } from '../../../src/modules/arguments.js'
import { findModule } from '../../../src/modules/index.js'
import type { Value } from '../../../src/value/value.js'

/** A text file as a host would describe it. */
const file = (text: string | Buffer, more: object = {}): FileState => ({
  kind: 'file',
  mode: 0o644,
  owner: 'root',
  group: 'root',
  uid: 0,
  gid: 0,
  size: text.length,
  mtime: 0,
  content: Buffer.from(text as string),
  hash: createHash('sha256')
    .update(text as string)
    .digest('hex'),
  ...more,
})
const ABSENT: FileState = { kind: 'absent' }
const path = '/etc/app.conf'

/** Module, arguments, state; then the text that is written, `nothing`, or a pattern of the refusal. */
type Case = readonly [string, string, Readonly<Record<string, Value>>, FileState, string | RegExp | undefined]

const CASES: readonly Case[] = [
  ['a line that is there', 'lineinfile', { line: 'b' }, file('a\nb\n'), undefined],
  ['a last line without a break that is there', 'lineinfile', { line: 'b' }, file('a\nb'), undefined],
  [
    'a line is added behind a last line without a break',
    'lineinfile',
    { line: 'c' },
    file('a\nb'),
    'a\nb\nc\n',
  ],
  [
    'the last line that matches is replaced',
    'lineinfile',
    { regexp: '^x', line: 'y' },
    file('x1\nx2\n'),
    'x1\ny\n',
  ],
  ['a line in an absent file', 'lineinfile', { line: 'a' }, ABSENT, /absent/],
  ['a line in a new file', 'lineinfile', { line: 'a', create: true }, ABSENT, 'a\n'],
  ['no line, no file', 'lineinfile', { regexp: 'a', state: 'absent' }, ABSENT, undefined],
  ['lines are removed', 'lineinfile', { regexp: '^a', state: 'absent' }, file('a\nb\na2\n'), 'b\n'],
  ['Latin-1 is not edited', 'lineinfile', { line: 'a' }, file(Buffer.from([0xe4, 0x0a])), /UTF-8/],
  ['Windows line ends of other lines stay', 'lineinfile', { line: 'c' }, file('a\r\nb\r\n'), 'a\r\nb\r\nc\n'],
  [
    'an option that is there',
    'ini_file',
    { section: 'a', option: 'x', value: '1' },
    file('[a]\nx=1'),
    undefined,
  ],
  [
    'an option that differs',
    'ini_file',
    { section: 'a', option: 'x', value: '2' },
    file('[a]\nx = 1 \n[b]\nx=1\n'),
    '[a]\nx = 2\n[b]\nx=1\n',
  ],
  [
    'a new section',
    'ini_file',
    { section: 'b', option: 'x', value: '1' },
    file('[a]\n'),
    '[a]\n[b]\nx = 1\n',
  ],
  [
    'a section is removed',
    'ini_file',
    { section: 'a', state: 'absent' },
    file('[a]\nx=1\n[b]\ny=1\n'),
    '[b]\ny=1\n',
  ],
  [
    'a block that is there',
    'blockinfile',
    { block: 'x' },
    file('# BEGIN ANSIBLE MANAGED BLOCK\nx\n# END ANSIBLE MANAGED BLOCK'),
    undefined,
  ],
  [
    'a block is emptied',
    'blockinfile',
    { state: 'absent' },
    file('a\n# BEGIN ANSIBLE MANAGED BLOCK\nx\n# END ANSIBLE MANAGED BLOCK\nb\n'),
    'a\nb\n',
  ],
  ['nothing matches', 'replace', { regexp: 'x', replace: 'y' }, file('abc'), undefined],
  ['all matches', 'replace', { regexp: '(.)x', replace: '\\1y' }, file('axbx'), 'ayby'],
  [
    'options that mean the same',
    'mysql_option_file',
    { options: { 'innodb-buffer-pool-size': '1G', ssl: true } },
    file('[mysqld]\ninnodb_buffer_pool_size = 1073741824\nssl=1\n'),
    undefined,
  ],
  [
    'an option keeps its comment lines',
    'mysql_option_file',
    { options: { port: 3307 } },
    file('# c\n[mysqld]\nport=3306\n[client]\nport=3306\n'),
    '# c\n[mysqld]\nport = 3307\n[client]\nport=3306\n',
  ],
  [
    'null takes an option out',
    'mysql_option_file',
    { options: { skip_networking: null } },
    file('[mysqld]\nskip-networking\na=1\n'),
    '[mysqld]\na=1\n',
  ],
]

describe('plans of modules that edit files', () => {
  for (const [name, moduleName, args, state, expected] of CASES) {
    it(`${moduleName}: ${name}`, () => {
      const module = findModule(moduleName)
      assert.ok(module)
      const read = readArguments(module, { path, ...args }, undefined)
      if (expected instanceof RegExp) {
        let said = ''
        try {
          said = module.plan(read, state).failure ?? ''
        } catch (error) {
          said = String(error)
        }
        assert.match(said, expected)
        return
      }
      const { steps, failure } = module.plan(read, state)
      assert.equal(failure, undefined)
      const written = steps.flatMap((step) =>
        step.do === 'write_file' && step.path === path ? [String(step.content)] : [],
      )
      assert.deepEqual(written, expected === undefined ? [] : [expected])
      if (expected === undefined) assert.deepEqual(steps, [])
    })
  }
})
