import assert from 'node:assert/strict'
import type { InstancePicture, Metadata } from '../../../src/mysql/instance.js'
import type { ChannelDetails } from '../../../src/mysql/channel-details.js'
import { replicasetsOf } from '../../../src/mysql/replicaset/replicaset.js'
import { describeReplicaset, replicasetStatus } from '../../../src/mysql/replicaset/status.js'
import { topologyOf, type Server } from '../../../src/mysql/topology.js'
import { clusterSetStatus } from '../../../src/mysql/views/clusterset-status.js'
import { describeCluster, describeClusterSet } from '../../../src/mysql/views/describe.js'
import { clusterOptions } from '../../../src/mysql/views/options.js'
import { clusterStatus } from '../../../src/mysql/views/status.js'
import {
  clusterSetStatusFaults,
  clusterStatusFaults,
  describeFaults,
  keyFaults,
  OPTIONS,
  optionNames,
  replicaSetStatusFaults,
  valueAt,
  type Json,
} from '../../adminapi-keys.js'
import { channelTo1 } from './pictures.js'

const CHANNEL = channelTo1('clusterset_replication', {
  sslCa: '/ca.pem',
  sslCert: '/cert.pem',
  sslKey: '/key.pem',
  verifyServerCert: true,
})
const DETAILS: ChannelDetails = {
  sourceUuid: 'uuid-1',
  sslCaPath: '',
  delay: 0,
  receiverThreadState: 'Waiting for source to send event',
  applierErrorNumber: 0,
  applierError: '',
  applierThreadState: 'Replica has read all relay log',
  coordinatorState: 'ON',
  coordinatorError: undefined,
  workerThreadState: 'Waiting for an event from Coordinator',
  workerErrors: [],
  workersOff: 0,
  receiverErrorTimestamp: '',
  applierWorkers: 4,
  timeSinceLastMessage: '00:00:01.000000',
  lagFromOriginal: '',
  lagFromImmediate: '',
}

const instance = (id: number, clusterId: string, attributes: Json = {}): Metadata['instances'][number] => ({
  id,
  clusterId,
  address: `s${id}:3306`,
  uuid: `uuid-${id}`,
  name: `s${id}:3306`,
  addresses: {},
  attributes: { server_id: id, recoveryAccountUser: `mysql_innodb_cluster_${id}`, ...attributes },
})
const cluster = (id: string, type: string, group: string): Metadata['clusters'][number] => ({
  id,
  name: id,
  type,
  attributes: { group_replication_group_name: group, opt_transactionSizeLimit: 1, tags: { site: 'north' } },
  clustersetId: type === 'gr' ? 'set' : null,
  primaryMode: 'pm',
})

const SET: Metadata = {
  version: '2.4.0',
  clusters: [cluster('east', 'gr', 'g1'), cluster('west', 'gr', 'g2')],
  instances: [instance(1, 'east'), instance(2, 'east', { tags: { _hidden: true } }), instance(3, 'west')],
  clustersets: [{ id: 'set', domainName: 'domain', attributes: {} }],
  clustersetMembers: ['east', 'west'].map((clusterId) => ({
    clustersetId: 'set',
    viewId: '2',
    clusterId,
    masterClusterId: clusterId === 'east' ? null : 'east',
    primary: clusterId === 'east',
  })),
  replicasetViews: [],
  replicasetMembers: [],
}
const REPLICASET: Metadata = {
  ...SET,
  clusters: [cluster('pair', 'ar', '')],
  instances: [instance(1, 'pair'), instance(2, 'pair')],
  clustersets: [],
  clustersetMembers: [],
  replicasetViews: [{ clusterId: 'pair', viewId: 3 }],
  replicasetMembers: [1, 2].map((instanceId) => ({
    clusterId: 'pair',
    instanceId,
    masterInstanceId: instanceId === 1 ? null : 1,
    primary: instanceId === 1,
  })),
}

function server(
  id: number,
  group: readonly number[],
  metadata: Metadata,
  changes: Partial<InstancePicture>,
): Server {
  const picture: InstancePicture = {
    kind: 'up',
    version: '9.7.4',
    uuid: `uuid-${id}`,
    serverId: id,
    host: `s${id}`,
    port: 3306,
    variables: {
      group_replication_group_name: group.includes(3) ? 'g2' : 'g1',
      group_replication_ssl_mode: 'VERIFY_IDENTITY',
      group_replication_communication_stack: 'MYSQL',
      group_replication_paxos_single_leader: 'OFF',
      replica_parallel_workers: '4',
      super_read_only: id === 1 ? 'OFF' : 'ON',
    },
    persisted: {},
    tls: true,
    plugins: [],
    members: group.map((each) => ({
      uuid: `uuid-${each}`,
      host: `s${each}`,
      port: 3306,
      state: 'ONLINE',
      role: each === group[0] ? 'PRIMARY' : 'SECONDARY',
    })),
    memberActions: {},
    channels: [],
    channelDetails: {},
    managedSources: [],
    accounts: [],
    gtidExecuted: 'aaaaaaaa-0000-0000-0000-000000000000:1-9',
    gtidPurged: '',
    secureThreads: [],
    metadata,
    ...changes,
  }
  return { host: `s${id}`, picture }
}

const replica = { channels: [CHANNEL], channelDetails: { clusterset_replication: DETAILS } }
const TOPOLOGY = topologyOf([
  server(1, [1, 2], SET, {}),
  server(2, [1, 2], SET, {}),
  server(3, [3], SET, replica),
])
const [PAIR] = replicasetsOf([
  server(1, [], REPLICASET, {}),
  server(2, [], REPLICASET, { channels: [{ ...CHANNEL, name: '' }], channelDetails: { '': DETAILS } }),
])

describe("the keys of AdminAPI's status(), options() and describe()", () => {
  for (const level of [0, 1, 2])
    it(`of extended ${level}`, () => {
      const { clusters } = TOPOLOGY
      // What only the servers can tell (counters, threads) is seen on the lab.
      const transactions = new Set(['member -transactions', 'transactions is undefined'])
      const detail = { level, extended: new Map() }
      assert.deepEqual(
        [
          ...clusters.flatMap((each) => clusterStatusFaults(clusterStatus(each, TOPOLOGY, detail), level)),
          ...clusterSetStatusFaults(clusterSetStatus(TOPOLOGY, detail), level),
          ...(PAIR === undefined
            ? ['?']
            : replicaSetStatusFaults(replicasetStatus(PAIR, [], { level, extended: new Map() }), level)),
        ].filter((fault) => !transactions.has(fault)),
        [],
      )
    })

  it('of describe() and options()', () => {
    const [east, west] = TOPOLOGY.clusters
    assert.ok(east !== undefined && west !== undefined && PAIR !== undefined)
    const options = clusterOptions(west, TOPOLOGY)
    assert.deepEqual(
      [
        ...describeFaults('cluster', describeCluster(east)),
        ...describeFaults('clusterSet', describeClusterSet(TOPOLOGY)),
        ...describeFaults('replicaSet', describeReplicaset(PAIR)),
        ...keyFaults('clusterOptions', options),
        ...keyFaults('groupOptions', options['defaultReplicaSet']),
      ],
      [],
    )
    assert.deepEqual(optionNames(valueAt(options, 'defaultReplicaSet', 'topology', 's3:3306')), [
      ...OPTIONS.member,
      ...OPTIONS.clusterOfSet,
    ])
    assert.deepEqual(valueAt(options, 'defaultReplicaSet', 'tags'), {
      global: [{ option: 'site', value: 'north' }],
      's3:3306': [],
    })
  })

  it('are missed and told when they are too many', () => {
    assert.deepEqual(keyFaults('replicaSetDescribe', { name: 'a', more: 1 }), [
      'replicaSetDescribe -topology',
      'replicaSetDescribe +more',
    ])
  })
})

describe('the status of a cluster', () => {
  const [east] = TOPOLOGY.clusters
  const member = (status: unknown, id: number): unknown =>
    valueAt(status, 'defaultReplicaSet', 'topology', `s${id}:3306`)

  it('tells roles, modes, lag and what Routers pass over', () => {
    assert.ok(east !== undefined)
    const status = clusterStatus(east, TOPOLOGY)
    assert.equal(valueAt(status, 'defaultReplicaSet', 'status'), 'OK_NO_TOLERANCE')
    assert.deepEqual(
      [1, 2].map((id) =>
        ['memberRole', 'mode', 'hiddenFromRouter'].map((key) => valueAt(member(status, id), key)),
      ),
      [
        ['PRIMARY', 'R/W', undefined],
        ['SECONDARY', 'R/O', true],
      ],
    )
  })

  it('tells a member that is away, one that is open though it is no primary, and a fenced cluster', () => {
    const alone = topologyOf([server(1, [1], SET, {})])
    const status = clusterStatus(alone.clusters[0] as never, alone)
    assert.equal(valueAt(status, 'defaultReplicaSet', 'status'), 'OK_NO_TOLERANCE_PARTIAL')
    assert.deepEqual(
      ['status', 'mode'].map((key) => valueAt(member(status, 2), key)),
      ['(MISSING)', 'n/a'],
    )
    const open = topologyOf([
      server(1, [1, 2], SET, {
        variables: { ...server(1, [1], SET, {}).picture.variables, super_read_only: 'ON' },
      }),
      server(2, [1, 2], SET, {
        variables: { ...server(2, [1], SET, {}).picture.variables, super_read_only: 'OFF' },
      }),
    ])
    const fenced = clusterStatus(open.clusters[0] as never, open)
    assert.equal(valueAt(fenced, 'defaultReplicaSet', 'status'), 'FENCED_WRITES')
    assert.match(String(valueAt(member(fenced, 2), 'instanceErrors')), /super_read_only is OFF, though/)
    assert.equal(valueAt(clusterSetStatus(open), 'status'), 'UNAVAILABLE')
  })

  it('tells a clone that failed while the group does not know of it yet, and why a server does not answer', () => {
    const member2 = (state: string): InstancePicture['members'][number] => ({
      uuid: 'uuid-2',
      host: 's2',
      port: 3306,
      state,
      role: 'SECONDARY',
    })
    const first = server(1, [1], SET, {})
    const topology = topologyOf([
      { ...first, picture: { ...first.picture, members: [...first.picture.members, member2('RECOVERING')] } },
      server(2, [1, 2], SET, { members: [member2('ERROR')], channels: [] }),
    ])
    // As a server of 9.7 said.
    const error =
      'Clone Donor Error: 1227 : Access denied; you need (at least one of) the BACKUP_ADMIN privilege(s) for this operation.'
    const clone = {
      state: 'Failed',
      beginTime: '2026-11-26 16:48:57.022',
      errorNumber: 3862,
      error,
      stages: [{ stage: 'DROP DATA', state: 'Not Started', estimate: 0, data: 0 }],
    }
    const status = clusterStatus(topology.clusters[0] as never, topology, {
      level: 0,
      extended: new Map([['s2', { statistics: new Map(), clone }]]),
    })
    const recovery = valueAt(member(status, 2), 'recovery')
    assert.equal(valueAt(member(status, 2), 'recoveryStatusText'), 'Clone error')
    assert.deepEqual(recovery, {
      cloneStartTime: clone.beginTime,
      cloneState: 'Failed',
      currentStage: null,
      currentStageProgress: null,
      currentStageState: null,
      error,
      errorNumber: 3862,
    })
    assert.deepEqual(keyFaults('clone', recovery), [])
    assert.match(
      String(valueAt(member(status, 2), 'instanceErrors')),
      /The last clone that it received.*failed: Clone Donor/,
    )

    const silent = new Map([['s2', 'it is asleep']])
    const away = topologyOf([first])
    const told = clusterStatus(away.clusters[0] as never, away, { level: 0, extended: new Map(), silent })
    assert.equal(valueAt(member(told, 2), 'shellConnectError'), 'it does not answer: it is asleep')
  })
})
