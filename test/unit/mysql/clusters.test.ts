import assert from 'node:assert/strict'
import { planFence } from '../../../src/mysql/members/plan-fence.js'
import { planForceQuorum } from '../../../src/mysql/members/plan-quorum.js'
import { planRecordedMember } from '../../../src/mysql/members/plan-recorded-member.js'
import { planRemoveInstance } from '../../../src/mysql/members/plan-remove.js'
import { planCreateReplicaCluster } from '../../../src/mysql/clusterset/create-replica.js'
import { planAddInstance } from '../../../src/mysql/plan-add-instance.js'
import { planCreateCluster, type CreateCluster } from '../../../src/mysql/plan-create-cluster.js'
import { topologyOf, type Server } from '../../../src/mysql/topology.js'
import { alone, inGroup, LOGIN, record, uuid } from './pictures.js'

const GTID = { within: true, complete: true }
const nobody = () => undefined

const created = (name: string, server: Server, others: readonly Server[] = []) => {
  const wanted: CreateCluster = {
    name,
    wish: { sslMode: 'REQUIRED', authType: 'PASSWORD', issuer: '', subject: '' },
    autoSslMode: true,
    communicationStack: undefined,
    groupName: undefined,
    localAddress: undefined,
    allowedHost: '%',
    multiPrimary: undefined,
    manualStartOnBoot: false,
    gtidSetIsComplete: false,
    disableClone: false,
    transactionSizeLimit: undefined,
    paxosSingleLeader: undefined,
    adopt: false,
    force: false,
    given: [],
  }
  return planCreateCluster(wanted, server, topologyOf([server, ...others], server), LOGIN, undefined)
}

const NORTH = record({ north: [1, 2] })
const north = [1, 2].map((id) => inGroup(id, 'north', [1, 2], { metadata: NORTH }))
const SOUTH = record({ south: [4] })

describe('two clusters that have nothing to do with each other, in one play', () => {
  it('the one that the task is for is seen, and has nothing to be done', () => {
    const { steps, failure } = created('south', inGroup(4, 'south', [4], { metadata: SOUTH }), north)
    assert.equal(failure, undefined)
    assert.deepEqual(steps, [])
  })

  it('a member that is down does not lose its record for a new cluster', () => {
    const { steps, failure } = created('south', alone(4, { metadata: SOUTH }), north)
    assert.match(failure ?? '', /a member of cluster "south" by its own metadata.*"members"/s)
    assert.deepEqual(steps, [])
  })

  it('a member that was removed by the others can found a cluster', () => {
    const former = alone(3, { metadata: record({ north: [1, 2, 3] }) })
    assert.equal(created('new', former, north).failure, undefined)
  })
})

describe('a server that runs in a group of its own', () => {
  const SET = record({ north: [1, 2] }, { view: '1', primary: 'north' })
  const members = [1, 2].map((id) => inGroup(id, 'north', [1, 2], { metadata: SET }))
  const replica = (server: Server) =>
    planCreateReplicaCluster(
      {
        name: 'west',
        subject: '',
        recoveryMethod: 'auto',
        cloneDonor: undefined,
        given: [],
        channel: { set: {}, reset: [] },
      },
      server,
      topologyOf([server, ...members], server),
      LOGIN,
      GTID,
      nobody,
    )

  it('does not become a replica cluster with whatever data it has', () => {
    const { steps, failure } = replica(inGroup(4, 'else', [4]))
    assert.match(failure ?? '', /s4 runs in a group of its own/)
    assert.deepEqual(steps, [])
  })

  it('is finished when an earlier run began it', () => {
    const memberActions = { mysql_disable_super_read_only_if_primary: false }
    const { failure } = replica(
      inGroup(4, 'else', [4], { memberActions, variables: { super_read_only: 'ON' } }),
    )
    assert.equal(failure, undefined)
  })

  it('does not join another group either', () => {
    assert.match(added(inGroup(4, 'else', [4])).failure ?? '', /s4 runs in another group \(group-else\)/)
  })
})

const added = (joiner: Server) =>
  planAddInstance(
    {
      cluster: 'north',
      subject: '',
      recoveryMethod: 'auto',
      cloneDonor: undefined,
      localAddress: undefined,
      given: [],
    },
    joiner,
    topologyOf([...north, joiner], joiner),
    LOGIN,
    GTID,
    nobody,
  )

describe('a server that joins or comes back', () => {
  const plans = {
    joins: () => added(alone(3)).steps,
    'comes back': () => {
      const away = alone(2, { metadata: NORTH, variables: { group_replication_group_name: 'group-north' } })
      const topology = topologyOf([inGroup(1, 'north', [1], { metadata: NORTH }), away])
      const [cluster] = topology.clusters
      const row = cluster?.instances[1]
      assert.ok(cluster !== undefined && row !== undefined)
      const options = { label: undefined, tags: undefined, given: [] }
      return planRecordedMember(away, row, cluster, options, topology, LOGIN).steps
    },
  }
  for (const [what, steps] of Object.entries(plans))
    it(`is waited for until the primary sees it ONLINE, too: one that ${what}`, () => {
      const id = what === 'joins' ? 3 : 2
      const all = steps()
      const own = all.findIndex((step) => step.do === 'wait' && step.host === `s${id}`)
      const wait = all[own + 1]
      assert.ok(wait?.do === 'wait' && wait.host === 's1', JSON.stringify(all))
      const seen = (state: string) => {
        const { picture } = inGroup(1, 'north', [1, id])
        return {
          ...picture,
          members: picture.members.map((one) => (one.uuid === uuid(id) ? { ...one, state } : one)),
        }
      }
      assert.equal(wait.until(seen('RECOVERING')), false)
      assert.equal(wait.until(inGroup(1, 'north', [1]).picture), false)
      assert.equal(wait.until(seen('ONLINE')), true)
      // A primary that is gone, or out of the group, need not see it.
      assert.equal(wait.until(alone(1).picture), true)
      assert.equal(wait.until({ kind: 'down', message: '' }), true)
    })
})

describe('a server that has the address of another', () => {
  it('does not take its place as long as that is there', () => {
    assert.match(added(alone(4, { host: 's2' })).failure ?? '', /s2:3306.*report_host/s)
  })

  it('does not take it out of the record either', () => {
    const s4 = alone(4, { host: 's2' })
    const wanted = { cluster: 'north', address: undefined, force: true }
    const { steps, message } = planRemoveInstance(wanted, s4, topologyOf([...north, s4]), LOGIN)
    assert.deepEqual(steps, [])
    assert.match(message ?? '', /s4 is no member/)
  })

  it('takes it out when it was set up anew there', () => {
    const s2 = alone(4, { host: 's2' })
    const away = inGroup(1, 'north', [1], { metadata: record({ north: [1, 2, 3] }) })
    const s3 = inGroup(3, 'north', [1, 3], { metadata: record({ north: [1, 2, 3] }) })
    const one = { ...away, picture: { ...away.picture, members: s3.picture.members } }
    const wanted = { cluster: 'north', address: undefined, force: true }
    const { failure, steps } = planRemoveInstance(wanted, s2, topologyOf([one, s3, s2]), LOGIN)
    assert.equal(failure, undefined)
    assert.ok(JSON.stringify(steps).includes('DELETE FROM'))
  })
})

describe('a member that is recorded', () => {
  it('is not where it belongs when it runs in another group', () => {
    const stray = inGroup(2, 'else', [2], { metadata: NORTH })
    const topology = topologyOf([inGroup(1, 'north', [1], { metadata: NORTH }), stray])
    const [cluster] = topology.clusters
    const row = cluster?.instances[1]
    assert.ok(cluster !== undefined && row !== undefined)
    const options = { label: undefined, tags: undefined, given: [] }
    const { failure } = planRecordedMember(stray, row, cluster, options, topology, LOGIN)
    assert.match(failure ?? '', /configured for another group/)
  })
})

describe('a member that believes itself ONLINE, but whose group goes on without it', () => {
  it('is brought back like any that failed', () => {
    const s1 = inGroup(1, 'north', [1], { metadata: NORTH })
    const frozen = inGroup(2, 'north', [1, 2], { metadata: NORTH })
    const topology = topologyOf([s1, frozen])
    const [cluster] = topology.clusters
    const row = cluster?.instances[1]
    assert.ok(cluster !== undefined && row !== undefined)
    const options = { label: undefined, tags: undefined, given: [] }
    const plan = planRecordedMember(frozen, row, cluster, options, topology, LOGIN)
    assert.equal(plan.failure, undefined)
    assert.deepEqual(plan.diff, [{ what: 's2 in cluster north', before: 'expelled\n', after: 'ONLINE\n' }])
    const done = plan.steps.flatMap((step) =>
      step.do === 'sql' ? step.statements.map(({ text }) => text) : [],
    )
    assert.ok(done.indexOf('STOP GROUP_REPLICATION') >= 0, done.join('\n'))
    assert.ok(
      done.findIndex((text) => text.startsWith('START GROUP_REPLICATION')) >
        done.indexOf('STOP GROUP_REPLICATION'),
    )
  })
})

describe('a quorum that is restored', () => {
  it('is there when the group has a primary again, which takes writes', () => {
    const { members } = inGroup(2, 'north', [1, 2]).picture
    const [lost, own] = members
    assert.ok(lost !== undefined && own !== undefined)
    const changes = { metadata: NORTH, members: [{ ...lost, state: 'UNREACHABLE' }, own] }
    const s2 = inGroup(2, 'north', [1, 2], changes)
    const ends = (server: Server, ...now: readonly (readonly [role: string, superReadOnly: string])[]) => {
      const { steps, failure } = planForceQuorum(server, topologyOf([server]), LOGIN)
      assert.equal(failure, undefined)
      const [wait] = steps.flatMap((step) => (step.do === 'wait' ? step : []))
      return now.map(([role, readOnly]) => {
        const variables = { ...server.picture.variables, super_read_only: readOnly }
        return wait?.until({ ...server.picture, members: [{ ...own, role }], variables })
      })
    }
    assert.deepEqual(ends(s2, ['SECONDARY', 'ON'], ['PRIMARY', 'ON'], ['PRIMARY', 'OFF']), [
      false,
      false,
      true,
    ])
    // The members of a group that is fenced stay read-only, and so does a primary that was closed by hand.
    const fenced = inGroup(2, 'north', [1, 2], {
      ...changes,
      memberActions: { mysql_disable_super_read_only_if_primary: false },
    })
    assert.deepEqual(ends(fenced, ['SECONDARY', 'ON'], ['PRIMARY', 'ON']), [false, true])
    const primary = inGroup(2, 'north', [2, 1], {
      metadata: NORTH,
      members: [
        { ...lost, state: 'UNREACHABLE', role: 'SECONDARY' },
        { ...own, role: 'PRIMARY' },
      ],
    })
    assert.deepEqual(ends(primary, ['PRIMARY', 'ON']), [true])
  })
})

describe('addresses that members know of one another', () => {
  const told = (seeds: readonly string[]) => {
    const members = seeds.map((list, index) =>
      inGroup(index + 1, 'north', [1, 2], {
        metadata: NORTH,
        variables: { group_replication_group_seeds: list },
      }),
    )
    const [, s2] = members
    const topology = topologyOf(members)
    const [cluster] = topology.clusters
    const row = cluster?.instances[1]
    assert.ok(cluster !== undefined && row !== undefined && s2 !== undefined)
    const options = { label: undefined, tags: undefined, given: [] }
    const { steps } = planRecordedMember(s2, row, cluster, options, topology, LOGIN)
    return steps.map(({ host }) => host)
  }

  it('are told to the members that miss one, as when a run died before it had', () => {
    assert.deepEqual(told(['', 's1:3306']), ['s1'])
    assert.deepEqual(told(['s2:3306', '']), ['s2'])
    assert.deepEqual(told(['', '']), ['s1', 's2'])
  })

  it('are left alone when nothing is missing', () => {
    assert.deepEqual(told(['s2:3306', 's1:3306']), [])
    assert.deepEqual(told(['s2:3306, s9:3306', 's1:3306']), [])
  })
})

describe('the accounts of a server that joins', () => {
  it('are taken back without opening a member that may be a secondary by then', () => {
    const { steps } = added(alone(4))
    const undone = steps.flatMap(({ host, undo = [] }) => (host === 's1' ? undo : []))
    assert.ok(undone.length > 0)
    assert.ok(!JSON.stringify(undone).includes('super_read_only'))
  })
})

describe('a primary cluster that is opened again', () => {
  const SET = record({ north: [1], west: [3] }, { view: '1', primary: 'north' })
  const closed = inGroup(1, 'north', [1], { metadata: SET, variables: { super_read_only: 'ON' } })
  const opened = (others: readonly Server[]) =>
    planFence('none', closed, topologyOf([closed, ...others]), LOGIN)

  it('comes with a warning when another may have been made primary', () => {
    assert.match((opened([]).warnings ?? []).join(), /not every other cluster .* can be asked/)
    assert.deepEqual(opened([inGroup(3, 'west', [3], { metadata: SET })]).warnings, [])
  })
})

describe('a group of several primaries', () => {
  it('is described by the one that has what was written last', () => {
    const several = (id: number, mode: string, gtidExecuted: string): Server =>
      inGroup(id, 'north', [1, 2], {
        metadata: { ...NORTH, clusters: NORTH.clusters.map((row) => ({ ...row, primaryMode: mode })) },
        members: [1, 2].map((each) => ({
          uuid: uuid(each),
          host: `s${each}`,
          port: 3306,
          state: 'ONLINE',
          role: 'PRIMARY',
        })),
        gtidExecuted,
      })
    const mode = (...servers: readonly Server[]) => topologyOf(servers).clusters[0]?.row.primaryMode
    const [behind, ahead] = [several(1, 'pm', `${uuid(9)}:1-5`), several(2, 'mm', `${uuid(9)}:1-6`)]
    assert.equal(mode(behind, ahead), 'mm')
    assert.equal(mode(ahead, behind), 'mm')
  })
})

describe('a member that has not got yet that the ClusterSet is no more', () => {
  it('does not count', () => {
    const set = record({ north: [1, 2] }, { view: '4294967298', primary: 'north' })
    const primary = inGroup(1, 'north', [1, 2], { metadata: NORTH, gtidExecuted: `${uuid(9)}:1-6` })
    const behind = inGroup(2, 'north', [1, 2], { metadata: set, gtidExecuted: `${uuid(9)}:1-5` })
    for (const servers of [
      [primary, behind],
      [behind, primary],
    ])
      assert.equal(topologyOf(servers).clusterset, undefined)
  })
})

describe('a group that was started twice', () => {
  const one = inGroup(1, 'north', [1], { metadata: NORTH })
  const two = inGroup(2, 'north', [2], { metadata: NORTH })

  it('has no primary that counts', () => {
    const [cluster] = topologyOf([one, two]).clusters
    assert.equal(cluster?.primary, undefined)
    assert.deepEqual(
      cluster?.split?.map(({ host }) => host),
      ['s1', 's2'],
    )
    assert.equal(topologyOf([one, two]).globalPrimary, undefined)
  })

  it('is none that has several primaries, or whose primary changes just now', () => {
    const changing = inGroup(2, 'north', [2, 1], { metadata: NORTH })
    const [cluster] = topologyOf([inGroup(1, 'north', [1, 2], { metadata: NORTH }), changing]).clusters
    assert.equal(cluster?.split, undefined)
    assert.equal(cluster?.primary?.host, 's1')
  })
})
