import type { FileState } from '../host/question.js'
import type { Outcome, Step } from '../host/step.js'
import { Secret } from '../value/secret.js'
import {
  ATTRIBUTE_ARGS,
  attributeDifference,
  attributesFromStart,
  attributesToSet,
  type WantedAttributes,
} from './attributes.js'
import { hasContent, shownContent, shownFile, type Content } from './file-content.js'
import type { Difference } from './module.js'

/** Arguments of the modules that put whole files in place. */
export const WRITE_ARGS = {
  backup: {
    type: 'boolean',
    default: false,
    description: 'Keep the file that is replaced, with a time stamp in its name.',
  },
  force: {
    type: 'boolean',
    default: true,
    description: 'Replace a file whose content differs; otherwise only make it when absent.',
  },
  validate: {
    type: 'string',
    description: 'Command with %s for the new file; it is put in place only when the command succeeds.',
  },
  ...ATTRIBUTE_ARGS,
} as const

/** How a file is to be written. */
export interface Writing extends WantedAttributes {
  readonly backup: boolean
  /** Default: true. */
  readonly force?: boolean
  readonly validate?: string
}

/** The steps that give a file a content and its attributes, or only what is missing of them. */
export function planContent(
  path: string,
  file: FileState,
  content: Content,
  args: Writing,
  isEqual = hasContent(file, content),
): { readonly steps: readonly Step[]; readonly diff: readonly Difference[] } {
  const wanted: WantedAttributes = {
    ...(args.owner === undefined ? {} : { owner: args.owner }),
    ...(args.group === undefined ? {} : { group: args.group }),
    ...(args.mode === undefined ? {} : { mode: args.mode }),
  }
  const set = attributesToSet(wanted, file, false)
  const attributes = file.kind === 'absent' ? [] : attributeDifference(path, file, set)
  if (isEqual || (args.force === false && file.kind !== 'absent')) {
    if (Object.keys(set).length === 0) return { steps: [], diff: [] }
    return { steps: [{ do: 'set_attributes', path, ...set }], diff: attributes }
  }
  const secret = content instanceof Secret
  return {
    steps: [
      {
        do: 'write_file',
        path,
        content,
        ...attributesFromStart(wanted, file, false),
        ...(args.backup ? { backup: true } : {}),
        ...(args.validate === undefined ? {} : { validate: args.validate }),
      },
    ],
    diff: [
      { what: path, before: shownFile(file, secret), after: shownContent(content, secret) },
      ...attributes,
    ],
  }
}

/** The copy that `backup` kept; empty if none. */
export function backupOf(outcomes: readonly Outcome[] | undefined): string {
  return outcomes?.find((outcome) => outcome.backup !== undefined)?.backup ?? ''
}
