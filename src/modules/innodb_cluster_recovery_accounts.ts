import type { MysqlLogin } from '../mysql/login.js'
import { planResetPasswords, type PasswordAges } from '../mysql/members/plan-recovery-accounts.js'
import type { MysqlRows } from '../mysql/question.js'
import { clusterNamed, clusterOfServer } from '../mysql/topology.js'
import { viewCluster } from './cluster-probe.js'
import { MEMBERS_ARGS } from './members-args.js'
import { defineModule } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'

export const innodb_cluster_recovery_accounts = defineModule({
  name: 'innodb_cluster_recovery_accounts',
  aliases: [],
  summary:
    "Gives the recovery accounts of an InnoDB Cluster new random passwords: AdminAPI's resetRecoveryAccountsPassword. Accounts of a type without a password stay without, and lose one that something else gave them. Once for a cluster: give the task run_once.",
  args: {
    cluster: { type: 'string', description: 'Name of the cluster (default: the one that the server is in).' },
    max_age_days: {
      type: 'integer',
      minimum: 0,
      description: 'Renew only passwords that are older than so many days (default: all, every time).',
    },
    force: {
      type: 'boolean',
      default: false,
      description:
        'Leave out members that are not ONLINE. They get a new password when innodb_cluster_instance brings them back.',
    },
    ...MEMBERS_ARGS,
    ...LOGIN_ARGS,
  },
  returns: { cluster: 'Name of the cluster.' },
  examples: [
    { description: 'New passwords now', args: {} },
    { description: 'New passwords every quarter', args: { max_age_days: 90 } },
  ],
  probe: async (host, args, task) => {
    const login = loginOf(args)
    const view = await viewCluster(host, args.members ?? task.playHosts, login)
    const answer = await host.ask(agesQuestion(login))
    const ages = new Map(
      answer.kind === 'rows'
        ? answer.rows.map((row) => [`${String(row['u'])}@${String(row['h'])}`, Number(row['d'] ?? 0)])
        : [],
    )
    return { view, ages }
  },
  plan: (args, { view, ages }) => {
    const cluster =
      args.cluster === undefined
        ? clusterOfServer(view.topology, view.server)
        : clusterNamed(view.topology, args.cluster)
    if (cluster === undefined)
      return { steps: [], diff: [], failure: `${view.server.host} belongs to no cluster.` }
    const login = loginOf(args)
    const { renewed = [], ...plan } = planResetPasswords(
      { force: args.force, olderThan: args.max_age_days },
      cluster,
      ages,
      view.topology,
      login,
    )
    const after = new Map([...ages, ...renewed.map((account) => [account, 0] as const)])
    return renewed.length === 0
      ? plan
      : { ...plan, predicts: [{ question: agesQuestion(login), answer: agesAnswer(after) }] }
  },
  result: (args, { view }) => ({
    cluster: args.cluster ?? clusterOfServer(view.topology, view.server)?.row.name ?? '',
  }),
})

/** How old the passwords of the accounts are that clusters made. */
const agesQuestion = (login: MysqlLogin) =>
  ({
    ask: 'mysql_rows',
    login,
    statement:
      "SELECT User u, Host h, TIMESTAMPDIFF(SECOND, password_last_changed, NOW()) / 86400 d FROM mysql.user WHERE User LIKE 'mysql\\_innodb\\_%'",
  }) as const

const agesAnswer = (ages: PasswordAges): MysqlRows => ({
  kind: 'rows',
  rows: [...ages].map(([account, days]) => {
    const at = account.lastIndexOf('@')
    return { u: account.slice(0, at), h: account.slice(at + 1), d: days }
  }),
})
