import { Unknown } from '../value/unknown.js'
import { ATTRIBUTE_ARGS } from './attributes.js'
import { askForText, EDIT_ARGS, linesOf, planText, textOfFile, textOfLines } from './edited-file.js'
import { defineModule, type Plan } from './module.js'
import { pythonPattern } from './python-pattern.js'
import { backupOf } from './written-file.js'

export const blockinfile = defineModule({
  name: 'blockinfile',
  aliases: ['ansible.builtin.blockinfile'],
  summary: 'Sees to a block of lines in a text file, between two marker lines.',
  args: {
    path: {
      type: 'string',
      required: true,
      description: 'Absolute path on the host.',
      aliases: ['dest', 'destfile', 'name'],
    },
    block: {
      type: 'string',
      default: '',
      description: 'The lines; empty removes the block.',
      aliases: ['content'],
    },
    marker: {
      type: 'string',
      default: '# {mark} ANSIBLE MANAGED BLOCK',
      description: 'Marker lines; {mark} becomes BEGIN and END.',
    },
    marker_begin: { type: 'string', default: 'BEGIN', description: 'What {mark} becomes above.' },
    marker_end: { type: 'string', default: 'END', description: 'What {mark} becomes below.' },
    state: {
      type: 'string',
      enum: ['present', 'absent'],
      default: 'present',
      description: 'Whether the block shall be there.',
    },
    insertafter: {
      type: 'string',
      description: 'Put a new block after the last line that matches; EOF for the end (default).',
    },
    insertbefore: {
      type: 'string',
      description: 'Put a new block before the last line that matches; BOF for the beginning.',
    },
    ...EDIT_ARGS,
    ...ATTRIBUTE_ARGS,
  },
  rules: { mutuallyExclusive: [['insertafter', 'insertbefore']] },
  returns: { backup: 'The copy that backup kept; empty if none.' },
  examples: [
    { description: 'Names of the lab', args: { path: '/etc/hosts', block: '10.80.0.11 s1\n10.80.0.12 s2' } },
    { description: 'No block', args: { path: '/etc/hosts', state: 'absent' } },
  ],
  contract: [
    {
      args: { path: '/root/contract-block', block: 'a\nb', insertafter: '^x' },
      before: 'printf "x\\ny\\n" > /root/contract-block',
      after: 'rm -f /root/contract-block',
    },
  ],
  probe: (host, args) => askForText(host, args.path),
  plan: (args, file): Plan => {
    const text = textOfFile(args.path, file)
    if (text instanceof Unknown) return { steps: [], diff: [], unknown: text }
    const wanted = args.state === 'present' && args.block !== ''
    if (text === undefined && !wanted) return { steps: [], diff: [] }
    if (text === undefined && !args.create)
      return { steps: [], diff: [], failure: `${args.path} is absent; create: yes would make it.` }
    const lines = linesOf(text ?? '')
    const begin = args.marker.replaceAll('{mark}', args.marker_begin)
    const end = args.marker.replaceAll('{mark}', args.marker_end)
    const from = lines.lastIndexOf(begin)
    const to = lines.indexOf(end, from)
    const block = wanted ? [begin, ...linesOf(args.block), end] : []
    if (from >= 0 && to > from)
      return planText(
        args.path,
        file,
        textOfLines(lines.toSpliced(from, to - from + 1, ...block), text ?? ''),
        args,
      )
    return planText(
      args.path,
      file,
      textOfLines(lines.toSpliced(position(lines, args), 0, ...block), text ?? ''),
      args,
    )
  },
  result: (_args, _file, _plan, outcomes) => ({
    backup: backupOf(outcomes),
  }),
})

function position(
  lines: readonly string[],
  args: { readonly insertafter?: string; readonly insertbefore?: string },
): number {
  const { insertafter, insertbefore } = args
  if (insertbefore === 'BOF') return 0
  const anchor = insertbefore ?? insertafter
  if (anchor === undefined || anchor === 'EOF') return lines.length
  const at = lines.findLastIndex((line) => pythonPattern(anchor).test(line))
  return at < 0 ? lines.length : insertbefore === undefined ? at + 1 : at
}
