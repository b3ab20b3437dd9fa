import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:net'
import { PassThrough } from 'node:stream'
import { EXIT } from '../../src/errors.js'
import { invoke } from '../../src/main.js'
import { withFiles } from '../unit/temporary-directory.js'

interface Outcome {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

async function signet(words: readonly string[], cwd: string): Promise<Outcome> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const exit = await invoke(words, {
    cwd,
    env: { HOME: cwd, USER: 'nobody' },
    stdin: new PassThrough(),
    stdout,
    stderr,
    now: () => new Date(0),
    signal: new AbortController().signal,
  })
  const text = (stream: PassThrough): string => String(stream.read() ?? '').replaceAll(cwd, '.')
  return { exit, stdout: text(stdout), stderr: text(stderr) }
}

interface Case {
  readonly files: Readonly<Record<string, string>>
  readonly words?: readonly string[]
  readonly exit: number
  readonly stderr: readonly string[]
}

const play = (task: string): string => `- hosts: web\n  gather_facts: no\n  tasks:\n  - ${task}\n`

const CASES: Readonly<Record<string, Case>> = {
  'malformed YAML': {
    files: { 'p.yml': '- hosts: web\n  tasks:\n\t- ping:\n' },
    exit: EXIT.error,
    stderr: [
      'error: p.yml:3:1: This line is indented with a tab.',
      '  2 |   tasks:',
      '  3 |  - ping:',
      '    | ^',
      '  → Indent YAML with blanks.',
    ],
  },
  'an unquoted template': {
    files: { 'p.yml': play('debug: {msg: "a"}\n    when: {{ x }}') },
    exit: EXIT.error,
    stderr: ['error: p.yml:5:11: A value that begins with {{ must be quoted.', '    |           ^'],
  },
  'an unknown keyword': {
    files: { 'p.yml': play('ping:\n    wehn: x') },
    exit: EXIT.error,
    stderr: [
      'error: p.yml:5:5: "wehn" is no keyword of a task.',
      '  5 |     wehn: x',
      '    |     ^',
      '  → Did you mean when?',
    ],
  },
  'an unknown module': {
    files: { 'p.yml': play('coppy: {src: a, dest: b}') },
    exit: EXIT.error,
    stderr: [
      'error: p.yml:4:5: "coppy" is neither a module nor a keyword of a task.',
      '    |     ^',
      '  → Did you mean copy?',
    ],
  },
  'a wrong argument type': {
    files: { 'p.yml': play('copy: {content: a, dest: /b, force: perhaps}') },
    exit: EXIT.error,
    stderr: [
      'error: p.yml:4:41: copy: "force" must be yes or no, not the text "perhaps".',
      '  → See `signet doc copy`.',
    ],
  },
  'several mistakes in several files': {
    files: {
      'p.yml': '- hosts: web\n  roles: [r]\n  takss: []\n',
      'roles/r/tasks/main.yml': '- cop: {}\n- debug: {msgg: a}\n',
    },
    exit: EXIT.error,
    stderr: [
      'error: p.yml:3:3: ',
      'error: roles/r/tasks/main.yml:1:3: ',
      'error: roles/r/tasks/main.yml:2:11: ',
      '3 errors.',
    ],
  },
  'a missing role': {
    files: { 'p.yml': '- hosts: web\n  roles:\n  - role: webb\n', 'roles/web/tasks/main.yml': '' },
    exit: EXIT.error,
    stderr: ['error: p.yml:3:11: There is no role "webb".', '  → Did you mean web? Looked in roles, '],
  },
  'an empty host pattern': {
    files: { 'p.yml': '- hosts:\n  tasks: []\n' },
    exit: EXIT.error,
    stderr: [
      'error: p.yml:1:3: The host pattern of this play is empty.',
      '  → Write hosts: all, or the name of a group.',
    ],
  },
  'a host pattern that matches nothing': {
    files: { 'p.yml': '- hosts: wbe\n  tasks: [{ping: }]\n' },
    exit: EXIT.error,
    stderr: [
      'error: p.yml:1:10: "wbe" is neither a host nor a group of the inventory.',
      '  → Did you mean web?',
    ],
  },
  'host patterns of later plays': {
    files: { 'p.yml': `${play('ping:')}- hosts: web:!h3\n- hosts: [h1, h4]\n` },
    exit: EXIT.error,
    stderr: [
      'error: p.yml:5:10: "h3" of the pattern "web:!h3" is',
      'error: p.yml:6:10: "h4" of the pattern "h1,h4" is',
      '2 errors.',
    ],
  },
  'a --limit that matches nothing': {
    files: { 'p.yml': play('ping:') },
    words: ['play', 'p.yml', '-i', 'hosts', '--limit', 'hx'],
    exit: EXIT.error,
    stderr: ['"hx" is neither a host nor a group of the inventory.', '  → Did you mean h1?'],
  },
  'a template that is no Jinja': {
    files: { 'p.yml': play('debug: {msg: "{{ a | uper }}"}') },
    exit: EXIT.error,
    stderr: ['error: p.yml:4:18: There is no filter "uper"; did you mean upper?'],
  },
  'an inventory that is none': {
    files: { 'p.yml': play('ping:'), hosts: '[web]\nh1\n[wbe:vars]\na=1\n' },
    exit: EXIT.error,
    stderr: ['error: hosts:3:2: There is no group "wbe" in this file.', '  → Did you mean web?'],
  },
  'a missing playbook': {
    files: {},
    exit: EXIT.error,
    stderr: ['error: p.yml can not be read: there is no such file.'],
  },
  'a missing inventory': {
    files: { 'p.yml': play('ping:') },
    words: ['play', 'p.yml', '-i', 'none'],
    exit: EXIT.error,
    stderr: ['error: There is no inventory none.'],
  },
  'an encrypted file without a password': {
    files: { 'p.yml': play('ping:'), 'group_vars/web.yml': '$ANSIBLE_VAULT;1.1;AES256\n3132\n' },
    exit: EXIT.error,
    stderr: ['error: group_vars/web.yml:1:1: This encrypted value is damaged.'],
  },
  'an unknown option': {
    files: { 'p.yml': play('ping:') },
    words: ['play', 'p.yml', '-i', 'hosts', '--chekc'],
    exit: EXIT.usage,
    stderr: ['--chekc', '--check'],
  },
}

describe('bad input', () => {
  let server: Server
  let connections = 0
  before((done) => {
    server = createServer((socket) => {
      connections++
      socket.destroy()
    }).listen(0, '127.0.0.1', done)
  })
  after(() => server.close())

  const hosts = (): string => {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    return `[web]\nh1 ansible_host=127.0.0.1 ansible_port=${port}\n`
  }

  for (const [what, { files, words, exit, stderr }] of Object.entries(CASES)) {
    it(`${what}: place, excerpt, advice, exit code ${exit}, and no connection`, async () => {
      connections = 0
      await withFiles({ hosts: hosts(), ...files }, async (directory) => {
        const outcome = await signet(words ?? ['play', 'p.yml', '-i', 'hosts'], directory)
        let rest = outcome.stderr
        for (const part of stderr) {
          assert(
            rest.includes(part),
            `${JSON.stringify(part)} is not in, or out of order:\n${outcome.stderr}`,
          )
          rest = rest.slice(rest.indexOf(part) + part.length)
        }
        assert.equal(outcome.exit, exit)
        assert.equal(connections, 0)
        assert(!/\n {4}at /.test(outcome.stderr), 'a stack trace')
      })
    })
  }

  it('an undefined variable fails the task, by name and place', async () => {
    await withFiles(
      { hosts: '[web]\nh1 ansible_connection=local\n', 'p.yml': play('debug: {msg: "{{ nothing_such }}"}') },
      async (directory) => {
        const { exit, stdout, stderr } = await signet(['play', 'p.yml', '-i', 'hosts'], directory)
        assert.equal(exit, EXIT.failed)
        assert.match(stdout + stderr, /"nothing_such" is not defined\./)
        assert.match(stdout + stderr, /p\.yml:4:18/)
      },
    )
  })

  it('a connection is opened when nothing is wrong', async () => {
    connections = 0
    await withFiles(
      { hosts: `${hosts().trimEnd()} ansible_password=x\n`, 'p.yml': play('ping:') },
      async (directory) => {
        const { exit } = await signet(['play', 'p.yml', '-i', 'hosts'], directory)
        assert.equal(exit, EXIT.unreachable)
        assert(connections > 0)
      },
    )
  })
})
