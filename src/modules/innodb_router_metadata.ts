import { METADATA } from '../mysql/metadata/schema.js'
import { routersQuestion } from '../mysql/routers.js'
import { atLeast } from '../mysql/version.js'
import { defineModule, type Plan } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { routersByName, viewRouters } from './router-probe.js'

export const innodb_router_metadata = defineModule({
  name: 'innodb_router_metadata',
  aliases: [],
  summary:
    "Removes a Router that is no more from the metadata: AdminAPI's removeRouterMetadata. A Router that runs on is not stopped by it; bootstrap it again to register it anew.",
  args: {
    router: { type: 'string', required: true, description: 'The Router as address::name.' },
    state: { type: 'string', enum: ['absent'], default: 'absent', description: 'It is not registered.' },
    members: {
      type: 'strings',
      description: 'Inventory names of the servers (default: all hosts of the play).',
    },
    ...LOGIN_ARGS,
  },
  returns: { routers: "AdminAPI's listRouters() of each topology as it was before." },
  examples: [{ description: 'A Router whose host was given up', args: { router: 'app1::main' } }],
  probe: (host, args, task) => viewRouters(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view): Plan => {
    const router = view.routers.find(({ label }) => label === args.router)
    if (router === undefined) return { steps: [], diff: [] }
    if (view.at === undefined)
      return {
        steps: [],
        diff: [],
        failure: `None of the servers takes writes. No answer from: ${view.silent.join('; ') || 'nobody'}.`,
      }
    const login = loginOf(args)
    const version = view.metadataVersion ?? '2.2.0'
    // The defaults of a Router's version are kept in the metadata as long as there is a Router of that version.
    const last = view.routers.every((other) => other === router || other.version !== router.version)
    const forget = (table: string): { text: string; values: string[] } => ({
      text: `UPDATE ${METADATA}.${table} SET router_options = JSON_REMOVE(router_options, CONCAT('$.Configuration."', ?, '"')) WHERE JSON_CONTAINS_PATH(router_options, 'one', CONCAT('$.Configuration."', ?, '"'))`,
      values: [router.version ?? '', router.version ?? ''],
    })
    return {
      steps: [
        {
          do: 'sql',
          host: view.at.host,
          login,
          note: `remove Router ${router.label} from the metadata`,
          statements: [
            { text: 'START TRANSACTION' },
            { text: `DELETE FROM ${METADATA}.routers WHERE router_id = ?`, values: [router.id] },
            ...(atLeast(version, '2.4.0')
              ? [{ text: `DELETE FROM ${METADATA}.router_stats WHERE router_id = ?`, values: [router.id] }]
              : []),
            ...(last && router.version !== null ? [forget('clusters'), forget('clustersets')] : []),
            { text: 'COMMIT' },
          ],
        },
      ],
      diff: [{ what: `Router ${router.label}`, before: `version ${router.version ?? '?'}\n`, after: '' }],
      predicts: [
        {
          host: view.at.host,
          question: routersQuestion(login, version),
          answer: {
            kind: 'rows',
            rows: view.routers
              .filter((each) => each !== router)
              .map((each) => ({
                router_id: each.id,
                address: each.address,
                router_name: each.label.slice(each.address.length + 2),
                version: each.version,
                cluster_id: each.clusterId,
                clusterset_id: each.clustersetId,
                attributes: JSON.stringify(each.attributes),
                options: JSON.stringify(each.options),
                last_check_in: each.lastCheckIn,
              })),
          },
        },
      ],
    }
  },
  result: (_args, view) => ({
    routers: Object.values(routersByName(view)),
  }),
})
