import type { FileState } from '../host/question.js'
import type { Step } from '../host/step.js'
import { bootstrapWords, differences, type RoutedTo, type RouterWish } from '../mysql/router-bootstrap.js'
import { PASSWORD_MARK, passwordMark } from '../mysql/router-password.js'
import { belongs } from '../mysql/routers.js'
import { addressOf } from '../mysql/topology.js'
import { Secret } from '../value/secret.js'
import { Unknown } from '../value/unknown.js'
import { defineModule, type Plan } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { routedTopology, viewRouters, type RouterView } from './router-probe.js'
import { ROUTER_ARGS, wishOf } from './mysql-router-args.js'

export const mysql_router = defineModule({
  name: 'mysql_router',
  aliases: [],
  summary:
    'Bootstraps MySQL Router on the host for the ClusterSet, cluster or ReplicaSet of the servers that members names, and again when its configuration differs from what is wanted or the cluster is another. The package must be installed; see role mysql_router for everything around it.',
  args: { ...ROUTER_ARGS, ...LOGIN_ARGS },
  returns: {
    label: 'address::name, as AdminAPI calls the Router.',
    topology: 'Name of what it routes to.',
    configuration: 'Path of its configuration file.',
    reasons: 'Why it was, or would be, bootstrapped.',
  },
  examples: [
    {
      description: 'A Router that verifies the servers, for clients that speak TLS',
      args: {
        members: ['s1', 's2', 's3'],
        account: 'mysqlrouter',
        password: 'Secret-4711',
        ssl_ca: '/etc/mysqlrouter/ssl/ca.pem',
        client_ssl_cert: '/etc/mysqlrouter/ssl/router-cert.pem',
        client_ssl_key: '/etc/mysqlrouter/ssl/router-key.pem',
      },
    },
  ],
  probe: async (host, args) => {
    const file = (path: string) => host.ask({ ask: 'file', path, read: 'content', follow: true } as const)
    const [view, configuration, state, mark, service] = await Promise.all([
      viewRouters(host, args.members, loginOf(args)),
      file(`${args.directory}/mysqlrouter.conf`),
      file(`${args.directory}/data/state.json`),
      file(`${args.directory}/${PASSWORD_MARK}`),
      host.ask({ ask: 'service', name: args.service }),
    ])
    return { host: host.host, view, configuration, state, mark, service }
  },
  plan: (args, { host, view, configuration, state, mark, service }): Plan => {
    const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })
    const to = routedTo(view, args.topology)
    if (to === undefined)
      return refuse(
        `There is no ${args.topology === undefined ? 'ClusterSet, cluster or ReplicaSet' : `"${args.topology}"`} among ${args.members.join(', ')} for the Router.${
          view.silent.length > 0 ? ` No answer from ${view.silent.join('; ')}.` : ''
        }`,
      )
    if (view.at === undefined)
      return refuse(`${to.name} has no primary that takes writes, and a Router registers itself there.`)
    // Check mode: an earlier task would have bootstrapped it.
    if (configuration.kind === 'file' && configuration.content instanceof Unknown)
      return { steps: [], diff: [] }
    const wish = wishOf(args, host)
    const wantedMark = passwordMark(args.password, wish.account, labelOf(wish))
    const reasons = reasonsOf(wish, to, view, wantedMark, {
      configuration: textOf(configuration),
      state: textOf(state),
      mark: textOf(mark),
    })
    if (reasons.length === 0) return { steps: [], diff: [] }
    // One that can't reach its servers is activating for long, and would start again amid the bootstrap.
    const running = ['active', 'activating', 'reloading'].includes(service.active)
    const forced = configuration.kind !== 'absent' || isRegistered(wish, to, view)
    const passwords = [args.bootstrap_password ?? args.password, args.password].map(
      (each) => `${each.reveal()}\n`,
    )
    const steps: readonly Step[] = [
      // It is started again by the service task, also when this run dies before.
      ...(running
        ? [
            {
              do: 'service' as const,
              name: args.service,
              action: 'stop' as const,
              undo: [{ do: 'service' as const, name: args.service, action: 'start' as const }],
              note: `stop ${args.service}`,
            },
          ]
        : []),
      { do: 'make_directory', path: args.directory, owner: args.user, group: args.user, mode: 0o750 },
      {
        do: 'run',
        argv: bootstrapWords(wish, to, addressOf(view.at), forced),
        stdin: new Secret(passwords.join('')),
        timeout: 120,
        check: true,
        note: `bootstrap MySQL Router "${wish.name}" for ${to.name}`,
      },
      {
        do: 'write_file',
        path: `${args.directory}/${PASSWORD_MARK}`,
        content: new Secret(wantedMark),
        owner: 'root',
        group: 'root',
        mode: 0o600,
      },
    ]
    return {
      steps,
      diff: [
        {
          what: `MySQL Router ${wish.name}`,
          before: `${reasons.join('\n')}\n`,
          after: `bootstrapped for ${to.name} as ${wish.account}\n`,
        },
      ],
      predicts: [
        {
          question: {
            ask: 'file',
            path: `${args.directory}/mysqlrouter.conf`,
            read: 'content',
            follow: true,
          },
          answer: {
            kind: 'file',
            mode: 0o600,
            owner: args.user,
            group: args.user,
            uid: 0,
            gid: 0,
            size: 0,
            mtime: 0,
            content: new Unknown('mysqlrouter writes the configuration itself'),
          },
        },
      ],
    }
  },
  result: (args, { host, view, configuration, state, mark }) => {
    const to = routedTo(view, args.topology)
    const wish = wishOf(args, host)
    const found = { configuration: textOf(configuration), state: textOf(state), mark: textOf(mark) }
    const wantedMark = passwordMark(args.password, wish.account, labelOf(wish))
    return {
      label: labelOf(wish),
      topology: to?.name ?? null,
      configuration: `${args.directory}/mysqlrouter.conf`,
      reasons: to === undefined ? [] : reasonsOf(wish, to, view, wantedMark, found),
    }
  },
})

/** The ClusterSet, else the only cluster or ReplicaSet, or the one of that name. */
function routedTo({ topology, sets }: RouterView, name: string | undefined): RoutedTo | undefined {
  const { clusterset, clusters } = topology
  const all: readonly RoutedTo[] = [
    ...(clusterset === undefined
      ? []
      : [{ kind: 'clusterset', name: clusterset.domainName, id: clusterset.id } as const]),
    ...clusters.map(({ row, groupName }) => ({ kind: 'cluster', name: row.name, id: groupName }) as const),
    ...sets.map((set) => ({ kind: 'replicaset', name: set.name, id: set.row.id }) as const),
  ]
  if (name !== undefined) return all.find((each) => each.name.toLowerCase() === name.toLowerCase())
  return clusterset !== undefined || all.length === 1 ? all[0] : undefined
}

/** `address::name`, as AdminAPI calls a Router. */
const labelOf = (wish: RouterWish): string => `${wish.reportHost}::${wish.name}`

/** The text of a file; undefined: there is none. */
const textOf = (file: FileState): string | undefined =>
  file.kind === 'file' && Buffer.isBuffer(file.content) ? file.content.toString() : undefined

function isRegistered(wish: RouterWish, to: RoutedTo, view: RouterView): boolean {
  const of = routedTopology(view, to.name)
  return view.routers.some(
    (router) => router.label === labelOf(wish) && (of === undefined || belongs(router, of)),
  )
}

function reasonsOf(
  wish: RouterWish,
  to: RoutedTo,
  view: RouterView,
  wantedMark: string,
  found: {
    readonly configuration: string | undefined
    readonly state: string | undefined
    readonly mark: string | undefined
  },
): readonly string[] {
  if (found.configuration === undefined) return ['it was not bootstrapped yet']
  return [
    ...differences(wish, to, found.configuration, found.state ?? ''),
    ...(found.mark === wantedMark
      ? []
      : [
          found.mark === undefined
            ? 'nothing says which password it was bootstrapped with'
            : 'it was bootstrapped with another password',
        ]),
    ...(isRegistered(wish, to, view) ? [] : [`it is not registered as ${labelOf(wish)} of ${to.name}`]),
  ]
}
