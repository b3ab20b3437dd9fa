import { openedSecrets } from '../source/vault.js'
import { HIDDEN, Secret } from '../value/secret.js'
import { isList, isMap } from '../value/shape.js'
import type { Value } from '../value/value.js'

/** The secrets that a run has met: their texts are masked wherever they turn up in output, such as in what a command printed. */
export class Masks {
  readonly #texts = new Set<string>()
  /** How many of the secrets from encrypted files are among them. */
  #opened = 0

  /** Remembers every secret in a value. Texts shorter than four characters would mask too much. */
  learn(value: Value | undefined): void {
    if (value instanceof Secret) {
      const text = value.reveal()
      if (text.length >= 4) this.#texts.add(text)
      for (const line of text.split('\n')) if (line.trim().length >= 16) this.#texts.add(line.trim())
    } else if (isList(value)) for (const item of value) this.learn(item)
    else if (isMap(value)) for (const item of Object.values(value)) this.learn(item)
  }

  mask(text: string): string {
    const opened = openedSecrets()
    for (; this.#opened < opened.length; this.#opened++) this.learn(opened[this.#opened])
    let masked = text
    for (const secret of this.#texts) {
      masked = masked.replaceAll(secret, HIDDEN)
      const json = JSON.stringify(secret).slice(1, -1)
      if (json !== secret) masked = masked.replaceAll(json, HIDDEN)
    }
    return masked
  }
}
