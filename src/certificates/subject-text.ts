import { SignetError } from '../errors.js'

/** One part of a distinguished name: `CN` and its value. */
export interface NamePart {
  readonly type: string
  readonly value: string
}

/** Attribute types that may be used, as OpenSSL abbreviates them. */
export const NAME_TYPES = ['CN', 'C', 'ST', 'L', 'O', 'OU', 'emailAddress'] as const

/**
 * Reads a name in slash form (`/C=PT/O=Example/CN=s1`), the form that MySQL compares byte by byte with the
 * certificate's (X509_NAME_oneline).
 * @throws SignetError invalid-argument
 */
export function parseSlashName(text: string): readonly NamePart[] {
  const bad = (why: string): SignetError =>
    new SignetError('invalid-argument', `"${text}" is no distinguished name: ${why}.`, {
      hint: 'Write it as MySQL compares it: /CN=s1 or /C=PT/O=Example/CN=s1.',
    })
  if (!text.startsWith('/')) throw bad('it must begin with "/"')
  return text
    .slice(1)
    .split('/')
    .map((part) => {
      const equals = part.indexOf('=')
      const type = NAME_TYPES.find((each) => each.toLowerCase() === part.slice(0, equals).toLowerCase())
      const value = part.slice(equals + 1)
      if (equals < 1 || type === undefined)
        throw bad(`"${part}" does not begin with one of ${NAME_TYPES.map((each) => `${each}=`).join(', ')}`)
      if (value === '') throw bad(`${type} is empty`)
      if (/[+=,\\]/.test(value) || !/^[\x20-\x7e]+$/.test(value))
        throw bad(
          `the value of ${type} may hold plain ASCII only, without + = , and \\, which servers spell differently`,
        )
      return { type, value }
    })
}

/** Writes a name in slash form. */
export function writeSlashName(parts: readonly NamePart[]): string {
  return parts.map(({ type, value }) => `/${type}=${value}`).join('')
}

/**
 * The slash form of a name as Node prints it: one relative name a line, in the certificate's order, with " + " between the
 * attributes of one that has several. Written as OpenSSL 3 does it for the server (X509_NAME_oneline): such attributes
 * follow "+" instead of "/", the two characters have a backslash where they belong to a value, and bytes that are no
 * printable ASCII are `\xC3`.
 */
export function slashName(lines: string): string {
  return lines
    .split('\n')
    .map((line) => `/${line.split(' + ').map(onelineAttribute).join('+')}`)
    .join('')
}

/** One `TYPE=value`, whose value is escaped as in RFC 2253. */
function onelineAttribute(attribute: string): string {
  const equals = attribute.indexOf('=')
  const value = attribute
    .slice(equals + 1)
    .replace(/\\([0-9A-F]{2})|\\(.)/g, (_, hex: string | undefined, character: string) =>
      hex === undefined ? character : String.fromCharCode(parseInt(hex, 16)),
    )
  const bytes = [...Buffer.from(value)].map((byte) =>
    byte < 0x20 || byte > 0x7e
      ? `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
      : String.fromCharCode(byte).replace(/[/+]/, '\\$&'),
  )
  return `${attribute.slice(0, equals)}=${bytes.join('')}`
}
