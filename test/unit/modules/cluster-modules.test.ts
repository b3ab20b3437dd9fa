import assert from 'node:assert/strict'
import { CLUSTER_MODULES, LIVES } from '../../lab/cluster-modules.js'

describe('modules for clusters', () => {
  it('each is used, with all its examples, in one life of servers on the lab', () => {
    assert.deepEqual(Object.values(LIVES).flat().sort(), CLUSTER_MODULES.map(({ name }) => name).sort())
  })

  it('their examples are their contracts', () => {
    assert.deepEqual(
      CLUSTER_MODULES.filter(({ contract }) => contract !== undefined).map(({ name }) => name),
      [],
    )
  })
})
