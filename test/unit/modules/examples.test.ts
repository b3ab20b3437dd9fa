import assert from 'node:assert/strict'
import { checkArguments } from '../../../src/modules/arguments.js'
import { MODULES } from '../../../src/modules/index.js'

describe('every module', () => {
  for (const module of MODULES) {
    it(`${module.name}: has examples, and they fit its arguments`, () => {
      assert.ok(module.examples.length > 0)
      for (const { description, args } of module.examples)
        assert.deepEqual(
          checkArguments(module, args, undefined).map(({ message }) => message),
          [],
          description,
        )
    })
    it(`${module.name}: its contracts fit its arguments`, () => {
      for (const { args } of module.contract ?? [])
        assert.deepEqual(
          checkArguments(module, args, undefined).map(({ message }) => message),
          [],
        )
    })
  }
})
