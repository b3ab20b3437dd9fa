import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SignetError } from '../errors.js'
import { placeOf } from '../source/source-file.js'
import { readYaml, shownPath } from '../source/read-yaml.js'
import { isMap, kindOf } from '../value/shape.js'
import type { VarsDirectory, VarsSource } from './inventory.js'

/** Left-overs of editors and the like, and files of other kinds. */
const IGNORED = /^\.|~$|\.(orig|bak|swp|old|save|rej|retry|md|rst|txt|ini|cfg|py|pyc|j2|sh|gitkeep)$/

/**
 * Reads group_vars/ and host_vars/ of a directory: `name`, `name.yml`, `name.yaml`, `name.json`, or a directory
 * `name` whose files apply in the order of their names. What isn't there is empty.
 * @throws SignetError yaml-syntax, vault-locked, invalid-inventory
 */
export async function loadVarsDirectory(directory: string, cwd: string): Promise<VarsDirectory> {
  const [groups, hosts] = await Promise.all([
    readAll(join(directory, 'group_vars'), cwd),
    readAll(join(directory, 'host_vars'), cwd),
  ])
  return { groups, hosts }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => [])
  return names.filter((name) => !IGNORED.test(name)).sort()
}

async function readAll(directory: string, cwd: string): Promise<ReadonlyMap<string, readonly VarsSource[]>> {
  const found = new Map<string, readonly VarsSource[]>()
  for (const name of await namesIn(directory)) {
    // Host names have dots: only these endings are cut off.
    const owner = name.replace(/\.(ya?ml|json)$/, '')
    found.set(owner, [...(found.get(owner) ?? []), ...(await readVars(join(directory, name), cwd))])
  }
  return found
}

/**
 * Reads a file of variables, or all files of a directory in the order of their names.
 * @throws SignetError file-not-found, yaml-syntax, vault-locked, invalid-inventory
 */
export async function readVars(path: string, cwd: string): Promise<readonly VarsSource[]> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() === true) {
    const names = await namesIn(path)
    return (await Promise.all(names.map((name) => readVars(join(path, name), cwd)))).flat()
  }
  const { data } = await readYaml(path, cwd)
  if (data === null) return []
  const origin = shownPath(path, cwd)
  if (!isMap(data)) {
    throw new SignetError('invalid-inventory', `A file of variables is a mapping, not ${kindOf(data)}.`, {
      place: (Array.isArray(data) ? placeOf(data) : undefined) ?? { file: origin, line: 1, column: 1 },
      hint: 'Write `name: value`.',
    })
  }
  return [{ origin, values: data }]
}
