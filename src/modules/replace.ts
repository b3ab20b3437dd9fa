import { Unknown } from '../value/unknown.js'
import { ATTRIBUTE_ARGS } from './attributes.js'
import { askForText, EDIT_ARGS, planText, textOfFile } from './edited-file.js'
import { defineModule, type Plan } from './module.js'
import { pythonPattern, pythonReplacement } from './python-pattern.js'
import { backupOf } from './written-file.js'

export const replace = defineModule({
  name: 'replace',
  aliases: ['ansible.builtin.replace'],
  summary: 'Replaces everything in a text file that a regular expression matches.',
  args: {
    path: {
      type: 'string',
      required: true,
      description: 'Absolute path on the host.',
      aliases: ['dest', 'destfile', 'name'],
    },
    regexp: {
      type: 'string',
      required: true,
      description: 'Regular expression; ^ and $ match at every line.',
    },
    replace: {
      type: 'string',
      default: '',
      description: 'What is put in its place; may refer to groups: \\1.',
    },
    backup: EDIT_ARGS.backup,
    validate: EDIT_ARGS.validate,
    ...ATTRIBUTE_ARGS,
  },
  returns: { backup: 'The copy that backup kept; empty if none.' },
  examples: [
    {
      description: 'Another port',
      args: { path: '/etc/services', regexp: '^(mysql\\s+)3306/', replace: '\\g<1>3307/' },
    },
    { description: 'Without comments', args: { path: '/etc/hosts', regexp: '^#.*\\n' } },
  ],
  contract: [
    {
      args: { path: '/root/contract-replace', regexp: '^a(\\d)', replace: 'b\\1' },
      before: 'printf "a1\\na2\\n" > /root/contract-replace',
      after: 'rm -f /root/contract-replace',
    },
  ],
  probe: (host, args) => askForText(host, args.path),
  plan: (args, file): Plan => {
    const text = textOfFile(args.path, file)
    if (text instanceof Unknown) return { steps: [], diff: [], unknown: text }
    if (text === undefined) return { steps: [], diff: [], failure: `${args.path} is absent.` }
    const pattern = pythonPattern(args.regexp, 'gm')
    let result = ''
    let last = 0
    for (const found of text.matchAll(pattern)) {
      result += text.slice(last, found.index) + pythonReplacement(args.replace, found)
      last = found.index + found[0].length
    }
    return planText(args.path, file, result + text.slice(last), args)
  },
  result: (_args, _file, _plan, outcomes) => ({
    backup: backupOf(outcomes),
  }),
})
