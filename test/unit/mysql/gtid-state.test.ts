import assert from 'node:assert/strict'
import { gtidState } from '../../../src/mysql/gtid-state.js'
import { alone } from './pictures.js'

const A = 'aaaaaaaa-0000-0000-0000-000000000000'
const B = 'bbbbbbbb-0000-0000-0000-000000000000'

describe('the transactions of a server that is to join', () => {
  const donor = alone(1, { gtidExecuted: `${A}:1-9`, gtidPurged: `${A}:1-5` })
  const other = alone(2, { gtidExecuted: `${A}:1-9`, gtidPurged: `${A}:1-2` })
  const joiner = (gtidExecuted: string) => alone(3, { gtidExecuted })

  for (const [executed, within, complete] of [
    [`${A}:1-5`, true, true],
    [`${A}:1-3`, true, true],
    [`${A}:1`, true, false],
    ['', true, false],
    [`${A}:1-6,${B}:1`, false, true],
  ] as const)
    it(`${executed || 'none'}: ${within ? '' : 'not '}within the donor's, logs ${complete ? '' : 'not '}complete`, () => {
      assert.deepEqual(gtidState(joiner(executed), donor, [other]), { within, complete })
    })
})
