import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { localLine } from '../../../src/connection/local-line.js'
import { Frames, Shell, SHELL_LOOP } from '../../../src/connection/shell.js'
import { withFiles } from '../temporary-directory.js'

async function withShell<T>(action: (shell: Shell) => Promise<T>): Promise<T> {
  const channel = await localLine().open(SHELL_LOOP)
  const shell = new Shell(channel, 'here')
  try {
    return await action(shell)
  } finally {
    shell.close()
    channel.kill()
  }
}

describe('long-lived shell', () => {
  const cases: readonly (readonly [string, string, { code: number; stdout: string; stderr: string }])[] = [
    ['an ordinary script', 'echo a; echo b >&2', { code: 0, stdout: 'a\n', stderr: 'b\n' }],
    ['no output', ':', { code: 0, stdout: '', stderr: '' }],
    ['output without a line break', 'printf x; printf y >&2; exit 3', { code: 3, stdout: 'x', stderr: 'y' }],
    ['a script that exits', 'echo a; exit 7; echo never', { code: 7, stdout: 'a\n', stderr: '' }],
    [
      'a script that fails under set -e',
      'set -e; echo a; false; echo never',
      { code: 1, stdout: 'a\n', stderr: '' },
    ],
    ['a script that reads its input', 'cat; echo end', { code: 0, stdout: 'end\n', stderr: '' }],
    ['umlauts and quotes', `printf %s 'ä"'"'"'€'`, { code: 0, stdout: `ä"'€`, stderr: '' }],
    [
      'frames of a script of its own',
      `printf '\\n<abc\\nx\\n>abc 0\\n'`,
      { code: 0, stdout: '\n<abc\nx\n>abc 0\n', stderr: '' },
    ],
    ['a trailing line break of the script', 'echo a\n\n', { code: 0, stdout: 'a\n', stderr: '' }],
  ]
  for (const [name, script, expected] of cases) {
    it(name, () =>
      withShell(async (shell) => {
        for (let round = 0; round < 2; round++) {
          const { code, stdout, stderr } = await shell.run(script)
          assert.deepEqual({ code, stdout: stdout.toString(), stderr }, expected)
        }
      }),
    )
  }

  it('a syntax error does not end it', () =>
    withShell(async (shell) => {
      assert.notEqual((await shell.run('if then (')).code, 0)
      assert.equal((await shell.run('echo still here')).stdout.toString(), 'still here\n')
    }))

  it('directory, variables, umask and options do not leak into the next script', () =>
    withShell(async (shell) => {
      await shell.run('cd /tmp; leak=1; umask 0; set -e; trap "echo trapped" EXIT')
      const { stdout } = await shell.run('echo "${leak-no} $(umask)"; false; pwd')
      assert.equal(
        stdout.toString(),
        `no ${execFileSync('sh', ['-c', 'umask'], { encoding: 'utf8' }).trim()}\n${process.cwd()}\n`,
      )
    }))

  it('carries every byte', () =>
    withShell(async (shell) => {
      const { stdout } = await shell.run(
        `i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %o $i)"; i=$((i+1)); done`,
      )
      assert.deepEqual(stdout, Buffer.from(Array.from({ length: 256 }, (_, index) => index)))
    }))

  it('carries large outputs on both streams', () =>
    withShell(async (shell) => {
      const { stdout, stderr } = await shell.run(
        'head -c 3000000 /dev/zero; head -c 1000000 /dev/zero | tr "\\0" "\\n" >&2',
      )
      assert.equal(stdout.length, 3_000_000)
      assert.equal(stderr.length, 1_000_000)
    }))

  it('answers scripts that are under way together, each with its own output', () =>
    withShell(async (shell) => {
      const answers = await Promise.all(
        [1, 2, 3, 4, 5].map((n) => shell.run(`echo ${n}; echo e${n} >&2; exit ${n}`)),
      )
      assert.deepEqual(
        answers.map(({ code, stdout, stderr }) => [code, stdout.toString(), stderr]),
        [1, 2, 3, 4, 5].map((n) => [n, `${n}\n`, `e${n}\n`]),
      )
    }))

  it('an answer does not wait for the output of the next script', () =>
    withFiles({}, (directory) =>
      withShell(async (shell) => {
        const first = shell.run('echo 1')
        const second = shell.run(
          `printf without-line-break; for i in $(seq 400); do [ -e ${directory}/go ] && exit; sleep 0.05; done; exit 1`,
        )
        assert.equal((await first).code, 0)
        await writeFile(join(directory, 'go'), '')
        assert.equal((await second).code, 0)
      }),
    ))

  it('what a process left behind writes later belongs to no script', () =>
    withFiles({}, (directory) =>
      withShell(async (shell) => {
        await shell.run(`(sleep 0.1; echo late; echo late >&2; touch ${directory}/written) &`)
        const end = Date.now() + 8000
        while (!existsSync(join(directory, 'written')) && Date.now() < end) await setTimeout(20)
        const { stdout, stderr } = await shell.run('echo mine')
        assert.deepEqual([stdout.toString(), stderr], ['mine\n', ''])
      }),
    ))

  it('a killed shell rejects what is under way with connection-lost', () =>
    withShell(async (shell) => {
      await assert.rejects(shell.run('kill -9 $$; sleep 5'), { code: 'connection-lost' })
      assert.equal(shell.usable, false)
    }))
})

describe('frames', () => {
  const token = 'f'.repeat(32)
  const text = `junk\n<${token}\nbody with ${token} in it\n>${token} 12\nrest`
  it('are found wherever the pieces are cut', () => {
    for (let size = 1; size <= text.length; size++) {
      const frames = new Frames()
      let found
      for (let at = 0; at < text.length; at += size) {
        frames.add(Buffer.from(text.slice(at, at + size)))
        found ??= frames.next(token)
      }
      assert.equal(found?.code, 12, `pieces of ${size}`)
      assert.equal(found.body.toString(), `body with ${token} in it`)
    }
  })

  it('of several scripts are found though they arrive in one piece', () => {
    const frames = new Frames()
    const tokens = ['a', 'b', 'c'].map((letter) => letter.repeat(32))
    frames.add(
      Buffer.from(
        tokens.map((each, index) => `\n<${each}\n${'x'.repeat(100)}\n>${each} ${index}\n`).join(''),
      ),
    )
    assert.deepEqual(
      tokens.map((each) => frames.next(each)?.code),
      [0, 1, 2],
    )
  })
})
