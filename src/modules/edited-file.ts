import { SignetError } from '../errors.js'
import type { HostReader } from '../host/host.js'
import type { FileState } from '../host/question.js'
import { Unknown } from '../value/unknown.js'
import { protect } from './file-content.js'
import type { Plan } from './module.js'
import { planContent, WRITE_ARGS, type Writing } from './written-file.js'

/** Arguments of all modules that edit a text file in place. */
export const EDIT_ARGS = {
  backup: {
    type: 'boolean',
    default: false,
    description: 'Keep the file as it was, with a time stamp in its name.',
  },
  create: { type: 'boolean', default: false, description: 'Make the file when it is absent.' },
  validate: WRITE_ARGS.validate,
} as const

export function askForText(host: HostReader, path: string): Promise<FileState> {
  return host.ask({ ask: 'file', path, read: 'content', follow: true })
}

/** The text of a file; undefined if it is absent. @throws SignetError when it can't be edited as a text */
export function textOfFile(path: string, file: FileState): string | Unknown | undefined {
  if (file.kind === 'absent') return undefined
  if (file.kind !== 'file') throw new SignetError('task-failed', `${path} is a ${file.kind}, not a file.`)
  if (file.content instanceof Unknown) return file.content
  const text = file.content?.toString() ?? ''
  // Bytes that are no UTF-8 would come back as others.
  if (file.content !== undefined && !Buffer.from(text).equals(file.content))
    throw new SignetError('task-failed', `${path} is no text in UTF-8; it can not be edited as one.`, {
      hint: 'Copy the whole file instead, or convert it with iconv first.',
    })
  return text
}

/** The plan that gives a file a new text. The same text: only its attributes. */
export function planText(path: string, file: FileState, text: string, args: Writing): Plan {
  const mode = file.kind === 'file' ? file.mode : typeof args.mode === 'number' ? args.mode : undefined
  return planContent(path, file, protect(Buffer.from(text), mode), args)
}

/** Lines of a text without their breaks. */
export function linesOf(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** The text of edited lines. The same lines: the text as it was, though its last line may have no break. */
export function textOfLines(lines: readonly string[], before: string): string {
  const same = linesOf(before)
  if (lines.length === same.length && lines.every((line, index) => line === same[index])) return before
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
