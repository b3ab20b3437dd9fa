import { argumentsSchema, type JsonSchema } from '../modules/argument-schema.js'
import type { Module } from '../modules/module.js'
import { ENGINE_ACTIONS, type EngineAction } from './action-table.js'
import { keywordsAt, type Keyword, type Level } from './keywords.js'

const TEMPLATE: JsonSchema = { type: 'string', pattern: '\\{\\{' }
const PLAIN: JsonSchema = { type: ['string', 'number', 'boolean'] }
const BOOLEAN: JsonSchema = {
  anyOf: [{ type: 'boolean' }, { enum: [0, 1, 'yes', 'no', 'true', 'false', 'on', 'off'] }, TEMPLATE],
}

const items = (level: 'task' | 'handler'): JsonSchema => ({
  type: ['array', 'null'],
  items: {
    if: { anyOf: ['block', 'rescue', 'always'].map((key) => ({ required: [key] })) },
    then: { $ref: `#/definitions/${level}-block` },
    else: { $ref: `#/definitions/${level}` },
  },
})

/** What a keyword's value may be. @param inside what lists of tasks hold */
function valueOf(keyword: Keyword, inside: 'task' | 'handler'): JsonSchema {
  if (keyword.name === 'roles') return { type: ['array', 'null'], items: { $ref: '#/definitions/role' } }
  if (keyword.name === 'vars_prompt')
    return { type: ['array', 'null'], items: { $ref: '#/definitions/vars_prompt' } }
  switch (keyword.type) {
    case 'text':
      return PLAIN
    case 'boolean':
      return BOOLEAN
    case 'integer':
      return { anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^\\d+$' }, TEMPLATE] }
    case 'number':
      return { anyOf: [{ type: 'number' }, { type: 'string', pattern: '^\\d+(\\.\\d+)?%?$' }, TEMPLATE] }
    case 'texts':
    case 'condition':
      return { anyOf: [PLAIN, { type: 'array', items: PLAIN }] }
    case 'list':
      return { type: ['array', 'null'] }
    case 'map':
      return { type: ['object', 'null'] }
    case 'maps':
      return { anyOf: [{ type: 'object' }, { type: 'array', items: { type: 'object' } }, TEMPLATE] }
    case 'items':
      return items(keyword.name === 'handlers' ? 'handler' : inside)
    case 'any':
      return {}
  }
}

function keywordsSchema(level: Level, inside: 'task' | 'handler' = 'task'): Record<string, JsonSchema> {
  const properties: Record<string, JsonSchema> = {}
  for (const keyword of keywordsAt(level).values()) {
    properties[keyword.name] =
      keyword.refused === undefined
        ? { title: keyword.name, description: keyword.summary, ...valueOf(keyword, inside) }
        : { title: keyword.name, description: `Not supported. ${keyword.refused}`, not: {} }
  }
  return properties
}

/** The key of a task: its arguments as a mapping, or as text (`copy: src=a dest=b`, `command: ls`). */
function taskKeys(modules: readonly Module[]): Record<string, JsonSchema> {
  const properties: Record<string, JsonSchema> = {}
  const add = (
    names: readonly string[],
    definition: string,
    described: Pick<Module, 'name' | 'summary'>,
  ): void => {
    for (const name of names) {
      properties[name] = {
        title: described.name,
        description: described.summary,
        anyOf: [{ $ref: `#/definitions/${definition}` }, { type: ['string', 'null'] }],
      }
    }
  }
  for (const action of ENGINE_ACTIONS)
    add([action.name, `ansible.builtin.${action.name}`], `action-${action.name}`, action)
  for (const module of modules)
    add([...new Set([module.name, ...module.aliases])], `module-${module.name}`, module)
  return properties
}

/** Arguments may also stand below `args`, so none is required here: missing ones are found when loading. */
function optional(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== 'required'))
}

const asModule = (action: EngineAction): Module => ({
  ...action,
  aliases: [],
  returns: {},
  examples: [],
  probe: () => Promise.resolve(undefined),
  plan: () => ({ steps: [], diff: [] }),
})

/**
 * JSON schema (draft-07) of a playbook with all keywords and all arguments of these modules, for editors. Loading
 * checks more than a schema can say: roles, handlers, rules among arguments, the syntax of templates.
 */
export function playbookSchema(modules: readonly Module[]): JsonSchema {
  const keys = taskKeys(modules)
  const definitions: Record<string, JsonSchema> = {
    play: {
      type: 'object',
      title: 'Play',
      description: 'Tasks and roles for the hosts of a pattern.',
      required: ['hosts'],
      properties: keywordsSchema('play'),
      additionalProperties: false,
    },
    import: {
      type: 'object',
      title: 'Import of a playbook',
      description: 'The plays of another playbook. Keywords beside it count for all of them.',
      properties: {
        ...Object.fromEntries(
          ['import_playbook', 'ansible.builtin.import_playbook'].map((key) => [
            key,
            {
              type: 'string',
              title: 'import_playbook',
              description: 'Path of the playbook, relative to this one.',
            },
          ]),
        ),
        name: { type: 'string', description: 'A name.' },
        vars: { type: 'object', description: 'Variables for all of its tasks.' },
        when: { description: 'Conditions for all of its tasks.' },
        tags: { description: 'Tags for all of its plays.' },
      },
      additionalProperties: false,
    },
    vars_prompt: {
      type: 'object',
      title: 'Variable to ask for',
      required: ['name'],
      properties: keywordsSchema('vars_prompt'),
      additionalProperties: false,
    },
    role: {
      anyOf: [
        { type: 'string', description: 'Name of a role.' },
        {
          type: 'object',
          title: 'Role',
          description: 'A role with keywords; all other keys are its parameters.',
          properties: keywordsSchema('role'),
        },
      ],
    },
  }
  for (const level of ['task', 'handler'] as const) {
    definitions[level] = {
      type: 'object',
      title: level === 'task' ? 'Task' : 'Handler',
      properties: { ...keywordsSchema(level), ...keys },
      additionalProperties: false,
    }
    definitions[`${level}-block`] = {
      type: 'object',
      title: 'Block',
      required: ['block'],
      properties: keywordsSchema('block', level),
      additionalProperties: false,
    }
  }
  for (const action of ENGINE_ACTIONS)
    definitions[`action-${action.name}`] = optional(argumentsSchema(asModule(action)))
  for (const module of modules) definitions[`module-${module.name}`] = optional(argumentsSchema(module))
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Playbook of signet',
    description: 'Made by scripts/write-schema.ts from the tables of keywords and modules.',
    type: 'array',
    items: {
      if: { anyOf: [{ required: ['import_playbook'] }, { required: ['ansible.builtin.import_playbook'] }] },
      then: { $ref: '#/definitions/import' },
      else: { $ref: '#/definitions/play' },
    },
    definitions,
  }
}
