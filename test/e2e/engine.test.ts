import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT } from '../../src/errors.js'
import { results, transcript, type Run } from '../lab/signet.js'
import { withFiles } from '../unit/temporary-directory.js'
import { here, playHere } from './here.js'

/** `correct horse` under the password `opensesame`. */
const VAULT = [
  '$ANSIBLE_VAULT;1.1;AES256',
  '33303331333233333334333533363337333833393631363236333634363536363330333133323333',
  '3334333533363337333833393631363236333634363536360a613564323836303763323135646336',
  '63333434323062393261313035373538323439373032653962633736336230373435313938613539',
  '3831383034303133360a366166343066313466616462666561636537663562323139656462313864',
  '6137',
]
  .map((line) => `  ${line}\n`)
  .join('')

const HOSTS = '[web]\nh1 ansible_connection=local\nh2 ansible_connection=local\n'

interface Outcome extends Run {
  /** The working directory, which is gone by now, with what was asked about it. */
  readonly exists: Readonly<Record<string, boolean>>
}

/** Plays p.yml: the tasks of one play on h1 and h2. */
async function tasks(
  text: string,
  words: readonly string[] = [],
  more: {
    readonly files?: Readonly<Record<string, string>>
    readonly play?: string
    readonly exists?: readonly string[]
  } = {},
): Promise<Outcome> {
  let outcome: Outcome | undefined
  const indented = text.trim().replace(/^/gm, '    ')
  const playbook = `- hosts: web\n  gather_facts: false\n${more.play ?? ''}  tasks:\n${indented}\n`
  await withFiles({ hosts: HOSTS, 'p.yml': playbook, ...more.files }, async (directory) => {
    const run = await playHere(['p.yml', '-i', 'hosts', '-e', `directory=${directory}`, ...words], {
      cwd: directory,
    })
    const exists = Object.fromEntries(
      (more.exists ?? []).map((name) => [name, existsSync(join(directory, name))]),
    )
    outcome = { ...run, exists }
  })
  assert.ok(outcome)
  return outcome
}

const statuses = (run: Run): readonly string[] =>
  results(run).map(({ host, task, result }) => `${host} ${task}: ${result.status}`)

describe('secrets', () => {
  const SECRET = 'correct-horse-battery'
  const everything = (run: Run): string => run.stdout + run.stderr + JSON.stringify(run.events)

  it('no_log hides results, items, labels, differences, output and failures, at -vvv and in the report', async () => {
    const run = await tasks(
      `
- name: printed
  no_log: true
  shell: echo ${SECRET}
- name: item
  no_log: true
  shell: echo {{ item }} >&2
  loop: [${SECRET}]
- name: difference
  no_log: true
  copy: {content: "${SECRET}", dest: "{{ directory }}/secret"}
- name: failure
  no_log: true
  ignore_errors: true
  shell: echo ${SECRET} >&2; exit 3
- name: failing item
  no_log: true
  ignore_errors: true
  shell: echo ${SECRET} >&2; exit 3
  loop: [1]
- name: fail
  no_log: true
  ignore_errors: true
  fail: {msg: "${SECRET}"}`,
      ['-vvv', '--diff', '-l', 'h1'],
    )
    assert.equal(run.code, EXIT.done, transcript(run))
    assert.equal(everything(run).includes(SECRET), false, everything(run))
  })

  it('what no_log hides is still there for the next task', async () => {
    const run = await tasks(
      `
- no_log: true
  command: echo ${SECRET}
  register: kept
- assert: {that: kept.stdout == '${SECRET}'}`,
      ['-l', 'h1'],
    )
    assert.equal(run.code, EXIT.done, transcript(run))
  })

  it('a value of a vault is masked wherever it turns up', async () => {
    const run = await tasks(
      `
- name: task {{ password }}
  debug: {msg: "it is {{ password }}"}
- name: shell
  shell: "echo {{ password }}"
- name: difference
  copy: {content: "key={{ password }}", dest: "{{ directory }}/secret"}
- name: failing
  shell: "echo no {{ password }} >&2; false"`,
      ['-l', 'h1', '-vvv', '--diff', '--vault-password-file', 'pass'],
      { files: { 'group_vars/web.yml': `password: !vault |\n${VAULT}`, pass: 'opensesame\n' } },
    )
    assert.equal(run.code, EXIT.failed, transcript(run))
    assert.equal(everything(run).includes('correct horse'), false, everything(run))
    assert.match(run.stdout, /no \(hidden\)/)
  })
})

describe('check mode', () => {
  it('what can not be known without running is unknown with its cause, and so is what depends on it', async () => {
    const run = await tasks(
      `
- name: version
  command: cat /etc/version
  register: version
- name: by version
  copy: {content: x, dest: "{{ directory }}/new"}
  when: version.stdout == '2'
- name: for each
  debug: {msg: "{{ item }}"}
  loop: "{{ version.stdout_lines }}"
- name: with version
  copy: {content: "{{ version.stdout }}", dest: "{{ directory }}/other"}
- name: independent
  copy: {content: x, dest: "{{ directory }}/third"}`,
      ['--check', '-l', 'h1'],
      { exists: ['new', 'other', 'third'] },
    )
    assert.equal(run.code, EXIT.done, transcript(run))
    assert.deepEqual(
      results(run).map(({ task, result }) => `${task}: ${result.status}`),
      [
        'version: unknown',
        'by version: unknown',
        'for each: unknown',
        'with version: changed',
        'independent: changed',
      ],
    )
    assert.match(run.stdout, /unknown: \[h1\] .*"version" \(p\.yml:4:7\) was not run/)
    assert.deepEqual(run.exists, { new: false, other: false, third: false })
  })

  it('a failure after something that could not be foreseen is unknown, not a failure', async () => {
    const run = await tasks(
      `
- name: before
  lineinfile: {path: "{{ directory }}/conf", line: a=1}
  ignore_errors: true
- name: make it
  shell: echo a=0 > "{{ directory }}/conf"
- name: edit
  lineinfile: {path: "{{ directory }}/conf", regexp: ^a=, line: a=1}
  register: edited
- name: dependent
  copy: {content: x, dest: "{{ directory }}/new"}
  when: edited is changed
- name: hidden
  lineinfile: {path: "{{ directory }}/Secret-4711", line: a=1}
  no_log: true
- name: wrong in any case
  assert: {that: false}`,
      ['--check', '-l', 'h1'],
    )
    const shown = `${run.stdout}${run.stderr}${JSON.stringify(run.events)}`
    assert.equal(shown.includes('Secret-4711'), false, shown)
    assert.equal(run.code, EXIT.failed, transcript(run))
    assert.deepEqual(
      results(run).map(({ task, result }) => `${task}: ${result.status}`),
      [
        'before: failed',
        'make it: unknown',
        'edit: unknown',
        'dependent: unknown',
        'hidden: unknown',
        'wrong in any case: failed',
      ],
    )
    assert.match(
      run.stdout,
      /unknown: \[h1\] .*as it stands, ".*conf.*"; but "make it" \(p\.yml:\d+:\d+\) was not run/,
    )
  })

  it('later tasks see what earlier ones would have done', async () => {
    const run = await tasks(
      `
- copy: {content: "a=1\\n", dest: "{{ directory }}/conf"}
- name: edit
  lineinfile: {path: "{{ directory }}/conf", regexp: ^a=, line: a=2}
- name: look
  stat: {path: "{{ directory }}/conf"}
  register: conf
- assert: {that: conf.stat.exists}`,
      ['--check', '--diff', '-l', 'h1'],
      { exists: ['conf'] },
    )
    assert.equal(run.code, EXIT.done, transcript(run))
    assert.deepEqual(run.exists, { conf: false })
    assert.match(run.stdout, /-a=1\n\+a=2/)
  })

  it('check_mode: no runs in check mode, too', async () => {
    const run = await tasks(
      '- {copy: {content: x, dest: "{{ directory }}/made"}, check_mode: false}',
      ['--check', '-l', 'h1'],
      {
        exists: ['made'],
      },
    )
    assert.deepEqual(run.exists, { made: true })
  })

  it('signet check is play --check --diff', async () => {
    await withFiles(
      {
        hosts: HOSTS,
        'p.yml': '- hosts: h1\n  gather_facts: false\n  tasks: [{copy: {content: new, dest: made}}]\n',
      },
      async (directory) => {
        const run = await here(['check', 'p.yml', '-i', 'hosts'], { cwd: directory })
        assert.equal(run.code, EXIT.done, transcript(run))
        assert.match(run.stdout, /\+new/)
        assert.equal(existsSync(join(directory, 'made')), false)
      },
    )
  })
})

describe('time limits and endings of commands', () => {
  it('a command ends in exactly one way: exit code, signal, time limit', async () => {
    const started = Date.now()
    const run = await tasks(
      `
- {name: code, command: "sh -c 'exit 7'", ignore_errors: true}
- {name: signal, shell: "kill -TERM $$", ignore_errors: true}
- {name: limit, command: sleep 60, timeout: 1, ignore_errors: true}
- {name: next, command: echo here}`,
      ['-l', 'h1'],
    )
    assert.equal(run.code, EXIT.done, transcript(run))
    assert.deepEqual(
      results(run).map(({ result }) => result.message ?? ''),
      [
        'The command ended with exit code 7',
        'The command was killed by signal TERM',
        'The command was ended by its time limit',
        '',
      ],
    )
    assert.ok(Date.now() - started < 50_000)
  })

  it('carries megabytes, and every byte that is text', async () => {
    const run = await tasks(
      `
- {name: much, shell: "head -c 5000000 /dev/zero | tr '\\\\0' x", register: much, no_log: true}
- assert: {that: much.stdout | length == 5000000}
- {name: input, command: {cmd: cat, stdin: "ä \\n€", stdin_add_newline: false}, register: input}
- assert: {that: "input.stdout == 'ä \\n€'"}
- {name: binary, shell: "printf 'a\\\\377b'", register: binary}
- assert: {that: binary.stdout | length == 3}`,
      ['-l', 'h1'],
    )
    assert.equal(run.code, EXIT.done, transcript(run))
  })
})

describe('becoming another user', () => {
  it('by su: facts, commands and files are those of that user; the password is never asked of root', async () => {
    const run = await tasks(
      `
- {command: id -un, register: who}
- {copy: {content: x, dest: /tmp/signet-e2e-become}}
- {stat: {path: /tmp/signet-e2e-become}, register: file}
- {file: {path: /tmp/signet-e2e-become, state: absent}}
- assert: {that: [who.stdout == 'nobody', file.stat.pw_name == 'nobody', ansible_user_id == 'nobody']}
- {command: id -un, register: me, become: false}
- assert: {that: me.stdout == 'root'}`,
      ['-l', 'h1'],
      { play: '  become: true\n  become_user: nobody\n  become_method: su\n  pre_tasks: [{setup: }]\n' },
    )
    assert.equal(run.code, EXIT.done, transcript(run))
  })

  it('an unknown user fails the task with what su said', async () => {
    const run = await tasks('- {command: id, become: true, become_user: nosuchuser, become_method: su}', [
      '-l',
      'h1',
    ])
    assert.equal(run.code, EXIT.failed, transcript(run))
    assert.match(run.stdout, /su to nosuchuser was refused: su: user nosuchuser does not exist/)
  })
})

describe('hosts that can not be reached', () => {
  const LOST = `${HOSTS}h3 ansible_host=127.0.0.1 ansible_port=9 ansible_password=x\n`
  const playbook = (more: string): string =>
    `- hosts: web\n  gather_facts: false\n${more}  tasks:\n    - {name: ping, ping: }\n    - {name: next, debug: {msg: on}}\n- hosts: web\n  gather_facts: false\n  tasks: [{name: second play, debug: {msg: on}}]\n`

  const run = async (more: string): Promise<Run> => {
    let outcome: Run | undefined
    await withFiles({ hosts: LOST, 'p.yml': playbook(more) }, async (directory) => {
      outcome = await playHere(['p.yml', '-i', 'hosts'], { cwd: directory })
    })
    assert.ok(outcome)
    return outcome
  }

  it('leave the run, the others go on; exit code 4', async () => {
    const lost = await run('')
    assert.equal(lost.code, EXIT.unreachable, transcript(lost))
    assert.deepEqual(
      statuses(lost),
      [
        'h3 ping: unreachable',
        'h1 ping: ok',
        'h2 ping: ok',
        'h1 next: ok',
        'h2 next: ok',
        'h1 second play: ok',
        'h2 second play: ok',
      ].sort((a, b) => statuses(lost).indexOf(a) - statuses(lost).indexOf(b)),
    )
    assert.match(lost.stdout, /127\.0\.0\.1:9 can not be reached: connection refused/)
  })

  it('stay with ignore_unreachable, and end all with any_errors_fatal', async () => {
    assert.equal(statuses(await run('  ignore_unreachable: true\n')).includes('h3 next: ok'), true)
    const fatal = await run('  any_errors_fatal: true\n')
    assert.equal(fatal.code, EXIT.unreachable)
    assert.deepEqual(
      statuses(fatal).filter((each) => !each.includes('ping')),
      [],
    )
  })
})

describe('options', () => {
  const FILES = {
    hosts: HOSTS,
    'p.yml':
      '- name: first\n  hosts: web\n  tags: web\n  tasks:\n    - {name: one, tags: [a, b], debug: {msg: x}}\n    - {name: two, debug: {msg: x}}\n- hosts: h2\n  roles: [r]\n',
    'roles/r/tasks/main.yml': '- {name: in the role, tags: c, ping: }\n',
  }
  const out = async (...words: string[]): Promise<Run> => {
    let run: Run | undefined
    await withFiles(FILES, async (directory) => {
      run = await here(['play', 'p.yml', '-i', 'hosts', ...words], { cwd: directory })
    })
    assert.ok(run)
    return run
  }

  it('--list-hosts, --list-tasks and --list-tags', async () => {
    const run = await out('--list-hosts', '--list-tasks', '--list-tags', '--limit', 'h2')
    assert.equal(run.code, EXIT.done)
    assert.deepEqual(
      run.stdout.split('\n').map((line) => line.trimEnd()),
      [
        'playbook: p.yml',
        '',
        '  play #1 (web): first',
        '    hosts (1):',
        '      h2',
        '    tasks:',
        '      one  [web, a, b]  (p.yml:5:7)',
        '      two  [web]  (p.yml:6:7)',
        '    tags: a, b, web',
        '',
        '  play #2 (h2): h2',
        '    hosts (1):',
        '      h2',
        '    tasks:',
        '      r : in the role  [c]  (roles/r/tasks/main.yml:1:3)',
        '    tags: c',
        '',
      ],
    )
    assert.doesNotMatch((await out('--list-tasks', '--tags', 'c')).stdout, /one/)
  })

  it('--syntax-check runs nothing', async () => {
    const run = await out('--syntax-check')
    assert.deepEqual([run.code, run.stdout], [EXIT.done, 'p.yml: 2 plays, no errors\n'])
  })

  it('--start-at-task, and one that is not there', async () => {
    assert.doesNotMatch((await out('--start-at-task', 'two')).stdout, /TASK \[one\]/)
    const none = await out('--start-at-task', 'three')
    assert.equal(none.code, EXIT.usage)
    assert.match(none.stderr, /There is no task "three"/)
  })

  it('more is told with each -v', async () => {
    const plain = await out('--tags', 'a')
    assert.doesNotMatch(plain.stdout, /round trips|"changed"/)
    assert.match((await out('--tags', 'c', '-v')).stdout, /"ping": "pong"/)
    assert.match((await out('--tags', 'a', '-vv')).stdout, /h1: \d+ round trips/)
  })

  it('what is wrong with an option is exit code 5', async () => {
    for (const words of [
      ['--forks', '0'],
      ['--report', 'xml:x'],
      ['--host-key-checking', 'perhaps'],
      ['-e', 'novalue'],
    ]) {
      const run = await out(...words)
      assert.equal(run.code, EXIT.usage, `${words.join(' ')}\n${run.stderr}`)
      assert.match(run.stderr, /→/)
    }
  })

  it('a run that is interrupted ends with 99 after the task that is under way', async () => {
    const interrupt = new AbortController()
    await withFiles(
      {
        hosts: HOSTS,
        'p.yml':
          '- hosts: h1\n  gather_facts: false\n  tasks:\n    - {name: long, shell: "touch begun; until [ -e interrupted ]; do sleep 0.05; done", args: {chdir: "{{ playbook_dir }}"}}\n    - {name: never, debug: {msg: x}}\n',
      },
      async (directory) => {
        const running = playHere(['p.yml', '-i', 'hosts'], { cwd: directory, signal: interrupt.signal })
        const end = Date.now() + 50_000
        while (!existsSync(join(directory, 'begun')) && Date.now() < end)
          await new Promise((resolve) => setTimeout(resolve, 20))
        interrupt.abort()
        await writeFile(join(directory, 'interrupted'), '')
        const run = await running
        assert.equal(run.code, EXIT.interrupted, transcript(run))
        assert.deepEqual(statuses(run), ['h1 long: changed'])
      },
    )
  })
})
