import type { Item } from './values.js'

/** Where names come from while a template is evaluated. */
export interface Names {
  get(name: string): Item
  /** A secret has flowed into what is being evaluated. */
  taint(): void
}

/** Names of a for loop, a macro or `set`, in front of those outside. */
export class Frame implements Names {
  readonly #own = new Map<string, Item>()
  readonly #outer: Names

  constructor(outer: Names) {
    this.#outer = outer
  }

  get(name: string): Item {
    return this.#own.get(name) ?? this.#outer.get(name)
  }

  set(name: string, value: Item): void {
    this.#own.set(name, value)
  }

  taint(): void {
    this.#outer.taint()
  }
}
