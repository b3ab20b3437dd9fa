import type { Module } from './module.js'
import type { ArgumentSchema } from './schema.js'

/** A JSON schema, draft-07. */
export type JsonSchema = Readonly<Record<string, unknown>>

const BOOLEAN: JsonSchema = {
  anyOf: [
    { type: 'boolean' },
    { enum: [0, 1] },
    {
      type: 'string',
      pattern: '^([Yy]es|[Nn]o|[Tt]rue|[Ff]alse|[Oo]n|[Oo]ff|y|n|YES|NO|TRUE|FALSE|ON|OFF|0|1)$',
    },
  ],
}
const SCALAR: JsonSchema = { type: ['string', 'number', 'boolean'] }

/** JSON schema of one argument's value as it may be written: with the spellings that Ansible accepts. */
export function jsonSchemaOf(argument: ArgumentSchema): JsonSchema {
  const described = {
    description: argument.description,
    ...(argument.default === undefined ? {} : { default: argument.default }),
  }
  const range = {
    ...(argument.minimum === undefined ? {} : { minimum: argument.minimum }),
    ...(argument.maximum === undefined ? {} : { maximum: argument.maximum }),
  }
  const words =
    argument.words === undefined || argument.words.length === 0 ? [] : [{ enum: [...argument.words] }]
  if (argument.enum) return { ...described, enum: [...argument.enum] }
  switch (argument.type) {
    case 'string':
      return {
        ...described,
        ...SCALAR,
        ...(argument.pattern === undefined ? {} : { pattern: argument.pattern }),
      }
    case 'boolean':
      return { ...described, ...BOOLEAN }
    case 'integer':
      return {
        ...described,
        anyOf: [{ type: 'integer', ...range }, { type: 'string', pattern: '^-?\\d+$' }, ...words],
      }
    case 'number':
      return {
        ...described,
        anyOf: [{ type: 'number', ...range }, { type: 'string', pattern: '^-?\\d+(\\.\\d+)?$' }, ...words],
      }
    case 'strings':
      return { ...described, anyOf: [SCALAR, { type: 'array', items: SCALAR }] }
    case 'list':
      return { ...described, anyOf: [{ type: 'array' }, SCALAR] }
    case 'map':
      return { ...described, type: 'object' }
    case 'mode':
      return {
        ...described,
        anyOf: [
          { type: 'integer', minimum: 0, maximum: 0o7777 },
          {
            type: 'string',
            pattern: '^(0?[0-7]{3,4}|preserve|[ugoa]*[-+=][rwxXstugo]*(,[ugoa]*[-+=][rwxXstugo]*)*)$',
          },
        ],
      }
    case 'any':
      return described
  }
}

/** JSON schema of all arguments of a module, where any value may also be a template. For editors. */
export function argumentsSchema(module: Module): JsonSchema {
  const properties: Record<string, JsonSchema> = {}
  const required: string[] = []
  for (const [name, argument] of Object.entries(module.args)) {
    const schema = {
      anyOf: [jsonSchemaOf(argument), { type: 'string', pattern: '\\{\\{' }],
      description: argument.description,
    }
    for (const spelling of [name, ...(argument.aliases ?? [])]) properties[spelling] = schema
    if (argument.required === true && argument.aliases === undefined) required.push(name)
  }
  return {
    type: 'object',
    description: module.summary,
    properties,
    required,
    additionalProperties: module.anyArguments === true,
  }
}
