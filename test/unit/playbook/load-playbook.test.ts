import assert from 'node:assert/strict'
import { load, loadPlay, mistakes, tasksOf, type Files } from './load.js'
import { placeOfValue } from '../../../src/source/source-file.js'

const task = (text: string): string => `- hosts: all\n  tasks:\n${text.replace(/^/gm, '  ')}\n`

describe('tasks', () => {
  const ARGUMENTS: readonly (readonly [string, Record<string, unknown>])[] = [
    ['- copy: {src: a, dest: b}', { src: 'a', dest: 'b' }],
    ['- ansible.builtin.copy: src=a dest="b c" mode=0644', { src: 'a', dest: 'b c', mode: '0644' }],
    ['- copy: src={{ a b }} dest=x', { src: '{{ a b }}', dest: 'x' }],
    ['- copy: {src: a}\n  args: {dest: b}', { src: 'a', dest: 'b' }],
    ['- action: copy src=a dest=b', { src: 'a', dest: 'b' }],
    ['- action: {module: copy, src: a, dest: b}', { src: 'a', dest: 'b' }],
    ['- local_action: copy src=a dest=b', { src: 'a', dest: 'b' }],
    ['- command: ls -l  "a b"', { cmd: 'ls -l  "a b"' }],
    ['- command: ls creates=/x a=b', { cmd: 'ls a=b', creates: '/x' }],
    ['- command: |\n    ls \\\n      -l\n  args:\n    chdir: /tmp', { cmd: 'ls \\\n  -l', chdir: '/tmp' }],
    ['- command: {cmd: ls}', { cmd: 'ls' }],
    ['- include_tasks: x.yml', { file: 'x.yml' }],
    ['- include_vars: x.yml', { file: 'x.yml' }],
    ['- add_host: name=x groups=a,b color=red', { name: 'x', groups: 'a,b', color: 'red' }],
  ]
  for (const [text, args] of ARGUMENTS) {
    it(JSON.stringify(text), async () => {
      // A template that is no valid Jinja is not what this is about.
      const valid = text.replace('{{ a b }}', '{{ a ~ b }}')
      const [found] = tasksOf(await loadPlay(task(valid)))
      assert.deepEqual(
        { ...found?.args },
        JSON.parse(JSON.stringify(args).replace('{{ a b }}', '{{ a ~ b }}')),
      )
    })
  }

  it('delegates a local_action to localhost', async () => {
    const [found] = tasksOf(await loadPlay(task('- local_action: command ls')))
    assert.equal(found?.delegateTo, 'localhost')
  })

  it('keeps the places of arguments', async () => {
    const [found] = tasksOf(await loadPlay(task('- action:\n    module: copy\n    dest: b')))
    assert.deepEqual(found && placeOfValue(found.args, 'dest'), { file: 'p.yml', line: 5, column: 13 })
  })

  const LOOPS: readonly (readonly [string, unknown])[] = [
    ['loop: [1, [2]]', [1, [2]]],
    ['loop: "{{ x }}"', '{{ x }}'],
    ['with_items: [1, [2, [3]]]', [1, 2, [3]]],
    [
      'with_items: "{{ x }}"',
      '{{ ((x) if (x) is sequence and (x) is not string and (x) is not mapping else [(x)]) | flatten(levels=1) }}',
    ],
    ['with_list: [1, [2]]', [1, [2]]],
    ['with_dict: {a: 1}', [{ key: 'a', value: 1 }]],
    ['with_dict: "{{ x }}"', '{{ (x) | dict2items }}'],
    ['with_together: ["{{ x }}", [1, "a"]]', '{{ (x) | zip([1, "a"]) }}'],
    ['with_nested: [[1], [2], "{{ x }}"]', '{{ [1] | product([2], (x)) }}'],
    ['with_fileglob: ["*.conf", "{{ d }}/*"]', `{{ query('fileglob', "*.conf", ((d) ~ "/*")) }}`],
    ['with_sequence: start=1 end=6 stride=2', ['1', '3', '5']],
    ['with_sequence: count=2 format=host%02d', ['host01', 'host02']],
    ['with_sequence: start=3 end=1 stride=-1', ['3', '2', '1']],
    [
      'with_sequence: end={{ n }}',
      "{{ range(1, (( n ) | int) + (1 if 1 > 0 else -1), 1) | map('string') | list }}",
    ],
  ]
  for (const [text, items] of LOOPS) {
    it(text, async () => {
      const [found] = tasksOf(await loadPlay(task(`- copy: {dest: a}\n  ${text}`)))
      assert.deepEqual(found?.loop?.items, items)
    })
  }

  it('reads loop_control', async () => {
    const [found] = tasksOf(
      await loadPlay(
        task(
          '- copy: {dest: a}\n  loop: [1]\n  loop_control: {loop_var: x, index_var: i, label: "{{ x }}", pause: 2, extended: yes}',
        ),
      ),
    )
    assert.deepEqual(found?.loop, {
      items: [1],
      variable: 'x',
      indexVariable: 'i',
      label: '{{ x }}',
      pause: 2,
      extended: true,
    })
  })
})

describe('keywords', () => {
  it('are handed down from play, role and block to tasks', async () => {
    const files: Files = {
      'p.yml': [
        '- hosts: all',
        '  become: yes',
        '  tags: play',
        '  environment: {A: 1}',
        '  ignore_errors: yes',
        '  vars: {v: 0}',
        '  roles:',
        '  - {role: r, when: in_role, tags: [role], become_user: bob, port_number: 5, vars: {v: 1}}',
        '  tasks:',
        '  - block:',
        '    - copy: {dest: a}',
        '      when: [own, "2"]',
        '      tags: own, more',
        '      ignore_errors: no',
        '      vars: {v: 3}',
        '    when: in_block',
        '    vars: {v: 2}',
        '    environment: {B: 2}',
        '    rescue:',
        '    - command: ls',
      ].join('\n'),
      'roles/r/tasks/main.yml': '- copy: {dest: r}\n  when: own\n',
    }
    const [play] = (await load(files)).plays
    const [inRole, inBlock, inRescue] = tasksOf(play)
    const conditions = (found: typeof inRole): unknown =>
      found?.when.map((each) => `${each.place.line} ${String(each.expression)}`)
    assert.deepEqual(conditions(inRole), ['8 in_role', '2 own'])
    assert.deepEqual(conditions(inBlock), ['16 in_block', '12 own', '12 2'])
    assert.deepEqual(conditions(inRescue), ['16 in_block'])
    assert.deepEqual(
      [inRole?.tags, inBlock?.tags],
      [
        ['play', 'role'],
        ['play', 'own', 'more'],
      ],
    )
    assert.deepEqual([inRole?.become, inBlock?.become], [{ become: true, user: 'bob' }, { become: true }])
    assert.deepEqual([inRole?.ignoreErrors, inBlock?.ignoreErrors], [true, false])
    assert.deepEqual(inBlock?.vars, [{ v: 2 }, { v: 3 }])
    assert.deepEqual(inBlock.environment, [{ A: 1 }, { B: 2 }])
    assert.deepEqual(inRole?.role?.params, { port_number: 5, v: 1 })
    assert.deepEqual(play?.vars, { v: 0 })
  })

  it('of import_playbook count for all of its plays', async () => {
    const { plays } = await load({
      'p.yml': '- import_playbook: sub/q.yml\n  when: x\n  tags: t\n  vars: {a: 1}\n- hosts: db\n',
      'sub/q.yml': '- hosts: web\n  tasks:\n  - copy: {dest: a}\n',
    })
    assert.deepEqual(
      plays.map((play) => play.hosts),
      ['web', 'db'],
    )
    const [found] = tasksOf(plays[0])
    assert.deepEqual([found?.when[0]?.expression, found?.tags, found?.vars], ['x', ['t'], [{ a: 1 }]])
  })
})

describe('roles', () => {
  const role = (name: string, extra: Files = {}): Files => ({
    [`roles/${name}/tasks/main.yml`]: `- {name: ${name}, copy: {dest: a}}\n`,
    ...Object.fromEntries(Object.entries(extra).map(([path, text]) => [`roles/${name}/${path}`, text])),
  })
  const names = async (files: Files, name?: string): Promise<readonly unknown[]> =>
    (await load(files, name)).plays.map((play) =>
      tasksOf(play)
        .map((each) => each.name)
        .join(' '),
    )

  it('are found beside the playbook and beside its parent', async () => {
    assert.deepEqual(await names({ 'p.yml': '- {hosts: all, roles: [a]}', ...role('a') }), ['a'])
    assert.deepEqual(
      await names({ 'playbooks/p.yml': '- {hosts: all, roles: [a]}', ...role('a') }, 'playbooks/p.yml'),
      ['a'],
    )
  })

  it('run after their dependencies, each once unless it is used in another way', async () => {
    const files = {
      ...role('common'),
      ...role('a', { 'meta/main.yml': 'dependencies: [common]\n' }),
      ...role('b', { 'meta/main.yml': 'dependencies: [{role: common}]\n' }),
      ...role('many', { 'meta/main.yml': 'allow_duplicates: yes\n' }),
    }
    assert.deepEqual(await names({ 'p.yml': '- {hosts: all, roles: [a, b, common]}', ...files }), [
      'common a b',
    ])
    assert.deepEqual(
      await names({
        'p.yml': '- {hosts: all, roles: [common, {role: common, x: 1}, {role: common, when: y}]}',
        ...files,
      }),
      ['common common common'],
    )
    assert.deepEqual(await names({ 'p.yml': '- {hosts: all, roles: [many, many]}', ...files }), ['many many'])
    assert.deepEqual(
      await names({ 'p.yml': '- {hosts: all, roles: [a]}\n- {hosts: all, roles: [b]}', ...files }),
      ['common a', 'common b'],
    )
  })

  it('bring defaults, vars and handlers; others of them on demand', async () => {
    const files = role('a', {
      'defaults/main.yml': 'd: 1\n',
      'defaults/other.yml': 'd: 2\n',
      'vars/main/10.yml': 'v: 1\nw: 1\n',
      'vars/main/20.yml': 'v: 2\n',
      'handlers/main.yml': '- {name: h, listen: topic, copy: {dest: a}}\n',
      'tasks/more.yml': '- {name: more, copy: {dest: a}, notify: [h, topic, "a : h"]}\n',
    })
    const [play] = (
      await load({
        'p.yml': task('- import_role: {name: a, tasks_from: more, defaults_from: other}'),
        ...files,
      })
    ).plays
    assert.deepEqual(
      tasksOf(play).map((each) => each.name),
      ['more'],
    )
    assert.deepEqual([play?.roles[0]?.defaults, play?.roles[0]?.vars], [{ d: 2 }, { v: 2, w: 1 }])
    assert.deepEqual(
      play?.handlers.map((each) => each.name),
      ['h'],
    )
  })

  it('may include themselves, and their handlers may be notified before', async () => {
    const files = role('a', {
      'handlers/main.yml': '- {name: h, copy: {dest: a}}\n',
      'tasks/again.yml': '- include_role: {name: a}\n  when: x\n',
    })
    assert.deepEqual(
      await mistakes({
        'p.yml': task('- include_role: {name: a, tasks_from: again}\n- copy: {dest: a}\n  notify: h'),
        ...files,
      }),
      [],
    )
    assert.deepEqual(
      await mistakes({ 'p.yml': task('- include_role: {name: "{{ x }}"}\n- copy: {dest: a}\n  notify: h') }),
      [],
    )
  })

  it('find their files of tasks from files below tasks/', async () => {
    const files = role('a', {
      'tasks/main.yml': '- import_tasks: sub/one.yml\n',
      'tasks/sub/one.yml': '- import_tasks: two.yml\n- import_tasks: sub/two.yml\n',
      'tasks/sub/two.yml': '- {name: two, copy: {dest: a}}\n',
    })
    assert.deepEqual(await names({ 'p.yml': '- {hosts: all, roles: [a]}', ...files }), ['two two'])
  })
})

describe('sections', () => {
  it('are pre_tasks, roles and tasks, post_tasks; handlers may be blocks', async () => {
    const play = await loadPlay(
      '- hosts: [a, b]\n  post_tasks: [{name: 3, copy: {dest: a}}]\n  tasks: [{name: 2, copy: {dest: a}}]\n  pre_tasks: [{name: 1, copy: {dest: a}}]\n  handlers: [{block: [{name: h, copy: {dest: a}}]}]\n  gather_facts: "no"\n',
    )
    assert.deepEqual(
      play.sections.map((section) => section.map((item) => item.name)),
      [['1'], ['2'], ['3']],
    )
    assert.deepEqual(
      [play.hosts, play.name, play.gatherFacts, play.handlers[0]?.name],
      ['a,b', 'a,b', false, 'h'],
    )
  })
})
