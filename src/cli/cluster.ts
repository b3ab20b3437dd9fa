import { setTimeout } from 'node:timers/promises'
import { EXIT, SignetError } from '../errors.js'
import type { BecomeUser } from '../connection/transport.js'
import { connectionTarget } from '../connection/target.js'
import { Hosts } from '../host/hosts.js'
import { loadInventory } from '../inventory/load-inventory.js'
import { selectHosts } from '../inventory/select-hosts.js'
import { loadVarsDirectory } from '../inventory/vars-directory.js'
import { viewCluster } from '../modules/cluster-probe.js'
import { readDetail } from '../modules/extended-probe.js'
import { viewRouters } from '../modules/router-probe.js'
import { viewStatus } from '../modules/status-probe.js'
import { toBoolean } from '../modules/arguments.js'
import { DEFAULT_LOGIN } from '../mysql/login.js'
import { replicasetOptions } from '../mysql/replicaset/options.js'
import { replicasetsOf, type ReplicaSet } from '../mysql/replicaset/replicaset.js'
import { describeReplicaset, replicasetStatus } from '../mysql/replicaset/status.js'
import { replicasetLinks, replicasetText } from '../mysql/replicaset/text.js'
import { describeCluster, describeClusterSet } from '../mysql/views/describe.js'
import { clusterOptions, clusterSetOptions } from '../mysql/views/options.js'
import { linkValues } from '../mysql/views/security.js'
import { clusterSetStatus } from '../mysql/views/clusterset-status.js'
import { clusterStatus } from '../mysql/views/status.js'
import { topologyText } from '../mysql/views/topology-text.js'
import { routerList, routingOptions } from '../mysql/routers.js'
import { verify } from '../mysql/verify/checks.js'
import { gatherEvidence } from '../mysql/verify/gather.js'
import { lookAgain } from '../mysql/verify/look-again.js'
import { countedBy, verifyText } from '../mysql/verify/verify-text.js'
import type { Cluster, Server, Topology } from '../mysql/topology.js'
import type { Detail } from '../mysql/views/member-status.js'
import { resolve } from '../template/template.js'
import type { Value, ValueMap } from '../value/value.js'
import { Variables } from '../variables/variables.js'
import { parseExtraVars } from '../variables/extra-vars.js'
import { VERSION } from '../version.js'
import type { Command, Invocation } from './command.js'
import type { Environment } from '../environment.js'
import { connectionSettings } from './play.js'
import { PLAY_OPTIONS } from './play-options.js'

const LOGIN_OPTIONS = [
  'inventory',
  'limit',
  'extra-vars',
  'user',
  'private-key',
  'connection',
  'timeout',
  'host-key-checking',
  'become',
  'ask-become-pass',
  'ask-pass',
]

/** `signet cluster`: the clusters of an inventory, read from the servers themselves. */
export const clusterCommand: Command = {
  name: 'cluster',
  summary:
    'Show clusters, ClusterSets and ReplicaSets: members, channels, and how every connection is secured',
  usage: 'status | options | describe | routers | verify -i INVENTORY [--limit PATTERN]',
  options: [
    ...PLAY_OPTIONS.filter((option) => LOGIN_OPTIONS.includes(option.name)),
    { name: 'json', kind: 'flag', summary: "AdminAPI's field names and nesting, as JSON" },
    { name: 'format', kind: 'text', value: 'FORMAT', summary: 'text (default), or json, which is --json' },
    {
      name: 'extended',
      kind: 'text',
      value: 'N',
      summary: 'status as JSON: how much it tells, 0 (default) to 3',
    },
    { name: 'all', kind: 'flag', summary: 'verify: list what is in order, too' },
  ],
  run: async (invocation, environment) => {
    const [action] = invocation.positionals
    if (!isAction(action)) {
      throw new SignetError(
        'bad-option',
        action === undefined ? 'signet cluster needs an action.' : `signet cluster knows no "${action}".`,
        { hint: `Actions: ${ACTIONS.join(', ')}.` },
      )
    }
    return withServers(invocation, environment, (servers) => show(action, servers, invocation, environment))
  },
}

const ACTIONS = ['status', 'options', 'describe', 'routers', 'verify'] as const
type Action = (typeof ACTIONS)[number]
const isAction = (word: string | undefined): word is Action => ACTIONS.some((action) => action === word)

/** The servers of the inventory, ready to be asked. */
interface Servers {
  readonly hosts: Hosts
  readonly names: readonly [string, ...string[]]
  readonly become: BecomeUser | undefined
}

async function show(
  action: Action,
  { hosts, names, become }: Servers,
  invocation: Invocation,
  environment: Environment,
): Promise<number> {
  const asJson = (value: unknown): void => {
    environment.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
  }
  const json = wantsJson(invocation)
  const level = levelOf(invocation)
  if (action === 'routers') {
    const view = await fromAny(names, (name) => viewRouters(hosts.reader(name, become), names, DEFAULT_LOGIN))
    const nameOf = (group: string): string | undefined =>
      view.topology.clusters.find(({ groupName }) => groupName === group)?.row.name
    asJson(
      view.globals.map((of) => ({
        listRouters: routerList(view.routers, of, nameOf),
        routingOptions: routingOptions(view.routers, of),
      })),
    )
    return view.globals.length === 0 ? EXIT.failed : EXIT.done
  }
  if (action === 'verify') {
    const look = async () => {
      const { topology, silent } = await fromAny(names, (name) =>
        viewCluster(hosts.reader(name, become), names, DEFAULT_LOGIN, { onlyLook: true }),
      )
      return {
        topology,
        checks: verify(await gatherEvidence(hosts, become, topology, silent, environment.now())),
      }
    }
    const { topology, checks } = await lookAgain(look, async () => {
      await setTimeout(1000)
      for (const name of names) hosts.forget(name)
    })
    const problems = checks.filter(({ ok }) => !ok)
    if (json)
      asJson({
        checks: checks.length,
        ...countedBy(checks),
        problems: problems.map(({ where, what, ok, found, by }) => ({ where, what, ok, found, by })),
      })
    else environment.stdout.write(verifyText(checks, invocation.flag('all')))
    const found = topology.clusters.length + replicasetsOf(topology.servers).length
    return problems.length > 0 || found === 0 ? EXIT.failed : EXIT.done
  }
  const reader = hosts.reader(names[0], become)
  const view = await viewStatus(reader, names, DEFAULT_LOGIN)
  const { topology, silent } = view
  const replicasets = replicasetsOf(topology.servers)
  const detail =
    action === 'status'
      ? await readDetail(reader, view, DEFAULT_LOGIN, level)
      : { level, extended: new Map() }
  for (const each of silent) environment.stderr.write(`warning: no answer from ${each}\n`)
  if (action === 'status' && !json && level === 0) {
    const texts = [
      ...(topology.clusters.length > 0 || replicasets.length === 0 ? [topologyText(topology, detail)] : []),
      ...(replicasets.length > 0 ? [replicasetText(replicasets, topology.servers, detail)] : []),
    ]
    environment.stdout.write(texts.join('\n'))
  } else {
    asJson({
      ...views(action, topology, detail),
      ...(replicasets.length === 0 ? {} : replicasetViews(action, replicasets, topology.servers, detail)),
    })
  }
  return topology.clusters.length + replicasets.length === 0 ? EXIT.failed : EXIT.done
}

/** Looks from the first host whose server answers: the others may be down. @throws SignetError when none does */
async function fromAny<T>(names: Servers['names'], look: (name: string) => Promise<T>): Promise<T> {
  const [first, ...others] = names
  try {
    return await look(first)
  } catch (error) {
    const silent =
      error instanceof SignetError &&
      ['mysql-unreachable', 'unreachable', 'connection-lost'].includes(error.code)
    const [next, ...rest] = others
    if (!silent || next === undefined) throw error
    return fromAny([next, ...rest], look)
  }
}

/** @throws SignetError bad-option */
function wantsJson(invocation: Invocation): boolean {
  const format = invocation.text('format')
  if (format !== undefined && format !== 'json' && format !== 'text')
    throw new SignetError('bad-option', `There is no format "${format}".`, { hint: 'Formats: text, json.' })
  return format === 'json' || invocation.flag('json')
}

/** @throws SignetError bad-option */
function levelOf(invocation: Invocation): number {
  const text = invocation.text('extended') ?? '0'
  if (!/^[0-3]$/.test(text))
    throw new SignetError('bad-option', `--extended takes 0, 1, 2 or 3, not "${text}".`)
  return Number(text)
}

function replicasetViews(
  action: 'status' | 'options' | 'describe',
  sets: readonly ReplicaSet[],
  servers: readonly Server[],
  detail: Detail,
): ValueMap {
  const each = {
    status: (set: ReplicaSet) => replicasetStatus(set, servers, detail),
    options: replicasetOptions,
    describe: describeReplicaset,
  }[action]
  return {
    replicaSets: sets.map((set) => each(set)),
    ...(action === 'status'
      ? { channels: sets.flatMap((set) => replicasetLinks(set).map((link) => ({ ...link }))) }
      : {}),
  }
}

function views(action: 'status' | 'options' | 'describe', topology: Topology, detail: Detail): ValueMap {
  const each = {
    status: (cluster: Cluster) => clusterStatus(cluster, topology, detail),
    options: (cluster: Cluster) => clusterOptions(cluster, topology),
    describe: describeCluster,
  }[action]
  const set = {
    status: () => clusterSetStatus(topology, detail),
    options: () => clusterSetOptions(topology),
    describe: () => describeClusterSet(topology),
  }[action]()
  return {
    clusterSet: set,
    clusters: topology.clusters.map((cluster) => each(cluster)),
    ...(action === 'status' ? { connections: linkValues(topology) } : {}),
  }
}

async function withServers(
  invocation: Invocation,
  environment: Environment,
  use: (servers: Servers) => Promise<number>,
): Promise<number> {
  const sources = invocation.list('inventory')
  if (sources.length === 0)
    throw new SignetError('bad-option', 'There is no inventory: which servers?', {
      hint: 'Give one with -i FILE.',
    })
  const inventory = await loadInventory(sources, environment.cwd, (line) =>
    environment.stderr.write(`${line}\n`),
  )
  const pattern = invocation.text('limit') ?? (inventory.groups.has('mysql') ? 'mysql' : 'all')
  const names = selectHosts(inventory, pattern)
  const [first, ...others] = names
  if (first === undefined) throw new SignetError('no-hosts', `No host matches "${pattern}".`)
  const variables = new Variables({
    inventory,
    inventoryVars: await Promise.all(
      inventory.directories.map((directory) => loadVarsDirectory(directory, environment.cwd)),
    ),
    extraVars: await parseExtraVars(invocation.list('extra-vars'), environment.cwd),
    answers: new Map(),
    check: false,
    diff: false,
    verbosity: 0,
    tags: [],
    skipTags: [],
    version: VERSION,
    env: environment.env,
  })
  variables.resolveIn = resolve
  const settings = await connectionSettings(invocation, environment)
  const none = { groups: new Map(), hosts: new Map() }
  const play = { name: '', vars: {}, prompts: [] }
  const lookup = (host: string, name: string): Value | undefined => {
    const scope = variables.scope(host, {
      play,
      roles: [],
      playbookDirectory: environment.cwd,
      playbookVars: none,
      playVars: [],
      playHostsAll: names,
      playHosts: names,
      batch: names,
    })
    const found = scope.find(name)
    return found === undefined ? undefined : found.template ? resolve(found.value, scope) : found.value
  }
  const hosts = new Hosts({
    targetOf: (host) => connectionTarget(host, (name) => lookup(host, name), settings),
    signal: environment.signal,
    now: environment.now,
  })
  try {
    const become = invocation.flag('become') || toBoolean(lookup(first, 'ansible_become') ?? false)
    return await use({
      hosts,
      names: [first, ...others],
      become: become ? { user: 'root', method: 'sudo' } : undefined,
    })
  } finally {
    await hosts.close()
  }
}
