import { createHash } from 'node:crypto'
import { SHOWN_LIMIT, type FileState } from '../host/question.js'
import { Secret } from '../value/secret.js'
import { Unknown } from '../value/unknown.js'

export type Content = Buffer | Secret | Unknown

/** SHA-256 of a content in hex; of an unknown one, itself. */
export function hashOf(content: Content): string | Unknown {
  if (content instanceof Unknown) return content
  return createHash('sha256')
    .update(content instanceof Secret ? content.reveal() : content)
    .digest('hex')
}

/** Whether a file has a content already. What is yet to be made differs from everything but itself. */
export function hasContent(file: FileState, content: Content): boolean {
  if (file.kind !== 'file') return false
  const wanted = hashOf(content)
  return wanted instanceof Unknown ? file.hash === wanted || file.content === wanted : file.hash === wanted
}

/** Contents that must not be shown: private keys, and files that others may not read. */
export function protect(content: Content, mode: number | undefined): Content {
  if (!Buffer.isBuffer(content)) return content
  const closed = mode !== undefined && (mode & 0o077) === 0
  if (!closed && !content.includes('PRIVATE KEY-----')) return content
  const text = content.toString()
  // Bytes that are no text can't be a Secret; they are never shown anyway.
  return Buffer.from(text).equals(content) ? new Secret(text) : content
}

/** The content that a file has before a task, as a side of a difference. The file was asked for what can be shown. */
export function shownFile(file: FileState, secret: boolean): string | Secret | Unknown {
  if (file.kind !== 'file') return ''
  if (file.content === undefined && typeof file.hash === 'string') {
    const short = inShort(file.size, file.hash)
    return secret ? new Secret(short) : short
  }
  return shownContent(file.content, secret)
}

const inShort = (size: number, hash: string): string => `(${size} bytes, SHA-256 ${hash.slice(0, 16)}…)\n`

/** A content as a side of a difference. */
export function shownContent(content: Content | undefined, secret: boolean): string | Secret | Unknown {
  if (content === undefined) return ''
  if (content instanceof Unknown || content instanceof Secret) return content
  if (secret) return new Secret(content.toString())
  if (content.includes(0))
    return `(binary, ${content.length} bytes, SHA-256 ${String(hashOf(content)).slice(0, 16)}…)\n`
  return content.length > SHOWN_LIMIT ? inShort(content.length, String(hashOf(content))) : content.toString()
}
