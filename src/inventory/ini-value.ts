import type { Value } from '../value/value.js'

/**
 * A value in an INI inventory. Ansible reads these as literals of Python, or as text if they are none: `True`,
 * `42`, `0x1f`, `['a', 'b']`, `{'a': 1}`, `"text"`; `yes` and `0644` are text.
 */
export function iniValue(text: string): Value {
  const literal = new LiteralReader(text)
  const value = literal.value()
  return value === undefined || !literal.atEnd() ? text : value
}

const WORDS: Readonly<Record<string, Value>> = { True: true, False: false, None: null }

/** Reads one literal from the beginning of a text; undefined where there is none. */
class LiteralReader {
  #at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  atEnd(): boolean {
    this.#skip()
    return this.#at >= this.#text.length
  }

  value(): Value | undefined {
    this.#skip()
    switch (this.#text.charAt(this.#at)) {
      case '"':
      case "'":
        return this.#quoted()
      case '[':
        return this.#list('[', ']')
      case '(':
        return this.#list('(', ')')
      case '{':
        return this.#map()
      default:
        return this.#word()
    }
  }

  #skip(): void {
    this.#at += /^(?:\s|#.*$)*/m.exec(this.#text.slice(this.#at))?.[0].length ?? 0
  }

  #take(sign: string): boolean {
    this.#skip()
    if (this.#text[this.#at] !== sign) return false
    this.#at++
    return true
  }

  #word(): Value | undefined {
    const word = /^[-+\w.]+/.exec(this.#text.slice(this.#at))?.[0] ?? ''
    this.#at += word.length
    if (Object.hasOwn(WORDS, word)) return WORDS[word]
    if (/^[-+]?(0|[1-9][\d_]*)$/.test(word)) return safe(Number(word.replaceAll('_', '')))
    if (/^[-+]?0(x[\da-f]+|o[0-7]+|b[01]+)$/i.test(word)) {
      return safe(Number(word.replace(/^[-+]/, '')) * (word.startsWith('-') ? -1 : 1))
    }
    if (/^[-+]?(\d+\.\d*|\.\d+|\d+(?=e))(e[-+]?\d+)?$/i.test(word)) return Number(word)
    return undefined
  }

  #quoted(): string | undefined {
    const match = /^(["'])((?:(?!\1)[^\\\n]|\\.)*)\1/.exec(this.#text.slice(this.#at))
    if (match === null) return undefined
    this.#at += match[0].length
    const escapes: Readonly<Record<string, string>> = {
      n: '\n',
      t: '\t',
      r: '\r',
      '\\': '\\',
      "'": "'",
      '"': '"',
    }
    return (match[2] ?? '').replace(/\\(.)/g, (whole, letter: string) => escapes[letter] ?? whole)
  }

  #list(open: string, close: string): Value[] | undefined {
    this.#take(open)
    const items: Value[] = []
    while (!this.#take(close)) {
      const item = this.value()
      if (item === undefined) return undefined
      items.push(item)
      if (!this.#take(',')) return this.#take(close) ? items : undefined
    }
    return items
  }

  #map(): Value | undefined {
    this.#take('{')
    const entries: [string, Value][] = []
    while (!this.#take('}')) {
      const key = this.value()
      if ((typeof key !== 'string' && typeof key !== 'number') || !this.#take(':')) return undefined
      const value = this.value()
      if (value === undefined) return undefined
      entries.push([String(key), value])
      if (!this.#take(',')) return this.#take('}') ? Object.fromEntries(entries) : undefined
    }
    return Object.fromEntries(entries)
  }
}

/** Integers that JavaScript can not hold stay text. */
function safe(number: number): number | undefined {
  return Number.isSafeInteger(number) ? number : undefined
}
