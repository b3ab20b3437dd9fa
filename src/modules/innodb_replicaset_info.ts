import { replicasetOptions } from '../mysql/replicaset/options.js'
import { replicasetNamed, replicasetsOf } from '../mysql/replicaset/replicaset.js'
import { describeReplicaset, replicasetStatus } from '../mysql/replicaset/status.js'
import { replicasetLinks } from '../mysql/replicaset/text.js'
import { readDetail } from './extended-probe.js'
import { defineModule } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { MEMBERS_ARG } from './replicaset-args.js'
import { routersByName, viewRouters } from './router-probe.js'
import { viewStatus } from './status-probe.js'

export const innodb_replicaset_info = defineModule({
  name: 'innodb_replicaset_info',
  aliases: [],
  summary:
    "Reads InnoDB ReplicaSets: AdminAPI's status(), options() and describe(), in its names and nesting. Changes nothing.",
  args: {
    replicaset: { type: 'string', description: 'Only this ReplicaSet.' },
    extended: {
      type: 'integer',
      minimum: 0,
      maximum: 2,
      default: 0,
      description: 'How much status() tells.',
    },
    ...MEMBERS_ARG,
    ...LOGIN_ARGS,
  },
  returns: {
    replicasets: 'status, options and describe of each ReplicaSet, by name.',
    connections: 'How every channel is encrypted, verified and authenticated.',
    routers: "AdminAPI's listRouters() of each ReplicaSet, by name.",
  },
  examples: [{ description: 'Everything that the servers of the play know', args: {} }],
  probe: async (host, args, task) => {
    const names = args.members ?? task.playHosts
    const view = await viewStatus(host, [host.host, ...names], loginOf(args))
    const { servers } = view.topology
    const routers = await viewRouters(
      host,
      servers.map((server) => server.host),
      loginOf(args),
    )
    const detail = await readDetail(host, view, loginOf(args), args.extended)
    return { ...view, sets: replicasetsOf(servers), routers, detail }
  },
  plan: (args, { sets, silent }) => ({
    steps: [],
    diff: [],
    warnings: silent.map((each) => `No answer from ${each}`),
    ...(args.replicaset !== undefined && replicasetNamed(sets, args.replicaset) === undefined
      ? { failure: `There is no ReplicaSet "${args.replicaset}" among these servers.` }
      : {}),
  }),
  result: (args, { sets, routers, topology, detail }) => {
    const chosen = sets.filter(
      ({ name }) => args.replicaset === undefined || name.toLowerCase() === args.replicaset.toLowerCase(),
    )
    return {
      replicasets: Object.fromEntries(
        chosen.map((set) => [
          set.name,
          {
            status: replicasetStatus(set, topology.servers, detail),
            options: replicasetOptions(set),
            describe: describeReplicaset(set),
          },
        ]),
      ),
      connections: chosen.flatMap((set) => replicasetLinks(set).map((link) => ({ ...link }))),
      routers: routersByName(routers),
    }
  },
})
