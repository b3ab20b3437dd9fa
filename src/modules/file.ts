import { join } from 'node:path'
import type { DirectoryState, FileState } from '../host/question.js'
import type { Step } from '../host/step.js'
import {
  ATTRIBUTE_ARGS,
  attributeDifference,
  attributesFromStart,
  attributesToSet,
  fileValues,
  type WantedAttributes,
} from './attributes.js'
import { defineModule, type Difference, type Plan } from './module.js'

export const file = defineModule({
  name: 'file',
  aliases: ['ansible.builtin.file'],
  summary: 'Sees to files, directories and links: that they are there or not, with their owner and mode.',
  args: {
    path: {
      type: 'string',
      required: true,
      description: 'Absolute path on the host.',
      aliases: ['dest', 'name'],
    },
    state: {
      type: 'string',
      enum: ['file', 'directory', 'link', 'hard', 'touch', 'absent'],
      description: 'What it shall be. Default: what it is; a file.',
    },
    src: { type: 'string', description: 'Where a link points.' },
    recurse: {
      type: 'boolean',
      default: false,
      description: 'Set owner, group and mode of everything below a directory, too.',
    },
    force: {
      type: 'boolean',
      default: false,
      description: 'Make a link although its target is absent or something else is in its place.',
    },
    follow: { type: 'boolean', default: true, description: 'Look at what a link points to.' },
    ...ATTRIBUTE_ARGS,
  },
  rules: {
    requiredIf: [
      ['state', 'link', ['src']],
      ['state', 'hard', ['src']],
    ],
  },
  returns: {
    path: 'Path.',
    state: 'What it is.',
    owner: 'Owner.',
    group: 'Group.',
    mode: 'Mode.',
    dest: 'Path.',
  },
  examples: [
    {
      description: 'A directory',
      args: { path: '/etc/mysql/ssl', state: 'directory', owner: 'mysql', group: 'mysql', mode: '0750' },
    },
    { description: 'A link', args: { path: '/root/log', src: '/var/log', state: 'link' } },
    { description: 'Nothing', args: { path: '/root/obsolete', state: 'absent' } },
  ],
  contract: [
    {
      args: { path: '/root/contract/dir', state: 'directory', mode: '0700' },
      after: 'rm -rf /root/contract',
    },
    {
      args: { path: '/root/contract-link', src: '/var/log', state: 'link' },
      after: 'rm -f /root/contract-link',
    },
    {
      args: { path: '/root/contract-file', state: 'absent' },
      before: 'mkdir -p /root/contract-file/a; touch /root/contract-file/a/b',
    },
    {
      args: { path: '/root/contract-file', mode: 'g+w', owner: 'mysql' },
      before: 'touch /root/contract-file',
      after: 'rm -f /root/contract-file',
    },
    {
      args: { path: '/root/contract-tree', state: 'directory', recurse: true, owner: 'mysql' },
      before: 'mkdir -p /root/contract-tree/a; touch /root/contract-tree/a/b',
      after: 'rm -rf /root/contract-tree',
    },
  ],
  probe: async (host, args): Promise<{ file: FileState; below: DirectoryState | undefined }> => {
    const follow = args.follow && args.state !== 'link' && args.state !== 'absent'
    const [found, below] = await Promise.all([
      host.ask({ ask: 'file', path: args.path, follow }),
      args.recurse ? host.ask({ ask: 'directory', path: args.path, recurse: true }) : undefined,
    ])
    return { file: found, below }
  },
  plan: (args, { file: found, below }): Plan => {
    const { path } = args
    const wanted: WantedAttributes = {
      ...(args.owner === undefined ? {} : { owner: args.owner }),
      ...(args.group === undefined ? {} : { group: args.group }),
      ...(args.mode === undefined ? {} : { mode: args.mode }),
    }
    const state = args.state ?? (found.kind === 'absent' ? 'file' : found.kind)
    const made = (step: Step, after: string): Plan => ({
      steps: [step],
      diff: [{ what: path, before: found.kind === 'absent' ? '' : `${found.kind}\n`, after: `${after}\n` }],
    })
    switch (state) {
      case 'absent':
        return found.kind === 'absent'
          ? { steps: [], diff: [] }
          : { steps: [{ do: 'remove', path }], diff: [{ what: path, before: `${found.kind}\n`, after: '' }] }
      case 'touch':
        return found.kind === 'absent'
          ? made({ do: 'touch', path, ...attributesFromStart(wanted, found, false) }, 'file')
          : {
              ...made({ do: 'touch', path, ...attributesToSet(wanted, found, false) }, 'touched'),
              everyTime: true,
            }
      case 'directory':
        if (found.kind === 'absent')
          return made(
            { do: 'make_directory', path, ...attributesFromStart(wanted, found, true) },
            'directory',
          )
        if (found.kind !== 'directory')
          return { steps: [], diff: [], failure: `${path} is a ${found.kind}, not a directory.` }
        return attributes(path, found, wanted, below)
      case 'link':
      case 'hard': {
        const target = args.src ?? ''
        if (state === 'link' && found.kind === 'link' && found.target === target)
          return { steps: [], diff: [] }
        if (found.kind !== 'absent' && found.kind !== 'link' && !args.force)
          return {
            steps: [],
            diff: [],
            failure: `${path} is a ${found.kind}; it is replaced by a link only with force.`,
          }
        return made(
          { do: 'make_link', path, target, ...(state === 'hard' ? { hard: true } : {}), ...owned(wanted) },
          `${state} to ${target}`,
        )
      }
      default:
        if (found.kind === 'absent')
          return { steps: [], diff: [], failure: `${path} is absent; state: touch would make an empty file.` }
        return attributes(path, found, wanted, below)
    }
  },
  result: (args, { file: found }, plan) => {
    const [step] = plan.steps
    const set =
      step !== undefined && 'mode' in step && typeof step.mode === 'number' ? { mode: step.mode } : {}
    const state =
      args.state === 'touch' ? 'file' : (args.state ?? (found.kind === 'absent' ? 'absent' : found.kind))
    return {
      ...fileValues(
        args.path,
        found,
        {
          ...(args.owner === undefined ? {} : { owner: args.owner }),
          ...(args.group === undefined ? {} : { group: args.group }),
          ...set,
        },
        state,
      ),
      dest: args.path,
    }
  },
})

const owned = (wanted: WantedAttributes): { owner?: string; group?: string } => ({
  ...(wanted.owner === undefined ? {} : { owner: wanted.owner }),
  ...(wanted.group === undefined ? {} : { group: wanted.group }),
})

/** Owner, group and mode of a path, and of all below it. */
function attributes(
  path: string,
  found: FileState,
  wanted: WantedAttributes,
  below: DirectoryState | undefined,
): Plan {
  const steps: Step[] = []
  const diff: Difference[] = []
  const see = (one: string, state: FileState): void => {
    if (state.kind === 'absent' || (state.kind === 'link' && one !== path)) return
    const set = attributesToSet(wanted, state, state.kind === 'directory')
    if (Object.keys(set).length === 0) return
    steps.push({ do: 'set_attributes', path: one, ...set })
    diff.push(...attributeDifference(one, state, set))
  }
  see(path, found)
  for (const [name, state] of Object.entries(below?.entries ?? {})) see(join(path, name), state)
  return { steps, diff }
}
