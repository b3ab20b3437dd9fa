import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT } from '../../src/errors.js'
import { kernelLimit } from '../../src/lab/host.js'
import { checkMachine } from '../../src/lab/requirements.js'
import { here } from '../e2e/here.js'
import { PROJECT, transcript, type Run } from './signet.js'
import { testLab } from './servers.js'

const LAB = testLab('command')
const OTHER = testLab('other')

/** Everything of this machine that belongs to a lab. */
function traces(name: string): readonly string[] {
  const found: string[] = []
  const own = (text: string): boolean => text.includes(`signet-${name}`) || text.includes(`/labs/${name}/`)
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n'))
    if (own(line)) found.push(`mount ${line}`)
  for (const line of execFileSync('ip', ['netns', 'list']).toString().split('\n'))
    if (own(line)) found.push(`namespace ${line}`)
  const groups = ['/sys/fs/cgroup', ...readdirSync('/sys/fs/cgroup').map((each) => `/sys/fs/cgroup/${each}`)]
  for (const group of groups)
    for (const each of existsSync(group) ? readdirSafely(group) : [])
      if (own(each)) found.push(`cgroup ${group}/${each}`)
  for (const pid of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const command = readSafely(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
    if (own(command)) found.push(`process ${pid} ${command}`)
  }
  for (const directory of ['/var/lib/signet/labs', '/run/systemd/nspawn/propagate'])
    for (const each of readdirSafely(directory))
      if (each === name || own(each)) found.push(`${directory}/${each}`)
  return found
}

function readdirSafely(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function readSafely(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const lab = (...words: string[]): Promise<Run> => here(['lab', '--name', LAB, ...words], { cwd: PROJECT })

/** The real program, for what it hands through to ssh. */
function program(...words: string[]): { readonly code: number | null; readonly text: string } {
  try {
    const text = execFileSync(
      process.execPath,
      [join(PROJECT, 'bin/signet.js'), 'lab', '--name', LAB, ...words],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    ).toString()
    return { code: 0, text }
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number | null; stdout: Buffer; stderr: Buffer }
    return { code: status, text: `${stdout.toString()}${stderr.toString()}` }
  }
}

describe('signet lab', () => {
  after(async () => {
    await lab('down')
    await here(['lab', '--name', OTHER, 'down'], { cwd: PROJECT })
  })

  it('up boots blank hosts; a second up leaves them alone; exec hands words and exit codes through', async () => {
    await lab('down')
    const first = await lab('--hosts', '1', 'up')
    assert.equal(first.code, EXIT.done, transcript(first))
    const boot = program('exec', 's1', '--', 'cat', '/proc/1/stat').text.split(' ')[21]
    assert.ok(boot)
    const second = await lab('--hosts', '1', 'up')
    assert.equal(second.code, EXIT.done, transcript(second))
    assert.equal(
      program('exec', 's1', '--', 'cat', '/proc/1/stat').text.split(' ')[21],
      boot,
      'it was booted again',
    )
    assert.deepEqual(program('exec', 's1', '--', 'printf', '%s|', 'two words', "it's", '$HOME'), {
      code: 0,
      text: "two words|it's|$HOME|",
    })
    assert.equal(program('exec', 's1', '--', 'sh', '-c', 'exit 7').code, 7)
    assert.equal(program('exec', 's1', '--', 'echo one | tr o 0').text, '0ne\n')
    assert.match((await lab('status')).stdout, new RegExp(`^${LAB}\\n +s1 +10\\.80\\.0\\.11 +up$`, 'm'))
  })

  it('another lab stands beside it with a network of its own, and goes without it', async () => {
    const up = await here(['lab', '--name', OTHER, '--hosts', '1', 'up'], { cwd: PROJECT })
    assert.equal(up.code, EXIT.done, transcript(up))
    const { stdout } = await lab('status')
    assert.match(stdout, new RegExp(`^${LAB}\\n.* up$`, 'm'))
    assert.match(stdout, new RegExp(`^${OTHER}\\n.* up$`, 'm'))
    assert.equal((await here(['lab', '--name', OTHER, 'down'], { cwd: PROJECT })).code, EXIT.done)
    assert.deepEqual(traces(OTHER), [])
    assert.equal(program('exec', 's1', '--', 'true').code, 0)
  })

  it('reset gives a blank host under the same keys; kill and start keep the disk', async () => {
    assert.equal(program('exec', 's1', '--', 'touch', '/root/mark').code, 0)
    assert.equal((await lab('kill', 's1')).code, EXIT.done)
    assert.match((await lab('status')).stdout, new RegExp(`^${LAB}\\n.* off$`, 'm'))
    assert.equal((await lab('start', 's1')).code, EXIT.done)
    assert.equal(program('exec', 's1', '--', 'test', '-e', '/root/mark').code, 0)
    const reset = await lab('reset', 's1')
    assert.equal(reset.code, EXIT.done, transcript(reset))
    assert.equal(program('exec', 's1', '--', 'test', '-e', '/root/mark').code, 1)
  })

  it('down leaves nothing behind', async () => {
    assert.notDeepEqual(traces(LAB), [])
    assert.equal((await lab('down')).code, EXIT.done)
    assert.deepEqual(traces(LAB), [])
    assert.equal((await lab('down')).code, EXIT.done, 'a second down')
  })

  it('what a killed up left is cleaned up by the next', async () => {
    // Killed once the overlay is mounted, then once the container runs.
    for (const sign of [`overlay .*/labs/${LAB}/hosts/s1/root `, `cgroup`]) {
      const child = spawn(
        process.execPath,
        [join(PROJECT, 'bin/signet.js'), 'lab', '--name', LAB, '--hosts', '1', 'up'],
        { stdio: 'ignore' },
      )
      const ended = new Promise((resolve) => child.once('close', resolve))
      const deadline = Date.now() + 300_000
      while (!traces(LAB).some((each) => new RegExp(sign).test(each)) && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20))
      child.kill('SIGKILL')
      await ended
      assert.notDeepEqual(traces(LAB), [])
    }
    const up = await lab('--hosts', '1', 'up')
    assert.equal(up.code, EXIT.done, transcript(up))
    assert.equal(program('exec', 's1', '--', 'mysql', '-NBe', 'SELECT 1').text, '1\n')
    assert.equal((await lab('down')).code, EXIT.done)
    assert.deepEqual(traces(LAB), [])
  })

  it('a root file system that a killed build left half-made goes; one that is being made stays', async () => {
    const left = `/var/cache/signet/building-0123456789ab-${2 ** 22 + 1}`
    const running = `/var/cache/signet/building-0123456789ab-${process.pid}`
    // Other labs that start clean up, too: it takes its name when it is complete.
    const made = `/var/cache/signet/made-${process.pid}`
    mkdirSync(join(made, 'proc'), { recursive: true })
    mkdirSync(running, { recursive: true })
    try {
      execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(made, 'proc')])
      renameSync(made, left)
      const both = [LAB, OTHER].map((name) => here(['lab', '--name', name, 'prepare'], { cwd: PROJECT }))
      for (const prepared of await Promise.all(both))
        assert.equal(prepared.code, EXIT.done, transcript(prepared))
      assert.equal(existsSync(left), false)
      assert.equal(readFileSync('/proc/mounts', 'utf8').includes(left), false)
      assert.equal(existsSync(running), true)
    } finally {
      rmSync(running, { recursive: true })
    }
  })

  it('hosts with more packages keep them, whatever later hosts are made of', async () => {
    const up = await lab('--hosts', '1', '--packages', 'tree', 'up')
    assert.equal(up.code, EXIT.done, transcript(up))
    assert.match(program('exec', 's1', '--', 'tree', '--version').text, /^tree v/)
    assert.equal((await lab('kill', 's1')).code, EXIT.done)
    const start = await lab('start', 's1')
    assert.equal(start.code, EXIT.done, transcript(start))
    assert.match(program('exec', 's1', '--', 'tree', '--version').text, /^tree v/)
    assert.equal((await lab('down')).code, EXIT.done)
  })

  it('says clearly what it can not do', async () => {
    for (const [words, code, text] of [
      [['launch'], EXIT.usage, /signet lab knows no "launch"[^]*→ Actions: up, down/],
      [[], EXIT.usage, /needs an action/],
      [
        ['exec', 's1', '--', 'true'],
        EXIT.error,
        /There is no lab "[^"]+"[^]*→ Start it with `signet lab up`/,
      ],
      [['--hosts', '99', 'up'], EXIT.usage, /1 to 14 hosts, not 99/],
      [['up', '3'], EXIT.usage, /up takes no "3"[^]*→ Did you mean --hosts 3\?/],
      [
        ['--packages', 'tree,--root', 'prepare'],
        EXIT.usage,
        /"--root" can't be the name of a Debian package/,
      ],
    ] as const) {
      const run = await lab(...words)
      assert.equal(run.code, code, transcript(run))
      assert.match(run.stderr, text)
    }
    const named = await here(['lab', '--name', 'No such/name', 'up'], { cwd: PROJECT })
    assert.equal(named.code, EXIT.usage)
    assert.throws(() => checkMachine({ platform: 'darwin', uid: 0 }), {
      code: 'lab-unsupported',
      message: /needs Linux; this is darwin/,
      hint: /Vagrant/,
    })
    assert.throws(() => checkMachine({ platform: 'linux', uid: 1000 }), {
      code: 'lab-unsupported',
      message: /needs root/,
      hint: /sudo/,
    })
  })

  it("tells the kernel's limit of inotify instances from other failures", () => {
    assert.match(
      kernelLimit('Failed to create inotify object: Too many open files\n') ?? '',
      /sysctl fs\.inotify\.max_user_instances/,
    )
    assert.equal(kernelLimit('[FAILED] Failed to start mysql.service.\n'), undefined)
  })
})
