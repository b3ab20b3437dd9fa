import { closest } from './source/closest.js'
import { showError } from './source/show-error.js'
import { EXIT, SignetError, SignetErrors } from './errors.js'
import { COMMANDS } from './cli/commands.js'
import type { Environment } from './environment.js'
import { commandHelp, generalHelp } from './cli/help.js'
import { parseOptions } from './cli/parse-options.js'
import { VERSION } from './version.js'

/** The story of one invocation: words → command → run → exit code. */
export async function main(words: readonly string[]): Promise<void> {
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.exit(EXIT.interrupted)
      process.stderr.write(
        'Interrupted: the task that is under way is completed. Once more ends it at once.\n',
      )
      interrupt.abort()
    })
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of a pipe may leave early: `signet doc | head`.
    if (error.code === 'EPIPE') process.exit(EXIT.done)
  })
  const environment: Environment = {
    cwd: process.cwd(),
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    now: () => new Date(),
    signal: interrupt.signal,
  }
  process.exitCode = await invoke(words, environment)
}

/** Runs one command and explains what went wrong. @returns the exit code */
export async function invoke(words: readonly string[], environment: Environment): Promise<number> {
  try {
    return await dispatch(words, environment)
  } catch (error) {
    if (error instanceof SignetErrors) {
      environment.stderr.write(error.errors.map((each) => showError(each)).join('\n'))
      if (error.errors.length > 1) environment.stderr.write(`\n${error.errors.length} errors.\n`)
      return error.errors[0]?.exit ?? EXIT.error
    }
    if (error instanceof SignetError) {
      environment.stderr.write(showError(error))
      return error.exit
    }
    const bug = error instanceof Error ? error : new Error(String(error))
    environment.stderr.write(`This is a bug in signet, please report it: ${bug.message}\n`)
    environment.stderr.write(
      environment.env['SIGNET_DEBUG'] ? `${bug.stack ?? ''}\n` : 'SIGNET_DEBUG=1 shows where it happened.\n',
    )
    return EXIT.bug
  }
}

async function dispatch(words: readonly string[], environment: Environment): Promise<number> {
  const [name, ...rest] = words
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const command = COMMANDS.find((each) => each.name === rest[0])
    environment.stdout.write(command ? commandHelp(command) : generalHelp(COMMANDS))
    return name === undefined ? EXIT.usage : EXIT.done
  }
  if (name === '--version') {
    environment.stdout.write(`signet ${VERSION}\n`)
    return EXIT.done
  }
  const command = COMMANDS.find((each) => each.name === name)
  if (command === undefined) {
    const near = closest(
      name,
      COMMANDS.map((each) => each.name),
    )
    throw new SignetError('bad-option', `There is no command "${name}".`, {
      hint: near === undefined ? 'See `signet help`.' : `Did you mean \`signet ${near}\`?`,
    })
  }
  const beforeDashes = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  if (beforeDashes.includes('--help') || beforeDashes.includes('-h')) {
    environment.stdout.write(commandHelp(command))
    return EXIT.done
  }
  return command.run(parseOptions(command, rest), environment)
}
