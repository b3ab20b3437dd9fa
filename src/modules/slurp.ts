import { SignetError } from '../errors.js'
import { Unknown } from '../value/unknown.js'
import { defineModule } from './module.js'

export const slurp = defineModule({
  name: 'slurp',
  aliases: ['ansible.builtin.slurp'],
  summary: 'Reads a file of the host, as base64.',
  args: {
    src: { type: 'string', required: true, description: 'Absolute path on the host.', aliases: ['path'] },
  },
  returns: { content: 'The content in base64.', encoding: 'base64', source: 'Path.' },
  examples: [{ description: 'A file', args: { src: '/etc/hostname' } }],
  contract: [{ args: { src: '/etc/hostname' } }],
  probe: (host, args) => host.ask({ ask: 'file', path: args.src, read: 'content', follow: true }),
  plan: () => ({ steps: [], diff: [] }),
  result: (args, file) => {
    if (file.kind !== 'file') throw new SignetError('task-failed', `There is no file ${args.src}.`)
    return {
      content: file.content instanceof Unknown ? file.content : (file.content?.toString('base64') ?? ''),
      encoding: 'base64',
      source: args.src,
    }
  },
})
