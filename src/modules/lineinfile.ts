import { ATTRIBUTE_ARGS } from './attributes.js'
import { askForText, EDIT_ARGS, linesOf, planText, textOfFile, textOfLines } from './edited-file.js'
import { defineModule, type Plan } from './module.js'
import { Unknown } from '../value/unknown.js'
import { pythonPattern, pythonReplacement } from './python-pattern.js'
import { backupOf } from './written-file.js'

export const lineinfile = defineModule({
  name: 'lineinfile',
  aliases: ['ansible.builtin.lineinfile'],
  summary: 'Sees to it that a line is in a text file, or that none matches.',
  args: {
    path: {
      type: 'string',
      required: true,
      description: 'Absolute path on the host.',
      aliases: ['dest', 'destfile', 'name'],
    },
    line: { type: 'string', description: 'The line.', aliases: ['value'] },
    regexp: {
      type: 'string',
      description: 'Regular expression of the line to replace (the last that matches) or to remove (all).',
      aliases: ['regex'],
    },
    search_string: { type: 'string', description: 'Text that the line to replace or remove contains.' },
    state: {
      type: 'string',
      enum: ['present', 'absent'],
      default: 'present',
      description: 'Whether the line shall be there.',
    },
    insertafter: {
      type: 'string',
      description: 'Put a new line after the last line that matches; EOF for the end (default).',
    },
    insertbefore: {
      type: 'string',
      description: 'Put a new line before the last line that matches; BOF for the beginning.',
    },
    backrefs: {
      type: 'boolean',
      default: false,
      description: 'line may refer to groups of regexp; nothing is added when none matches.',
    },
    firstmatch: {
      type: 'boolean',
      default: false,
      description: 'The first line that matches counts, not the last.',
    },
    ...EDIT_ARGS,
    ...ATTRIBUTE_ARGS,
  },
  rules: {
    mutuallyExclusive: [
      ['regexp', 'search_string'],
      ['insertafter', 'insertbefore'],
    ],
    requiredIf: [['state', 'present', ['line']]],
  },
  returns: {
    backup: 'The copy that backup kept; empty if none.',
    found: 'Number of lines that were removed.',
  },
  examples: [
    {
      description: 'Replace a setting, or add it',
      args: { path: '/etc/login.defs', regexp: '^UMASK\\s', line: 'UMASK 027' },
    },
    { description: 'Remove lines', args: { path: '/etc/hosts', regexp: '\\sold-name$', state: 'absent' } },
  ],
  contract: [
    {
      args: { path: '/root/contract-line', regexp: '^b=', line: 'b=3' },
      before: 'printf "a=1\\nb=2\\n" > /root/contract-line',
      after: 'rm -f /root/contract-line',
    },
    {
      args: { path: '/root/contract-line', line: 'new', create: true, mode: '0600' },
      after: 'rm -f /root/contract-line',
    },
    {
      args: { path: '/root/contract-line', regexp: '^a', state: 'absent' },
      before: 'printf "a\\nb\\na2\\n" > /root/contract-line',
      after: 'rm -f /root/contract-line',
    },
  ],
  probe: (host, args) => askForText(host, args.path),
  plan: (args, file): Plan => {
    const text = textOfFile(args.path, file)
    if (text instanceof Unknown) return { steps: [], diff: [], unknown: text }
    if (text === undefined && args.state === 'absent') return { steps: [], diff: [] }
    if (text === undefined && !args.create)
      return { steps: [], diff: [], failure: `${args.path} is absent; create: yes would make it.` }
    const lines = linesOf(text ?? '')
    const regular = args.regexp === undefined ? undefined : pythonPattern(args.regexp)
    const matches = (line: string): boolean =>
      regular
        ? regular.test(line)
        : args.search_string !== undefined
          ? line.includes(args.search_string)
          : line === args.line
    if (args.state === 'absent')
      return planText(
        args.path,
        file,
        textOfLines(
          lines.filter((line) => !matches(line)),
          text ?? '',
        ),
        args,
      )
    return planText(args.path, file, textOfLines(withLine(lines, args, matches, regular), text ?? ''), args)
  },
  result: (args, file, _plan, outcomes) => {
    const text = file.kind === 'file' && Buffer.isBuffer(file.content) ? file.content.toString() : ''
    const regular = args.regexp === undefined ? undefined : pythonPattern(args.regexp)
    const found =
      args.state === 'absent'
        ? linesOf(text).filter((line) => (regular ? regular.test(line) : line === args.line)).length
        : 0
    return { backup: backupOf(outcomes), found }
  },
})

interface Wanted {
  readonly line?: string
  readonly insertafter?: string
  readonly insertbefore?: string
  readonly backrefs: boolean
  readonly firstmatch: boolean
}

function withLine(
  lines: readonly string[],
  args: Wanted,
  matches: (line: string) => boolean,
  regular: RegExp | undefined,
): readonly string[] {
  const line = args.line ?? ''
  const find = (test: (line: string) => boolean): number =>
    args.firstmatch ? lines.findIndex(test) : lines.findLastIndex(test)
  const at = find(matches)
  if (at >= 0) {
    const old = lines[at] ?? ''
    const found = args.backrefs && regular ? regular.exec(old) : null
    const next = found === null ? line : pythonReplacement(line, found)
    return next === old ? lines : lines.with(at, next)
  }
  if (args.backrefs || lines.includes(line)) return lines
  const { insertbefore, insertafter } = args
  if (insertbefore === 'BOF') return [line, ...lines]
  const anchor = insertbefore ?? insertafter
  if (anchor === undefined || anchor === 'EOF') return [...lines, line]
  const anchorAt = find((each) => pythonPattern(anchor).test(each))
  if (anchorAt < 0) return [...lines, line]
  return lines.toSpliced(insertbefore === undefined ? anchorAt + 1 : anchorAt, 0, line)
}
