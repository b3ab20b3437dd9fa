import type { HostReader } from '../host/host.js'
import type { CommandEnd, Outcome, RunCommand } from '../host/step.js'
import { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'
import type { Plan } from './module.js'

/** Arguments of command, shell and script. */
export const COMMAND_ARGS = {
  chdir: { type: 'string', description: 'Directory to run it in.' },
  creates: { type: 'string', description: 'It is not run when this path exists.' },
  removes: { type: 'string', description: 'It is not run when this path does not exist.' },
  stdin: { type: 'string', description: 'What it reads from its standard input.' },
  stdin_add_newline: { type: 'boolean', default: true, description: 'End stdin with a line break.' },
} as const

export const COMMAND_RETURNS = {
  cmd: 'The command.',
  rc: 'Exit code.',
  stdout: 'Standard output.',
  stderr: 'Standard error.',
  stdout_lines: 'Lines of stdout.',
  stderr_lines: 'Lines of stderr.',
  start: 'Seconds it took.',
} as const

export interface CommandState {
  /** Why it is not run; undefined: it is. */
  readonly skip: string | undefined
}

/** Whether creates or removes keep the command from running. */
export async function commandState(
  host: HostReader,
  args: { readonly creates?: string; readonly removes?: string },
): Promise<CommandState> {
  const [creates, removes] = await Promise.all([
    args.creates === undefined ? undefined : host.ask({ ask: 'file', path: args.creates }),
    args.removes === undefined ? undefined : host.ask({ ask: 'file', path: args.removes }),
  ])
  if (creates !== undefined && creates.kind !== 'absent')
    return { skip: `not run, since ${args.creates ?? ''} exists` }
  if (removes?.kind === 'absent') return { skip: `not run, since ${args.removes ?? ''} does not exist` }
  return { skip: undefined }
}

export function commandPlan(step: RunCommand, state: CommandState): Plan {
  if (state.skip !== undefined) return { steps: [], diff: [], message: state.skip }
  return { steps: [step], diff: [] }
}

/** The standard input of a command, with the line break that it ends with. */
export function stdinOf(args: { readonly stdin?: string; readonly stdin_add_newline: boolean }): {
  readonly stdin?: string
} {
  return args.stdin === undefined
    ? {}
    : { stdin: args.stdin_add_newline && !args.stdin.endsWith('\n') ? `${args.stdin}\n` : args.stdin }
}

/** The result of a command; unknown in check mode, with the same keys. */
export function commandValues(
  command: Value,
  state: CommandState,
  outcomes: readonly Outcome[] | undefined,
): Readonly<Record<string, Value>> {
  if (state.skip !== undefined)
    return {
      cmd: command,
      rc: 0,
      stdout: state.skip,
      stderr: '',
      stdout_lines: [state.skip],
      stderr_lines: [],
      start: 0,
    }
  const result = outcomes?.[0]?.command
  if (result === undefined) {
    const unknown = new Unknown('the command was not run')
    return {
      cmd: command,
      rc: unknown,
      stdout: unknown,
      stderr: unknown,
      stdout_lines: unknown,
      stderr_lines: unknown,
      start: unknown,
    }
  }
  const trimmed = (text: string): string => text.replace(/(\r?\n)+$/, '')
  const lines = (text: string): readonly string[] =>
    trimmed(text) === '' ? [] : trimmed(text).split(/\r?\n/)
  return {
    cmd: command,
    rc: codeOf(result.how),
    stdout: trimmed(result.stdout),
    stderr: trimmed(result.stderr),
    stdout_lines: lines(result.stdout),
    stderr_lines: lines(result.stderr),
    start: result.elapsed,
  }
}

function codeOf(how: CommandEnd): number {
  switch (how.end) {
    case 'exited':
      return how.code
    case 'killed':
      return -1
    case 'timed out':
      return 124
    case 'lost':
      return 255
  }
}

/** How a command failed, in a sentence; undefined: it did not. */
export function commandFailure(outcomes: readonly Outcome[]): string | undefined {
  const result = outcomes[0]?.command
  if (result === undefined) return undefined
  const said = result.stderr.trim().split('\n').slice(-5).join('\n')
  const tail = said === '' ? '' : `:\n${said}`
  switch (result.how.end) {
    case 'exited':
      return result.how.code === 0 ? undefined : `The command ended with exit code ${result.how.code}${tail}`
    case 'killed':
      return `The command was killed by signal ${result.how.signal}${tail}`
    case 'timed out':
      return `The command was ended by its time limit${tail}`
    case 'lost':
      return 'The connection was lost while the command ran; whether it completed is not known.'
  }
}
