import { randomInt, randomUUID } from 'node:crypto'
import { Secret } from '../value/secret.js'
import type { Generated } from './step.js'

const KINDS = [
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  'abcdefghijklmnopqrstuvwxyz',
  '0123456789',
  '~@#%$^&*()-_=+]}[{|;:.>,</?',
] as const
const LEAST = [4, 4, 3, 4] as const

/** A random password of 32 characters with at least 4 capital, 4 small letters, 3 digits and 4 others: passes validate_password. */
export function newPassword(length = 32): Secret {
  const pick = (letters: string): string => letters[randomInt(letters.length)] ?? ''
  const characters = KINDS.flatMap((letters, index) =>
    Array.from({ length: LEAST[index] ?? 1 }, () => pick(letters)),
  )
  while (characters.length < length) characters.push(pick(KINDS.join('')))
  for (let index = characters.length - 1; index > 0; index--) {
    const other = randomInt(index + 1)
    const letter = characters[index] ?? ''
    characters[index] = characters[other] ?? ''
    characters[other] = letter
  }
  return new Secret(characters.join(''))
}

/** The generated values of one run of a task: each name is made once, so that all servers get the same. */
export class GeneratedValues {
  readonly #values = new Map<string, Secret | string>()

  valueOf(generated: Generated): Secret | string {
    const key = `${generated.generate} ${generated.name}`
    const known = this.#values.get(key)
    if (known !== undefined) return known
    const made = generated.generate === 'password' ? newPassword() : randomUUID()
    this.#values.set(key, made)
    return made
  }
}
