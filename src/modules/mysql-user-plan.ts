import { accountAfter } from '../mysql/account-after.js'
import {
  grantChanges,
  grantsAfter,
  type GrantMode,
  type Grants,
  type WantedPrivileges,
} from '../mysql/grants.js'
import {
  accountSteps,
  alterUser,
  createUser,
  quotedAccount,
  type AccountChange,
  type WantedAccount,
} from '../mysql/plan-account.js'
import type { MysqlAccount, MysqlAccounts, MysqlAccountsQuestion } from '../mysql/read-accounts.js'
import type { Statement } from '../mysql/step.js'
import type { Difference, Plan, Prediction } from './module.js'
import { loginOf } from './mysql-login-args.js'
import { silentServer } from './mysql-silent.js'
import { privilegesOf, wantedOf, type UserArguments } from './mysql-user-args.js'

type Up = Extract<MysqlAccounts, { kind: 'up' }>

/** All accounts of the user name: one question, whichever of them a task is about. */
export function questionOf(args: UserArguments): MysqlAccountsQuestion {
  return { ask: 'mysql_accounts', login: loginOf(args), user: args.name }
}

/** The accounts that a task is about; the server keeps hosts in small letters. */
export function meantAccounts(args: UserArguments, state: MysqlAccounts): readonly MysqlAccount[] {
  if (state.kind !== 'up') return []
  return state.accounts.filter((each) => args.host_all || each.host === args.host.toLowerCase())
}

/** What has to change of the accounts that a task is about. */
export function planUser(args: UserArguments, state: MysqlAccounts): Plan {
  if (state.kind !== 'up') return silentServer(state)
  const plan = args.state === 'absent' ? planAbsent(args, state) : planPresent(args, state)
  if (plan.steps.length === 0 || !state.superReadOnly) return plan
  return {
    steps: [],
    diff: plan.diff,
    failure: `Accounts can not be changed here: the server is read-only (super_read_only), as secondaries and replicas are. Give the task to the primary.`,
  }
}

/** Statements at the beginning of each session. */
const session = (args: UserArguments): readonly Statement[] =>
  args.sql_log_bin ? [] : [{ text: 'SET SESSION sql_log_bin = 0' }]

function planAbsent(args: UserArguments, state: Up): Plan {
  const accounts = meantAccounts(args, state)
  if (accounts.length === 0) return { steps: [], diff: [] }
  const names = accounts.map((each) => quotedAccount(each.user, each.host))
  return {
    steps: [
      {
        do: 'sql',
        login: loginOf(args),
        statements: [
          ...session(args),
          {
            text: `DROP USER ${accounts.map(() => '?@?').join(', ')}`,
            values: accounts.flatMap((each) => [each.user, each.host]),
          },
        ],
        note: `drop ${names.join(', ')}`,
      },
    ],
    diff: names.map((name): Difference => ({ what: name, before: 'present\n', after: '' })),
    predicts: [predicted(args, state, accounts, [])],
  }
}

function planPresent(args: UserArguments, state: Up): Plan {
  const accounts = meantAccounts(args, state)
  if (args.host_all && accounts.length === 0)
    return {
      steps: [],
      diff: [],
      failure: `There is no account "${args.name}" that host_all could mean; give its host to make one.`,
    }
  const plans =
    accounts.length === 0
      ? [planAccount(args, undefined, state)]
      : accounts.map((account) => planAccount(args, account, state))
  const changed = plans.filter(({ changes }) => changes.length > 0)
  if (changed.length === 0) return { steps: [], diff: [] }
  return {
    steps: changed.flatMap(({ name, changes }) => accountSteps(changes, loginOf(args), name, session(args))),
    diff: changed.map(({ difference }) => difference),
    predicts: [
      predicted(
        args,
        state,
        accounts,
        plans.map(({ after }) => after),
      ),
    ],
  }
}

interface AccountPlan {
  readonly name: string
  readonly changes: readonly AccountChange[]
  readonly difference: Difference
  readonly after: MysqlAccount
}

function planAccount(args: UserArguments, account: MysqlAccount | undefined, state: Up): AccountPlan {
  const host = account?.host ?? args.host
  const name = quotedAccount(args.name, host)
  const wanted =
    account !== undefined && args.update_password === 'on_create'
      ? withoutPassword(wantedOf(args))
      : wantedOf(args)
  const mode: GrantMode = args.append_privs ? 'append' : args.subtract_privs ? 'subtract' : 'exact'
  const own = account === undefined ? [createUser(args.name, host, wanted)] : alterUser(account, wanted)
  const after = accountAfter(args.name, host, account, wanted)
  const current = account?.grants ?? {}
  const privileges = privilegesOf(args)
  if (privileges === undefined)
    return { name, changes: own, difference: difference(name, own, [], current, current), after }
  const goal = withOthers(privileges, current, args, mode)
  const grants = grantsAfter(goal, current, mode, state.privileges)
  const given = grantChanges(goal, current, mode, name, state.privileges).map(
    ({ object, text, undo }): AccountChange & { readonly object: string } => ({
      object,
      statement: { text },
      undo: { text: undo },
      what: `privileges on ${object}`,
      before: '',
      after: '',
    }),
  )
  const objects = [...new Set(given.map(({ object }) => object))]
  const show = (from: Grants, object: string): string => showGrants(from, object, state.privileges)
  return {
    name,
    changes: [...own, ...given],
    difference: difference(name, own, objects, current, grants, show),
    after: { ...after, grants },
  }
}

function difference(
  name: string,
  changes: readonly AccountChange[],
  objects: readonly string[],
  before: Grants,
  after: Grants,
  show: (from: Grants, object: string) => string = () => '',
): Difference {
  const side = (which: 'before' | 'after', grants: Grants): string =>
    [
      ...changes.filter((change) => change[which] !== '').map((change) => `${change.what}: ${change[which]}`),
      ...objects
        .filter((object) => grants[object] !== undefined)
        .map((object) => `privileges on ${object}: ${show(grants, object)}`),
    ]
      .map((line) => `${line}\n`)
      .join('')
  return { what: name, before: side('before', before), after: side('after', after) }
}

function showGrants(grants: Grants, object: string, everything: readonly string[]): string {
  const { privileges = [], grantable = [] } = grants[object] ?? {}
  const all = object === '*.*' && everything.every((name) => privileges.includes(name))
  return [...(all ? ['ALL'] : privileges), ...(grantable.length > 0 ? ['GRANT OPTION'] : [])].join(', ')
}

/** The privileges of root on objects that priv does not name are left alone. */
function withOthers(
  wanted: ReadonlyMap<string, WantedPrivileges>,
  current: Grants,
  args: UserArguments,
  mode: GrantMode,
): ReadonlyMap<string, WantedPrivileges> {
  if (args.name !== 'root' || mode !== 'exact') return wanted
  const others = Object.entries(current).map(
    ([object, { privileges, grantable }]) =>
      [object, { privileges, grantOption: grantable.length > 0 }] as const,
  )
  return new Map([...others, ...wanted])
}

/** What the question would be answered afterwards. */
function predicted(
  args: UserArguments,
  state: Up,
  before: readonly MysqlAccount[],
  after: readonly MysqlAccount[],
): Prediction {
  const others = state.accounts.filter((each) => !before.includes(each))
  return { question: questionOf(args), answer: { ...state, accounts: [...others, ...after] } }
}

function withoutPassword(wanted: WantedAccount): WantedAccount {
  const { authentication: _, ...rest } = wanted
  return rest
}
