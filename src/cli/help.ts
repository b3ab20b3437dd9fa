import type { Command } from './command.js'

/** What `signet help` prints. */
export function generalHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => command.name.length))
  return [
    'signet runs playbooks on hosts that have nothing but sshd and a shell.',
    '',
    'Usage: signet COMMAND …',
    '',
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    '`signet help COMMAND` shows the options of a command.',
    '',
  ].join('\n')
}

/** What `signet help COMMAND` prints. */
export function commandHelp(command: Command): string {
  const rows = command.options.map((option) => {
    const names = [option.name, ...(option.aliases ?? [])].map((name) => `--${name}`)
    const left = [...(option.short ? [`-${option.short}`] : []), ...names].join(', ')
    return [`${left}${option.value ? ` ${option.value}` : ''}`, option.summary] as const
  })
  const width = Math.min(34, Math.max(0, ...rows.map(([left]) => left.length)))
  return [
    command.summary + '.',
    '',
    `Usage: signet ${command.name} ${command.usage}`,
    '',
    ...rows.map(([left, summary]) =>
      left.length > width
        ? `  ${left}\n  ${' '.repeat(width)}  ${summary}`
        : `  ${left.padEnd(width)}  ${summary}`,
    ),
    '',
  ].join('\n')
}
