import type { HostReader } from '../host/host.js'
import type { Step } from '../host/step.js'
import {
  FILTERS,
  isAsRequired,
  needsRestart,
  PLUGIN_STATES,
  PRIVILEGES,
  reportOn,
  SERVER_ID_SOURCE,
  TABLES,
  type InstanceFindings,
  type InstanceReport,
} from '../mysql/instance-report.js'
import { restore } from '../mysql/group-variables.js'
import type { InstancePicture, MysqlInstance } from '../mysql/instance.js'
import type { MysqlLogin } from '../mysql/login.js'
import type { ConfigError } from '../mysql/requirements.js'
import type { Statement } from '../mysql/step.js'
import { sameValue } from '../option-file/edit.js'
import { binaryLogStatus } from '../mysql/version.js'
import { defineModule, type Plan } from './module.js'
import { ownSilence } from './own-silence.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'

export const innodb_instance = defineModule({
  name: 'innodb_instance',
  aliases: [],
  summary:
    "Prepares a server for an InnoDB Cluster, ClusterSet or ReplicaSet: AdminAPI's checkInstanceConfiguration and configureInstance. Reports every setting that is not as it must be, sets those that SQL can set (SET PERSIST), and says which need a restart; restarts only when told.",
  args: {
    restart: {
      type: 'boolean',
      default: false,
      description:
        'Restart the server if a setting needs it, and wait until it answers; a member that starts its group by itself: until it is ONLINE again.',
    },
    report_only: {
      type: 'boolean',
      default: false,
      description: 'Change nothing; fail when something is not as it must be.',
    },
    server_id: {
      type: 'integer',
      minimum: 1,
      maximum: 4_294_967_295,
      description:
        'Number of the server (default: what it has; if it has none of its own, one made of its UUID).',
    },
    applier_worker_threads: {
      type: 'integer',
      minimum: 0,
      maximum: 1024,
      default: 4,
      description:
        'Threads that apply transactions; a running channel takes a new number when it is restarted.',
    },
    restart_timeout: { type: 'integer', default: 120, description: 'Seconds for the server to be back.' },
    ...LOGIN_ARGS,
  },
  returns: {
    status: 'ok, or error if something is, or was, not as it must be.',
    config_errors:
      'Settings that were not as they must be: option, current, required, action (server_update, config_update, restart).',
    problems: 'What can not be set from here, in words.',
    tables: 'Tables that a group refuses to write to: no primary key, or another engine.',
    restart_required: 'A restart is, or would be, still needed after this task.',
  },
  examples: [
    { description: 'Set what can be set, restart if need be', args: { restart: true } },
    { description: 'Only look, and fail when the server is not ready', args: { report_only: true } },
  ],
  probe: (host, args) => lookAt(host, loginOf(args)),
  plan: (args, findings): Plan => {
    const { picture, host } = findings
    const login = loginOf(args)
    const report = reportOn(findings, wishOf(args))
    const { errors, problems, tables } = report
    const inFile = errors.filter(({ action }) => action.startsWith('config_update'))
    const obstacles = [
      ...inFile.map(
        ({ option, current, required }) =>
          `${option} is ${current}, must be ${required}: change the option file (module mysql_option_file), SQL can't.`,
      ),
      ...problems,
    ]
    if (args.report_only) {
      const settings = errors.filter((error) => !inFile.includes(error)).map(describe)
      const all = [...settings, ...obstacles, ...tables]
      return all.length === 0
        ? { steps: [], diff: [] }
        : { steps: [], diff: [], failure: `${host} is not ready for a cluster:\n  ${all.join('\n  ')}` }
    }
    if (obstacles.length > 0)
      return { steps: [], diff: [], failure: `${host} can't be prepared:\n  ${obstacles.join('\n  ')}` }
    const toSet = errors.filter(({ action }) => action.startsWith('server_update'))
    const later = errors.filter(needsRestart)
    const steps: Step[] = []
    if (toSet.length > 0)
      steps.push({
        do: 'sql',
        host,
        login,
        statements: toSet.map(persistStatement),
        undo: [
          {
            do: 'sql',
            host,
            login,
            statements: restore(
              toSet.map(({ option }) => [option, '']),
              picture,
            ),
          },
        ],
        note: `set ${toSet.map(({ option }) => option).join(', ')} on ${host}`,
      })
    const restarts = later.length > 0 && args.restart
    if (restarts) steps.push(...restartSteps(findings, later, login, args.restart_timeout))
    return {
      steps,
      diff: [
        ...toSet.map(({ option, current, persisted, required }) => ({
          what: `${option} of ${host}`,
          before: `${current}${persisted === undefined ? '' : `, persisted ${persisted}`}\n`,
          after: `${required}\n`,
        })),
        ...(restarts
          ? [
              {
                what: `mysqld on ${host}`,
                before: `${later.map(describe).join('\n')}\n`,
                after: 'restarted\n',
              },
            ]
          : []),
      ],
      predicts:
        errors.length === 0
          ? []
          : [
              { question: { ask: 'mysql_instance', login }, answer: after(picture, errors, restarts) },
              ...(errors.some(({ option }) => option === 'server_id')
                ? [
                    {
                      question: { ask: 'mysql_rows', login, statement: SERVER_ID_SOURCE } as const,
                      answer: { kind: 'rows', rows: [{ s: restarts ? 'PERSISTED' : 'DYNAMIC' }] } as const,
                    },
                  ]
                : []),
            ],
      warnings: [
        ...(later.length > 0 && !restarts
          ? [
              `${host} needs a restart for ${later.map(({ option }) => option).join(', ')}: set restart: true, or restart it yourself.`,
            ]
          : []),
        ...(restarts && isMember(picture) && !comesBack(picture)
          ? [
              `${host} is not in its group after the restart, since ${START_ON_BOOT} is OFF: bring it back with innodb_cluster_instance.`,
            ]
          : []),
        ...tables.map((table) => `${host}: ${table}; a group refuses to write to it.`),
      ],
    }
  },
  result: (args, findings) => {
    const report = reportOn(findings, wishOf(args))
    return {
      status: isFine(report) ? 'ok' : 'error',
      config_errors: report.errors.map((error) => ({ ...error })),
      problems: report.problems,
      tables: report.tables,
      restart_required: report.errors.some(needsRestart) && (args.report_only || !args.restart),
    }
  },
})

interface Findings extends InstanceFindings {
  readonly host: string
}

const wishOf = (args: { readonly server_id?: number; readonly applier_worker_threads: number }) => ({
  serverId: args.server_id,
  applierWorkerThreads: args.applier_worker_threads,
})

const isFine = (report: InstanceReport): boolean =>
  report.errors.length + report.problems.length + report.tables.length === 0

const describe = ({ option, current, required, action }: ConfigError): string =>
  action === 'restart'
    ? `${option} is ${current}, ${required} is persisted: restart the server`
    : `${option} is ${current}, must be ${required}${action.endsWith('restart') ? ' (needs a restart)' : ''}`

async function lookAt(host: HostReader, login: MysqlLogin): Promise<Findings> {
  const rows = (statement: string) => host.ask({ ask: 'mysql_rows', login, statement })
  const [picture, serverIdSource, tables, privileges, filters, pluginStates, hosts] = await Promise.all([
    host.ask({ ask: 'mysql_instance', login }),
    rows(SERVER_ID_SOURCE),
    rows(TABLES),
    rows(PRIVILEGES),
    rows(FILTERS),
    rows(PLUGIN_STATES),
    host.ask({ ask: 'file', path: '/etc/hosts', read: 'content', follow: true }),
  ])
  if (picture.kind !== 'up') throw await ownSilence(host, picture)
  const text = hosts.kind === 'file' && Buffer.isBuffer(hosts.content) ? hosts.content.toString() : ''
  const binaryLog = await rows(binaryLogStatus(picture.version))
  return {
    host: host.host,
    picture,
    serverIdSource,
    tables,
    privileges,
    binaryLog,
    filters,
    pluginStates,
    hosts: text,
  }
}

/** Settings that take effect at the next start are persisted only; the others run at once. */
function persistStatement(error: ConfigError): Statement {
  const value = /^\d+$/.test(error.required) ? Number(error.required) : error.required
  return {
    text: `SET ${needsRestart(error) ? 'PERSIST_ONLY' : 'PERSIST'} ${error.option} = ?`,
    values: [value],
  }
}

function restartSteps(
  { host, picture }: Findings,
  later: readonly ConfigError[],
  login: MysqlLogin,
  timeout: number,
): readonly Step[] {
  const member = comesBack(picture)
  return [
    {
      do: 'sql',
      host,
      login,
      statements: [{ text: 'RESTART', mayDisconnect: true }],
      note: `restart mysqld on ${host}`,
    },
    {
      do: 'wait',
      host,
      question: { ask: 'mysql_instance', login },
      timeout,
      until: (answer) => isBack(answer as MysqlInstance, later, member),
      otherwise: `${host} is not back with its new settings${member ? ' and ONLINE in its group' : ''}; see its error log and systemctl status mysql.`,
      note: `wait for ${host}`,
    },
  ]
}

const isMember = ({ members, uuid }: InstancePicture): boolean =>
  members.some((member) => member.uuid === uuid && member.state !== 'OFFLINE')

/** Whether a server is in a group and goes back to it at its start. */
const comesBack = (picture: InstancePicture): boolean =>
  isMember(picture) && sameValue(picture.variables[START_ON_BOOT] ?? 'OFF', 'ON')

const START_ON_BOOT = 'group_replication_start_on_boot'

function isBack(picture: MysqlInstance, later: readonly ConfigError[], member: boolean): boolean {
  if (picture.kind !== 'up' || !isAsRequired(picture, later)) return false
  return !member || picture.members.some(({ uuid, state }) => uuid === picture.uuid && state === 'ONLINE')
}

/** How the server would answer afterwards. */
function after(picture: InstancePicture, errors: readonly ConfigError[], restarts: boolean): InstancePicture {
  const set = Object.fromEntries(errors.map(({ option, required }) => [option, required]))
  const runs = Object.fromEntries(
    errors
      .filter((error) => restarts || !needsRestart(error))
      .map(({ option, required }) => [option, required]),
  )
  return {
    ...picture,
    serverId: Number(runs['server_id'] ?? picture.serverId),
    variables: { ...picture.variables, ...runs },
    persisted: { ...picture.persisted, ...set },
  }
}
