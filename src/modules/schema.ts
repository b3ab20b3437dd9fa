import type { Secret } from '../value/secret.js'
import type { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'

/**
 * The flat subset of JSON schema that describes one argument of a module. From it derive validation, types,
 * `signet doc`, docs/modules and the editors' schema.
 */
export interface ArgumentSchema {
  /** `mode` is Ansible's file mode (0644, "u=rw,g=r"), `any` takes every value. */
  readonly type: 'string' | 'boolean' | 'integer' | 'number' | 'strings' | 'list' | 'map' | 'mode' | 'any'
  readonly description: string
  readonly enum?: readonly string[]
  /** Words that may stand instead of a value of the type. */
  readonly words?: readonly string[]
  readonly default?: Value
  readonly aliases?: readonly string[]
  /** The value is a secret: it is wrapped in Secret before the module sees it (type string only). */
  readonly secret?: true
  readonly minimum?: number
  readonly maximum?: number
  /** Regular expression that a string must match. */
  readonly pattern?: string
  /** The value may be Unknown in check mode without making the whole task unknown (content of a file). */
  readonly mayBeUnknown?: true
}

export interface ArgumentsSchema {
  readonly [name: string]: ArgumentSchema & { readonly required?: true }
}

/** Rules among several arguments, as Ansible names them. */
export interface ArgumentRules {
  readonly mutuallyExclusive?: readonly (readonly string[])[]
  readonly requiredOneOf?: readonly (readonly string[])[]
  readonly requiredTogether?: readonly (readonly string[])[]
  /** `[argument, value, needed arguments]`. */
  readonly requiredIf?: readonly (readonly [string, Value, readonly string[]])[]
}

interface TypeOf {
  string: string
  boolean: boolean
  integer: number
  number: number
  strings: readonly string[]
  list: readonly Value[]
  map: Readonly<Record<string, Value>>
  mode: number | string
  any: Value
}

type BaseType<A extends ArgumentSchema> = A extends { secret: true }
  ? Secret
  : A extends { enum: readonly (infer E)[] }
    ? E
    : A extends { words: readonly (infer W)[] }
      ? TypeOf[A['type']] | W
      : TypeOf[A['type']]

type ArgumentType<A extends ArgumentSchema> = A extends { mayBeUnknown: true }
  ? BaseType<A> | Unknown
  : BaseType<A>

type Present<S extends ArgumentsSchema> = {
  [K in keyof S]: S[K] extends { required: true } | { default: Value } ? K : never
}[keyof S]

/** The arguments that a module's probe and plan see: checked, converted, defaults filled in, aliases resolved. */
export type Arguments<S extends ArgumentsSchema> = {
  readonly [K in Present<S>]: ArgumentType<S[K]>
} & {
  readonly [K in Exclude<keyof S, Present<S>>]?: ArgumentType<S[K]>
}
