import assert from 'node:assert/strict'
import { mistakes, type Files } from './load.js'

/** A play with these lines as its only task, which begins in line 3, column 5. */
const task = (...lines: readonly string[]): string =>
  [
    '- hosts: all',
    '  tasks:',
    `  - ${lines[0] ?? ''}`,
    ...lines.slice(1).map((line) => `    ${line}`),
    '',
  ].join('\n')

/** Mistakes in one file, p.yml: the text, then where and what. */
const ONE_FILE: readonly (readonly [string, ...string[]])[] = [
  // The file.
  ['', '1:1 A playbook is a list of plays, not nothing.'],
  ['hosts: all\n', '1:1 A playbook is a list of plays, not a mapping.'],
  ['- word\n', '1:3 A play is a mapping, not the text "word".'],
  ['- hosts: all\n  tasks:\n  - copy: {{ x }}\n', '3:11 A value that begins with {{ must be quoted.'],
  // Plays.
  ['- name: x\n', '1:3 This play does not say on which hosts it runs.'],
  ['- hosts:\n', '1:3 The host pattern of this play is empty.'],
  ['- hosts: ""\n', '1:3 The host pattern of this play is empty.'],
  ['- hosts: []\n', '1:3 The host pattern of this play is empty.'],
  [
    '- host: all\n',
    '1:3 This play does not say on which hosts it runs.',
    '1:3 "host" is no keyword of a play.',
  ],
  ['- hosts: all\n  taks: []\n', '2:3 "taks" is no keyword of a play.'],
  ['- hosts: all\n  when: x\n', '2:3 "when" is no keyword of a play.'],
  ['- hosts: all\n  become: maybe\n', '2:11 "become" must be yes or no, not the text "maybe".'],
  ['- hosts: all\n  vars: [a]\n', '2:9 "vars" must be a mapping, not a list.'],
  ['- hosts: all\n  vars: {a-b: 1}\n', '2:10 "a-b" is no name for a variable.'],
  [
    '- hosts: all\n  vars: {a: {b: "{{ x"}}\n',
    '2:17 This template is not valid: "{{" is never closed by "}}".',
  ],
  ['- hosts: all\n  strategy: free\n', '2:13 The strategy "free" is not supported.'],
  ['- hosts: all\n  vars_prompt: [{name: x, salt: y}]\n', '2:27 "salt" is not supported.'],
  ['- hosts: all\n  vars_files: [none.yml]\n', '2:16 There is no file of variables "none.yml".'],
  [
    '- hosts: all\n  tasks: {copy: }\n',
    '2:10 "tasks" must be a list of tasks, not a mapping.',
    '2:10 Tasks are a list, not a mapping.',
  ],
  // Tasks.
  [task('name: x'), '3:5 This task names no module.'],
  [task('nmae: x', 'copy: {dest: a}'), '3:5 "nmae" is no keyword of a task.'],
  [task('coppy: {dest: a}'), '3:5 "coppy" is neither a module nor a keyword of a task.'],
  [task('copy: {dest: a}', 'dest: b'), '4:5 "dest" is no keyword of a task.'],
  [task('copy: {dest: a}', 'hosts: b'), '4:5 "hosts" is no keyword of a task.'],
  [task('copy: {dest: a}', 'listen: b'), '4:5 "listen" is no keyword of a task.'],
  [task('copy: {dest: a}', 'command: b'), '4:5 This task names two modules: copy and command.'],
  [task('copy: {dest: a}', 'async: 5'), '4:5 "async" is not supported.'],
  [task('copy: {dest: a}', 'retries: many'), '4:14 "retries" must be a whole number, not the text "many".'],
  [task('copy: {dest: a}', 'register: my-result'), '4:15 "my-result" is no name for a variable.'],
  [task('copy: {dest: a}', 'when: x ==='), '4:15 This template is not valid: unexpected "=".'],
  [task('copy: {dest: a}', 'when:', '- x', '- y is nothing'), '6:7 There is no test "nothing"'],
  [task('copy: {dest: "{{ x | uper }}"}'), '3:18 There is no filter "uper"; did you mean upper?'],
  [task('action: ""'), '3:13 "action" must name a module.'],
  [task('import_playbook: x.yml'), '3:5 import_playbook stands at the top of a playbook only.'],
  ['- hosts: all\n  tasks: [word]\n', '2:11 A task is a mapping, not the text "word".'],
  ['- hosts: all\n  tasks:\n  - rescue: []\n', '3:5 rescue and always belong to a block.'],
  ['- hosts: all\n  tasks:\n  - block: []\n    register: x\n', '4:5 "register" is no keyword of a block.'],
  // Arguments.
  [task('copy: {}'), '3:5 copy: the argument "dest" is missing.'],
  [task('copy:', '  dest: a', '  mdoe: "0644"'), '5:7 copy: there is no argument "mdoe".'],
  [
    task('copy:', '  dest: a', '  mode: rw'),
    '5:13 copy: "mode" must be a file mode such as "0644" or "u=rw,g=r", not the text "rw".',
  ],
  [
    task('copy:', '  dest: a', '  force: maybe'),
    '5:14 copy: "force" must be yes or no, not the text "maybe".',
  ],
  [task('copy:', '  dest: [a]'), '4:13 copy: "dest" must be a text, not a list.'],
  [
    task('copy:', '  dest: a', '  state: here'),
    '5:14 copy: "state" must be one of present, absent, not the text "here".',
  ],
  [task('copy: {dest: a, src: b, content: c}'), '3:5 copy: "src", "content" exclude each other.'],
  [
    task('copy: a word'),
    '3:11 copy takes no free text: "a word".',
    '3:5 copy: the argument "dest" is missing.',
  ],
  [
    task('copy: [a]'),
    '3:11 The arguments of copy are a mapping, not a list.',
    '3:5 copy: the argument "dest" is missing.',
  ],
  [task('action:', '  module: copy', '  dest: a', '  fore: yes'), '6:7 copy: there is no argument "fore".'],
  [
    task('meta: flush'),
    '3:11 meta: "what" must be one of flush_handlers, end_play, end_batch, end_host, clear_facts, clear_host_errors, reset_connection, noop, not the text "flush".',
  ],
  [
    task('include_role: {nam: x}'),
    '3:20 include_role: there is no argument "nam".',
    '3:5 include_role: the argument "name" is missing.',
  ],
  [task('include_vars: {}'), '3:5 include_vars: one of "file", "dir" is needed.'],
  [task('group_by: {key: a, parents: b}'), '3:24 group_by: there is no argument "parents".'],
  // Loops.
  [task('copy: {dest: a}', 'loop: {a: 1}'), '4:11 "loop" must be a list, not a mapping.'],
  [task('copy: {dest: a}', 'loop: things'), '4:11 "loop" must be a list, not the text "things".'],
  [
    task('copy: {dest: a}', 'loop: [1]', 'with_items: [2]'),
    '5:5 This task has two loops: loop and with_items.',
  ],
  [task('copy: {dest: a}', 'loop: [1]', 'loop_control: {lop_var: x}'), '5:20 loop_control has no "lop_var".'],
  [task('copy: {dest: a}', 'with_itmes: [1]'), '4:5 "with_itmes" is not supported.'],
  [task('copy: {dest: a}', 'with_subelements: [1]'), '4:5 "with_subelements" is not supported.'],
  [
    task('copy: {dest: a}', 'with_sequence: start=1'),
    '4:20 "with_sequence" has start, stride, format, and either end or count.',
  ],
  [task('import_tasks: x.yml', 'loop: [1]'), '4:5 import_tasks can not be looped over.'],
  // Imports, roles, handlers.
  [task('import_tasks: "{{ x }}.yml"'), '3:19 import_tasks needs a name that is no template.'],
  [task('import_tasks: none.yml'), '3:19 none.yml can not be read: there is no such file.'],
  [task('import_role: {name: none}'), '3:18 There is no role "none".'],
  [task('include_role: {name: none}'), '3:19 There is no role "none".'],
  ['- import_playbook: p.yml\n', '1:20 This playbook imports itself.'],
  ['- import_playbook: none.yml\n', '1:20 none.yml can not be read: there is no such file.'],
  ['- import_playbook: "{{ x }}"\n', '1:20 import_playbook needs the name of a file that is no template.'],
  [
    '- import_playbook: x.yml\n  hosts: all\n',
    '1:20 x.yml can not be read: there is no such file.',
    '2:3 "hosts" may not stand beside import_playbook.',
  ],
  ['- hosts: all\n  roles: [none]\n', '2:11 There is no role "none".'],
  ['- hosts: all\n  roles:\n  - {rol: x}\n', '3:5 A role is a name or a mapping with "role", not a mapping.'],
  [
    '- hosts: all\n  roles:\n  - role: "{{ x }}"\n',
    '3:11 The name of a role in a list can not be a template.',
  ],
  [task('copy: {dest: a}', 'notify: restart'), '4:13 There is no handler "restart".'],
  [task('copy: {dest: a}', 'notify:', '- restart'), '5:7 There is no handler "restart".'],
]

describe('loadPlaybook refuses', () => {
  for (const [text, ...expected] of ONE_FILE) {
    it(JSON.stringify(text), async () => {
      assert.deepEqual(
        [...(await mistakes({ 'p.yml': text }))].sort(),
        expected.map((each) => `p.yml:${each}`).sort(),
      )
    })
  }

  const SEVERAL: Readonly<Record<string, readonly [Files, readonly string[]]>> = {
    'a role that depends on itself': [
      {
        'p.yml': '- {hosts: all, roles: [a]}\n',
        'roles/a/meta/main.yml': 'dependencies: [b]\n',
        'roles/b/meta/main.yml': 'dependencies: [a]\n',
      },
      ['roles/b/meta/main.yml:1:16 The role "a" depends on itself.'],
    ],
    'task files that import one another': [
      {
        'p.yml': task('import_tasks: a.yml'),
        'a.yml': '- import_tasks: b.yml\n',
        'b.yml': '- import_tasks: a.yml\n',
      },
      ['b.yml:1:17 a.yml imports itself.'],
    ],
    'mistakes of all files at once, by file and line': [
      {
        'p.yml': '- hosts: all\n  becom: yes\n  roles: [web]\n  tasks:\n  - coppy: {}\n',
        'roles/web/tasks/main.yml': '- copy: {dest: a, mod: "0644"}\n  whne: x\n- include_tasks: more.yml\n',
        'roles/web/tasks/more.yml': '- comand: ls\n',
        'roles/web/handlers/main.yml': '- name: x\n',
        'roles/web/defaults/main.yml': 'a: "{{ b | nothing }}"\n',
        'roles/web/vars/main.yml': 'a: [1\n',
        'roles/web/meta/main.yml': '- x\n',
      },
      [
        'p.yml:2:3 "becom" is no keyword of a play.',
        'p.yml:5:5 "coppy" is neither a module nor a keyword of a task.',
        'roles/web/meta/main.yml:1:1 meta/main.yml is a mapping, not a list.',
        'roles/web/defaults/main.yml:1:4 There is no filter "nothing"',
        'roles/web/vars/main.yml:1:4 This bracket is never closed.',
        'roles/web/handlers/main.yml:1:3 This task names no module.',
        'roles/web/tasks/main.yml:1:19 copy: there is no argument "mod".',
        'roles/web/tasks/main.yml:2:3 "whne" is no keyword of a task.',
        'roles/web/tasks/more.yml:1:3 "comand" is neither a module nor a keyword of a task.',
      ],
    ],
    'a file of tasks that is no list': [
      { 'p.yml': task('import_tasks: a.yml'), 'a.yml': 'copy: {dest: a}\n' },
      ['a.yml:1:1 A file of tasks is a list, not a mapping.'],
    ],
    'the same file only once': [
      { 'p.yml': `${task('import_tasks: a.yml')}  - import_tasks: a.yml\n`, 'a.yml': '- coppy: x\n' },
      ['a.yml:1:3 "coppy" is neither a module nor a keyword of a task.'],
    ],
    'a file of a role that is not there': [
      { 'p.yml': task('import_role: {name: r, tasks_from: none}'), 'roles/r/tasks/main.yml': '' },
      ['p.yml:3:18 The role "r" has no tasks/none.yml.'],
    ],
  }
  for (const [what, [files, expected]] of Object.entries(SEVERAL)) {
    it(what, async () => assert.deepEqual(await mistakes(files), expected))
  }

  const HINTS: readonly (readonly [string, RegExp])[] = [
    ['- hosts: all\n  taks: []\n', /→ Did you mean tasks\?$/],
    ['- hosts: all\n  when: x\n', /→ It may stand in a role, block, task, handler\.$/],
    [task('coppy: {dest: a}'), /→ Did you mean copy\?$/],
    [task('copy: {dest: a}', 'dest: b'), /→ It is an argument of copy: indent it below copy\.$/],
    [task('copy: {dest: a, mdoe: "0644"}'), /→ Did you mean mode\?$/],
    [task('copy: {dest: a}', 'loop: things'), /→ A variable is written with braces: "\{\{ things \}\}"\.$/],
    [task('copy: {dest: a}', 'register: my-result'), /: my_result\.$/],
    [
      task('copy: {dest: a}', 'notify: restart x') +
        '  handlers:\n  - name: restart y\n    copy: {dest: a}\n',
      /→ Did you mean restart y\?$/,
    ],
    [task('import_role: {name: none}'), /→ Looked in roles, /],
  ]
  for (const [text, hint] of HINTS) {
    it(`and hints at ${String(hint)}`, async () => {
      const [first = ''] = await mistakes({ 'p.yml': text }, true)
      assert.match(first, hint)
    })
  }
})
