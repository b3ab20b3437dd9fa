import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { arrived } from './arrived.js'
import { shell, sql, startLab, type TestLab } from './servers.js'
import { changes, play, PROJECT, signet, transcript, type Run } from './signet.js'

const TASK = `
- hosts: replicaset
  become: true
  gather_facts: false
  tasks:
`
/** The playbooks of a ReplicaSet's life beside the one that makes it, by name. */
const PLAYBOOKS = {
  member: `${TASK}
    - name: Member
      innodb_replicaset_instance: {replicaset: replicaset, cert_subject: "/CN={{ inventory_hostname }}", recovery_method: "{{ how | default('auto') }}"}
      throttle: 1
`,
  primary: `${TASK}
    - name: Primary
      innodb_replicaset_primary: {replicaset: replicaset, force: "{{ force | default(false) }}", timeout: "{{ patience | default(60) }}", invalidate_error_instances: "{{ invalidate | default(false) }}"}
      when: inventory_hostname == to
`,
  remove: `${TASK}
    - name: Remove
      innodb_replicaset_instance: {replicaset: replicaset, state: absent}
      when: inventory_hostname == gone
`,
  forget: `${TASK}
    - name: Forget
      innodb_replicaset_instance: {replicaset: replicaset, state: absent, instance: "{{ gone | default('s3') }}:3306", force: "{{ force | default(false) }}"}
      when: inventory_hostname == on | default('s1')
`,
  rescan: `${TASK}
    - name: Rescan
      innodb_replicaset_rescan: {add_unmanaged: "{{ add | default(false) }}", remove_obsolete: "{{ remove | default(false) }}"}
      run_once: true
`,
  dissolve: `${TASK}
    - name: Dissolve
      innodb_replicaset: {name: replicaset, state: absent, force: "{{ force | default(false) }}"}
      run_once: true
`,
} as const

interface Status {
  readonly replicaSets: readonly {
    readonly replicaSet: {
      readonly topology: Readonly<Record<string, Readonly<Record<string, unknown>>>>
    }
  }[]
}

/** Three hosts that are, or shall be, a ReplicaSet without passwords, and what tests do to it with the real program. */
export class ReplicaSetHosts {
  private constructor(readonly lab: TestLab) {}

  /** Boots the hosts and makes the ReplicaSet by its playbook. @param playbooks of the test's own, by name */
  static async start(
    name: string,
    playbooks: Readonly<Record<string, string>> = {},
  ): Promise<ReplicaSetHosts> {
    const lab = await startLab(name, 3)
    const hosts = new ReplicaSetHosts(lab)
    await writeFile(
      hosts.file('groups.yml'),
      'mysql:\n  children:\n    replicaset:\n      hosts:\n        s1:\n        s2:\n        s3:\n',
    )
    for (const [playbook, tasks] of Object.entries(PLAYBOOKS))
      await writeFile(hosts.file(`${playbook}.yml`), tasks)
    for (const [playbook, tasks] of Object.entries(playbooks))
      await writeFile(hosts.file(`${playbook}.yml`), TASK + tasks)
    await hosts.succeeds(hosts.build())
    await hosts.isWhole('s1')
    return hosts
  }

  file(name: string): string {
    return join(this.lab.directory, name)
  }

  /** Makes, or completes, the ReplicaSet from whatever the hosts are. */
  build(...more: readonly string[]): Promise<Run> {
    return play(['playbooks/replicaset.yml', ...this.#words(more)])
  }

  run(playbook: string, ...more: readonly string[]): Promise<Run> {
    return play([this.file(playbook), ...this.#words(more)])
  }

  /** @returns what changed */
  async succeeds(running: Promise<Run>): Promise<readonly string[]> {
    const done = await running
    assert.equal(done.code, 0, transcript(done))
    return changes(done)
  }

  async refuses(expected: RegExp, running: Promise<Run>): Promise<void> {
    const done = await running
    assert.equal(done.code, 2, transcript(done))
    assert.match(done.stdout, expected)
  }

  /** Check mode, then the run, and the same playbook again after it: the first changes what check mode said, the second nothing. */
  async changesOnce(
    expected: readonly string[],
    playbook: string,
    ...more: readonly string[]
  ): Promise<void> {
    assert.deepEqual(await this.succeeds(this.run(playbook, ...more, '--check')), expected, 'check mode')
    const twice = play([this.file(playbook), this.file(playbook), ...this.#words(more)])
    assert.deepEqual(await this.succeeds(twice), expected, 'the run, twice')
  }

  /** A run whose controller dies right after the first statement of a step, whose note it was. */
  async dies(playbook: string, note: string, ...more: readonly string[]): Promise<void> {
    const dead = await this.#faulty(`kill-told:${note}`, playbook, more)
    assert.equal(dead.signal, 'SIGKILL', transcript(dead))
  }

  /** A run whose controller dies once something is so. */
  async diesWhen(
    happened: () => Promise<unknown>,
    playbook: string,
    ...more: readonly string[]
  ): Promise<void> {
    let die: (() => void) | undefined
    const running = play([this.file(playbook), ...this.#words(more), '-v'], {
      onOutput: (_, end) => {
        die = () => {
          end('SIGKILL')
        }
      },
    })
    await happened()
    die?.()
    const dead = await running
    assert.equal(dead.signal, 'SIGKILL', transcript(dead))
  }

  /** A run whose controller dies right after a server has answered its n-th statement. @returns false: it has not so many */
  async diesAfter(statements: number, playbook: string, ...more: readonly string[]): Promise<boolean> {
    const dead = await this.#faulty(`kill:${statements}`, playbook, more)
    assert.ok(dead.signal === 'SIGKILL' || dead.code === 0, transcript(dead))
    return dead.signal === 'SIGKILL'
  }

  /** `s1:PRIMARY:ONLINE …` in AdminAPI's words. */
  async members(): Promise<readonly string[]> {
    return Object.entries(await this.topology())
      .map(
        ([label, { instanceRole, status }]) =>
          `${label.slice(0, 2)}:${String(instanceRole)}:${String(status)}`,
      )
      .sort()
  }

  /** What status shows of each member, by label. */
  async topology(): Promise<Status['replicaSets'][number]['replicaSet']['topology']> {
    const shown = await signet(['cluster', 'status', '--json', '-i', this.lab.inventory])
    assert.equal(shown.code, 0, transcript(shown))
    return (JSON.parse(shown.stdout) as Status).replicaSets[0]?.replicaSet.topology ?? {}
  }

  /** Waits until channels are connected and every change has arrived; all hosts are up. */
  arrived(): Promise<void> {
    return arrived(this.lab)
  }

  /** All three follow a primary, and every account still demands a certificate and has no password. */
  async isWhole(primary: string): Promise<void> {
    const { hosts, name } = this.lab
    await this.arrived()
    const query = `SELECT User, LENGTH(authentication_string), CONVERT(x509_issuer USING utf8mb4), CONVERT(x509_subject USING utf8mb4) FROM mysql.user WHERE User LIKE 'mysql\\_innodb\\_%' ORDER BY 1;
      SELECT COUNT(*) FROM mysql.slave_master_info WHERE Channel_name = '' AND User_password <> ''`
    const [members, ...servers] = await Promise.all([
      this.members(),
      ...hosts.map((host) => sql(name, host, query)),
    ])
    assert.deepEqual(
      members,
      hosts.map((host) => `${host}:${host === primary ? 'PRIMARY' : 'SECONDARY'}:ONLINE`),
    )
    const accounts = [1, 2, 3].map((id) => `mysql_innodb_rs_${id}\t0\t/CN=MyName\t/CN=s${id}`)
    for (const rows of servers) assert.deepEqual(rows, [...accounts, '0'])
  }

  /** Ends the MySQL server of a host at once; an orderly stop of a primary takes ten seconds. */
  async stopServer(host: string): Promise<void> {
    await shell(this.lab.name, host, 'systemctl kill -s KILL mysql; systemctl stop mysql')
  }

  async startServer(host: string): Promise<void> {
    await shell(this.lab.name, host, 'systemctl start mysql')
  }

  #faulty(fault: string, playbook: string, more: readonly string[]): Promise<Run> {
    return play([this.file(playbook), ...this.#words(more), '-v'], {
      env: {
        NODE_OPTIONS: `--import=${join(PROJECT, 'test/lab/fault-at.mjs')}`,
        SIGNET_TEST_FAULT: fault,
      },
    })
  }

  #words(more: readonly string[]): readonly string[] {
    return [
      '-i',
      this.lab.inventory,
      '-i',
      this.file('groups.yml'),
      '-e',
      'innodb_replicaset_member_auth_type=CERT_SUBJECT',
      ...more,
    ]
  }
}
