import { Unknown } from '../value/unknown.js'
import { ATTRIBUTE_ARGS } from './attributes.js'
import { askForText, EDIT_ARGS, linesOf, planText, textOfFile, textOfLines } from './edited-file.js'
import { defineModule, type Plan } from './module.js'
import { backupOf } from './written-file.js'

export const ini_file = defineModule({
  name: 'ini_file',
  aliases: ['community.general.ini_file'],
  summary: 'Sees to an option of an INI file; comments, order and everything else stay.',
  args: {
    path: { type: 'string', required: true, description: 'Absolute path on the host.', aliases: ['dest'] },
    section: { type: 'string', default: '', description: 'Section; empty for options before the first one.' },
    option: { type: 'string', description: 'Option; without it, the whole section.' },
    value: { type: 'string', description: 'Its value.' },
    state: {
      type: 'string',
      enum: ['present', 'absent'],
      default: 'present',
      description: 'Whether it shall be there.',
    },
    no_extra_spaces: { type: 'boolean', default: false, description: 'No blanks around =.' },
    allow_no_value: {
      type: 'boolean',
      default: false,
      description: 'An option without a value is written without =.',
    },
    backup: EDIT_ARGS.backup,
    create: { ...EDIT_ARGS.create, default: true },
    validate: EDIT_ARGS.validate,
    ...ATTRIBUTE_ARGS,
  },
  returns: { path: 'Path.', backup_file: 'The copy that backup kept; empty if none.' },
  examples: [
    {
      description: 'An option',
      args: { path: '/root/app.ini', section: 'server', option: 'port', value: '8080' },
    },
    { description: 'No such section', args: { path: '/root/app.ini', section: 'debug', state: 'absent' } },
  ],
  contract: [
    {
      args: { path: '/root/contract.ini', section: 'a', option: 'x', value: '2' },
      before: 'printf "# c\\n[a]\\nx = 1\\n[b]\\nx = 1\\n" > /root/contract.ini',
      after: 'rm -f /root/contract.ini',
    },
    {
      args: { path: '/root/contract.ini', section: 'new', option: 'x', value: '2' },
      after: 'rm -f /root/contract.ini',
    },
  ],
  probe: (host, args) => askForText(host, args.path),
  plan: (args, file): Plan => {
    const text = textOfFile(args.path, file)
    if (text instanceof Unknown) return { steps: [], diff: [], unknown: text }
    if (text === undefined && args.state === 'absent') return { steps: [], diff: [] }
    if (text === undefined && !args.create) return { steps: [], diff: [], failure: `${args.path} is absent.` }
    return planText(args.path, file, textOfLines(edited(linesOf(text ?? ''), args), text ?? ''), args)
  },
  result: (args, _file, _plan, outcomes) => ({
    path: args.path,
    backup_file: backupOf(outcomes),
  }),
})

interface Wanted {
  readonly section: string
  readonly option?: string
  readonly value?: string
  readonly state: 'present' | 'absent'
  readonly no_extra_spaces: boolean
  readonly allow_no_value: boolean
}

function edited(lines: readonly string[], args: Wanted): readonly string[] {
  const sectionAt = (line: string): string | undefined => /^\s*\[([^\]]*)\]/.exec(line)?.[1]?.trim()
  const start = args.section === '' ? -1 : lines.findIndex((line) => sectionAt(line) === args.section)
  const exists = args.section === '' || start >= 0
  const next = exists ? lines.findIndex((line, index) => index > start && sectionAt(line) !== undefined) : -1
  const end = next < 0 ? lines.length : next
  if (args.option === undefined) {
    if (args.state === 'absent')
      return exists ? lines.toSpliced(Math.max(0, start), end - Math.max(0, start)) : lines
    return exists ? lines : [...lines, `[${args.section}]`]
  }
  const name = args.option
  const line =
    args.value === undefined && args.allow_no_value
      ? name
      : `${name}${args.no_extra_spaces ? '=' : ' = '}${args.value ?? ''}`
  const isOption = (each: string): boolean =>
    (/^\s*([^=:#;[]+?)\s*(?:[=:].*)?$/.exec(each)?.[1] ?? '') === name
  if (!exists) return args.state === 'absent' ? lines : [...lines, `[${args.section}]`, line]
  const at = lines.findIndex((each, index) => index > start && index < end && isOption(each))
  if (args.state === 'absent') return at < 0 ? lines : lines.toSpliced(at, 1)
  if (at >= 0) {
    const value = /[=:]\s*(.*?)\s*$/.exec(lines[at] ?? '')?.[1]
    return value === (args.value ?? '') ? lines : lines.with(at, line)
  }
  // After the last line of the section that is not blank.
  let last = end
  while (last > start + 1 && (lines[last - 1] ?? '').trim() === '') last--
  return lines.toSpliced(last, 0, line)
}
