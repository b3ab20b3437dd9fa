import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pause } from './process.js'

const BASE = '/sys/fs/cgroup'

/**
 * The cgroup hierarchies of this machine that every host needs a group of its own in: the one of cgroup v2, or
 * all of a hybrid tree. Hosts that share a group kill each other's processes (systemd writes cgroup.kill).
 */
async function hierarchies(): Promise<readonly string[]> {
  const unified = await access(join(BASE, 'cgroup.controllers')).then(
    () => true,
    () => false,
  )
  if (unified) return [BASE]
  const mounts = await readFile('/proc/mounts', 'utf8')
  return mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, path, type]) => (type === 'cgroup' || type === 'cgroup2') && path?.startsWith(`${BASE}/`))
    .map(([, path]) => path ?? '')
}

/** Makes the group in every hierarchy and returns the files that a process joins it by. */
export async function makeGroup(name: string): Promise<readonly string[]> {
  const joins: string[] = []
  for (const base of await hierarchies()) {
    await mkdir(join(base, name), { recursive: true })
    if (base.endsWith('/cpuset')) {
      for (const file of ['cpuset.cpus', 'cpuset.mems']) {
        await writeFile(join(base, name, file), await readFile(join(base, file)))
      }
    }
    joins.push(join(base, name, 'cgroup.procs'))
  }
  return joins
}

/** Numbers of all processes in the group and below it. */
export async function processesOf(name: string): Promise<readonly number[]> {
  const found = new Set<number>()
  for (const base of await hierarchies()) {
    for (const directory of await directoriesBelow(join(base, name))) {
      const text = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '')
      for (const line of text.split('\n')) if (line !== '') found.add(Number(line))
    }
  }
  return [...found]
}

/** Ends every process of the group at once, as a power failure would, and waits until they are gone. */
export async function killGroup(name: string): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const processes = await processesOf(name)
    if (processes.length === 0) return
    for (const base of await hierarchies()) {
      await writeFile(join(base, name, 'cgroup.kill'), '1').catch(() => undefined)
    }
    for (const pid of processes) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    await pause(50)
  }
}

/** Removes the empty group from every hierarchy. */
export async function removeGroup(name: string): Promise<void> {
  for (const base of await hierarchies()) {
    for (let round = 0; round < 20; round++) {
      let busy = false as boolean
      for (const directory of [...(await directoriesBelow(join(base, name)))].reverse()) {
        await rmdir(directory).catch((error: unknown) => {
          busy ||= (error as NodeJS.ErrnoException).code === 'EBUSY'
        })
      }
      if (!busy) break
      await pause(50)
    }
  }
}

/** Names of all groups at the top whose name begins so. */
export async function groupsNamed(prefix: string): Promise<readonly string[]> {
  const names = new Set<string>()
  for (const base of await hierarchies()) {
    for (const name of await readdir(base).catch(() => [])) if (name.startsWith(prefix)) names.add(name)
  }
  return [...names]
}

async function directoriesBelow(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) return []
  const below = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => directoriesBelow(join(directory, entry.name))),
  )
  return [directory, ...below.flat()]
}
