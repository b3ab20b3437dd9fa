import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { Ajv } from 'ajv'
import { MODULES } from '../../../src/modules/index.js'
import { KEYWORDS } from '../../../src/playbook/keywords.js'
import { playbookSchema } from '../../../src/playbook/schema.js'
import { parseYaml } from '../../../src/source/read-yaml.js'

const fits = new Ajv({ strict: false }).compile(playbookSchema(MODULES))
const accepts = (text: string): boolean => fits(parseYaml(text, 'p.yml').data)

const GOOD: readonly string[] = [
  '- hosts: all\n',
  '- import_playbook: other.yml\n  when: x\n- hosts: [a, b]\n  tasks:\n',
  '- {hosts: all, become: yes, serial: [1, "30%"], vars: {a: 1}, roles: [a, {role: b, x: 1, when: y}]}\n',
  '- hosts: all\n  tasks:\n  - copy: {src: a, dest: b, mode: "0644"}\n    when: [a, b]\n    loop: "{{ c }}"\n',
  '- hosts: all\n  tasks:\n  - ansible.builtin.copy: src=a dest=b\n  - command: ls -l\n    args: {chdir: /tmp}\n  - set_fact: {anything: 1}\n',
  '- hosts: all\n  tasks:\n  - block:\n    - ping:\n    rescue: [{meta: end_host}]\n    become: "{{ x }}"\n  handlers:\n  - {name: h, listen: [t], ping: }\n',
]

const BAD: readonly string[] = [
  'hosts: all\n',
  '- name: x\n',
  '- {hosts: all, taks: []}\n',
  '- {hosts: all, become: maybe}\n',
  '- {hosts: all, vars_prompt: [{prompt: x}]}\n',
  '- {hosts: all, vars_prompt: [{name: x, encrypt: sha512_crypt}]}\n',
  '- {import_playbook: x, hosts: all}\n',
  '- {hosts: all, tasks: [{coppy: {}}]}\n',
  '- {hosts: all, tasks: [{copy: {mdoe: a}}]}\n',
  '- {hosts: all, tasks: [{copy: {mode: [a]}}]}\n',
  '- {hosts: all, tasks: [{copy: {}, listen: x}]}\n',
  '- {hosts: all, tasks: [{block: [], register: x}]}\n',
  '- {hosts: all, tasks: [{rescue: []}]}\n',
  '- {hosts: all, tasks: [{meta: {what: nothing}}]}\n',
]

describe('playbookSchema', () => {
  for (const text of GOOD)
    it(`accepts ${JSON.stringify(text)}`, () => assert(accepts(text), JSON.stringify(fits.errors)))
  for (const text of BAD) it(`refuses ${JSON.stringify(text)}`, () => assert(!accepts(text)))

  it('accepts the playbook that comes with signet', async () => {
    assert(accepts(await readFile('playbooks/clusterset.yml', 'utf8')))
  })

  it('describes every keyword, module and argument', () => {
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return
      const { properties } = node as {
        readonly properties?: Readonly<Record<string, { readonly description?: string }>>
      }
      for (const [name, schema] of Object.entries(properties ?? {})) {
        assert((schema.description ?? '').length > 3, `${path}.${name} has no description`)
      }
      for (const [key, inner] of Object.entries(node)) walk(inner, `${path}.${key}`)
    }
    walk(playbookSchema(MODULES), '')
  })
})

describe('keywords', () => {
  it('has one line for each keyword at each level', () => {
    const seen = KEYWORDS.flatMap((keyword) => keyword.levels.map((level) => `${keyword.name} ${level}`))
    assert.deepEqual(seen, [...new Set(seen)])
  })

  // The attributes of Ansible's playbook objects (its `ansible-doc -t keyword -l`).
  const ANSIBLE =
    'action any_errors_fatal args async become become_exe become_flags become_method become_user block rescue always changed_when check_mode collections connection debugger delay delegate_facts delegate_to diff environment fact_path failed_when force_handlers gather_facts gather_subset gather_timeout handlers hosts ignore_errors ignore_unreachable listen local_action loop loop_control max_fail_percentage module_defaults name no_log notify order poll port post_tasks pre_tasks register remote_user retries roles run_once serial strategy tags tasks throttle timeout until validate_argspec vars vars_files vars_prompt when'
  it("holds every keyword of Ansible's", () => {
    const known = new Set(KEYWORDS.map((keyword) => keyword.name))
    assert.deepEqual(
      ANSIBLE.split(' ').filter((name) => !known.has(name)),
      [],
    )
  })
})
