import { execFile, type ExecFileException } from 'node:child_process'
import { dirname } from 'node:path'
import { SignetError } from '../errors.js'
import { isList, isMap, kindOf } from '../value/shape.js'
import type { Value, ValueMap } from '../value/value.js'
import type { InventoryDraft } from './build-inventory.js'

/** Milliseconds that an inventory program may take. Vagrant and clouds may need a minute on a busy machine. */
const DEADLINE = 180_000

/** Takes one line for the user about something that the inventory leaves out or doubts. */
export type Notice = (line: string) => void

/**
 * Runs an inventory program with --list and reads the JSON that it prints: groups, each a list of hosts or an
 * object with hosts, children and vars; variables of hosts in `_meta.hostvars`, or by --host HOST without `_meta`.
 * @throws SignetError invalid-inventory
 */
export async function readProgramInventory(
  path: string,
  shown: string,
  draft: InventoryDraft,
  notice: Notice,
): Promise<void> {
  const data = await ask(path, shown, ['--list'], notice)
  const hosts = new Set<string>()
  for (const [name, body] of Object.entries(data)) {
    if (name !== '_meta') readGroup(name, body, shown, draft).forEach((host) => hosts.add(host))
  }
  const meta = data['_meta']
  if (meta === undefined) {
    for (const host of hosts) draft.host(host, await ask(path, shown, ['--host', host], notice))
    return
  }
  const hostvars = isMap(meta) ? meta['hostvars'] : undefined
  if (isMap(hostvars))
    for (const [host, vars] of Object.entries(hostvars)) if (isMap(vars)) draft.host(host, vars)
}

/** @returns the hosts of the group */
function readGroup(name: string, body: Value, shown: string, draft: InventoryDraft): readonly string[] {
  const group = isMap(body) ? body : { hosts: body }
  for (const key of Object.keys(group)) {
    if (!['hosts', 'children', 'vars'].includes(key))
      throw problem(
        shown,
        ['--list'],
        `printed "${key}" in the group ${name}, which has hosts, children and vars`,
      )
  }
  const hosts = names(group['hosts'])
  draft.group(name)
  for (const host of hosts) {
    draft.host(host)
    draft.addHost(name, host)
  }
  for (const child of names(group['children'])) draft.addChild(name, child)
  if (isMap(group['vars'])) draft.groupVars(name, group['vars'])
  return hosts
}

function names(value: Value | undefined): readonly string[] {
  return isList(value) ? value.filter((each) => typeof each === 'string') : []
}

function problem(shown: string, words: readonly string[], what: string, cause?: unknown): SignetError {
  return new SignetError('invalid-inventory', `The inventory program ${shown} ${what}.`, {
    cause,
    hint: `Run it by hand: ${[shown, ...words].join(' ')}`,
  })
}

async function ask(path: string, shown: string, words: readonly string[], notice: Notice): Promise<ValueMap> {
  const { stdout: text, stderr } = await printed(path, shown, words)
  for (const line of stderr.split('\n')) if (line.trim() !== '') notice(line)
  let data: Value
  try {
    data = JSON.parse(text) as Value
  } catch (error) {
    throw problem(shown, words, 'did not print JSON', error)
  }
  if (!isMap(data)) throw problem(shown, words, `must print a JSON object, not ${kindOf(data)}`)
  return data
}

function printed(
  path: string,
  shown: string,
  words: readonly string[],
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      cwd: dirname(path),
      timeout: DEADLINE,
      maxBuffer: 64 * 1024 * 1024,
      encoding: 'utf8',
    } as const
    execFile(path, words, options, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr })
      else reject(problem(shown, words, failure(error, stderr), error))
    })
  })
}

function failure(error: ExecFileException, stderr: string): string {
  if (error.killed === true) return `took longer than ${DEADLINE / 1000} seconds`
  const said = stderr.trim().split('\n').slice(-3).join(' / ')
  if (typeof error.code !== 'number') return `can not be run: ${error.message}`
  return `failed with exit code ${error.code}${said === '' ? '' : `: ${said}`}`
}
