import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { SignetError } from '../errors.js'
import { Secret } from '../value/secret.js'
import type { VaultPassword } from './vault.js'

/**
 * Reads a vault password from a file, or from what a program prints if the file may be executed.
 * @param source a path, or `LABEL@PATH` as --vault-id has it
 * @throws SignetError file-not-found, vault-locked
 */
export async function readVaultPassword(source: string, cwd: string): Promise<VaultPassword> {
  const [, label, path = source] = /^([\w.-]+)@(.+)$/.exec(source) ?? []
  const file = resolve(cwd, path)
  const found = await stat(file).catch(() => undefined)
  if (found?.isFile() !== true)
    throw new SignetError('file-not-found', `There is no vault password file ${path}.`)
  const text = (found.mode & 0o111) === 0 ? await readFile(file, 'utf8') : await printedBy(file, path)
  const password = text.trim()
  if (password === '') throw new SignetError('vault-locked', `The vault password file ${path} is empty.`)
  return { ...(label === undefined ? {} : { label }), password: new Secret(password) }
}

async function printedBy(file: string, shown: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(file, [], { timeout: 60_000, encoding: 'utf8' })
    return stdout
  } catch (error) {
    throw new SignetError('vault-locked', `The program ${shown} gave no vault password.`, {
      cause: error,
      hint: `Run it by hand: ${shown}`,
    })
  }
}
