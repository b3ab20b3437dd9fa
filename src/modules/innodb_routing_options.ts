import { METADATA } from '../mysql/metadata/schema.js'
import { belongs, globalOptionsQuestion, routersQuestion, routingOptions } from '../mysql/routers.js'
import { checkRoutingOption, optionAfter } from '../mysql/routing-options.js'
import type { Statement } from '../mysql/step.js'
import { showValue } from '../value/shape.js'
import type { Value } from '../value/value.js'
import { defineModule, type Difference, type Plan } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { routedTopology, viewRouters } from './router-probe.js'

export const innodb_routing_options = defineModule({
  name: 'innodb_routing_options',
  aliases: [],
  summary:
    "Sets routing options for all Routers of a cluster, ReplicaSet or ClusterSet, or for one Router: AdminAPI's setRoutingOption. Routers follow within seconds.",
  args: {
    options: {
      type: 'map',
      required: true,
      description:
        'Options and their values: target_cluster, invalidated_cluster_policy, stats_updates_frequency, use_replica_primary_as_rw, read_only_targets, unreachable_quorum_allowed_traffic, guideline, tags. null brings back the default; tags are merged, a tag that is null is removed.',
    },
    router: {
      type: 'string',
      description: 'Only this Router, as address::name (default: all of them).',
    },
    topology: {
      type: 'string',
      description:
        'Name of the ClusterSet, cluster or ReplicaSet (default: the ClusterSet, or the only cluster).',
    },
    members: {
      type: 'strings',
      description: 'Inventory names of the servers (default: all hosts of the play).',
    },
    ...LOGIN_ARGS,
  },
  returns: { routing_options: "AdminAPI's routingOptions() as it was before." },
  examples: [
    {
      description: 'Reads from read replicas as well as from secondaries',
      args: { options: { read_only_targets: 'all' } },
    },
    {
      description: 'One Router of a ClusterSet stays with the cluster of its site',
      args: {
        router: 'app1::site_b',
        options: { target_cluster: 'replica', use_replica_primary_as_rw: true },
      },
    },
  ],
  probe: (host, args, task) => viewRouters(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view): Plan => {
    const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })
    const of = routedTopology(view, args.topology)
    if (of === undefined)
      return refuse(
        args.topology === undefined
          ? 'It is not clear what the options are for: give topology, the name of a ClusterSet, cluster or ReplicaSet.'
          : `There is no ClusterSet, cluster or ReplicaSet "${args.topology}" among these servers.`,
      )
    const { at } = view
    if (at === undefined)
      return refuse(
        `None of the servers takes writes. No answer from: ${view.silent.join('; ') || 'nobody'}.`,
      )
    const router =
      args.router === undefined ? undefined : view.routers.find(({ label }) => label === args.router)
    if (args.router !== undefined && (router === undefined || !belongs(router, of)))
      return refuse(
        `No Router "${args.router}" is registered for ${of.name}; there are: ${
          view.routers
            .filter((each) => belongs(each, of))
            .map(({ label }) => label)
            .join(', ') || 'none'
        }.`,
      )
    const current = router?.options ?? of.options
    const [table, key, id] =
      router !== undefined
        ? ['routers', 'router_id', String(router.id)]
        : of.kind === 'clusterset'
          ? ['clustersets', 'clusterset_id', of.id]
          : ['clusters', 'cluster_id', of.id]
    const column = router === undefined ? 'router_options' : 'options'
    const set = (name: string, value: Value | undefined): Statement =>
      value === undefined
        ? {
            text: `UPDATE ${METADATA}.${table} SET ${column} = JSON_REMOVE(${column}, '$.${name}') WHERE ${key} = ?`,
            values: [id],
          }
        : {
            text: `UPDATE ${METADATA}.${table} SET ${column} = JSON_SET(IFNULL(${column}, '{}'), '$.${name}', CAST(? AS JSON)) WHERE ${key} = ?`,
            values: [JSON.stringify(value), id],
          }
    const statements: Statement[] = []
    const undo: Statement[] = []
    const diff: Difference[] = []
    const after: Record<string, unknown> = { ...current }
    for (const [name, given] of Object.entries(args.options)) {
      const checked = checkRoutingOption(
        of.kind,
        name,
        given,
        (cluster) => view.topology.clusters.find(({ row }) => row.name === cluster)?.groupName,
        (guideline) => view.guidelines.get(guideline),
      )
      if ('failure' in checked) return refuse(checked.failure)
      const before = current[name] as Value | undefined
      const value = optionAfter(of.kind, name, checked.value, before, router !== undefined)
      if (same(before, value)) continue
      statements.push(set(name, value))
      undo.push(set(name, before))
      after[name] = value
      diff.push({
        what: `${name} of ${router?.label ?? of.name}`,
        before: before === undefined ? '' : `${showValue(before)}\n`,
        after: value === undefined ? '' : `${showValue(value)}\n`,
      })
    }
    if (statements.length === 0) return { steps: [], diff: [] }
    const login = loginOf(args)
    const version = view.metadataVersion ?? '2.2.0'
    const options = JSON.stringify(after)
    return {
      steps: [
        {
          do: 'sql',
          host: at.host,
          login,
          statements,
          undo: [{ do: 'sql', host: at.host, login, statements: undo }],
          note: `set routing options of ${router?.label ?? of.name}`,
        },
      ],
      diff,
      predicts: [
        {
          host: at.host,
          question: globalOptionsQuestion(login),
          answer: {
            kind: 'rows',
            rows: view.globals.map((each) => ({
              kind: each.kind,
              id: each.id,
              name: each.name,
              options: router === undefined && each === of ? options : JSON.stringify(each.options),
            })),
          },
        },
        {
          host: at.host,
          question: routersQuestion(login, version),
          answer: {
            kind: 'rows',
            rows: view.routers.map((each) => ({
              router_id: each.id,
              address: each.address,
              router_name: each.label.slice(each.address.length + 2),
              version: each.version,
              cluster_id: each.clusterId,
              clusterset_id: each.clustersetId,
              attributes: JSON.stringify(each.attributes),
              options: each === router ? options : JSON.stringify(each.options),
              last_check_in: each.lastCheckIn,
            })),
          },
        },
      ],
    }
  },
  result: (args, view) => {
    const of = routedTopology(view, args.topology)
    return { routing_options: of === undefined ? null : routingOptions(view.routers, of) }
  },
})

/** JSON has no order of keys. */
function same(a: unknown, b: unknown): boolean {
  const sorted = (value: unknown): unknown =>
    typeof value !== 'object' || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(
          Object.entries(value)
            .sort(([x], [y]) => (x < y ? -1 : 1))
            .map(([key, each]) => [key, sorted(each)]),
        )
  return (
    JSON.stringify(sorted(a ?? null)) === JSON.stringify(sorted(b ?? null)) &&
    (a === undefined) === (b === undefined)
  )
}
