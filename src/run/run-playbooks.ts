import { dirname, resolve as resolvePath } from 'node:path'
import { EXIT, SignetError, type ExitCode } from '../errors.js'
import type { ConnectionSettings } from '../connection/target.js'
import type { Inventory, VarsDirectory, VarsSource } from '../inventory/inventory.js'
import { selectHosts } from '../inventory/select-hosts.js'
import { readVars } from '../inventory/vars-directory.js'
import { loadVarsDirectory } from '../inventory/vars-directory.js'
import type { Play, Playbook, Prompt } from '../playbook/play.js'
import { resolve } from '../template/template.js'
import { showValue } from '../value/shape.js'
import type { Value } from '../value/value.js'
import { VERSION } from '../version.js'
import { Variables } from '../variables/variables.js'
import type { RunOptions } from './options.js'
import { PlayRun, Run } from './play-run.js'
import { runPlay } from './run-play.js'

/** What a run is made of, loaded and checked. */
export interface RunInput {
  readonly playbooks: readonly Playbook[]
  readonly inventory: Inventory
  readonly inventoryVars: readonly VarsDirectory[]
  readonly extraVars: readonly VarsSource[]
  /** What was answered to the questions of `vars_prompt`. */
  readonly answers?: ReadonlyMap<Prompt, Value>
  readonly settings: ConnectionSettings
}

export function newVariables(input: RunInput, options: RunOptions): Variables {
  const variables = new Variables({
    inventory: input.inventory,
    inventoryVars: input.inventoryVars,
    extraVars: input.extraVars,
    answers: input.answers ?? new Map(),
    check: options.check,
    diff: options.diff,
    verbosity: options.verbosity,
    tags: options.tags,
    skipTags: options.skipTags,
    version: VERSION,
    env: options.environment.env,
  })
  variables.resolveIn = resolve
  return variables
}

/** Runs all plays of all playbooks. @returns the exit code */
export async function runPlaybooks(input: RunInput, options: RunOptions): Promise<ExitCode> {
  const start = performance.now()
  const run = new Run(options, newVariables(input, options), input.settings)
  options.emit({
    event: 'run_start',
    check: options.check,
    playbooks: input.playbooks.map((playbook) => playbook.file),
  })
  let exit: ExitCode = EXIT.error
  try {
    for (const playbook of input.playbooks) {
      const playbookVars = input.inventory.directories.includes(playbook.directory)
        ? { groups: new Map(), hosts: new Map() }
        : await loadVarsDirectory(playbook.directory, options.environment.cwd)
      for (const play of playbook.plays) {
        const hosts = hostsOf(play, playbook, run, playbookVars)
        const playRun = new PlayRun(run, playbook, play, hosts, playbookVars, [])
        run.current = playRun
        const playVars = await varsFiles(play, playbook, playRun, options)
        const complete = new PlayRun(run, playbook, play, hosts, playbookVars, playVars)
        run.current = complete
        if (hosts.length === 0) {
          options.emit({
            event: 'warning',
            text: `No host matches "${play.hosts}" within the limit: the play is passed over.`,
            place: play.place,
          })
          continue
        }
        if (!(await runPlay(complete))) break
      }
      // A playbook builds on what the one before it did.
      if (run.failed.size + run.unreachable.size > 0) break
    }
    if (!run.started)
      throw new SignetError('bad-option', `There is no task "${options.startAtTask ?? ''}" to start at.`, {
        hint: 'See the names with --list-tasks.',
      })
    // A host whose login was given up is none that failed by itself.
    if (options.environment.signal.aborted && run.failed.size + run.unreachable.size > 0)
      throw new SignetError('interrupted', 'The run was interrupted.')
    exit = run.unreachable.size > 0 ? EXIT.unreachable : run.failed.size > 0 ? EXIT.failed : EXIT.done
    return exit
  } catch (error) {
    exit = error instanceof SignetError ? error.exit : EXIT.bug
    throw error
  } finally {
    options.emit({ event: 'run_end', exit, elapsed: (performance.now() - start) / 1000, recap: run.recap() })
    await run.hosts.close()
  }
}

/** The hosts of a play within the limit. @throws SignetError no-hosts */
export function hostsOf(
  play: Play,
  playbook: Playbook,
  run: Run,
  playbookVars: VarsDirectory,
): readonly string[] {
  const inventory = run.variables.inventory()
  const bare = new PlayRun(run, playbook, play, [], playbookVars, [])
  const pattern = play.hosts.includes('{{')
    ? showValue(resolve(play.hosts, bare.scope('localhost'), play.place))
    : play.hosts
  const chosen = chosenBy(pattern, play, inventory)
  const { limit } = run.options
  if (limit === undefined) return chosen
  const within = new Set(selectHosts(inventory, limit))
  return chosen.filter((host) => within.has(host))
}

function chosenBy(pattern: string, play: Play, inventory: Inventory): readonly string[] {
  try {
    return selectHosts(inventory, pattern)
  } catch (error) {
    if (!(error instanceof SignetError)) throw error
    throw new SignetError(error.code, error.message, {
      place: play.hostsPlace ?? play.place,
      hint: error.hint,
    })
  }
}

async function varsFiles(
  play: Play,
  playbook: Playbook,
  playRun: PlayRun,
  options: RunOptions,
): Promise<readonly VarsSource[]> {
  const sources: VarsSource[] = []
  for (const file of play.varsFiles) {
    const name = showValue(resolve(file, playRun.scope(playRun.hosts[0] ?? 'localhost'), play.place))
    const path = resolvePath(playbook.directory, name)
    try {
      sources.push(...(await readVars(path, options.environment.cwd)))
    } catch (error) {
      if (error instanceof SignetError) throw error
      throw new SignetError('file-not-found', `The file of variables "${name}" can not be read.`, {
        place: play.place,
        hint: `Looked for ${path}, beside the playbook in ${dirname(path)}.`,
      })
    }
  }
  return sources
}
