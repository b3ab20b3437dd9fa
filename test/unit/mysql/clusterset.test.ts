import assert from 'node:assert/strict'
import type { Step } from '../../../src/host/step.js'
import { isConfigured, wantedChannel } from '../../../src/mysql/clusterset/channel.js'
import { planCreateClusterSet } from '../../../src/mysql/clusterset/create.js'
import { planSetPrimaryCluster } from '../../../src/mysql/clusterset/plan-primary.js'
import { planRejoinCluster } from '../../../src/mysql/clusterset/plan-rejoin.js'
import { planSetPrimary } from '../../../src/mysql/members/plan-primary.js'
import type { InstancePicture, ReplicationChannel } from '../../../src/mysql/instance.js'
import { topologyOf, type Server } from '../../../src/mysql/topology.js'
import { alone, channelTo1, inGroup, LOGIN, record } from './pictures.js'

const CHANNEL = channelTo1('clusterset_replication')
const SET = record({ east: [1], west: [3] }, { view: '2', primary: 'east' })
const A = 'aaaaaaaa-0000-0000-0000-000000000000'

/** What a step does, in words. */
const told = (steps: readonly Step[]): readonly string[] =>
  steps.map((step) => (step.do === 'sql' ? step.statements.map(({ text }) => text).join('; ') : step.do))

describe('a failover to a cluster', () => {
  const failOver = (channel: Partial<ReplicationChannel>) => {
    const west = inGroup(3, 'west', [3], {
      metadata: SET,
      gtidExecuted: `${A}:1-5`,
      channels: [{ ...CHANNEL, ...channel }],
      variables: { super_read_only: 'ON' },
    })
    const wanted = { cluster: 'west', force: true, invalidate: [], timeout: 60 }
    const plan = planSetPrimaryCluster(wanted, topologyOf([west]), ['s1: no answer'], LOGIN)
    assert.equal(plan.failure, undefined)
    return told(plan.steps)
  }
  const START = 'START REPLICA SQL_THREAD FOR CHANNEL ?'

  it('applies first what it received', () => {
    assert.equal(failOver({ receiver: 'CONNECTING', received: `${A}:1-7` })[0], 'catch_up')
  })

  it('applies it with an applier that was stopped, too', () => {
    const steps = failOver({ receiver: 'OFF', applier: 'OFF', received: `${A}:1-7` })
    assert.deepEqual(steps.slice(0, 2), [START, 'catch_up'])
  })

  it('starts no applier that has nothing to apply', () => {
    assert.ok(!failOver({ receiver: 'OFF', applier: 'OFF', received: `${A}:1-5` }).includes(START))
  })

  it('opens the cluster before it waits for a receiver that is about to connect to what is lost', () => {
    const steps = failOver({ receiver: 'CONNECTING', received: `${A}:1-5` })
    const open = steps.findIndex((text) => text.includes('SET GLOBAL read_only = OFF'))
    const stop = steps.findIndex((text) => /STOP REPLICA (IO_THREAD )?FOR CHANNEL/.test(text))
    assert.ok(open > 0 && stop > open, steps.join('\n'))
    assert.ok(steps.slice(0, open).some((text) => text.includes('STOP REPLICA SQL_THREAD FOR CHANNEL')))
  })
})

describe('a primary cluster that is fenced, and shall be primary', () => {
  const warnings = (...others: readonly Server[]): string => {
    const metadata = record({ east: [1], west: [3] }, { view: '2', primary: 'east' })
    const east = inGroup(1, 'east', [1], { metadata, variables: { super_read_only: 'ON' } })
    const wanted = { cluster: 'east', force: false, invalidate: [], timeout: 60 }
    const plan = planSetPrimaryCluster(wanted, topologyOf([east, ...others]), [], LOGIN)
    assert.deepEqual([plan.failure, plan.steps], [undefined, []])
    return plan.warnings?.join() ?? ''
  }

  it('is to be unfenced', () => {
    const metadata = record({ east: [1], west: [3] }, { view: '2', primary: 'east' })
    const west = inGroup(3, 'west', [3], { metadata, variables: { super_read_only: 'ON' } })
    assert.match(warnings(west), /has super_read_only=ON\. Unfence it for writes/)
  })

  it('… but not before it is certain that no other was made primary meanwhile', () => {
    assert.match(warnings(), /Another cluster may have been made primary meanwhile.*make sure that none was/)
  })
})

describe('a cluster that was left behind and takes writes', () => {
  it('is closed before it rejoins, and not opened again when it can not', () => {
    const left = {
      ...SET,
      clustersetMembers: record({ east: [1] }, { view: '4294967298', primary: 'east' }).clustersetMembers,
    }
    const east = inGroup(1, 'east', [1], { metadata: left })
    const west = inGroup(3, 'west', [3], { metadata: SET })
    const topology = topologyOf([east, west])
    const cluster = topology.clusters.find(({ row }) => row.id === 'west')
    assert.ok(cluster !== undefined && topology.clusterset !== undefined)
    const { steps } = planRejoinCluster(
      { channel: { set: {}, reset: [] }, timeout: 60 },
      cluster,
      topology,
      topology.clusterset,
      LOGIN,
    )
    const [fence] = steps
    assert.ok(fence?.do === 'sql' && fence.host === 's3')
    assert.equal(fence.statements.at(-1)?.text, 'SET GLOBAL super_read_only = ON')
    assert.equal(fence.undo, undefined)
  })
})

describe('a ClusterSet that was dissolved', () => {
  it('is none any more, though a member has not applied it yet', () => {
    const s1 = inGroup(1, 'east', [1, 2], { metadata: record({ east: [1, 2] }) })
    const metadata = record({ east: [1, 2] }, { view: '2', primary: 'east' })
    const s2 = inGroup(2, 'east', [1, 2], { metadata })
    for (const servers of [
      [s1, s2],
      [s2, s1],
    ]) {
      const topology = topologyOf(servers)
      assert.equal(topology.clusterset, undefined)
      assert.equal(topology.globalPrimary, s1)
    }
    // Of a primary that does not answer a member tells what it knows.
    assert.equal(topologyOf([s2]).clusterset?.domainName, 'domain')
  })
})

describe('a replica cluster that gets another primary', () => {
  const waits = (channel: Partial<ReplicationChannel>) => {
    const metadata = record({ east: [1], west: [3, 4] }, { view: '2', primary: 'east' })
    const at = (id: number, changes: Partial<ReplicationChannel>) =>
      inGroup(id, 'west', [3, 4], { metadata, channels: [{ ...CHANNEL, ...changes }] })
    const s4 = at(4, { receiver: 'OFF', applier: 'OFF' })
    const topology = topologyOf([inGroup(1, 'east', [1], { metadata }), at(3, channel), s4])
    const plan = planSetPrimary({ cluster: 'west', patience: undefined }, s4, topology, LOGIN)
    assert.equal(plan.failure, undefined)
    return plan.steps.filter((step) => step.do === 'wait')
  }
  const asPrimary = (receiver: 'ON' | 'CONNECTING') =>
    inGroup(4, 'west', [4, 3], { channels: [{ ...CHANNEL, receiver }] }).picture

  it('replicates there when the task is over', () => {
    const [elected, replicates] = waits({})
    assert.equal(elected?.until(asPrimary('CONNECTING')), true)
    assert.equal(replicates?.until(asPrimary('CONNECTING')), false)
    assert.equal(replicates.until(asPrimary('ON')), true)
  })

  it('is not waited for when it did not replicate before', () => {
    assert.equal(waits({ receiver: 'CONNECTING' }).length, 1)
  })
})

describe('a channel between clusters with IPv6 addresses', () => {
  it('is as it shall be when it leads to a member', () => {
    const rows = record({ east: [1], west: [3] }, { view: '2', primary: 'east' })
    const metadata = {
      ...rows,
      instances: rows.instances.map((row) => (row.id === 1 ? { ...row, address: '[fd00::1]:3306' } : row)),
    }
    const at = (changes: Partial<InstancePicture>) => ({ metadata, ...changes })
    const east = inGroup(1, 'east', [1], at({ host: 'fd00::1' }))
    const west = inGroup(3, 'west', [3], at({ channels: [{ ...CHANNEL, host: 'fd00::1' }] }))
    const topology = topologyOf([east, west])
    const cluster = topology.clusters.find(({ row }) => row.id === 'west')
    assert.ok(topology.clusterset !== undefined)
    const wanted = wantedChannel(west, cluster, east, topology, topology.clusterset)
    assert.equal(isConfigured(west, wanted), true)
  })
})

describe('a ClusterSet', () => {
  const created = (server: Server) =>
    planCreateClusterSet(
      { name: 'domain', sslMode: 'REQUIRED', allowedHost: '%' },
      server,
      topologyOf([server]),
      LOGIN,
    )
  it('is made of a cluster with one primary', () => {
    const metadata = record({ east: [1] })
    const several = { metadata, variables: { group_replication_single_primary_mode: 'OFF' } }
    assert.equal(created(inGroup(1, 'east', [1], { metadata })).failure, undefined)
    assert.match(created(inGroup(1, 'east', [1], several)).failure ?? '', /several primaries/)
    assert.match(created(alone(2)).failure ?? '', /in no cluster/)
  })
})
