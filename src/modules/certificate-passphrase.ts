import { SignetError } from '../errors.js'
import type { HostReader } from '../host/host.js'
import { newPassword } from '../mysql/generated.js'
import { Secret } from '../value/secret.js'
import type { Unknown } from '../value/unknown.js'

export interface Passphrase {
  readonly passphrase: Secret
  /** The file is yet to be made with this passphrase. */
  readonly make: boolean
}

/** The passphrase of an authority's key: given, or kept in a file that is made with a random one at first. */
export async function passphraseOf(
  host: HostReader,
  given: Secret | undefined,
  file: string | undefined,
): Promise<Passphrase> {
  if (given !== undefined) return { passphrase: given, make: false }
  if (file === undefined)
    throw new SignetError(
      'invalid-argument',
      'The key of the authority needs a passphrase: give passphrase or passphrase_file.',
    )
  const found = await host.ask({ ask: 'file', path: file, read: 'content', follow: true })
  if (found.kind === 'absent') return { passphrase: newPassword(), make: true }
  const content: Buffer | Unknown | undefined = found.kind === 'file' ? found.content : undefined
  if (!Buffer.isBuffer(content) || content.toString().trim() === '')
    throw new SignetError('task-failed', `The passphrase can not be read from ${file}.`)
  return { passphrase: new Secret(content.toString().trim()), make: false }
}
