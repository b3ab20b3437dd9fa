import type { FileState } from '../host/question.js'
import { applyMode, showMode } from './file-mode.js'
import type { Difference } from './module.js'

/** Arguments that every module that makes files has. */
export const ATTRIBUTE_ARGS = {
  owner: { type: 'string', description: 'Owner: a name or number.' },
  group: { type: 'string', description: 'Group: a name or number.' },
  mode: { type: 'mode', description: 'Permissions, such as "0644" or "u=rw,g=r".' },
} as const

export interface WantedAttributes {
  readonly owner?: string
  readonly group?: string
  readonly mode?: number | string
}

/** Owner, group and mode that have to be set, and nothing else. */
export function attributesToSet(
  wanted: WantedAttributes,
  file: FileState,
  isDirectory: boolean,
): { readonly owner?: string; readonly group?: string; readonly mode?: number } {
  const present = file.kind === 'absent' ? undefined : file
  const mode =
    wanted.mode === undefined || wanted.mode === 'preserve'
      ? undefined
      : applyMode(wanted.mode, present?.mode ?? (isDirectory ? 0o755 : 0o644), isDirectory)
  const owner =
    wanted.owner !== undefined && present?.owner !== wanted.owner && String(present?.uid) !== wanted.owner
      ? wanted.owner
      : undefined
  const group =
    wanted.group !== undefined && present?.group !== wanted.group && String(present?.gid) !== wanted.group
      ? wanted.group
      : undefined
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(mode === undefined || (present !== undefined && present.mode === mode) ? {} : { mode }),
  }
}

/** All attributes asked for, for a file that is made new: from the start it has them. */
export function attributesFromStart(
  wanted: WantedAttributes,
  file: FileState,
  isDirectory: boolean,
): { readonly owner?: string; readonly group?: string; readonly mode?: number } {
  const current = file.kind === 'absent' ? (isDirectory ? 0o755 : 0o644) : file.mode
  return {
    ...(wanted.owner === undefined ? {} : { owner: wanted.owner }),
    ...(wanted.group === undefined ? {} : { group: wanted.group }),
    ...(wanted.mode === undefined || wanted.mode === 'preserve'
      ? {}
      : { mode: applyMode(wanted.mode, current, isDirectory) }),
  }
}

/** The change of attributes for people. */
export function attributeDifference(
  path: string,
  file: FileState,
  set: WantedAttributes,
): readonly Difference[] {
  if (Object.keys(set).length === 0) return []
  const present = file.kind === 'absent' ? undefined : file
  const lines = (side: 'before' | 'after'): string =>
    (['owner', 'group', 'mode'] as const)
      .filter((name) => set[name] !== undefined)
      .map((name) => {
        const value = side === 'before' ? present?.[name] : set[name]
        return `${name}: ${value === undefined ? 'absent' : typeof value === 'number' ? showMode(value) : value}\n`
      })
      .join('')
  return [{ what: `${path} (attributes)`, before: lines('before'), after: lines('after') }]
}

/** The keys of a file's state that results carry, as Ansible's modules do. */
export function fileValues(
  path: string,
  file: FileState,
  set: WantedAttributes,
  state: string,
): Readonly<Record<string, string | number>> {
  const present = file.kind === 'absent' ? undefined : file
  const mode =
    typeof set.mode === 'number' ? set.mode : (present?.mode ?? (state === 'directory' ? 0o755 : 0o644))
  return {
    path,
    state,
    owner: set.owner ?? present?.owner ?? 'root',
    group: set.group ?? present?.group ?? 'root',
    mode: showMode(mode),
  }
}
