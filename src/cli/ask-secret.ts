import { createInterface } from 'node:readline'
import { ReadStream } from 'node:tty'
import { SignetError } from '../errors.js'
import { Secret } from '../value/secret.js'
import type { Environment } from '../environment.js'

/** Asks for a password on the terminal without showing it; from a pipe, one line is read. */
export function askSecret(question: string, environment: Environment): Promise<Secret> {
  return new Promise((resolve, reject) => {
    const { stdin } = environment
    environment.stderr.write(`${question}: `)
    if (stdin instanceof ReadStream) stdin.setRawMode(true)
    const lines = createInterface({ input: stdin, terminal: false })
    const stop = (): void => {
      if (stdin instanceof ReadStream) stdin.setRawMode(false)
      environment.stderr.write('\n')
      lines.close()
    }
    lines.once('line', (line) => {
      stop()
      resolve(new Secret(line))
    })
    lines.once('close', () => reject(new SignetError('bad-option', 'No password was given.')))
  })
}
