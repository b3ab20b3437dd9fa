import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/**
 * Writes files (path → text) into a new directory and hands it to the action; removed afterwards. A text that
 * begins with #! is executable.
 */
export async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  action: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-test-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, path)), { recursive: true })
      await writeFile(join(directory, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 })
    }
    return await action(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}
