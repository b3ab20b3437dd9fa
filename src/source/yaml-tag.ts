import { SignetError } from '../errors.js'
import { isList, isMap } from '../value/shape.js'
import type { Value } from '../value/value.js'
import type { Place } from './place.js'
import { resolvePlainScalar } from './scalar.js'
import { carryPlaces } from './source-file.js'
import { decryptVault, openedSecret } from './vault.js'

const TEXT = new Set(['!', '!!str', 'tag:yaml.org,2002:str'])
const RESOLVED = new Set(['!!int', '!!float', '!!bool', '!!null'])
const PLAIN_COLLECTIONS = new Set(['!', '!!map', '!!seq', '!!omap'])

/**
 * The value of a scalar by its tag: `!vault` is decrypted and secret, `!unsafe` is never a template, the tags of
 * YAML itself decide its type.
 * @throws SignetError yaml-syntax, vault-locked
 */
export function taggedScalar(tag: string, text: string, plain: boolean, place: Place): Value {
  if (tag === '') return plain ? resolvePlainScalar(text) : text
  if (TEXT.has(tag)) return text
  if (RESOLVED.has(tag)) return resolvePlainScalar(text)
  if (tag === '!unsafe') return literalText(text)
  if (tag === '!vault' || tag === '!vault-encrypted') return openedSecret(decryptVault(text, place))
  throw unknownTag(tag, place)
}

/** The value of a list or mapping by its tag. @throws SignetError yaml-syntax */
export function taggedCollection(tag: string, value: Value, place: Place): Value {
  if (tag === '' || PLAIN_COLLECTIONS.has(tag)) return value
  if (tag === '!unsafe') return literal(value)
  throw unknownTag(tag, place)
}

function unknownTag(tag: string, place: Place): SignetError {
  return new SignetError('yaml-syntax', `The tag ${tag} is not supported.`, {
    place,
    hint: 'There are !vault and !unsafe; quote a text that begins with an exclamation mark.',
  })
}

/**
 * A text that stays as it is when templates are evaluated: one that holds braces becomes a template of nothing but
 * the quoted text, so that no part of signet needs to know of a second kind of text.
 */
export function literalText(text: string): string {
  if (!/\{[{%#]/.test(text)) return text
  const quoted = text
    .replace(/[\\"]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
  return `{{ "${quoted}" }}`
}

function literal(value: Value): Value {
  if (typeof value === 'string') return literalText(value)
  if (isList(value))
    return carryPlaces(
      value,
      value.map((item) => literal(item)),
    )
  if (isMap(value)) {
    return carryPlaces(
      value,
      Object.fromEntries(Object.entries(value).map(([key, item]) => [key, literal(item)])),
    )
  }
  return value
}
