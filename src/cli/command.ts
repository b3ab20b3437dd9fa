import type { Environment } from '../environment.js'

/** One option of a command. Parsing, `signet help` and docs/cli.md derive from it. */
export interface Option {
  /** Long name without dashes, such as `limit`. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  /** `flag` takes no value, `count` may be repeated (-vvv), `text` takes one value, `list` may be repeated. */
  readonly kind: 'flag' | 'count' | 'text' | 'list'
  /** What the value is called in the help, such as `HOSTS`. */
  readonly value?: string
  readonly summary: string
  /** Other long names that mean the same, for ansible-playbook's spellings. */
  readonly aliases?: readonly string[]
}

/** What the user typed, parsed by the command's table of options. */
export interface Invocation {
  readonly positionals: readonly string[]
  readonly flag: (name: string) => boolean
  readonly count: (name: string) => number
  readonly text: (name: string) => string | undefined
  readonly list: (name: string) => readonly string[]
}

/** A command of the program, `signet NAME`. One file in this directory each, one line in commands.ts. */
export interface Command {
  readonly name: string
  readonly summary: string
  /** Arguments as shown in the help, such as `PLAYBOOK… -i INVENTORY`. */
  readonly usage: string
  readonly options: readonly Option[]
  /** Everything after `--` and all words that are no options arrive as positionals, in order. */
  readonly run: (invocation: Invocation, environment: Environment) => Promise<number>
}
