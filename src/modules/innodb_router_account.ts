import { routerGrants } from '../mysql/admin-grants.js'
import { ACCOUNT_ARGS, planAccount, probeAccount } from './managed-login-args.js'
import { defineModule, type Plan } from './module.js'
import { loginOf } from './mysql-login-args.js'

export const innodb_router_account = defineModule({
  name: 'innodb_router_account',
  aliases: [],
  summary:
    "Sees to an account for MySQL Router: AdminAPI's setupRouterAccount, with exactly its grants for the version of the metadata. It is made on the primary, whichever host has the task.",
  args: ACCOUNT_ARGS,
  returns: { account: 'user@host.', server: 'Inventory name of the server that it is made on.' },
  examples: [
    {
      description: 'An account that Routers run with; TLS is demanded',
      args: { user: 'mysqlrouter', password: 'Secret-4711', require_ssl: true, password_expiration: 'NEVER' },
    },
    {
      description: 'Only for hosts of one network',
      args: { user: 'mysqlrouter', host: '10.80.0.%', password: 'Secret-4711' },
    },
  ],
  probe: (host, args, task) => probeAccount(host, args, task.playHosts),
  plan: (args, state): Plan => {
    const { metadataVersion } = state.view
    if (metadataVersion === undefined && args.state === 'present')
      return {
        steps: [],
        diff: [],
        failure:
          'There is no cluster or ReplicaSet among these servers: the account gets privileges on tables of the metadata, which do not exist yet. Create it first.',
      }
    const plan = planAccount(args, state, loginOf(args), routerGrants(metadataVersion ?? '2.2.0'))
    const certificate = (args.require_cert_issuer ?? '') + (args.require_cert_subject ?? '') !== ''
    return certificate
      ? {
          ...plan,
          warnings: [
            `MySQL Router shows its certificate only while it bootstraps: once running, it can not log in as ${args.user} (seen with 9.7). Use require_ssl for the account that it runs with.`,
          ],
        }
      : plan
  },
  result: (args, { view: { at } }) => ({ account: `${args.user}@${args.host}`, server: at?.host ?? null }),
})
