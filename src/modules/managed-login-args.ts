import type { HostReader } from '../host/host.js'
import type { Grant } from '../mysql/admin-grants.js'
import type { MysqlLogin } from '../mysql/login.js'
import {
  answersAfter,
  foundLogin,
  loginQuestion,
  planLogin,
  planNoLogin,
  privilegesQuestion,
  type FoundLogin,
  type WantedLogin,
} from '../mysql/managed-login.js'
import type { Secret } from '../value/secret.js'
import type { Plan } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { viewWritable, type WritableView } from './writable-probe.js'

/** Arguments of the modules that see to admin and Router accounts: AdminAPI's options in snake_case. */
export const ACCOUNT_ARGS = {
  user: { type: 'string', required: true, description: 'Name of the account.' },
  host: { type: 'string', default: '%', description: 'Where it may log in from, as in MySQL account names.' },
  state: {
    type: 'string',
    enum: ['present', 'absent'],
    default: 'present',
    description: 'Whether there is such an account.',
  },
  password: {
    type: 'string',
    secret: true,
    description: 'Its password. None is needed with a certificate requirement.',
  },
  update_password: {
    type: 'string',
    enum: ['always', 'on_create'],
    default: 'on_create',
    description: 'always: the account that is there gets this password, too, if it has another one.',
  },
  require_cert_issuer: {
    type: 'string',
    description: 'Issuer that the client certificate must have, in slash form: /CN=MyName. Empty: any.',
  },
  require_cert_subject: {
    type: 'string',
    description: 'Subject that the client certificate must have, in slash form: /CN=admin. Empty: any.',
  },
  require_ssl: { type: 'boolean', description: 'Demand TLS where no certificate is demanded.' },
  password_expiration: {
    type: 'string',
    pattern: '^(NEVER|DEFAULT|[1-9][0-9]*)$',
    description: 'NEVER, DEFAULT, or the number of days after which the password must be changed.',
  },
  update: {
    type: 'boolean',
    default: true,
    description: 'Change an account that is there and differs. false: fail instead.',
  },
  members: {
    type: 'strings',
    description:
      'Inventory names of the servers; those that answer must have the primary among them (default: the hosts of the play, and the one that has the task).',
  },
  ...LOGIN_ARGS,
} as const

interface AccountArguments {
  readonly user: string
  readonly host: string
  readonly state: 'present' | 'absent'
  readonly password?: Secret
  readonly update_password: 'always' | 'on_create'
  readonly require_cert_issuer?: string
  readonly require_cert_subject?: string
  readonly require_ssl?: boolean
  readonly password_expiration?: string
  readonly update: boolean
  readonly members?: readonly string[]
}

export interface AccountState {
  readonly view: WritableView
  readonly found: FoundLogin
}

/** Finds the server that takes writes, and the account there. */
export async function probeAccount(
  host: HostReader,
  args: AccountArguments & Parameters<typeof loginOf>[0],
  playHosts: readonly string[],
): Promise<AccountState> {
  const login = loginOf(args)
  const { members = [] } = args
  const view = await viewWritable(host, members.length > 0 ? members : [host.host, ...playHosts], login)
  const { at } = view
  if (at === undefined)
    return { view, found: foundLogin({ kind: 'rows', rows: [] }, { kind: 'rows', rows: [] }) }
  const reader = at.host === host.host ? host : host.peer(at.host)
  const [account, privileges] = await Promise.all([
    reader.ask(loginQuestion(login, args.user, args.host)),
    reader.ask(privilegesQuestion(login, args.user, args.host)),
  ])
  return { view, found: foundLogin(account, privileges) }
}

/** The plan for either kind of account. */
export function planAccount(
  args: AccountArguments,
  { view, found }: AccountState,
  login: MysqlLogin,
  grants: readonly Grant[],
): Plan {
  const { at } = view
  if (at === undefined) {
    const silent = view.silent.length === 0 ? '' : ` No answer from ${view.silent.join('; ')}.`
    return {
      steps: [],
      diff: [],
      failure: `None of the servers takes writes, so no account can be changed: is the primary among the hosts of the play (members)?${silent}`,
    }
  }
  const { password_expiration: expiration } = args
  const wanted: WantedLogin = {
    user: args.user,
    host: args.host,
    updatePassword: args.update_password,
    update: args.update,
    grants,
    ...(args.password === undefined ? {} : { password: args.password }),
    ...(args.require_cert_issuer === undefined ? {} : { issuer: args.require_cert_issuer }),
    ...(args.require_cert_subject === undefined ? {} : { subject: args.require_cert_subject }),
    ...(args.require_ssl === undefined ? {} : { tls: args.require_ssl }),
    ...(expiration === undefined
      ? {}
      : {
          passwordLifetime: expiration === 'NEVER' ? 0 : expiration === 'DEFAULT' ? null : Number(expiration),
        }),
  }
  const absent = args.state === 'absent'
  const plan = absent ? planNoLogin(wanted, found, at.host, login) : planLogin(wanted, found, at.host, login)
  if (plan.steps.length === 0) return plan
  const after = answersAfter(wanted, found, absent)
  return {
    ...plan,
    predicts: [
      { host: at.host, question: loginQuestion(login, args.user, args.host), answer: after.account },
      { host: at.host, question: privilegesQuestion(login, args.user, args.host), answer: after.privileges },
    ],
  }
}
