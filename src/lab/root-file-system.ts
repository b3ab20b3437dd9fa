import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SignetError } from '../errors.js'
import { findDebianMirror } from './apt-sources.js'
import { CACHE_DIRECTORY } from './layout.js'
import { attempt, run } from './process.js'

/** All that decides what the root file system holds; its hash names the cached copy. */
const RECIPE = {
  // Debian's stable suites carry no MySQL server, sid does.
  suite: 'sid',
  variant: 'minbase',
  packages: [
    'systemd-sysv',
    'dbus',
    'libpam-systemd',
    'openssh-server',
    'sudo',
    'iproute2',
    'iputils-ping',
    'procps',
    'openssl',
    'mysql-server',
    'mysql-client',
    'mysql-router',
  ],
  hooks: [
    'chroot "$1" useradd -m -s /bin/bash deploy',
    'chroot "$1" useradd -m -s /bin/bash limited',
    'printf "deploy ALL=(ALL) NOPASSWD:ALL\\n" > "$1/etc/sudoers.d/deploy" && chmod 0440 "$1/etc/sudoers.d/deploy"',
    // What would be the same on every host is made anew for each: see prepareHost.
    'rm -f "$1"/var/lib/mysql/auto.cnf "$1"/etc/ssh/ssh_host_* "$1"/var/lib/mysql/*.pem "$1"/etc/machine-id "$1"/var/lib/dbus/machine-id',
    // Units that only cost time in a container.
    'chroot "$1" systemctl mask systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer fstrim.timer dpkg-db-backup.timer e2scrub_all.timer man-db.timer',
    'rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*',
  ],
}

/** Twelve hex digits that change when the recipe changes. */
export function recipeHash(recipe: unknown = RECIPE): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12)
}

/** Unmounts everything below a directory, the innermost first. */
export async function unmountBelow(directory: string): Promise<void> {
  for (const path of (await mountsBelow(directory)).reverse()) {
    if ((await attempt('umount', [path])).code === 0) continue
    if ((await attempt('umount', ['-l', path])).code === 0) continue
    // Another run that cleans up may have been quicker.
    if ((await mountsBelow(directory)).includes(path)) await run('umount', ['-l', path])
  }
}

async function mountsBelow(directory: string): Promise<string[]> {
  return (await readFile('/proc/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1]?.replace(/\\040/g, ' ') ?? '')
    .filter((path) => path === directory || path.startsWith(`${directory}/`))
}

/** Removes what builds that were killed have left in the cache. */
async function removeHalfBuilt(): Promise<void> {
  for (const name of await readdir(CACHE_DIRECTORY)) {
    const owner = /^building-[0-9a-f]+-(\d+)$/.exec(name)?.[1]
    if (owner === undefined || (await isRunning(Number(owner)))) continue
    await unmountBelow(join(CACHE_DIRECTORY, name))
    await rm(join(CACHE_DIRECTORY, name), { recursive: true, force: true })
  }
}

/** Whether a process of that number is there. */
export async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return status !== undefined && !/\) [ZX] /.test(status)
}

/**
 * Path of the root file system that all hosts share, built first if it is not in the cache. A build is complete
 * or not there at all: it becomes visible by a rename. `more` are packages beside those of every lab.
 * @throws SignetError lab-failed with mmdebstrap's last lines and the path of its log
 */
export async function provideRootFileSystem(
  env: Readonly<Record<string, string | undefined>>,
  more: readonly string[],
  say: (text: string) => void,
): Promise<string> {
  const wrong = more.find((name) => !/^[a-z0-9][a-z0-9+.-]+$/.test(name))
  if (wrong !== undefined)
    throw new SignetError('bad-option', `"${wrong}" can't be the name of a Debian package.`)
  const recipe = { ...RECIPE, packages: [...new Set([...RECIPE.packages, ...more.toSorted()])] }
  const path = join(CACHE_DIRECTORY, `rootfs-${recipeHash(recipe)}`)
  await mkdir(CACHE_DIRECTORY, { recursive: true })
  await removeHalfBuilt()
  if ((await attempt('test', ['-e', join(path, 'usr/sbin/mysqld')])).code === 0) return path

  const mirror = await findDebianMirror(env)
  const building = join(CACHE_DIRECTORY, `building-${recipeHash(recipe)}-${process.pid}`)
  const log = join(CACHE_DIRECTORY, 'build.log')
  say(`Building the root file system of the lab (once, about a minute; log: ${log})`)
  const ended = await attempt('mmdebstrap', [
    `--variant=${recipe.variant}`,
    `--include=${recipe.packages.join(',')}`,
    // A mirror may be a frozen snapshot whose Release file has expired; signatures are still checked.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    ...recipe.hooks.map((hook) => `--customize-hook=${hook}`),
    recipe.suite,
    building,
    mirror,
  ])
  await writeFile(log, ended.stdout + ended.stderr)
  if (ended.code !== 0) {
    await unmountBelow(building)
    await rm(building, { recursive: true, force: true })
    const lines = ended.stderr.trim().split('\n').slice(-6).join('\n')
    throw new SignetError('lab-failed', `mmdebstrap could not build the root file system:\n${lines}`, {
      hint: `The whole log is ${log}.`,
    })
  }
  await rename(building, path).catch(async (error: unknown) => {
    // Another build was quicker: its result is as good.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    await rm(building, { recursive: true, force: true })
  })
  return path
}
