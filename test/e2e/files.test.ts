import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { results, transcript, type Run } from '../lab/signet.js'
import { withFiles } from '../unit/temporary-directory.js'
import { playHere } from './here.js'

/** Plays the tasks on this machine, from a directory with some files; looks at the directory afterwards. */
async function play(
  tasks: string,
  files: Readonly<Record<string, string | Buffer>>,
  then: (run: Run, directory: string) => Promise<void> | void,
): Promise<void> {
  const playbook = `- hosts: localhost\n  gather_facts: false\n  tasks:\n${tasks.trim().replace(/^/gm, '    ')}\n`
  await withFiles({ 'p.yml': playbook }, async (directory) => {
    for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content)
    const words = ['p.yml', '-i', 'localhost,', '-c', 'local', '-e', `directory=${directory}`, '--diff']
    const run = await playHere(words, { cwd: directory })
    assert.equal(run.code, 0, transcript(run))
    await then(run, directory)
  })
}

describe('files that are replaced', () => {
  it('a large one is compared by its hash; the difference tells sizes', async () => {
    const before = 'old line\n'.repeat(30_000)
    const after = `${before}one more\n`
    const task = 'copy: {src: after, dest: "{{ directory }}/file"}'
    await play(
      `- ${task}\n- ${task}\n- slurp: {src: "{{ directory }}/file"}`,
      { file: before, after },
      async (run, directory) => {
        const [first, second, slurped] = results(run)
        assert.equal(first?.result.status, 'changed')
        assert.equal(second?.result.status, 'ok')
        assert.match(run.stdout, /^-\(270000 bytes, SHA-256 [0-9a-f]{16}…\)$/m)
        assert.match(run.stdout, /^\+\(270009 bytes, SHA-256 [0-9a-f]{16}…\)$/m)
        assert.equal(await readFile(join(directory, 'file'), 'utf8'), after)
        // What is read to be used is read whole, however large.
        const read = slurped?.result.values['content']
        assert.ok(typeof read === 'string')
        assert.equal(Buffer.from(read, 'base64').toString(), after)
      },
    )
  })

  it('backups of the same second are all kept', async () => {
    await play(
      `- copy: {content: "{{ item }}", dest: "{{ directory }}/file", backup: true}\n  loop: [two, three, four]`,
      { file: 'one' },
      async (_, directory) => {
        const names = (await readdir(directory)).filter((name) => /^file\..+~$/.test(name))
        const kept = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
        assert.deepEqual(kept.sort(), ['one', 'three', 'two'])
      },
    )
  })
})

describe('wait_for', () => {
  it('looks first after its delay, and tells how long it took', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    try {
      await play(
        `- wait_for: {port: ${address.port}, delay: 1.2, timeout: 20}\n- wait_for: {port: ${address.port}}`,
        {},
        (run) => {
          const [first, second] = results(run).map(({ result }) => Number(result.values['elapsed']))
          assert.ok(first !== undefined && first >= 1 && first <= run.elapsed, transcript(run))
          assert.ok(second !== undefined && second >= 0 && second <= run.elapsed - 1.2, transcript(run))
          assert.ok(Number.isInteger(first) && Number.isInteger(second))
        },
      )
    } finally {
      server.close()
    }
  })
})
