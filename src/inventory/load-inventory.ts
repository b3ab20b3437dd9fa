import { readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { SignetError } from '../errors.js'
import { rememberText } from '../source/file-texts.js'
import { parseYaml, readText, shownPath } from '../source/read-yaml.js'
import { InventoryDraft } from './build-inventory.js'
import type { Inventory } from './inventory.js'
import { hostsOf, readIniInventory } from './read-ini-inventory.js'
import { readProgramInventory, type Notice } from './read-program-inventory.js'
import { readYamlInventory } from './read-yaml-inventory.js'

/** What is no inventory in a directory of inventories; `pki` is where our roles keep certificates. */
const IGNORED =
  /^\.|~$|\.(orig|bak|cfg|retry|pyc|pyo|md|rst|txt|swp|rpm|pem|key|crt|csr)$|^(group_vars|host_vars|pki|README)$/

/**
 * Reads all inventory sources together: YAML and INI files, directories of such (in the order of their names),
 * programs that answer --list with JSON, and lists of hosts (`s1,s2,`). Later sources win.
 * What a program writes to its standard error is passed on to `notice`, line by line.
 * @throws SignetError file-not-found, invalid-inventory, yaml-syntax, vault-locked
 */
export async function loadInventory(
  sources: readonly string[],
  cwd: string,
  notice: Notice = () => undefined,
): Promise<Inventory> {
  const draft = new InventoryDraft()
  for (const source of sources) {
    if (source.includes(',')) readList(source, cwd, draft)
    else await readSource(resolve(cwd, source), cwd, draft, notice)
  }
  return draft.finish()
}

function readList(source: string, cwd: string, draft: InventoryDraft): void {
  for (const entry of source.split(',')) {
    if (entry.trim() === '') continue
    const { hosts, port } = hostsOf(entry.trim())
    for (const host of hosts) draft.host(host, port === undefined ? {} : { ansible_port: port })
  }
  if (!draft.directories.includes(cwd)) draft.directories.push(cwd)
}

async function readSource(path: string, cwd: string, draft: InventoryDraft, notice: Notice): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) {
    throw new SignetError('file-not-found', `There is no inventory ${shownPath(path, cwd)}.`, {
      hint: 'Give a file, a directory, or a list of hosts that ends with a comma: -i s1,s2,',
    })
  }
  const directory = found.isDirectory() ? path : dirname(path)
  if (!draft.directories.includes(directory)) draft.directories.push(directory)
  if (!found.isDirectory()) return readFileSource(path, found.mode, cwd, draft, notice)
  const names = (await readdir(path)).filter((name) => !IGNORED.test(name)).sort()
  for (const name of names) await readSource(join(path, name), cwd, draft, notice)
}

async function readFileSource(
  path: string,
  mode: number,
  cwd: string,
  draft: InventoryDraft,
  notice: Notice,
): Promise<void> {
  const shown = shownPath(path, cwd)
  const text = await readText(path, shown)
  if ((mode & 0o111) !== 0 && /^(#!|\u007fELF)/.test(text))
    await readProgramInventory(path, shown, draft, notice)
  else if (/\.(ya?ml|json)$/.test(path) || looksLikeYaml(path, text))
    readYamlInventory(parseYaml(text, shown), draft)
  else {
    rememberText(shown, text)
    readIniInventory(text, shown, draft)
  }
}

/** A file without an ending, often called `hosts`, may be of either kind: its first line tells. */
function looksLikeYaml(path: string, text: string): boolean {
  if (/[^/]\.\w+$/.test(path)) return false
  const first = text.split(/\r?\n/).find((line) => !/^\s*([#;].*)?$/.test(line)) ?? ''
  return /^---(\s|$)|^[\w.-]+:\s*(#.*)?$/.test(first)
}
