import { SignetError } from '../errors.js'
import { closest } from '../source/closest.js'
import type { Place } from '../source/place.js'
import type { Args, Expression, Piece } from './ast.js'
import { FILTERS } from './filters.js'
import { TemplateSyntaxError } from './lexer.js'
import { parseExpression } from './parse-expression.js'
import { parseTemplate } from './parse-template.js'
import { TESTS } from './tests.js'

/**
 * What is wrong with the syntax of a template, or of a condition (`expression`): nothing is evaluated.
 * Unknown filters and tests are named as well.
 */
export function checkTemplate(
  text: string,
  place: Place | undefined,
  expression = false,
): readonly SignetError[] {
  const bare = expression && !/\{\{/.test(text)
  if (!bare && !/\{[{%#]/.test(text)) return []
  if (bare && text.trim() === '') return []
  try {
    const found: string[] = []
    if (bare) walk(parseExpression(text), found)
    else for (const piece of parseTemplate(text, true)) walkPiece(piece, found)
    return found.map((message) => new SignetError('template-syntax', message, { place }))
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    const at =
      place && !text.slice(0, error.offset).includes('\n')
        ? { ...place, column: place.column + error.offset }
        : place
    return [
      new SignetError('template-syntax', `This template is not valid: ${error.message}.`, { place: at }),
    ]
  }
}

function walkPiece(piece: Piece, found: string[]): void {
  switch (piece.kind) {
    case 'text':
      return
    case 'output': {
      walk(piece.expression, found)
      return
    }
    case 'if':
      for (const branch of piece.branches) {
        if (branch.condition) walk(branch.condition, found)
        for (const inner of branch.body) walkPiece(inner, found)
      }
      return
    case 'for':
      walk(piece.items, found)
      if (piece.only) walk(piece.only, found)
      for (const inner of [...piece.body, ...piece.otherwise]) walkPiece(inner, found)
      return
    case 'set': {
      walk(piece.value, found)
      return
    }
    case 'set_block':
    case 'macro':
      for (const inner of piece.body) walkPiece(inner, found)
  }
}

function walkArgs(args: Args, found: string[]): void {
  for (const each of args.positional) walk(each, found)
  for (const [, each] of args.named) walk(each, found)
}

function walk(expression: Expression, found: string[]): void {
  switch (expression.kind) {
    case 'literal':
    case 'name':
      return
    case 'list':
      for (const each of expression.items) walk(each, found)
      return
    case 'map':
      for (const [key, value] of expression.entries) [key, value].forEach((each) => walk(each, found))
      return
    case 'attribute':
    case 'unary': {
      walk(expression.of, found)
      return
    }
    case 'item':
      walk(expression.of, found)
      {
        walk(expression.key, found)
        return
      }
    case 'slice':
      for (const each of [expression.of, expression.from, expression.to, expression.step])
        if (each) walk(each, found)
      return
    case 'call':
      walk(expression.what, found)
      {
        walkArgs(expression.args, found)
        return
      }
    case 'filter':
      if (FILTERS.get(expression.name) === undefined)
        found.push(unknown('filter', expression.name, FILTERS.names()))
      walk(expression.of, found)
      {
        walkArgs(expression.args, found)
        return
      }
    case 'test':
      if (!TESTS.has(expression.name)) found.push(unknown('test', expression.name, TESTS.keys()))
      walk(expression.of, found)
      {
        walkArgs(expression.args, found)
        return
      }
    case 'binary':
      walk(expression.left, found)
      {
        walk(expression.right, found)
        return
      }
    case 'compare':
      walk(expression.first, found)
      for (const [, each] of expression.rest) walk(each, found)
      return
    case 'if':
      for (const each of [expression.condition, expression.then, expression.otherwise])
        if (each) walk(each, found)
  }
}

function unknown(kind: string, name: string, names: Iterable<string>): string {
  const near = closest(name, names)
  return `There is no ${kind} "${name}"${near === undefined ? '' : `; did you mean ${near}?`}`
}
