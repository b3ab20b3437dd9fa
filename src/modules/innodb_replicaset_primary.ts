import type { HostReader } from '../host/host.js'
import { planPrimary } from '../mysql/replicaset/plan-primary.js'
import { replicasetNamed } from '../mysql/replicaset/replicaset.js'
import { presented } from './cluster-probe.js'
import { defineModule, type Plan } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { MEMBERS_ARG } from './replicaset-args.js'
import { viewReplicaSets, type ReplicaSetView } from './replicaset-probe.js'

export const innodb_replicaset_primary = defineModule({
  name: 'innodb_replicaset_primary',
  aliases: [],
  summary:
    "Makes the task's server the primary of its InnoDB ReplicaSet. A planned change loses nothing (AdminAPI's setPrimaryInstance): the old primary is closed for writes, all members catch up, then the roles change; if a step fails, all is turned back. With force it takes over from a primary that does not answer (forcePrimaryInstance), which is invalidated and has to rejoin.",
  args: {
    replicaset: { type: 'string', required: true, description: 'Name of the ReplicaSet.' },
    force: {
      type: 'boolean',
      default: false,
      description:
        'Take over from a primary that does not answer. Transactions that it did not send to anybody are lost.',
    },
    invalidate_error_instances: {
      type: 'boolean',
      default: false,
      description: 'With force: leave out members that do not answer or whose applier failed.',
    },
    timeout: {
      type: 'integer',
      minimum: 0,
      default: 60,
      description: 'Seconds to wait until a member has all transactions; 0: no limit.',
    },
    ...MEMBERS_ARG,
    ...LOGIN_ARGS,
  },
  returns: {
    replicaset: 'Name.',
    primary: 'Address of the primary afterwards.',
    old_primary: 'Address of the primary before; empty if there was none.',
  },
  examples: [
    { description: 'A planned change', args: { replicaset: 'replicaset' } },
    { description: 'The primary is lost', args: { replicaset: 'replicaset', force: true } },
  ],
  probe: async (host, args, task) => {
    const view = await viewReplicaSets(host, args.members ?? task.playHosts, loginOf(args))
    return { view, primaryListens: args.force && (await listens(host, view, args.replicaset)) }
  },
  plan: (args, { view, primaryListens }): Plan => {
    const plan = planPrimary(
      {
        replicaset: args.replicaset,
        force: args.force,
        invalidate: args.invalidate_error_instances,
        timeout: args.timeout,
        primaryListens,
      },
      view.server,
      view.sets,
      loginOf(args),
      (host) => presented(view, host),
    )
    return plan.failure !== undefined && view.silent.length > 0
      ? { ...plan, failure: `${plan.failure} No answer from ${view.silent.join('; ')}.` }
      : plan
  },
  result: (args, { view: { server, sets } }) => ({
    replicaset: args.replicaset,
    primary: `${server.picture.host}:${server.picture.port}`,
    old_primary: replicasetNamed(sets, args.replicaset)?.primary?.row.address ?? '',
  }),
})

/** Whether something listens at the address of a primary that could not be read, as the task's host sees it. */
async function listens(host: HostReader, view: ReplicaSetView, name: string): Promise<boolean> {
  const primary = replicasetNamed(view.sets, name)?.primary
  if (primary === undefined || primary.server !== undefined) return false
  const [, address, port] = /^\[?(.*?)\]?:(\d+)$/.exec(primary.row.address) ?? []
  if (address === undefined || port === undefined) return false
  return (await host.ask({ ask: 'port', address, port: Number(port) })).open
}
