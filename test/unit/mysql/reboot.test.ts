import assert from 'node:assert/strict'
import { planReboot } from '../../../src/mysql/members/plan-reboot.js'
import { topologyOf, type Server } from '../../../src/mysql/topology.js'
import { alone, inGroup, LOGIN, record } from './pictures.js'

const SET = { east: [1, 2], west: [3, 4], south: [5] }
const BEFORE = record(SET, { view: '5', primary: 'east' })
/** The record after a failover to west, in which south was left behind, too. */
const AFTER = {
  ...record(SET, { view: '4294967301', primary: 'west' }),
  clustersetMembers: record({ west: [3, 4] }, { view: '4294967301', primary: 'west' }).clustersetMembers,
}
const DOWN = { variables: { group_replication_group_name: 'group-east', super_read_only: 'ON' } }

describe('a primary cluster that was down', () => {
  const [s1, s2] = [1, 2].map((id) => alone(id, { ...DOWN, metadata: BEFORE }))
  assert.ok(s1 !== undefined && s2 !== undefined)
  const reboot = (others: readonly Server[], force = false) =>
    planReboot({ cluster: 'east', seed: undefined, force }, s1, topologyOf([s1, s2, ...others]), LOGIN)
  const west = inGroup(3, 'west', [3, 4], { metadata: BEFORE })
  const south = inGroup(5, 'south', [5], { metadata: BEFORE })

  it('is opened when each other cluster says that it was made primary by nobody', () => {
    const { failure, steps } = reboot([west, south])
    assert.equal(failure, undefined)
    assert.ok(!JSON.stringify(steps).includes('group_replication_disable_member_action'))
  })

  it('is opened when the others are down, too, and all their members answer', () => {
    const down = [3, 4].map((id) => alone(id, { metadata: BEFORE }))
    assert.equal(reboot([...down, south]).failure, undefined)
  })

  for (const [what, others] of [
    ['a cluster is silent', [south]],
    ['one member of a cluster that is down is silent', [alone(3, { metadata: BEFORE }), south]],
    ['a cluster is cut off from its majority', [inGroup(3, 'west', [3, 4], minority()), south]],
    ['only a server answers that was a member once', [alone(9, { metadata: BEFORE })]],
  ] as const)
    it(`is not opened when ${what}`, () => {
      assert.match(reboot(others).failure ?? '', /may have been made primary meanwhile/)
      assert.equal(reboot(others, true).failure, undefined)
    })

  it('stays closed when another was made primary, though a third does not know of it', () => {
    const { failure, warnings, steps } = reboot([inGroup(4, 'west', [4], { metadata: AFTER }), south])
    assert.equal(failure, undefined)
    assert.match((warnings ?? []).join(), /was replaced as primary/)
    assert.ok(JSON.stringify(steps).includes('group_replication_disable_member_action'))
  })
})

/** Half of the members can't be reached. */
function minority() {
  const { members } = inGroup(3, 'west', [3, 4]).picture
  return {
    metadata: BEFORE,
    members: members.map((each, index) => (index === 0 ? each : { ...each, state: 'UNREACHABLE' })),
  }
}
