import assert from 'node:assert/strict'
import { Ajv } from 'ajv'
import { jsonSchemaOf } from '../../../src/modules/argument-schema.js'
import { MODULES } from '../../../src/modules/index.js'

/** The program itself does not look: that would cost each start more than all else. */
describe('schemas of arguments are schemas', () => {
  const ajv = new Ajv({ allowUnionTypes: true, strict: true })
  for (const { name, args } of MODULES)
    it(name, () => {
      for (const [argument, schema] of Object.entries(args))
        assert.equal(
          ajv.validateSchema(jsonSchemaOf(schema)),
          true,
          `${argument}: ${ajv.errorsText(ajv.errors)}`,
        )
    })
})
