import assert from 'node:assert/strict'
import { SignetError } from '../../../src/errors.js'
import { excerpt } from '../../../src/source/excerpt.js'
import { showPlace } from '../../../src/source/place.js'
import { parseYaml, readYaml } from '../../../src/source/read-yaml.js'
import { showError } from '../../../src/source/show-error.js'
import { placeOf, placeOfKey, placeOfValue } from '../../../src/source/source-file.js'
import { isList, isMap } from '../../../src/value/shape.js'
import { resolve } from '../../../src/template/template.js'
import { withFiles } from '../temporary-directory.js'

const data = (text: string): unknown => parseYaml(text, 'f.yml').data

/** The place of a value, by the way that leads to it, as `line:column`; with the key's place before it in mappings. */
function placeAt(text: string, path: readonly (string | number)[]): string {
  let value = parseYaml(text, 'f.yml').data
  let shown = ''
  for (const step of path) {
    assert(isMap(value) || isList(value))
    const [key, own] = [placeOfKey(value, step), placeOfValue(value, step)]
    shown = `${key ? `${key.line}:${key.column}` : '-'} ${own ? `${own.line}:${own.column}` : '-'}`
    value = isList(value) ? (value[step as number] ?? null) : (value[step] ?? null)
  }
  return shown
}

describe('parseYaml', () => {
  const values: readonly (readonly [string, unknown])[] = [
    ['', null],
    ['# only a comment\n', null],
    ['---\n', null],
    ['--- text\n', 'text'],
    ['\uFEFFa: 1\n', { a: 1 }],
    ['[yes, no, on, off, True, FALSE, y]', [true, false, true, false, true, false, 'y']],
    [
      '[0644, 0o644, 0x1F, 0b11, 1_000, 12e3, 1.5, .5, 1.2.3]',
      [420, '0o644', 31, 3, 1000, '12e3', 1.5, 0.5, '1.2.3'],
    ],
    [
      '[~, null, "", 2001-01-01, 1:30, 99999999999999999999]',
      [null, null, '', '2001-01-01', '1:30', '99999999999999999999'],
    ],
    ['a: |\n  x\n   y\n\nb: >-\n  x\n  y\n', { a: 'x\n y\n', b: 'x y' }],
    ['a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n', { a: { p: 1, q: 2 }, b: { p: 1, q: 3 } }],
    [
      'a: &a {p: 1}\nb: &b {p: 2, constructor: 3}\nc: {<<: [*a, *b]}\n',
      { a: { p: 1 }, b: { p: 2, constructor: 3 }, c: { p: 1, constructor: 3 } },
    ],
    ['"<<": {p: 1}\n', { '<<': { p: 1 } }],
    ['a: &x [1]\nb: *x\n', { a: [1], b: [1] }],
    ['a: !!str 1\nb: !!int "2"\n', { a: '1', b: 2 }],
    ['1: a\nyes: b\n', { '1': 'a', yes: 'b' }],
    ['a: 1\r\nb:\r\n  - x\r\n', { a: 1, b: ['x'] }],
  ]
  for (const [text, expected] of values)
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(data(text), expected))

  it('keeps !unsafe texts out of the templates', () => {
    const scope = { find: () => undefined, names: () => [], places: { directories: [], env: {} } }
    const texts = ['{{ x }} "a" \\d \'', '{% if %}', 'a\n\t{# c #}\n', 'plain']
    for (const text of texts) {
      const read = parseYaml(
        `a: !unsafe ${JSON.stringify(text)}\nb: !unsafe [${JSON.stringify(text)}]\n`,
        'f.yml',
      ).data
      assert.deepEqual(resolve(read, scope), { a: text, b: [text] })
    }
  })

  const places: readonly (readonly [string, readonly (string | number)[], string])[] = [
    ['a: 1\n', ['a'], '1:1 1:4'],
    ['---\n# x\n- name: "x"\n  copy:\n    src: \'a\'\n', [0, 'copy', 'src'], '5:5 5:10'],
    ['---\n# x\n- name: "x"\n', [0, 'name'], '3:3 3:9'],
    ['a:\r\n  b: c\r\n', ['a', 'b'], '2:3 2:6'],
    ['a:\n- x\n-   y\n', ['a', 1], '3:5 3:5'],
    ['a: {b: 1, c: [2, 3]}\n', ['a', 'c', 1], '1:18 1:18'],
    ['a: |  # pipe | here > too\n  | text\n', ['a'], '1:1 1:4'],
    ['a: >2-\n    text\nb: 1\n', ['b'], '3:1 3:4'],
    ['a: &x {p: 1}\nb: *x\n', ['b'], '2:1 2:4'],
    ['a: &x {p: 1}\nb:\n  <<: *x\n', ['b', 'p'], '1:8 1:11'],
    ['a:\nb: 1\n', ['a'], '1:1 1:2'],
    ['a:\t1\n', ['a'], '1:1 1:4'],
    ['\uFEFFa: b\n', ['a'], '1:1 1:4'],
    ['"a b": !unsafe "x"\n', ['a b'], '1:1 1:16'],
  ]
  for (const [text, path, expected] of places) {
    it(`finds ${path.join('.')} of ${JSON.stringify(text)} at ${expected}`, () =>
      assert.equal(placeAt(text, path), expected))
  }

  it('knows where a document begins', () => {
    const { data: list } = parseYaml('\n\n  - a\n', 'f.yml')
    assert(isList(list))
    assert.deepEqual(placeOf(list), { file: 'f.yml', line: 3, column: 3 })
  })

  const QUOTE_TEMPLATE = 'A value that begins with {{ must be quoted.'
  const QUOTE_COLON = 'A value that contains ": " must be quoted.'
  const TAB = 'This line is indented with a tab.'
  const LINE_UP = 'This line does not line up with the keys above.'
  const mistakes: Readonly<Record<string, string>> = {
    'a: {{ x }}\n': `1:4 ${QUOTE_TEMPLATE}`,
    '- debug:\n    msg: {{ a }} is b\n': `2:10 ${QUOTE_TEMPLATE}`,
    'a:\n  - {{ x }}\n': `2:5 ${QUOTE_TEMPLATE}`,
    '{% if x %}\na: 1\n': '1:1 A statement of a template can not stand in YAML by itself.',
    'a:\n\tb: 1\n': `2:1 ${TAB}`,
    'a: |\n\tb\n': `2:1 ${TAB}`,
    'a:1\nb: 2\n': '1:2 A colon that ends a key is followed by a blank.',
    '- hosts: all\n  become:yes\n  tasks: []\n': '2:9 A colon that ends a key is followed by a blank.',
    'name: a: b\n': `1:7 ${QUOTE_COLON}`,
    '- name: say: this\n  x: 1\n': `1:9 ${QUOTE_COLON}`,
    'a: "x\nb: 1\n': '1:4 This quote is never closed.',
    "a: 'x\n": '1:4 This quote is never closed.',
    'a: [1, 2\nb: 3\n': '1:4 This bracket is never closed.',
    'a: {b: 1\nc: 2\n': '1:4 This bracket is never closed.',
    'a: [1 2: 3, ]]\n': '1:14 This does not belong to the value before it.',
    'when: "x" == y\n': '1:11 A quoted value ends at its closing quote, but more text follows.',
    'x: "{{ a }}" b\n': '1:14 A quoted value ends at its closing quote, but more text follows.',
    'a: @x\n': '1:4 A value can not begin with this sign.',
    'a: - b\n': '1:4 A list can not begin on the line of its key.',
    'a: "\\q"\n': '1:6 In double quotes a backslash begins an escape, and this is none.',
    'a: 1\n  b: 2\n': `2:3 ${LINE_UP}`,
    'x:\n  y: 1\n z: 2\n': `3:2 ${LINE_UP}`,
    '- hosts: all\n  tasks:\n   - x: 1\n  - y: 2\n':
      '4:3 This line does not line up with the items of the list above.',
    'a: b\n- c\n': '2:1 This does not belong to what stands above it.',
    'a: 1\n---\nb: 2\n': '2:1 The file holds more than one YAML document.',
    'a: *y\n': '1:4 There is no anchor &y before this alias.',
    'a: &x [*x]\n': '1:8 The alias *x stands inside of &x itself.',
    '<<: 3\n': '1:5 Only mappings can be merged with <<.',
    'a: 1\nb: 2\na: 3\n': '3:1 The key "a" stands twice in this mapping.',
    '? [a]\n: b\n': '1:3 A key must be a word or text.',
    '__proto__: 1\n': '1:1 This key is not allowed.',
    'a: !thing x\n': '1:11 The tag !thing is not supported.',
    '\u0000': '1:1 This file holds characters that are not text.',
    ['['.repeat(500)]: '1:100 This is nested too deeply.',
  }
  for (const [text, expected] of Object.entries(mistakes)) {
    it(`explains ${JSON.stringify(text.slice(0, 50))}`, () => {
      assert.throws(
        () => data(text),
        (error) => {
          assert(error instanceof SignetError)
          assert.equal(error.code, 'yaml-syntax')
          assert.equal(`${error.place?.line ?? 0}:${error.place?.column ?? 0} ${error.message}`, expected)
          return error.hint !== ''
        },
      )
    })
  }

  it('stops a bomb of aliases', () => {
    const levels = Array.from(
      { length: 12 },
      (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index}, `.repeat(9)}*a${index}]`,
    )
    assert.throws(() => data(`a0: &a0 [x]\n${levels.join('\n')}\n`), /stand for too much data/)
  })
})

describe('readYaml', () => {
  it('names a file that is missing, or is none', async () => {
    await withFiles({ 'd/x': '' }, async (directory) => {
      await assert.rejects(
        readYaml('none.yml', directory),
        /^SignetError: none\.yml can not be read: there is no such file\.$/,
      )
      await assert.rejects(readYaml('d', directory), /^SignetError: d can not be read: it is a directory\.$/)
    })
  })
})

describe('showError', () => {
  const shown = (text: string): string => {
    try {
      data(text)
    } catch (error) {
      if (error instanceof SignetError) return showError(error)
    }
    return 'no error'
  }

  it('shows place, sentence, excerpt and hint', () => {
    assert.equal(
      shown('a: 1\nb:\n\tc: 2\n'),
      [
        'error: f.yml:3:1: This line is indented with a tab.',
        '  2 | b:',
        '  3 |  c: 2',
        '    | ^',
        '  → Indent YAML with blanks.',
        '',
      ].join('\n'),
    )
  })

  it('shows the part of a long line that matters, and no control characters', () => {
    parseYaml(`a: "${'x'.repeat(1000)}\u001b[2J"\n`.replace('\u001b[2J', ''), 'long.yml')
    const lines = excerpt({ file: 'long.yml', line: 1, column: 500 }).split('\n')
    assert(lines.every((line) => line.length < 180))
    assert.equal(lines[1]?.indexOf('^'), '  1 | '.length + 79)
    assert.equal(excerpt({ file: 'never-read.yml', line: 1, column: 1 }), '')
    assert.equal(showPlace({ file: 'a', line: 1, column: 2 }), 'a:1:2')
  })
})
