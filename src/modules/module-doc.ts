import { dump } from 'js-yaml'
import { showValue } from '../value/shape.js'
import type { Module } from './module.js'
import type { ArgumentSchema } from './schema.js'

/** The documentation of a module as Markdown, made from its schema: `signet doc` and docs/modules. */
export function moduleDoc(module: Module): string {
  const lines = [`# ${module.name}`, '', module.summary, '']
  if (module.aliases.length > 0)
    lines.push(`Also known as ${module.aliases.map((alias) => `\`${alias}\``).join(', ')}.`, '')
  lines.push('## Arguments', '')
  for (const [name, argument] of Object.entries(module.args)) lines.push(...argumentLines(name, argument))
  const rules = ruleLines(module)
  if (rules.length > 0) lines.push('', ...rules)
  if (Object.keys(module.returns).length > 0) {
    lines.push('', '## Result', '')
    for (const [name, description] of Object.entries(module.returns))
      lines.push(`- \`${name}\`: ${description}`)
  }
  lines.push('', '## Examples', '', '```yaml')
  for (const example of module.examples) {
    lines.push(
      `- name: ${example.description}`,
      ...dump({ [module.name]: example.args }, { lineWidth: -1 })
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
      '',
    )
  }
  if (lines.at(-1) === '') lines.pop()
  lines.push('```', '')
  return lines.join('\n')
}

function argumentLines(
  name: string,
  argument: ArgumentSchema & { readonly required?: true },
): readonly string[] {
  const facts = [
    argument.enum ? argument.enum.map((each) => `\`${each}\``).join(' or ') : argument.type,
    ...(argument.required === true ? ['required'] : []),
    ...(argument.default === undefined ? [] : [`default \`${showValue(argument.default)}\``]),
    ...(argument.secret === true ? ['secret'] : []),
    ...(argument.aliases === undefined
      ? []
      : [`also ${argument.aliases.map((alias) => `\`${alias}\``).join(', ')}`]),
  ]
  return [`- \`${name}\` (${facts.join(', ')}): ${argument.description}`]
}

function ruleLines(module: Module): readonly string[] {
  const names = (list: readonly string[]): string => list.map((each) => `\`${each}\``).join(', ')
  return [
    ...(module.rules?.mutuallyExclusive ?? []).map((list) => `${names(list)} exclude each other.`),
    ...(module.rules?.requiredOneOf ?? []).map((list) => `One of ${names(list)} is needed.`),
    ...(module.rules?.requiredTogether ?? []).map((list) => `${names(list)} are needed together.`),
    ...(module.rules?.requiredIf ?? []).map(
      ([name, value, list]) => `\`${name}: ${showValue(value)}\` needs ${names(list)}.`,
    ),
  ]
}
