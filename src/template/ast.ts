/** An expression of Jinja as data. `offset` is its place in the template's text. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'name'; readonly name: string; readonly offset: number }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string; readonly offset: number }
  | { readonly kind: 'item'; readonly of: Expression; readonly key: Expression; readonly offset: number }
  | {
      readonly kind: 'slice'
      readonly of: Expression
      readonly from?: Expression
      readonly to?: Expression
      readonly step?: Expression
    }
  | { readonly kind: 'call'; readonly what: Expression; readonly args: Args; readonly offset: number }
  | {
      readonly kind: 'filter'
      readonly of: Expression
      readonly name: string
      readonly args: Args
      readonly offset: number
    }
  | {
      readonly kind: 'test'
      readonly of: Expression
      readonly name: string
      readonly args: Args
      readonly negated: boolean
      readonly offset: number
    }
  | { readonly kind: 'unary'; readonly sign: 'not' | '-' | '+'; readonly of: Expression }
  | {
      readonly kind: 'binary'
      readonly sign: string
      readonly left: Expression
      readonly right: Expression
      readonly offset: number
    }
  | {
      readonly kind: 'compare'
      readonly first: Expression
      readonly rest: readonly (readonly [string, Expression])[]
      readonly offset: number
    }
  | {
      readonly kind: 'if'
      readonly condition: Expression
      readonly then: Expression
      readonly otherwise?: Expression
    }

export interface Args {
  readonly positional: readonly Expression[]
  readonly named: readonly (readonly [string, Expression])[]
}

/** A piece of a template. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly expression: Expression }
  | {
      readonly kind: 'if'
      readonly branches: readonly { readonly condition?: Expression; readonly body: readonly Piece[] }[]
    }
  | {
      readonly kind: 'for'
      readonly targets: readonly string[]
      readonly items: Expression
      readonly only?: Expression
      readonly body: readonly Piece[]
      readonly otherwise: readonly Piece[]
    }
  | {
      readonly kind: 'set'
      readonly targets: readonly string[]
      readonly attribute?: string
      readonly value: Expression
    }
  | { readonly kind: 'set_block'; readonly target: string; readonly body: readonly Piece[] }
  | {
      readonly kind: 'macro'
      readonly name: string
      readonly parameters: readonly { readonly name: string; readonly default?: Expression }[]
      readonly body: readonly Piece[]
    }
