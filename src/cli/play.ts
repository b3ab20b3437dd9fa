import { EXIT, SignetError } from '../errors.js'
import { readSshConfig } from '../connection/ssh-settings.js'
import { hostKeyChecking, type ConnectionSettings } from '../connection/target.js'
import { loadInventory } from '../inventory/load-inventory.js'
import { loadVarsDirectory } from '../inventory/vars-directory.js'
import { findModule, moduleNames } from '../modules/index.js'
import { readLimit } from '../inventory/select-hosts.js'
import { checkHosts } from '../playbook/check-hosts.js'
import { loadPlaybook } from '../playbook/load-playbook.js'
import type { Playbook } from '../playbook/play.js'
import { Problems } from '../playbook/problems.js'
import type { Listener } from '../report/events.js'
import { jsonLines } from '../report/json-lines.js'
import { Masks } from '../report/masks.js'
import { terminal } from '../report/terminal.js'
import type { RunOptions } from '../run/options.js'
import { runPlaybooks, type RunInput } from '../run/run-playbooks.js'
import { parseExtraVars } from '../variables/extra-vars.js'
import { askPrompts } from './ask-prompts.js'
import { askSecret } from './ask.js'
import type { Command, Invocation } from './command.js'
import type { Environment } from '../environment.js'
import { listPlays } from './list-plays.js'
import { PLAY_OPTIONS } from './play-options.js'
import { takeVaultPasswords } from './vault-options.js'

/** `signet play`: runs playbooks. */
export const playCommand: Command = {
  name: 'play',
  summary: 'Run playbooks',
  usage: 'PLAYBOOK… -i INVENTORY',
  options: PLAY_OPTIONS,
  run: (invocation, environment) => play(invocation, environment, {}),
}

/** `signet check`: play --check --diff. */
export const checkCommand: Command = {
  name: 'check',
  summary: 'Look at what playbooks would change, with differences; change nothing',
  usage: 'PLAYBOOK… -i INVENTORY',
  options: PLAY_OPTIONS.filter((option) => !['check', 'diff'].includes(option.name)),
  run: (invocation, environment) => play(invocation, environment, { check: true, diff: true }),
}

async function play(
  invocation: Invocation,
  environment: Environment,
  forced: { readonly check?: boolean; readonly diff?: boolean },
): Promise<number> {
  await takeVaultPasswords(invocation, environment)
  const masks = new Masks()
  const limit = invocation.text('limit')
  const options: RunOptions = {
    check: forced.check ?? invocation.flag('check'),
    diff: forced.diff ?? invocation.flag('diff'),
    forks: positive(invocation, 'forks', 10),
    limit: limit === undefined ? undefined : await readLimit(limit, environment.cwd),
    tags: words(invocation.list('tags')),
    skipTags: words(invocation.list('skip-tags')),
    startAtTask: invocation.text('start-at-task'),
    forceHandlers: invocation.flag('force-handlers'),
    become: {
      become: invocation.flag('become'),
      user: invocation.text('become-user'),
      method: invocation.text('become-method'),
    },
    verbosity: invocation.count('verbose'),
    environment,
    load: { cwd: environment.cwd, findModule, moduleNames, rolesPath: invocation.list('roles-path') },
    emit: () => undefined,
    masks,
  }
  const input = await loadInput(invocation, environment, options)
  if (invocation.flag('syntax-check')) {
    for (const playbook of input.playbooks) environment.stdout.write(foundValid(playbook))
    return EXIT.done
  }
  if (invocation.flag('list-hosts') || invocation.flag('list-tasks') || invocation.flag('list-tags')) {
    environment.stdout.write(
      await listPlays(input, options, {
        hosts: invocation.flag('list-hosts'),
        tasks: invocation.flag('list-tasks'),
        tags: invocation.flag('list-tags'),
      }),
    )
    return EXIT.done
  }
  const answers = await askPrompts(input.playbooks, input.extraVars, environment)
  const listeners = reportersOf(invocation, environment, options)
  const emit: Listener = (event) => {
    for (const listener of listeners) listener(event)
  }
  return runPlaybooks({ ...input, answers }, { ...options, emit })
}

const words = (list: readonly string[]): readonly string[] =>
  list
    .flatMap((each) => each.split(','))
    .map((each) => each.trim())
    .filter((each) => each !== '')

function positive(invocation: Invocation, name: string, fallback: number): number {
  const text = invocation.text(name)
  if (text === undefined) return fallback
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1)
    throw new SignetError('bad-option', `--${name} needs a whole number from 1, not "${text}".`)
  return number
}

/** Loads everything and checks it, before any connection is opened. @throws SignetErrors with all mistakes */
export async function loadInput(
  invocation: Invocation,
  environment: Environment,
  options: RunOptions,
): Promise<RunInput> {
  if (invocation.positionals.length === 0)
    throw new SignetError('bad-option', 'Which playbook?', { hint: 'signet play PLAYBOOK -i INVENTORY' })
  const playbooks = await loadAll(invocation.positionals, options)
  const sources = invocation.list('inventory')
  const inventory = await loadInventory(sources, environment.cwd, (line) =>
    environment.stderr.write(`${line}\n`),
  )
  if (
    sources.length === 0 &&
    playbooks.some((playbook) =>
      playbook.plays.some((each) => !/^(localhost|127\.0\.0\.1)$/.test(each.hosts)),
    )
  ) {
    throw new SignetError('bad-option', 'There is no inventory: which hosts?', {
      hint: 'Give one with -i FILE, or -i s1,s2, for a list of hosts.',
    })
  }
  checkHosts(playbooks, inventory)
  return {
    playbooks,
    inventory,
    inventoryVars: await Promise.all(
      inventory.directories.map((directory) => loadVarsDirectory(directory, environment.cwd)),
    ),
    extraVars: await parseExtraVars(invocation.list('extra-vars'), environment.cwd),
    settings: await connectionSettings(invocation, environment),
  }
}

/** The line for a playbook without mistakes. */
export function foundValid({ file, plays }: Playbook): string {
  return `${file}: ${plays.length} ${plays.length === 1 ? 'play' : 'plays'}, no errors\n`
}

/** Loads all playbooks, collecting the mistakes of all. */
export async function loadAll(
  files: readonly string[],
  options: Pick<RunOptions, 'load'>,
): Promise<readonly Playbook[]> {
  const problems = new Problems()
  const playbooks: Playbook[] = []
  for (const file of files) {
    try {
      playbooks.push(await loadPlaybook(file, options.load))
    } catch (error) {
      problems.addError(error)
    }
  }
  problems.throwIfAny()
  return playbooks
}

/** What the command line says about connections. */
export async function connectionSettings(
  invocation: Invocation,
  environment: Environment,
): Promise<ConnectionSettings> {
  const [user, keyFile, connection, checking] = [
    'user',
    'private-key',
    'connection',
    'host-key-checking',
  ].map((name) => invocation.text(name))
  const password = invocation.flag('ask-pass') ? await askSecret('SSH password', environment) : undefined
  const becomePassword = invocation.flag('ask-become-pass')
    ? await askSecret('Become password', environment)
    : undefined
  return {
    cwd: environment.cwd,
    env: environment.env,
    sshConfig: readSshConfig(environment.env),
    timeout: positive(invocation, 'timeout', 10),
    ...(user === undefined ? {} : { user }),
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(connection === undefined ? {} : { connection }),
    ...(checking === undefined ? {} : { hostKeyChecking: hostKeyChecking(checking) }),
    ...(password ? { password } : {}),
    ...(becomePassword ? { becomePassword } : {}),
  }
}

function reportersOf(
  invocation: Invocation,
  environment: Environment,
  options: RunOptions,
): readonly Listener[] {
  const listeners: Listener[] = []
  let text = true
  for (const report of invocation.list('report')) {
    const file = /^json:(.+)$/.exec(report)?.[1]
    if (file === undefined)
      throw new SignetError('bad-option', `"${report}" is no report.`, {
        hint: 'Write --report json:FILE, or json:- for standard output.',
      })
    if (file === '-') text = false
    listeners.push(jsonLines(file === '-' ? environment.stdout : file, options.masks))
  }
  const colour =
    environment.stdout.isTTY === true && !invocation.flag('no-color') && !environment.env['NO_COLOR']
  const shown = terminal({
    stdout: environment.stdout,
    colour,
    verbosity: options.verbosity,
    masks: options.masks,
    width: environment.stdout.columns ?? 100,
  })
  return text ? [shown, ...listeners] : listeners
}
