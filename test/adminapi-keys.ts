/** Keys of one object in the output of AdminAPI, by the value of `extended` from which they are there. */
interface Keys {
  readonly always: readonly string[]
  readonly from1?: readonly string[]
  readonly from2?: readonly string[]
  readonly from3?: readonly string[]
  /** Only under certain conditions. */
  readonly sometimes?: readonly string[]
  /** Not AdminAPI's: added by signet. */
  readonly ours?: readonly string[]
}

const CHANNEL: Keys = {
  always: ['applierStatus', 'applierThreadState', 'receiverStatus', 'receiverThreadState', 'replicationSsl'],
  from1: [
    'applierQueuedTransactionSet',
    'applierQueuedTransactionSetSize',
    'applierState',
    'coordinatorState',
    'receiverTimeSinceLastMessage',
    'source',
  ],
  from2: ['applierWorkerThreads', 'options'],
  sometimes: [
    'applierLastErrors',
    'applierQueuedTransactionSetSize',
    'applierWorkerThreads',
    'coordinatorLastError',
    'coordinatorLastErrorNumber',
    'coordinatorLastErrorTimestamp',
    'coordinatorThreadState',
    'expectedSource',
    'options',
    'receiverLastError',
    'receiverLastErrorNumber',
    'receiverLastErrorTimestamp',
    'source',
  ],
}

const COUNTERS = [
  'appliedCount',
  'checkedCount',
  'committedAllMembers',
  'conflictsDetectedCount',
  'inApplierQueueCount',
  'inQueueCount',
  'lastConflictFree',
  'proposedCount',
  'rollbackCount',
] as const

/** AdminAPI 8.4's objects, as its source assembles them (cluster/status.cc, cluster_set/status.cc, and the like). */
export const KEYS = {
  clusterStatus: {
    always: ['clusterName', 'defaultReplicaSet', 'groupInformationSourceMember'],
    from1: ['metadataVersion'],
    sometimes: ['clusterRole', 'clusterSetReplicationStatus', 'domainName', 'metadataServer'],
  },
  group: {
    always: ['name', 'primary', 'ssl', 'status', 'statusText', 'topology', 'topologyMode'],
    from1: ['GRProtocolVersion', 'communicationStack', 'groupName', 'groupViewId', 'paxosSingleLeader'],
    sometimes: ['clusterErrors', 'groupViewChangeUuid', 'warning'],
  },
  member: {
    always: ['address', 'memberRole', 'mode', 'readReplicas', 'role', 'status', 'version'],
    from1: ['applierWorkerThreads', 'fenceSysVars', 'memberId', 'memberState'],
    from2: ['transactions'],
    sometimes: [
      'applierChannel',
      'autoRejoinRunning',
      'hiddenFromRouter',
      'instanceErrors',
      'recovery',
      'recoveryStatusText',
      'replicationLag',
      'replicationLagFromImmediateSource',
      'replicationLagFromOriginalSource',
      'shellConnectError',
      'tags',
    ],
  },
  transactions: {
    always: COUNTERS,
    from3: ['connection', 'coordinator', 'workers'],
  },
  /** Of a member that recovers from the binary log of another. */
  recovery: {
    always: ['state'],
    from1: ['recoveryChannel'],
    sometimes: [
      ...COUNTERS,
      'applierError',
      'applierErrorNumber',
      'connection',
      'coordinator',
      'receiverError',
      'receiverErrorNumber',
      'workers',
    ],
  },
  /** Of a member that recovers by clone. */
  clone: {
    always: ['cloneStartTime', 'cloneState', 'currentStage', 'currentStageState'],
    from1: ['recoveryChannel'],
    sometimes: [
      ...COUNTERS,
      'connection',
      'coordinator',
      'currentStageProgress',
      'error',
      'errorNumber',
      'workers',
    ],
  },
  /** One level less than the status that they are in. */
  recoveryChannel: { ...CHANNEL, always: [...CHANNEL.always, 'source'] },
  applierChannel: CHANNEL,
  readReplica: {
    always: ['address', 'role', 'status'],
    from1: ['replicationSources'],
    sometimes: [
      'applierQueuedTransactionSet',
      'applierQueuedTransactionSetSize',
      'applierStatus',
      'applierThreadState',
      'applierWorkerThreads',
      'coordinatorState',
      'coordinatorThreadState',
      'instanceErrors',
      'options',
      'receiverStatus',
      'receiverThreadState',
      'receiverTimeSinceLastMessage',
      'replicationLag',
      'replicationSsl',
      'version',
    ],
  },
  connection: {
    always: [
      'lastHeartbeatTimestamp',
      'lastQueued',
      'receivedHeartbeats',
      'receivedTransactionSet',
      'threadId',
    ],
    sometimes: ['currentlyQueueing', 'lastErrno', 'lastError', 'lastErrorTimestamp'],
  },
  coordinator: {
    always: ['lastProcessed', 'threadId'],
    sometimes: ['currentlyProcessing', 'lastErrno', 'lastError', 'lastErrorTimestamp'],
  },
  worker: {
    always: ['lastApplied', 'threadId'],
    sometimes: ['currentlyApplying', 'lastErrno', 'lastError', 'lastErrorTimestamp'],
  },
  lastApplied: {
    always: [
      'applyTime',
      'endTimestamp',
      'immediateCommitTimestamp',
      'immediateCommitToEndTime',
      'originalCommitTimestamp',
      'originalCommitToEndTime',
      'retries',
      'startTimestamp',
      'transaction',
    ],
    sometimes: ['lastTransientErrno', 'lastTransientError', 'lastTransientErrorTimestamp'],
  },
  clusterSetStatus: {
    always: ['clusters', 'domainName', 'globalPrimaryInstance', 'primaryCluster', 'status', 'statusText'],
    from1: ['metadataServer'],
  },
  clusterOfSet: {
    always: ['clusterRole', 'globalStatus'],
    from1: ['status', 'statusText', 'topology', 'transactionSet'],
    from2: ['communicationStack', 'groupName', 'paxosSingleLeader', 'ssl'],
    sometimes: [
      'clusterErrors',
      'clusterSetReplication',
      'clusterSetReplicationStatus',
      'groupViewChangeUuid',
      'primary',
      'receivedTransactionSet',
      'status',
      'statusText',
      'tags',
      'transactionSetConsistencyStatus',
      'transactionSetConsistencyStatusText',
      'transactionSetErrantGtidSet',
      'transactionSetMissingGtidSet',
    ],
  },
  /** One level less than the status that it is in. */
  clusterSetReplication: {
    ...CHANNEL,
    always: [...CHANNEL.always, 'receiver', 'replicationSslMode', 'source'],
  },
  replicaSetStatus: { always: ['replicaSet'], from1: ['metadataVersion'] },
  replicaSet: { always: ['name', 'primary', 'status', 'statusText', 'topology', 'type'] },
  replicaSetMember: {
    always: ['address', 'instanceRole', 'mode', 'status'],
    from1: ['fenceSysVars', 'fenced', 'serverUuid'],
    sometimes: [
      'connectError',
      'fenced',
      'hiddenFromRouter',
      'instanceErrors',
      'replication',
      'tags',
      'transactionSetConsistencyStatus',
      'transactionSetConsistencyStatusText',
      'transactionSetErrantGtidSet',
      'unknownChannels',
      'unknownReplicas',
    ],
    ours: ['version'],
  },
  replication: {
    ...CHANNEL,
    always: [...CHANNEL.always, 'replicationSslMode'],
    sometimes: [
      ...(CHANNEL.sometimes ?? []),
      'replicationLag',
      'replicationLagFromImmediateSource',
      'replicationLagFromOriginalSource',
    ],
  },
  clusterOptions: { always: ['clusterName', 'defaultReplicaSet'] },
  groupOptions: { always: ['globalOptions', 'tags', 'topology'] },
  clusterSetOptions: { always: ['clusterSet'] },
  clusterSetOptionsInner: { always: ['domainName', 'globalOptions'] },
  replicaSetOptions: { always: ['replicaSet'] },
  replicaSetOptionsInner: { always: ['globalOptions', 'name', 'tags', 'topology'] },
  clusterDescribe: { always: ['clusterName', 'defaultReplicaSet'] },
  groupDescribe: { always: ['name', 'topology', 'topologyMode'] },
  memberDescribe: {
    always: ['address', 'label', 'role'],
    sometimes: ['hiddenFromRouter', 'replicationSources'],
  },
  clusterSetDescribe: { always: ['clusters', 'domainName', 'primaryCluster'] },
  clusterOfSetDescribe: { always: ['clusterRole', 'topology'], sometimes: ['invalidated'] },
  replicaSetDescribe: { always: ['name', 'topology'] },
  replicaSetMemberDescribe: { always: ['address', 'instanceRole', 'label'] },
} as const satisfies Readonly<Record<string, Keys>>

/** Names of options in AdminAPI's order. */
export const OPTIONS = {
  cluster: [
    'groupName',
    'memberSslMode',
    'transactionSizeLimit',
    'disableClone',
    'replicationAllowedHost',
    'memberAuthType',
    'certIssuer',
    'communicationStack',
    'paxosSingleLeader',
  ],
  clusterOfSet: [
    'clusterSetReplicationConnectRetry',
    'clusterSetReplicationRetryCount',
    'clusterSetReplicationHeartbeatPeriod',
    'clusterSetReplicationCompressionAlgorithms',
    'clusterSetReplicationZstdCompressionLevel',
    'clusterSetReplicationBind',
    'clusterSetReplicationNetworkNamespace',
  ],
  member: [
    'autoRejoinTries',
    'consistency',
    'exitStateAction',
    'expelTimeout',
    'groupSeeds',
    'ipAllowlist',
    'localAddress',
    'memberWeight',
    'certSubject',
  ],
  replicaSet: ['replicationAllowedHost', 'memberAuthType', 'certIssuer', 'replicationSslMode'],
} as const

/** An object of JSON. */
export type Json = Readonly<Record<string, unknown>>

/** The keys that an object lacks or has too many, as `-key` and `+key`. */
export function keyFaults(kind: keyof typeof KEYS, value: unknown, level = 0): readonly string[] {
  if (typeof value !== 'object' || value === null) return [`${kind} is ${String(value)}`]
  const { always, from1 = [], from2 = [], from3 = [], sometimes = [], ours = [] }: Keys = KEYS[kind]
  const wanted = [
    ...always,
    ...(level >= 1 ? from1 : []),
    ...(level >= 2 ? from2 : []),
    ...(level >= 3 ? from3 : []),
  ]
  const found = Object.keys(value)
  return [
    ...wanted.filter((key) => !found.includes(key)).map((key) => `${kind} -${key}`),
    ...found
      .filter((key) => ![...wanted, ...sometimes, ...ours].includes(key))
      .map((key) => `${kind} +${key}`),
  ]
}

const entries = (value: unknown): readonly unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : []
const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Json)[key] : undefined),
    value,
  )

/** Faults in all objects of a cluster.status(). */
export function clusterStatusFaults(status: unknown, level: number): readonly string[] {
  const group = at(status, 'defaultReplicaSet')
  return [
    ...keyFaults('clusterStatus', status, level),
    ...keyFaults('group', group, level),
    ...entries(at(group, 'topology')).flatMap((member) => memberFaults(member, level)),
  ]
}

function memberFaults(member: unknown, level: number): readonly string[] {
  const transactions = at(member, 'transactions')
  return [
    ...keyFaults('member', member, level),
    ...(level < 2 ? [] : keyFaults('transactions', transactions, level)),
    ...(level < 3
      ? []
      : [
          ...keyFaults('connection', at(transactions, 'connection')),
          ...keyFaults('coordinator', at(transactions, 'coordinator')),
          ...entries(at(transactions, 'workers')).flatMap((worker) => [
            ...keyFaults('worker', worker),
            ...keyFaults('lastApplied', at(worker, 'lastApplied')),
          ]),
        ]),
  ]
}

/** Faults in all objects of a clusterSet.status(). */
export function clusterSetStatusFaults(status: unknown, level: number): readonly string[] {
  return [
    ...keyFaults('clusterSetStatus', status, level),
    ...entries(at(status, 'clusters')).flatMap((cluster) => [
      ...keyFaults('clusterOfSet', cluster, level),
      ...(level < 1 || at(cluster, 'clusterRole') === 'PRIMARY'
        ? []
        : keyFaults('clusterSetReplication', at(cluster, 'clusterSetReplication'), level - 1)),
    ]),
  ]
}

/** Faults in all objects of a replicaSet.status(). */
export function replicaSetStatusFaults(status: unknown, level: number): readonly string[] {
  const set = at(status, 'replicaSet')
  return [
    ...keyFaults('replicaSetStatus', status, level),
    ...keyFaults('replicaSet', set),
    ...entries(at(set, 'topology')).flatMap((member) => [
      ...keyFaults('replicaSetMember', member, level),
      ...(at(member, 'instanceRole') === 'PRIMARY'
        ? []
        : keyFaults('replication', at(member, 'replication'), level)),
    ]),
  ]
}

/** Faults in all objects of the describe() and options() of clusters, ClusterSets and ReplicaSets. */
export function describeFaults(
  kind: 'cluster' | 'clusterSet' | 'replicaSet',
  value: unknown,
): readonly string[] {
  switch (kind) {
    case 'cluster':
      return [
        ...keyFaults('clusterDescribe', value),
        ...keyFaults('groupDescribe', at(value, 'defaultReplicaSet')),
        ...entries(at(value, 'defaultReplicaSet', 'topology')).flatMap((member) =>
          keyFaults('memberDescribe', member),
        ),
      ]
    case 'clusterSet':
      return [
        ...keyFaults('clusterSetDescribe', value),
        ...entries(at(value, 'clusters')).flatMap((cluster) => [
          ...keyFaults('clusterOfSetDescribe', cluster),
          ...entries(at(cluster, 'topology')).flatMap((member) => keyFaults('memberDescribe', member)),
        ]),
      ]
    case 'replicaSet':
      return [
        ...keyFaults('replicaSetDescribe', value),
        ...entries(at(value, 'topology')).flatMap((member) => keyFaults('replicaSetMemberDescribe', member)),
      ]
  }
}

/** The names in a list of options; those without one are variables. */
export const optionNames = (list: unknown): readonly string[] =>
  entries(list).flatMap((each) => {
    const name = at(each, 'option')
    return typeof name === 'string' ? [name] : []
  })

/** What lies at a path of keys. */
export const valueAt = at
