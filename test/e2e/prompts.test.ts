import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT } from '../../src/errors.js'
import { PROJECT } from '../lab/signet.js'
import { withFiles } from '../unit/temporary-directory.js'

const PLAYBOOK = `- hosts: localhost
  gather_facts: false
  vars: {word: of the play, place: "{{ word }}"}
  vars_prompt:
    - {name: word, prompt: A word, confirm: true}
    - {name: confirm, prompt: Go on?, default: "no", private: false}
    - {name: braces, default: none, private: false}
  tasks:
    - copy: {content: "{{ word }}|{{ confirm | bool }}|{{ braces }}|{{ place }}\\n", dest: "{{ playbook_dir }}/said"}
    - debug: {msg: "it is {{ word }}"}
`

interface Ended {
  readonly code: number | null
  readonly text: string
  /** What the playbook wrote. */
  readonly said?: string
}

/** Runs the real program with answers typed at a terminal of its own, or with no terminal at all. */
function play(directory: string, answers: string | undefined, ...words: string[]): Ended {
  const program = [
    process.execPath,
    join(PROJECT, 'bin/signet.js'),
    'play',
    join(directory, 'play.yml'),
    ...words,
  ]
  const options = { input: answers ?? '', env: { ...process.env, NO_COLOR: '1' } }
  const { status, stdout, stderr } =
    answers === undefined
      ? spawnSync(program[0] ?? '', program.slice(1), options)
      : spawnSync(
          'script',
          ['-qec', program.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' '), '/dev/null'],
          options,
        )
  return { code: status, text: `${stdout.toString()}${stderr.toString()}` }
}

describe('vars_prompt', () => {
  const answered = (answers: string | undefined, ...words: string[]): Promise<Ended> =>
    withFiles({ 'play.yml': PLAYBOOK }, async (directory) => {
      const ended = play(directory, answers, ...words)
      return { ...ended, said: await readFile(join(directory, 'said'), 'utf8').catch(() => '') }
    })

  it('asks at the terminal; corrections count, a private answer is shown nowhere, an answer is no template', async () => {
    const { code, text, said } = await answered('wrong\nnot the same\nbl\x7fue\nbue\nyes\n{{ 1 + 1 }}\n')
    assert.equal(said, 'bue|True|{{ 1 + 1 }}|bue\n')
    assert.equal(code, EXIT.done, text)
    assert.match(text, /A word: \s*The same once more: /)
    assert.match(text, /The answers differ/)
    assert.match(text, /Go on\? \[no\]: /)
    assert.match(text, /braces \[none\]: /)
    assert.doesNotMatch(text.slice(text.indexOf('PLAY [')), /bue/)
  })

  it('does not ask for what is given with -e, and takes defaults where there is no terminal', async () => {
    const { code, text, said } = await answered(undefined, '-e', 'word=green')
    assert.equal(said, 'green|False|none|green\n')
    assert.equal(code, EXIT.done, text)
    assert.doesNotMatch(text, /Go on/)
  })

  it('without a terminal and a default it says what to give; nothing is run', async () => {
    const { code, text } = await answered(undefined)
    assert.equal(code, EXIT.usage, text)
    assert.match(text, /play\.yml:5:7: word is asked for, but there is no terminal/)
    assert.match(text, /→ Give it with -e word=VALUE/)
    assert.doesNotMatch(text, /PLAY/)
  })

  it('nothing is asked, and nothing run, when an entry is wrong', async () => {
    const wrong = `- hosts: localhost
  vars_prompt:
    - {prompt: Which?}
    - {name: two words}
    - {name: hash, encrypt: sha512_crypt}
    - {name: a, privat: false}
    - b
  tasks: []
`
    const { code, text } = await withFiles({ 'play.yml': wrong }, (directory) =>
      Promise.resolve(play(directory, undefined)),
    )
    assert.equal(code, EXIT.error, text)
    for (const said of [
      /3:7: This entry of vars_prompt has no name/,
      /4:14: "two words" is no name for a variable/,
      /5:20: "encrypt" is not supported[^]*mkpasswd/,
      /6:17: "privat" is no keyword of a vars_prompt[^]*Did you mean private/,
      /7:7: An entry of vars_prompt must be a mapping/,
    ])
      assert.match(text, said)
  })

  it('two passwords may come through one pipe', async () => {
    const { code, text } = await withFiles(
      { 'play.yml': '- hosts: localhost\n  gather_facts: false\n  tasks: []\n' },
      (directory) => {
        const words = [join(PROJECT, 'bin/signet.js'), 'play', join(directory, 'play.yml'), '-k', '-K']
        const ended = spawnSync(process.execPath, words, { input: 'one\ntwo\n' })
        return Promise.resolve({ code: ended.status, text: ended.stderr.toString() })
      },
    )
    assert.equal(code, EXIT.done, text)
  })
})
