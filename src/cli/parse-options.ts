import { parseArgs } from 'node:util'
import { SignetError } from '../errors.js'
import { closest } from '../source/closest.js'
import type { Command, Invocation, Option } from './command.js'

/**
 * Parses what was typed after a command's name by its table of options.
 * @throws SignetError bad-option for an unknown option or a value that is missing
 */
export function parseOptions(command: Command, words: readonly string[]): Invocation {
  const byName = new Map<string, Option>()
  for (const option of command.options) {
    for (const name of [option.name, ...(option.aliases ?? [])]) byName.set(name, option)
  }
  const byShort = new Map(
    command.options.flatMap((option) => (option.short ? [[option.short, option] as const] : [])),
  )
  const options = Object.fromEntries(
    [...byName].map(([name, option]) => [
      name,
      {
        type: option.kind === 'flag' || option.kind === 'count' ? ('boolean' as const) : ('string' as const),
        multiple: true as const,
        ...(option.short !== undefined && option.name === name ? { short: option.short } : {}),
      },
    ]),
  )
  const { tokens } = parseArgs({
    args: [...words],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })

  const given = new Map<string, string[]>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const option =
      byName.get(token.name) ?? (token.rawName.startsWith('--') ? undefined : byShort.get(token.name))
    if (option === undefined) {
      const near = closest(token.name, [...byName.keys()])
      throw new SignetError('bad-option', `signet ${command.name} has no option ${token.rawName}.`, {
        hint: near === undefined ? `See \`signet help ${command.name}\`.` : `Did you mean --${near}?`,
      })
    }
    const takesValue = option.kind === 'text' || option.kind === 'list'
    if (takesValue && token.value === undefined) {
      throw new SignetError(
        'bad-option',
        `The option ${token.rawName} needs a value: ${option.value ?? 'VALUE'}.`,
      )
    }
    if (!takesValue && token.value !== undefined) {
      throw new SignetError('bad-option', `The option ${token.rawName} takes no value.`)
    }
    given.set(option.name, [...(given.get(option.name) ?? []), token.value ?? ''])
  }
  return {
    positionals,
    flag: (name) => given.has(name),
    count: (name) => given.get(name)?.length ?? 0,
    text: (name) => given.get(name)?.at(-1),
    list: (name) => given.get(name) ?? [],
  }
}
