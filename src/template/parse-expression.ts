import type { Args, Expression } from './ast.js'
import { TemplateSyntaxError, tokensOf, type Token } from './lexer.js'

const COMPARISONS = ['==', '!=', '<', '>', '<=', '>=']

/** Reads expressions from tokens, by Jinja's precedence: if, or, and, not, compare, ~, + -, * / // %, unary, **. */
export class ExpressionParser {
  readonly #tokens: readonly Token[]
  #next = 0

  constructor(text: string, base: number) {
    this.#tokens = tokensOf(text, base)
  }

  get token(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: 'the end', offset: 0 }
  }

  is(text: string): boolean {
    return (this.token.kind === 'operator' || this.token.kind === 'name') && this.token.text === text
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false
    this.#next++
    return true
  }

  expect(text: string): void {
    if (!this.accept(text)) throw this.problem(`"${text}" is missing before ${this.token.text}`)
  }

  name(): string {
    if (this.token.kind !== 'name') throw this.problem(`a name is missing before ${this.token.text}`)
    const { text } = this.token
    this.#next++
    return text
  }

  end(): void {
    if (this.token.kind !== 'end') throw this.problem(`unexpected "${this.token.text}"`)
  }

  problem(message: string): TemplateSyntaxError {
    return new TemplateSyntaxError(message, this.token.offset)
  }

  expression(): Expression {
    const value = this.#or()
    if (!this.accept('if')) return value
    const condition = this.#or()
    if (!this.accept('else')) return { kind: 'if', condition, then: value }
    return { kind: 'if', condition, then: value, otherwise: this.expression() }
  }

  /** An expression without a trailing `if`, as in `for x in items if …`. */
  expressionWithoutIf(): Expression {
    return this.#or()
  }

  /** `a, b` makes a tuple, which is a list here. */
  expressionOrTuple(): Expression {
    const first = this.expression()
    if (!this.is(',')) return first
    const items = [first]
    while (this.accept(',')) if (this.token.kind !== 'end') items.push(this.expression())
    return { kind: 'list', items }
  }

  #or(): Expression {
    return this.#binary(['or'], () => this.#and())
  }

  #and(): Expression {
    return this.#binary(['and'], () => this.#not())
  }

  #not(): Expression {
    if (this.accept('not')) return { kind: 'unary', sign: 'not', of: this.#not() }
    return this.#compare()
  }

  #compare(): Expression {
    const { offset } = this.token
    const first = this.#concat()
    const rest: (readonly [string, Expression])[] = []
    for (;;) {
      const sign = COMPARISONS.find((each) => this.is(each))
      if (sign !== undefined) {
        this.accept(sign)
        rest.push([sign, this.#concat()])
      } else if (this.accept('in')) rest.push(['in', this.#concat()])
      else if (this.is('not') && this.#tokens[this.#next + 1]?.text === 'in') {
        this.#next += 2
        rest.push(['not in', this.#concat()])
      } else break
    }
    return rest.length === 0 ? first : { kind: 'compare', first, rest, offset }
  }

  #concat(): Expression {
    return this.#binary(['~'], () => this.#sum())
  }

  #sum(): Expression {
    return this.#binary(['+', '-'], () => this.#product())
  }

  #product(): Expression {
    return this.#binary(['*', '//', '/', '%'], () => this.#unary())
  }

  #binary(signs: readonly string[], operand: () => Expression): Expression {
    let left = operand()
    for (;;) {
      const { offset } = this.token
      const sign = signs.find((each) => this.is(each))
      if (sign === undefined) return left
      this.accept(sign)
      left = { kind: 'binary', sign, left, right: operand(), offset }
    }
  }

  #unary(filters = true): Expression {
    const { offset } = this.token
    let value: Expression
    if (this.accept('-')) value = { kind: 'unary', sign: '-', of: this.#unary(false) }
    else if (this.accept('+')) value = { kind: 'unary', sign: '+', of: this.#unary(false) }
    else value = this.#postfix(this.#primary())
    if (this.accept('**')) value = { kind: 'binary', sign: '**', left: value, right: this.#unary(), offset }
    return filters ? this.#filters(value) : value
  }

  #primary(): Expression {
    const { token } = this
    this.#next++
    if (token.kind === 'number') return { kind: 'literal', value: token.value }
    if (token.kind === 'string') {
      let value = token.value
      for (let next = this.token; next.kind === 'string'; next = this.token) {
        value += next.value
        this.#next++
      }
      return { kind: 'literal', value }
    }
    if (token.kind === 'name') {
      if (/^(true|True)$/.test(token.text)) return { kind: 'literal', value: true }
      if (/^(false|False)$/.test(token.text)) return { kind: 'literal', value: false }
      if (/^(none|None|null)$/.test(token.text)) return { kind: 'literal', value: null }
      return { kind: 'name', name: token.text, offset: token.offset }
    }
    if (token.text === '(') return this.#parenthesis()
    if (token.text === '[') return { kind: 'list', items: this.#items(']') }
    if (token.text === '{') return { kind: 'map', entries: this.#entries() }
    this.#next--
    throw this.problem(`unexpected ${token.kind === 'end' ? 'end' : `"${token.text}"`}`)
  }

  #parenthesis(): Expression {
    if (this.accept(')')) return { kind: 'list', items: [] }
    const first = this.expression()
    if (this.accept(')')) return first
    this.expect(',')
    return { kind: 'list', items: [first, ...this.#items(')')] }
  }

  #items(close: string): readonly Expression[] {
    const items: Expression[] = []
    while (!this.accept(close)) {
      items.push(this.expression())
      if (!this.is(close)) this.expect(',')
    }
    return items
  }

  #entries(): readonly (readonly [Expression, Expression])[] {
    const entries: (readonly [Expression, Expression])[] = []
    while (!this.accept('}')) {
      const key = this.expression()
      this.expect(':')
      entries.push([key, this.expression()])
      if (!this.is('}')) this.expect(',')
    }
    return entries
  }

  #postfix(start: Expression): Expression {
    let value = start
    for (;;) {
      const { offset } = this.token
      if (this.accept('.')) {
        const { token } = this
        if (token.kind === 'number') {
          this.#next++
          value = { kind: 'item', of: value, key: { kind: 'literal', value: token.value }, offset }
        } else value = { kind: 'attribute', of: value, name: this.name(), offset }
      } else if (this.accept('[')) value = this.#subscript(value, offset)
      else if (this.accept('(')) value = { kind: 'call', what: value, args: this.args(), offset }
      else return value
    }
  }

  #subscript(of: Expression, offset: number): Expression {
    const part = (): Expression | undefined => (this.is(':') || this.is(']') ? undefined : this.expression())
    const from = part()
    if (from !== undefined && this.accept(']')) return { kind: 'item', of, key: from, offset }
    this.expect(':')
    const to = part()
    const step = this.accept(':') ? part() : undefined
    this.expect(']')
    return { kind: 'slice', of, ...(from ? { from } : {}), ...(to ? { to } : {}), ...(step ? { step } : {}) }
  }

  /** Arguments up to the closing parenthesis; the opening one was read. */
  args(): Args {
    const positional: Expression[] = []
    const named: (readonly [string, Expression])[] = []
    while (!this.accept(')')) {
      const { token } = this
      if (token.kind === 'name' && this.#tokens[this.#next + 1]?.text === '=') {
        this.#next += 2
        named.push([token.text, this.expression()])
      } else positional.push(this.expression())
      if (!this.is(')')) this.expect(',')
    }
    return { positional, named }
  }

  #filters(start: Expression): Expression {
    let value = start
    for (;;) {
      const { offset } = this.token
      if (this.accept('|')) {
        const name = this.#dotted()
        value = {
          kind: 'filter',
          of: value,
          name,
          args: this.accept('(') ? this.args() : { positional: [], named: [] },
          offset,
        }
        value = this.#postfix(value)
      } else if (this.is('is')) {
        this.accept('is')
        const negated = this.accept('not')
        const name = this.#dotted()
        value = { kind: 'test', of: value, name, args: this.#testArgs(), negated, offset }
      } else return value
    }
  }

  #dotted(): string {
    let name = this.name()
    while (this.accept('.')) name += `.${this.name()}`
    return name
  }

  /** A test takes arguments in parentheses, or one that follows it. */
  #testArgs(): Args {
    if (this.accept('(')) return this.args()
    const { token } = this
    const begins =
      token.kind === 'number' ||
      token.kind === 'string' ||
      ['[', '{'].includes(token.text) ||
      (token.kind === 'name' && !['and', 'or', 'not', 'if', 'else', 'is', 'in'].includes(token.text))
    if (!begins || token.kind === 'end') return { positional: [], named: [] }
    return { positional: [this.#postfix(this.#primary())], named: [] }
  }
}

/** Parses one whole expression. @throws TemplateSyntaxError */
export function parseExpression(text: string, base = 0): Expression {
  const parser = new ExpressionParser(text, base)
  const expression = parser.expressionOrTuple()
  parser.end()
  return expression
}
