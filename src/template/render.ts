import type { Piece } from './ast.js'
import { evaluate } from './evaluate.js'
import { Frame } from './names.js'
import {
  Callable,
  EvaluationError,
  listOf,
  Namespace,
  textOf,
  truthy,
  Undefined,
  type Item,
} from './values.js'

/** Renders pieces of a template to text. */
export function render(pieces: readonly Piece[], frame: Frame): string {
  let text = ''
  for (const piece of pieces) text += renderPiece(piece, frame)
  return text
}

function renderPiece(piece: Piece, frame: Frame): string {
  switch (piece.kind) {
    case 'text':
      return piece.text
    case 'output':
      return textOf(evaluate(piece.expression, frame))
    case 'if': {
      const branch = piece.branches.find(
        (each) => each.condition === undefined || truthy(evaluate(each.condition, frame)),
      )
      return branch === undefined ? '' : render(branch.body, frame)
    }
    case 'for':
      return renderLoop(piece, frame)
    case 'set': {
      const value = evaluate(piece.value, frame)
      const [target = ''] = piece.targets
      if (piece.attribute !== undefined) {
        const namespace = frame.get(target)
        if (!(namespace instanceof Namespace)) throw new EvaluationError(`${target} is no namespace()`)
        namespace.values.set(piece.attribute, value)
      } else assign(piece.targets, value, frame)
      return ''
    }
    case 'set_block':
      frame.set(piece.target, render(piece.body, frame))
      return ''
    case 'macro':
      frame.set(piece.name, macro(piece, frame))
      return ''
  }
}

function assign(targets: readonly string[], value: Item, frame: Frame): void {
  const [only] = targets
  if (targets.length === 1 && only !== undefined) {
    frame.set(only, value)
    return
  }
  const values = listOf(value)
  if (values.length !== targets.length)
    throw new EvaluationError(`${targets.length} names for ${values.length} values`)
  targets.forEach((target, index) => frame.set(target, values[index] ?? null))
}

function renderLoop(piece: Extract<Piece, { kind: 'for' }>, outer: Frame): string {
  const all = listOf(evaluate(piece.items, outer))
  const frames = all
    .map((value) => {
      const frame = new Frame(outer)
      assign(piece.targets, value, frame)
      return { frame, value }
    })
    .filter(({ frame }) => piece.only === undefined || truthy(evaluate(piece.only, frame)))
  if (frames.length === 0) return render(piece.otherwise, outer)
  return frames
    .map(({ frame }, index) => {
      frame.set('loop', {
        index: index + 1,
        index0: index,
        first: index === 0,
        last: index === frames.length - 1,
        length: frames.length,
        revindex: frames.length - index,
        revindex0: frames.length - index - 1,
        previtem: frames[index - 1]?.value ?? null,
        nextitem: frames[index + 1]?.value ?? null,
      })
      return render(piece.body, frame)
    })
    .join('')
}

function macro(piece: Extract<Piece, { kind: 'macro' }>, outer: Frame): Callable {
  return new Callable((positional, named) => {
    const frame = new Frame(outer)
    piece.parameters.forEach((parameter, index) => {
      const given = positional[index] ?? named.get(parameter.name)
      frame.set(
        parameter.name,
        given ?? (parameter.default ? evaluate(parameter.default, frame) : new Undefined(parameter.name)),
      )
    })
    return render(piece.body, frame)
  })
}
