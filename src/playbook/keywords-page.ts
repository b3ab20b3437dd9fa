import { ENGINE_ACTIONS } from './action-table.js'
import { KEYWORDS, type Keyword } from './keywords.js'

const TYPES: Readonly<Record<Keyword['type'], string>> = {
  text: 'text',
  boolean: 'yes or no',
  integer: 'whole number',
  number: 'number',
  texts: 'text or list of texts',
  list: 'list',
  map: 'mapping',
  maps: 'mapping or list of mappings',
  condition: 'condition or list of conditions',
  items: 'list of tasks',
  any: 'any value',
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

/** docs/keywords.md, made from the tables. */
export function keywordsPage(): string {
  const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  const honoured = KEYWORDS.filter((keyword) => keyword.refused === undefined)
  const refused = KEYWORDS.filter((keyword) => keyword.refused !== undefined)
  return [
    '# Keywords',
    '',
    '<!-- Made by `npm run docs` from src/playbook/keywords.ts and src/playbook/action-table.ts. -->',
    '',
    "Every keyword of Ansible's is either honoured or refused, with its place in the file, before any connection is",
    'opened; none is ignored. A value may be a template wherever it is not a list of tasks or a mapping.',
    '',
    '## Honoured',
    '',
    '| Keyword | May stand in | Value | Meaning |',
    '| --- | --- | --- | --- |',
    ...honoured.map((keyword) =>
      row([`\`${keyword.name}\``, keyword.levels.join(', '), TYPES[keyword.type], keyword.summary]),
    ),
    '',
    '## Refused',
    '',
    '| Keyword | In a | In Ansible | Instead |',
    '| --- | --- | --- | --- |',
    ...refused.map((keyword) =>
      row([`\`${keyword.name}\``, keyword.levels.join(', '), keyword.summary, keyword.refused ?? '']),
    ),
    '',
    '## Actions of signet itself',
    '',
    'These stand where a module may, also as `ansible.builtin.NAME`. They happen on the controller.',
    '',
    ...ENGINE_ACTIONS.flatMap((action) => [
      `### ${action.name}`,
      '',
      action.summary,
      '',
      ...Object.entries(action.args).map(([name, argument]) => {
        const notes = [
          argument.required === true ? 'required' : '',
          argument.enum ? `one of ${argument.enum.join(', ')}` : '',
          argument.aliases ? `also ${argument.aliases.join(', ')}` : '',
        ].filter((note) => note !== '')
        return `- \`${name}\`${notes.length === 0 ? '' : ` (${notes.join('; ')})`}: ${argument.description}`
      }),
      ...(action.anyArguments === true ? ['- anything else: a variable of the host.'] : []),
      '',
    ]),
  ].join('\n')
}
