import { SignetError } from '../errors.js'
import type { Condition } from '../playbook/play.js'
import { closest } from '../source/closest.js'
import type { Place } from '../source/place.js'
import { placeOfValue } from '../source/source-file.js'
import { Secret } from '../value/secret.js'
import { isList, isMap, showValue } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'
import type { Scope, Variable } from '../variables/scope.js'
import type { Expression, Piece } from './ast.js'
import { evaluate } from './evaluate.js'
import { Frame, type Names } from './names.js'
import { render } from './render.js'
import { globalsFor, type LookupPlaces } from './globals.js'
import { TemplateSyntaxError } from './lexer.js'
import { parseExpression } from './parse-expression.js'
import { parseTemplate } from './parse-template.js'
import {
  EvaluationError,
  truthy,
  Undefined,
  UndefinedUsed,
  UnknownUsed,
  usable,
  type Item,
} from './values.js'

/** The value of `omit`: an argument that has it is left out. */
export const OMIT = '__signet_omit_this_argument__'

/** A scope that templates are evaluated in, with the places where lookups find files. */
export interface TemplateScope extends Scope {
  readonly places: LookupPlaces
}

const templates = new Map<string, readonly Piece[]>()
const expressions = new Map<string, Expression>()

function cached<T>(cache: Map<string, T>, key: string, make: () => T): T {
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = make()
  cache.set(key, made)
  return made
}

/** Names of a scope: variables are resolved when they are used, each once in one evaluation. */
class ScopeNames implements Names {
  tainted = false
  readonly #scope: TemplateScope
  readonly #globals: ReadonlyMap<string, Item>
  readonly #resolving: readonly string[]

  constructor(scope: TemplateScope, resolving: readonly string[] = []) {
    this.#scope = scope
    this.#resolving = resolving
    this.#globals = globalsFor(this, scope.places)
  }

  get(name: string): Item {
    const variable = this.#scope.find(name)
    if (variable === undefined)
      return this.#globals.get(name) ?? (name === 'omit' ? OMIT : new Undefined(`"${name}"`))
    return this.#resolve(name, variable)
  }

  taint(): void {
    this.tainted = true
  }

  #resolve(name: string, variable: Variable): Item {
    if (!variable.template) return variable.value
    if (this.#resolving.includes(name)) {
      throw new EvaluationError(
        `the variable "${name}" needs itself: ${[...this.#resolving, name].join(' → ')}`,
      )
    }
    const inner = new ScopeNames(this.#scope, [...this.#resolving, name])
    return resolveItem(variable.value, inner)
  }
}

/** Evaluates every template in a value; a secret that flows into one makes its text secret. */
function resolveItem(value: Value, names: ScopeNames): Value {
  if (typeof value === 'string') return resolveText(value, names)
  if (isList(value)) {
    const items = value.map((item) => resolveItem(item, names))
    return items.filter((item) => item !== OMIT)
  }
  if (isMap(value)) {
    const entries = Object.entries(value).map(
      ([key, item]) =>
        [key.includes('{{') ? showValue(resolveText(key, names)) : key, resolveItem(item, names)] as const,
    )
    return Object.fromEntries(entries.filter(([, item]) => item !== OMIT))
  }
  return value
}

function resolveText(text: string, outer: ScopeNames): Value {
  if (!/\{[{%#]/.test(text)) return text
  const pieces = cached(templates, text, () => parseTemplate(text, true))
  outer.tainted = false
  try {
    const [only] = pieces
    if (pieces.length === 1 && only?.kind === 'output')
      return sealed(usable(evaluate(only.expression, new Frame(outer))), outer)
    return sealed(render(pieces, new Frame(outer)), outer)
  } catch (error) {
    if (error instanceof UnknownUsed) return error.unknown
    throw error
  } finally {
    outer.tainted = false
  }
}

/** Wraps the texts of a result in Secret when a secret has flowed into it. */
function sealed(value: Value, names: ScopeNames): Value {
  return names.tainted ? seal(value) : value
}

function seal(value: Value): Value {
  if (typeof value === 'string') return new Secret(value)
  if (isList(value)) return value.map((item) => seal(item))
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, seal(item)]))
  return value
}

/**
 * Evaluates all templates in a value, however nested. A text that is one `{{ expression }}` gives its own type,
 * every other a text. What can't be known in check mode is Unknown.
 * @throws SignetError undefined-variable, template-failed, template-syntax
 */
export function resolve(value: Value, scope: TemplateScope, place?: Place): Value {
  if (isMap(value)) {
    const entries = Object.entries(value).map(
      ([key, item]) => [key, resolve(item, scope, placeOfValue(value, key) ?? place)] as const,
    )
    return Object.fromEntries(entries.filter(([, item]) => item !== OMIT))
  }
  if (isList(value))
    return value
      .map((item, index) => resolve(item, scope, placeOfValue(value, index) ?? place))
      .filter((item) => item !== OMIT)
  if (typeof value !== 'string') return value
  return explained(value, scope, place, () => resolveText(value, new ScopeNames(scope)))
}

/** Evaluates an expression without braces. @throws SignetError as resolve */
export function evaluateExpression(text: string, scope: TemplateScope, place?: Place): Value {
  return explained(text, scope, place, () => {
    const names = new ScopeNames(scope)
    try {
      return sealed(
        usable(
          evaluate(
            cached(expressions, text, () => parseExpression(text)),
            new Frame(names),
          ),
        ),
        names,
      )
    } catch (error) {
      if (error instanceof UnknownUsed) return error.unknown
      throw error
    }
  })
}

/** Whether a condition holds, or that it can't be known. @throws SignetError as resolve */
export function evaluateCondition(condition: Condition, scope: TemplateScope): boolean | Unknown {
  const { expression, place } = condition
  if (typeof expression === 'boolean') return expression
  if (expression.trim() === '') return true
  // `when: "{{ x }}"` is bad style, but common: the value decides, it is not evaluated once more.
  const value = /\{\{/.test(expression)
    ? resolve(expression, scope, place)
    : evaluateExpression(expression, scope, place)
  if (value instanceof Unknown) return value
  if (value instanceof Secret) return value.reveal() !== ''
  if (typeof value === 'string' && /^(true|false|yes|no)$/i.test(value)) return /^(true|yes)$/i.test(value)
  return truthy(value)
}

/**
 * Renders the text of a template file. Line breaks after statements are dropped, the last line break is kept.
 * @throws SignetError as resolve, with the place in the file
 */
export function renderText(text: string, scope: TemplateScope, file: string): string | Secret | Unknown {
  return explained(text, scope, { file, line: 1, column: 1 }, () => {
    const names = new ScopeNames(scope)
    try {
      const rendered = render(
        cached(templates, text, () => parseTemplate(text, true)),
        new Frame(names),
      )
      return names.tainted ? new Secret(rendered) : rendered
    } catch (error) {
      if (error instanceof UnknownUsed) return error.unknown
      throw error
    }
  })
}

function explained<T>(text: string, scope: Scope, place: Place | undefined, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const shown = text.length > 80 ? `${text.slice(0, 77)}…` : text
    if (error instanceof UndefinedUsed) {
      const name = /^"(\w+)"$/.exec(error.what)?.[1]
      const near = name === undefined ? undefined : closest(name, scope.names())
      throw new SignetError('undefined-variable', `${error.what} is not defined.`, {
        place,
        hint: near === undefined ? undefined : `Did you mean ${near}?`,
      })
    }
    if (error instanceof EvaluationError || error instanceof RangeError) {
      throw new SignetError('template-failed', `"${shown.trim()}": ${error.message}.`, { place })
    }
    if (error instanceof TemplateSyntaxError)
      throw new SignetError('template-syntax', `"${shown.trim()}": ${error.message}.`, { place })
    throw error
  }
}
