import { basename, join } from 'node:path'
import { SignetError } from '../errors.js'
import { fileValues } from './attributes.js'
import { hashOf, protect } from './file-content.js'
import { defineModule } from './module.js'
import { backupOf, planContent, WRITE_ARGS } from './written-file.js'

export const template = defineModule({
  name: 'template',
  aliases: ['ansible.builtin.template'],
  summary:
    'Renders a Jinja template of the controller with the variables of the host, and puts it there atomically.',
  args: {
    src: {
      type: 'string',
      required: true,
      description: 'Template, looked for in templates/ of the role and playbook.',
    },
    dest: {
      type: 'string',
      required: true,
      description: 'Absolute path on the host; a directory, if it ends with a slash.',
    },
    ...WRITE_ARGS,
  },
  returns: {
    dest: 'Where the file is.',
    checksum: 'SHA-256 of the content.',
    backup_file: 'The copy that backup kept; empty if none.',
    owner: 'Owner.',
    group: 'Group.',
    mode: 'Mode.',
    path: 'Path.',
    state: 'file.',
  },
  examples: [
    {
      description: 'A configuration from a template',
      args: { src: 'app.conf.j2', dest: '/etc/app.conf', owner: 'root', mode: '0644' },
    },
    {
      description: 'A file that is checked before it is put in place',
      args: { src: 'sudoers.j2', dest: '/etc/sudoers.d/app', mode: '0440', validate: 'visudo -cf %s' },
    },
  ],
  contract: [
    {
      args: { src: 'contract.j2', dest: '/root/contract-template', mode: '0640', owner: 'mysql' },
      files: { 'contract.j2': 'a\nb\n' },
      before: 'echo old > /root/contract-template',
      after: 'rm -f /root/contract-template',
    },
  ],
  probe: async (host, args, task) => {
    const path = args.dest.endsWith('/')
      ? join(args.dest, basename(args.src).replace(/\.j2$/, ''))
      : args.dest
    const target = host.ask({ ask: 'file', path, read: 'shown', follow: true })
    target.catch(() => undefined)
    const src = await task.find('templates', args.src)
    const source = await task.controller.ask({ ask: 'file', path: src, read: 'content', follow: true })
    if (source.kind !== 'file' || !Buffer.isBuffer(source.content))
      throw new SignetError('file-not-found', `There is no template ${src}.`)
    const rendered = task.render(source.content.toString(), src)
    return {
      path,
      content: protect(
        typeof rendered === 'string' ? Buffer.from(rendered) : rendered,
        typeof args.mode === 'number' ? args.mode : undefined,
      ),
      file: await target,
    }
  },
  plan: (args, { path, content, file }) => planContent(path, file, content, args),
  result: (args, { path, content, file }, _plan, outcomes) => ({
    ...fileValues(
      path,
      file,
      {
        ...(args.owner === undefined ? {} : { owner: args.owner }),
        ...(args.group === undefined ? {} : { group: args.group }),
        ...(typeof args.mode === 'number' ? { mode: args.mode } : {}),
      },
      'file',
    ),
    dest: path,
    checksum: hashOf(content),
    backup_file: backupOf(outcomes),
  }),
})
