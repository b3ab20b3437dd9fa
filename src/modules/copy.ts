import { basename, join } from 'node:path'
import { SignetError } from '../errors.js'
import type { HostReader } from '../host/host.js'
import type { FileState, PresentFile } from '../host/question.js'
import type { Step } from '../host/step.js'
import { Secret } from '../value/secret.js'
import { Unknown } from '../value/unknown.js'
import { attributesFromStart, attributesToSet, fileValues } from './attributes.js'
import { hashOf, protect, type Content } from './file-content.js'
import { defineModule, type Difference, type Plan } from './module.js'
import { backupOf, planContent, WRITE_ARGS } from './written-file.js'

/** One file that is to be there, and how it stands. */
interface CopiedFile {
  readonly path: string
  readonly content: Content
  readonly mode: number | undefined
  readonly file: FileState
}

interface CopyState {
  readonly files: readonly CopiedFile[]
  /** Directories to make, for a tree. */
  readonly directories: readonly { readonly path: string; readonly file: FileState }[]
  readonly dest: string
}

export const copy = defineModule({
  name: 'copy',
  aliases: ['ansible.builtin.copy'],
  summary:
    'Copies files, directories or text to hosts; each file is replaced atomically, with its owner and mode from the start.',
  args: {
    src: {
      type: 'string',
      description:
        'File or directory on the controller, looked for in files/ of the role and playbook; with a trailing slash, the content of the directory.',
    },
    content: { type: 'any', description: 'The content itself, instead of src.', mayBeUnknown: true },
    dest: {
      type: 'string',
      required: true,
      description: 'Absolute path on the host; a directory, if it ends with a slash or is one.',
    },
    remote_src: { type: 'boolean', default: false, description: 'src is on the host.' },
    directory_mode: { type: 'mode', description: 'Mode of directories that are made.' },
    follow: { type: 'boolean', default: true, description: 'Accepted; links at dest are written through.' },
    decrypt: { type: 'boolean', default: true, description: 'Accepted for compatibility.' },
    ...WRITE_ARGS,
  },
  rules: { requiredOneOf: [['src', 'content']], mutuallyExclusive: [['src', 'content']] },
  returns: {
    dest: 'Where the file is.',
    checksum: 'SHA-256 of the content.',
    backup_file: 'The copy that backup kept; empty if none.',
    owner: 'Owner.',
    group: 'Group.',
    mode: 'Mode.',
    path: 'Path.',
    state: 'file or directory.',
  },
  examples: [
    { description: 'A text', args: { content: 'Welcome\n', dest: '/etc/motd', mode: '0644' } },
    {
      description: 'A private key that nobody else may read, at no instant',
      args: { content: 'key\n', dest: '/root/server-key.pem', mode: '0600', owner: 'root' },
    },
  ],
  contract: [
    {
      args: { content: 'one\ntwo\n', dest: '/root/contract-copy', mode: '0640', group: 'adm' },
      after: 'rm -f /root/contract-copy',
    },
    {
      args: { content: 'new\n', dest: '/root/contract-copy', mode: 'u=rw,g=,o=' },
      before: 'echo old > /root/contract-copy',
      after: 'rm -f /root/contract-copy',
    },
  ],
  probe: async (host, args, task): Promise<CopyState> => {
    const isFolder = args.dest.endsWith('/')
    const first = isFolder ? args.dest.replace(/\/+$/, '') || '/' : args.dest
    // Asked before the source is looked for: it joins the other questions of this tick.
    const target = host.ask({ ask: 'file', path: first, read: 'shown', follow: true })
    target.catch(() => undefined)
    if (args.content !== undefined) {
      const mode = typeof args.mode === 'number' ? args.mode : undefined
      if (isFolder)
        throw new SignetError('invalid-argument', 'copy: dest must be a file when content is given.')
      return {
        dest: first,
        directories: [],
        files: [
          {
            path: first,
            content: protect(contentOf(args.content), mode),
            mode: undefined,
            file: await target,
          },
        ],
      }
    }
    const reader = args.remote_src ? host : task.controller
    const name = args.src ?? ''
    const src = args.remote_src
      ? name.replace(/\/+$/, '')
      : (await task.find('files', name.replace(/\/+$/, ''))).replace(/\/+$/, '')
    const [source, at] = await Promise.all([
      reader.ask({ ask: 'file', path: src, read: 'content', follow: true }),
      target,
    ])
    if (source.kind === 'directory')
      return tree(host, reader, src, name.endsWith('/') ? first : join(first, basename(src)))
    if (source.kind !== 'file' || source.content === undefined)
      throw new SignetError('file-not-found', `There is no file ${src}.`)
    const path = isFolder || at.kind === 'directory' ? join(first, basename(src)) : first
    const file = path === first ? at : await host.ask({ ask: 'file', path, read: 'shown', follow: true })
    const mode = args.mode === 'preserve' ? source.mode : undefined
    return {
      dest: path,
      directories: [],
      files: [
        {
          path,
          content: protect(source.content, typeof args.mode === 'number' ? args.mode : source.mode),
          mode,
          file,
        },
      ],
    }
  },
  plan: (args, state): Plan => {
    const steps: Step[] = []
    const diff: Difference[] = []
    for (const { path, file } of state.directories) {
      const set = attributesToSet(
        { ...args, ...(args.directory_mode === undefined ? {} : { mode: args.directory_mode }) },
        file,
        true,
      )
      const wanted =
        args.directory_mode === undefined
          ? { owner: args.owner, group: args.group }
          : { owner: args.owner, group: args.group, mode: args.directory_mode }
      const plain = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
      if (file.kind !== 'directory') {
        steps.push({ do: 'make_directory', path, ...attributesFromStart(plain, file, true) })
        diff.push({ what: path, before: '', after: 'directory\n' })
      } else if (args.directory_mode !== undefined && Object.keys(set).length > 0)
        steps.push({ do: 'set_attributes', path, ...set })
    }
    for (const { path, content, file, mode } of state.files) {
      const equal = file.kind === 'file' && file.hash === 'equal' ? true : undefined
      const writing = mode === undefined ? args : { ...args, mode }
      const plan = planContent(path, file, content, writing, equal)
      steps.push(...plan.steps)
      diff.push(...plan.diff)
    }
    return { steps, diff }
  },
  result: (args, state, _plan, outcomes) => {
    const [only] = state.files
    const backup = backupOf(outcomes)
    const set = {
      ...(args.owner === undefined ? {} : { owner: args.owner }),
      ...(args.group === undefined ? {} : { group: args.group }),
      ...(typeof args.mode === 'number' ? { mode: args.mode } : {}),
    }
    const about = fileValues(
      state.dest,
      only?.file ?? { kind: 'absent' },
      set,
      state.directories.length > 0 ? 'directory' : 'file',
    )
    return {
      ...about,
      dest: state.dest,
      checksum: only === undefined ? '' : hashOf(only.content),
      backup_file: backup,
    }
  },
})

function contentOf(value: unknown): Content {
  if (value instanceof Unknown || value instanceof Secret) return value
  return Buffer.from(
    typeof value === 'string'
      ? value
      : typeof value === 'object' && value !== null
        ? JSON.stringify(value)
        : String(value),
  )
}

/** A whole directory: one question tells how all its files stand on the host. */
async function tree(host: HostReader, reader: HostReader, src: string, dest: string): Promise<CopyState> {
  const [from, to, top] = await Promise.all([
    reader.ask({ ask: 'directory', path: src, recurse: true, hash: true }),
    host.ask({ ask: 'directory', path: dest, recurse: true, hash: true }),
    host.ask({ ask: 'file', path: dest, follow: true }),
  ])
  const at = (name: string): FileState => to.entries[name] ?? { kind: 'absent' }
  const names = Object.keys(from.entries)
  const differing = names.filter((name) => {
    const entry = from.entries[name]
    return (
      entry?.kind === 'file' && (at(name).kind !== 'file' || (at(name) as PresentFile).hash !== entry.hash)
    )
  })
  const contents = new Map(
    await Promise.all(
      differing.map(
        async (name) =>
          [
            name,
            await reader.ask({ ask: 'file', path: join(src, name), read: 'content', follow: true }),
          ] as const,
      ),
    ),
  )
  const files = names
    .filter((name) => from.entries[name]?.kind === 'file')
    .map((name): CopiedFile => {
      const read = contents.get(name)
      const file = at(name)
      const content =
        read?.kind === 'file' && read.content !== undefined ? protect(read.content, read.mode) : undefined
      // An equal file needs no content: its own hash stands for it.
      return {
        path: join(dest, name),
        content: content ?? new Unknown('equal'),
        mode: undefined,
        file: content === undefined && file.kind === 'file' ? { ...file, hash: 'equal' } : file,
      }
    })
  const directories = names
    .filter((name) => from.entries[name]?.kind === 'directory')
    .map((name) => ({ path: join(dest, name), file: at(name) }))
  return { dest, files, directories: [{ path: dest, file: top }, ...directories] }
}
