import { adminGrants } from '../mysql/admin-grants.js'
import { ACCOUNT_ARGS, planAccount, probeAccount } from './managed-login-args.js'
import { defineModule } from './module.js'
import { loginOf } from './mysql-login-args.js'

export const innodb_admin_account = defineModule({
  name: 'innodb_admin_account',
  aliases: [],
  summary:
    "Sees to an account that may administer clusters: AdminAPI's setupAdminAccount, with exactly its grants for the server's version. It is made on the primary, whichever host has the task.",
  args: ACCOUNT_ARGS,
  returns: { account: 'user@host.', server: 'Inventory name of the server that it is made on.' },
  examples: [
    {
      description: 'An administrator who must show a certificate, and a password',
      args: {
        user: 'clusteradmin',
        password: 'Secret-4711',
        require_cert_issuer: '/CN=MyName',
        require_cert_subject: '/CN=clusteradmin',
        password_expiration: 'NEVER',
      },
    },
  ],
  probe: (host, args, task) => probeAccount(host, args, task.playHosts),
  plan: (args, state) =>
    planAccount(args, state, loginOf(args), adminGrants((state.view.at ?? state.view.any).picture.version)),
  result: (args, { view: { at } }) => ({ account: `${args.user}@${args.host}`, server: at?.host ?? null }),
})
