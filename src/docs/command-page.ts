import type { Command } from '../cli/command.js'

const cell = (text: string): string => text.replaceAll('|', '\\|')

/** docs/cli.md, made from the commands' own tables of options. */
export function commandPage(commands: readonly Command[]): string {
  return [
    '# Commands',
    '',
    '<!-- Made by `npm run docs` from src/cli. -->',
    '',
    '`signet help COMMAND` shows the same on the command line. Options that ansible-playbook has are spelled as there.',
    'What a run ends with is in [exit-codes.md](exit-codes.md).',
    '',
    ...commands.flatMap((command) => [
      `## signet ${command.name}`,
      '',
      `${command.summary}.`,
      '',
      '```',
      `signet ${command.name} ${command.usage}`,
      '```',
      '',
      ...(command.options.length === 0
        ? []
        : [
            '| Option | Meaning |',
            '| --- | --- |',
            ...command.options.map((option) => {
              const names = [option.name, ...(option.aliases ?? [])].map((name) => `--${name}`)
              const spelled = [...(option.short ? [`-${option.short}`] : []), ...names].map(
                (name) => `\`${name}${option.value ? ` ${option.value}` : ''}\``,
              )
              return `| ${cell(spelled.join(', '))} | ${cell(option.summary)} |`
            }),
            '',
          ]),
    ]),
  ].join('\n')
}
