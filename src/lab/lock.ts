import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pause } from './process.js'
import { isRunning } from './root-file-system.js'

/**
 * Does something while no other run changes the same lab. A lock whose owner is no more is taken over.
 * @param say told once when another run has to be waited for
 */
export async function withLock<T>(
  file: string,
  say: (text: string) => void,
  action: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(file), { recursive: true, mode: 0o755 })
  for (let told = false; ;) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = Number(await readFile(file, 'utf8').catch(() => '0'))
    if (owner > 0 && (await isRunning(owner))) {
      if (!told) say(`Waiting for process ${owner}, which is changing this lab`)
      told = true
      await pause(300)
    } else if (owner > 0 || told) {
      await rm(file, { force: true })
    } else {
      // The owner may be about to write its number.
      told = true
      await pause(100)
    }
  }
  try {
    return await action()
  } finally {
    await rm(file, { force: true })
  }
}
