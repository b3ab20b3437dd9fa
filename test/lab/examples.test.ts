import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MODULES } from '../../src/modules/index.js'
import { isClusterModule } from './cluster-modules.js'
import { play, results, transcript, type Run } from './signet.js'
import { shell, startLab, stopLab, testLab, type TestLab } from './servers.js'

const LAB = testLab('examples')

/** What the examples take for granted: a service, a package, directories. */
const ARRANGED = [
  'mkdir -p /root/pki /etc/mysql/ssl',
  "printf '[Service]\\nExecStart=/bin/sleep infinity\\n' > /etc/systemd/system/cron.service",
  'systemctl daemon-reload',
  "printf 'mysql 3306/tcp\\n' > /etc/services",
  'mkdir -p /tmp/package/DEBIAN',
  "printf 'Package: ca-certificates\\nVersion: 1\\nArchitecture: all\\nMaintainer: Lab <lab@example.org>\\nDescription: stand-in, for the lab has no way to an archive\\n' > /tmp/package/DEBIAN/control",
  'dpkg-deb -b /tmp/package /tmp/package.deb && dpkg -i --force-all /tmp/package.deb && rm -r /tmp/package*',
].join(' && ')

/** The files beside the playbook that examples name. */
const FILES: Readonly<Record<string, string>> = {
  'files/setup.sh': '#!/bin/sh\ntouch /root/setup-done\n',
  'files/setup.bash': 'declare -A done=([setup]=1)\necho "${done[setup]}"\n',
  'templates/app.conf.j2': 'host = {{ inventory_hostname }}\n',
  'templates/sudoers.j2': 'deploy ALL=(ALL) NOPASSWD: /usr/bin/true\n',
}

/** An authority comes before the certificates that it issues; otherwise as in the documentation. */
const order = (name: string): string => (name === 'certificate_authority' ? 'certificate' : `${name} `)

describe("every example of the modules' documentation runs", () => {
  const modules = MODULES.filter(({ name }) => !isClusterModule(name)).sort((a, b) =>
    order(a.name) < order(b.name) ? -1 : 1,
  )
  const tasks = modules.flatMap((module) =>
    module.examples.map((example, index) => ({
      name: `${module.name} ${index}: ${example.description}`,
      [module.name]: example.args,
      // Its meaning is to fail.
      ...(module.name === 'fail' ? { ignore_errors: true } : {}),
    })),
  )
  let lab: TestLab
  const run = (...words: string[]): Promise<Run> =>
    play([join(lab.directory, 'examples.json'), '-i', lab.inventory, '-l', 's1', ...words])

  before(async () => {
    lab = await startLab(LAB, 2)
    await shell(LAB, 's1', ARRANGED)
    for (const directory of ['files', 'templates']) await mkdir(join(lab.directory, directory))
    for (const [name, text] of Object.entries(FILES)) await writeFile(join(lab.directory, name), text)
    await writeFile(
      join(lab.directory, 'examples.json'),
      JSON.stringify([{ hosts: 's1', gather_facts: false, tasks }]),
    )
  })
  after(() => stopLab(LAB))

  it('every module has one', () => {
    assert.deepEqual(
      MODULES.filter(({ examples }) => examples.length === 0).map(({ name }) => name),
      [],
    )
  })

  it('can be looked at first', async () => {
    const checked = await run('--check')
    assert.equal(checked.code, 0, transcript(checked))
    assert.equal(results(checked).length, tasks.length)
  })

  it('does what it says', async () => {
    const done = await run()
    assert.equal(done.code, 0, transcript(done))
    assert.deepEqual(
      results(done)
        .filter(({ result }) => !['ok', 'changed'].includes(result.status))
        .map(({ task, result }) => `${task}: ${result.status}`),
      tasks.filter((task) => 'fail' in task).map(({ name }) => `${name}: failed`),
    )
  })
})
