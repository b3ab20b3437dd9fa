import type { Plan } from '../../host/plan.js'
import type { Step } from '../../host/step.js'
import { hasPassword } from '../account.js'
import type { MysqlLogin } from '../login.js'
import type { Cluster, Topology } from '../topology.js'
import { membersOf, type Member } from './members.js'
import {
  amendAccount,
  demands,
  recordedAccount,
  recoveryCredentials,
  requirementOf,
} from './recovery-account.js'

export interface ResetPasswords {
  /** Leave members out that can't take a new password now; they get theirs when they come back. */
  readonly force: boolean
  /** Renew only passwords that are older, in days; undefined: all. */
  readonly olderThan: number | undefined
}

/** When the accounts of a server got their passwords: `user@host` to days ago. */
export type PasswordAges = ReadonlyMap<string, number>

/** A plan, and the accounts whose passwords are new after it, as `user@host`. */
export interface ResetPlan extends Plan {
  readonly renewed?: readonly string[]
}

/**
 * New random passwords for the recovery accounts of all members: AdminAPI's resetRecoveryAccountsPassword. Where the
 * cluster's type of authentication has none, accounts that have got one all the same lose it.
 */
export function planResetPasswords(
  wanted: ResetPasswords,
  cluster: Cluster,
  ages: PasswordAges,
  topology: Topology,
  login: MysqlLogin,
): ResetPlan {
  const writer = topology.globalPrimary
  const { name } = cluster.row
  if (writer === undefined || cluster.primary === undefined)
    return {
      steps: [],
      diff: [],
      failure: `Cluster "${name}" has no primary that is ONLINE with quorum and answers: accounts can't be changed.`,
    }
  const withPassword = hasPassword(cluster.authType)
  const due = membersOf(cluster, topology).filter((member) =>
    isDue(member, cluster, writer.picture.accounts, withPassword, wanted.olderThan, ages),
  )
  const away = due.filter(({ server, seen }) => server === undefined || seen !== 'ONLINE')
  if (away.length > 0 && !wanted.force)
    return {
      steps: [],
      diff: [],
      failure: `These members can't take a new password now: ${away.map(({ row, seen, server }) => `${row.address} (${server === undefined ? 'does not answer' : seen})`).join(', ')}. Bring them back first, or leave them out with force: true; they get a new password when they come back.`,
    }
  const ready = due.filter((member) => !away.includes(member))
  return {
    steps: ready.flatMap(({ server, row }): readonly Step[] => {
      if (server === undefined) return []
      const account = recordedAccount(row, cluster, server)
      const requirement = requirementOf(row, cluster)
      // The member first: a run that ends between the two finds an old account, and goes on.
      return [
        // Nobody knows the old password: there is no way back.
        { ...recoveryCredentials(server, account.user, requirement, login), pointOfNoReturn: 'end' },
        {
          do: 'sql',
          host: writer.host,
          login,
          note: withPassword
            ? `renew the password of ${account.user}`
            : `take the password of ${account.user} away`,
          statements: [amendAccount(account, server, requirement)],
        },
      ]
    }),
    renewed: ready.map(({ row, server }) => {
      const { user, host } = recordedAccount(row, cluster, server)
      return `${user}@${host}`
    }),
    everyTime: withPassword && wanted.olderThan === undefined,
    diff: ready.map(({ row, server }) => {
      const { user } = recordedAccount(row, cluster, server)
      return {
        what: `password of ${user} (${row.address})`,
        before: withPassword ? 'old\n' : 'one that it should not have\n',
        after: withPassword ? 'new\n' : '',
      }
    }),
    ...(!withPassword && ready.length === 0
      ? { message: `The accounts of cluster "${name}" have no passwords (${cluster.authType}).` }
      : {}),
    warnings: away.map(
      ({ row }) => `${row.address} was left out; it gets a new password when it comes back.`,
    ),
  }
}

function isDue(
  { row, server }: Member,
  cluster: Cluster,
  accounts: Cluster['online'][number]['picture']['accounts'],
  withPassword: boolean,
  olderThan: number | undefined,
  ages: PasswordAges,
): boolean {
  const account = recordedAccount(row, cluster, server)
  const present = accounts.find(({ user, host }) => user === account.user && host === account.host)
  if (!withPassword)
    return present !== undefined && (present.hasPassword || !demands(present, requirementOf(row, cluster)))
  return olderThan === undefined || (ages.get(`${account.user}@${account.host}`) ?? Infinity) > olderThan
}
