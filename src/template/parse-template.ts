import type { Piece } from './ast.js'
import { chunksOf, TemplateSyntaxError, type Chunk } from './lexer.js'
import { ExpressionParser, parseExpression } from './parse-expression.js'

/** Parses a template. @throws TemplateSyntaxError */
export function parseTemplate(source: string, trimBlocks: boolean): readonly Piece[] {
  const reader = new PieceReader(chunksOf(source, trimBlocks))
  const { pieces, end } = reader.until([])
  if (end !== undefined)
    throw new TemplateSyntaxError(`"${end.word}" has no beginning`, end.parser.token.offset)
  return pieces
}

interface Statement {
  readonly word: string
  readonly parser: ExpressionParser
  readonly offset: number
}

class PieceReader {
  #next = 0
  readonly #chunks: readonly Chunk[]

  constructor(chunks: readonly Chunk[]) {
    this.#chunks = chunks
  }

  /** Reads pieces up to one of the statements named, or to the end. */
  until(words: readonly string[], opened?: Statement): { pieces: readonly Piece[]; end?: Statement } {
    const pieces: Piece[] = []
    for (let chunk = this.#chunks[this.#next++]; chunk !== undefined; chunk = this.#chunks[this.#next++]) {
      if (chunk.kind === 'text') pieces.push({ kind: 'text', text: chunk.text })
      else if (chunk.kind === 'output')
        pieces.push({ kind: 'output', expression: parseExpression(chunk.text, chunk.offset) })
      else {
        const parser = new ExpressionParser(chunk.text, chunk.offset)
        const statement = { word: parser.name(), parser, offset: chunk.offset }
        if (words.includes(statement.word)) return { pieces, end: statement }
        if (/^(end|else|elif)/.test(statement.word)) {
          if (words.length === 0) return { pieces, end: statement }
          throw new TemplateSyntaxError(
            `"${statement.word}" stands where ${words.map((word) => `"${word}"`).join(' or ')} is expected`,
            statement.offset,
          )
        }
        pieces.push(this.#statement(statement))
      }
    }
    if (opened !== undefined)
      throw new TemplateSyntaxError(
        `"${opened.word}" is never closed by "${words.at(-1) ?? ''}"`,
        opened.offset,
      )
    return { pieces }
  }

  #body(words: readonly string[], opened: Statement): { pieces: readonly Piece[]; end: Statement } {
    const { pieces, end } = this.until(words, opened)
    if (end === undefined) throw new TemplateSyntaxError(`"${opened.word}" is never closed`, opened.offset)
    return { pieces, end }
  }

  #statement(statement: Statement): Piece {
    const { word, parser } = statement
    switch (word) {
      case 'if':
        return this.#if(statement)
      case 'for':
        return this.#for(statement)
      case 'set':
        return this.#set(statement)
      case 'macro':
        return this.#macro(statement)
      default:
        throw new TemplateSyntaxError(`the statement "${word}" is not supported`, parser.token.offset)
    }
  }

  #if(opened: Statement): Piece {
    const branches: { condition?: ReturnType<ExpressionParser['expression']>; body: readonly Piece[] }[] = []
    let current: Statement = opened
    for (;;) {
      const condition = current.word === 'else' ? undefined : current.parser.expressionOrTuple()
      current.parser.end()
      const { pieces, end } = this.#body(
        current.word === 'else' ? ['endif'] : ['elif', 'else', 'endif'],
        opened,
      )
      branches.push({ ...(condition ? { condition } : {}), body: pieces })
      if (end.word === 'endif') return { kind: 'if', branches }
      current = end
    }
  }

  #targets(parser: ExpressionParser): readonly string[] {
    const parenthesis = parser.accept('(')
    const targets = [parser.name()]
    while (parser.accept(',')) targets.push(parser.name())
    if (parenthesis) parser.expect(')')
    return targets
  }

  #for(opened: Statement): Piece {
    const { parser } = opened
    const targets = this.#targets(parser)
    parser.expect('in')
    const items = parser.expressionWithoutIf()
    const only = parser.accept('if') ? parser.expression() : undefined
    parser.accept('recursive')
    parser.end()
    const body = this.#body(['else', 'endfor'], opened)
    const otherwise = body.end.word === 'else' ? this.#body(['endfor'], opened).pieces : []
    return { kind: 'for', targets, items, ...(only ? { only } : {}), body: body.pieces, otherwise }
  }

  #set(opened: Statement): Piece {
    const { parser } = opened
    const targets = this.#targets(parser)
    const [target = ''] = targets
    const attribute = parser.accept('.') ? parser.name() : undefined
    if (parser.accept('=')) {
      const value = parser.expressionOrTuple()
      parser.end()
      return { kind: 'set', targets, ...(attribute === undefined ? {} : { attribute }), value }
    }
    parser.end()
    return { kind: 'set_block', target, body: this.#body(['endset'], opened).pieces }
  }

  #macro(opened: Statement): Piece {
    const { parser } = opened
    const name = parser.name()
    parser.expect('(')
    const { positional, named } = parser.args()
    parser.end()
    const parameters = [
      ...positional.map((each) => {
        if (each.kind !== 'name') throw parser.problem('a parameter of a macro is a name')
        return { name: each.name }
      }),
      ...named.map(([parameter, value]) => ({ name: parameter, default: value })),
    ]
    return { kind: 'macro', name, parameters, body: this.#body(['endmacro'], opened).pieces }
  }
}
