import { inspect } from 'node:util'

/** What is shown in place of a secret. */
export const HIDDEN = '(hidden)'

/**
 * A text that must not be shown. Secrecy belongs to the value: it prints as {@link HIDDEN} in diffs, events,
 * logs and reports, while everything around it stays visible. Whoever needs the text says `reveal()`.
 */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself. Only for what is sent to a host, a server or a file that is protected. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}
