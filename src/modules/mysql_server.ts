import { certificateFacts } from '../certificates/facts.js'
import type { HostReader } from '../host/host.js'
import type { FileState } from '../host/question.js'
import type { Step } from '../host/step.js'
import type { MysqlInstance } from '../mysql/instance.js'
import type { MysqlLogin } from '../mysql/login.js'
import type { MysqlCertificate } from '../mysql/question.js'
import { readOptions, sameValue, type Options } from '../option-file/edit.js'
import { isMap, showValue } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { PREVIOUS } from './mysql_option_file.js'
import { defineModule, type Difference, type Plan, type Prediction } from './module.js'

/** How one server runs, and what its files say. */
interface ServerState {
  readonly host: string
  readonly options: Options
  readonly picture: MysqlInstance
  readonly served: MysqlCertificate
  readonly file: FileState
}

/** What has to be done with a server, and why. */
interface Need {
  readonly server: ServerState
  readonly action: 'restart' | 'reload'
  readonly reasons: readonly string[]
}

export const mysql_server = defineModule({
  name: 'mysql_server',
  aliases: [],
  summary:
    'Sees to it that running MySQL servers have what their files say: options of an option file, and the certificate. Restarts only when needed: members of a group one by one, secondaries first, each ONLINE before the next; other servers side by side. A server that does not start gets its previous options back; one that runs but does not answer is told, never restarted.',
  args: {
    instances: {
      type: 'strings',
      description: 'Inventory names of the servers (default: this host). With run_once, all at once.',
    },
    option_file: { type: 'string', required: true, description: 'The option file whose options must hold.' },
    section: { type: 'string', default: 'mysqld', description: 'Its section.' },
    service: { type: 'string', default: 'mysql', description: "The server's systemd unit." },
    error_log: {
      type: 'string',
      default: '/var/log/mysql/error.log',
      description: 'Shown when a server does not start.',
    },
    timeout: {
      type: 'integer',
      default: 120,
      description: 'Seconds for a server to answer and, in a group, to be ONLINE again.',
    },
    ...LOGIN_ARGS,
  },
  returns: {
    restarted: 'Servers that were, or would be, restarted.',
    reloaded: 'Servers whose certificates were, or would be, loaded anew.',
  },
  examples: [
    {
      description: 'This server runs as configured',
      args: { option_file: '/etc/mysql/mysql.conf.d/mysqld.cnf' },
    },
    {
      description: 'All servers, with run_once',
      args: { instances: ['s1', 's2'], option_file: '/etc/mysql/mysql.conf.d/zz-signet.cnf' },
    },
  ],
  contract: [
    {
      args: { option_file: '/etc/mysql/mysql.conf.d/zz-contract.cnf' },
      before: 'printf "[mysqld]\\nreport_host = contract\\n" > /etc/mysql/mysql.conf.d/zz-contract.cnf',
      after: 'rm -f /etc/mysql/mysql.conf.d/zz-contract.cnf; systemctl restart mysql',
    },
  ],
  probe: async (host, args): Promise<{ servers: readonly ServerState[] }> => {
    const login = loginOf(args)
    const names = args.instances ?? [host.host]
    return {
      servers: await Promise.all(
        names.map((name) => lookAt(name === host.host ? host : host.peer(name), args, login)),
      ),
    }
  },
  plan: (args, { servers }): Plan => {
    const login = loginOf(args)
    const needs = servers.flatMap((server) => needOf(server))
    const refused = servers.find(({ picture }) => picture.kind === 'refused')
    if (refused?.picture.kind === 'refused')
      return {
        steps: [],
        diff: [],
        failure: `The MySQL server of ${refused.host} refuses the login: ${refused.picture.message}`,
      }
    const silent = servers.find(({ picture }) => picture.kind === 'down' && picture.runs === true)
    if (silent?.picture.kind === 'down')
      return {
        steps: [],
        diff: [],
        failure: `mysqld on ${silent.host} runs, but does not answer: ${silent.picture.message}. It is not restarted for that: it may be busy, and a restart takes it out of its group. Look at its load and at ${args.error_log}, then run this again; a server that hangs for good is restarted by hand: systemctl restart ${args.service}`,
      }
    if (needs.length === 0) return { steps: [], diff: [], warnings: warningsOf(servers) }
    const alone = needs.filter(({ server }) => roleOf(server) === undefined || allStopped(server))
    const members = needs
      .filter((need) => !alone.includes(need))
      .sort((a, b) => Number(roleOf(a.server) === 'PRIMARY') - Number(roleOf(b.server) === 'PRIMARY'))
    const steps: Step[] = []
    if (alone.length > 0)
      steps.push({ do: 'parallel', branches: alone.map((need) => stepsOf(need, args, login)) })
    for (const need of members) steps.push(...stepsOf(need, args, login))
    return {
      steps,
      diff: needs.map(({ server, action, reasons }): Difference => ({
        what: `mysqld on ${server.host}`,
        before: `${reasons.join('\n')}\n`,
        after: `${action === 'restart' ? 'restarted' : 'certificates loaded anew'}\n`,
      })),
      predicts: needs.flatMap((need) => predictionsOf(need, login)),
      warnings: warningsOf(servers),
    }
  },
  result: (_args, { servers }) => {
    const needs = servers.flatMap((server) => needOf(server))
    const names = (action: Need['action']): readonly string[] =>
      needs.filter((need) => need.action === action).map(({ server }) => server.host)
    return { restarted: names('restart'), reloaded: names('reload') }
  },
})

async function lookAt(
  host: HostReader,
  args: { readonly option_file: string; readonly section: string },
  login: MysqlLogin,
): Promise<ServerState> {
  const [file, picture, served] = await Promise.all([
    host.ask({ ask: 'file', path: args.option_file, read: 'content', follow: true }),
    host.ask({ ask: 'mysql_instance', login }),
    host.ask({ ask: 'mysql_certificate', login }),
  ])
  const text = file.kind === 'file' && Buffer.isBuffer(file.content) ? file.content.toString() : ''
  const options = readOptions(text, args.section)
  const path = options.get('ssl_cert')
  const certificate: FileState =
    path === undefined
      ? { kind: 'absent' }
      : await host.ask({ ask: 'file', path, read: 'content', follow: true })
  return { host: host.host, options, picture, served, file: certificate }
}

/** The role of a server in a running group; undefined if it is in none. */
function roleOf({ picture }: ServerState): string | undefined {
  if (picture.kind !== 'up') return undefined
  const me = picture.members.find((member) => member.uuid === picture.uuid)
  return me === undefined || me.state === 'OFFLINE' ? undefined : me.role
}

const allStopped = ({ picture }: ServerState): boolean =>
  picture.kind === 'up' &&
  picture.members.every((member) => member.state === 'OFFLINE' || member.state === 'ERROR')

/** Options whose running value differs from the file's. Names that are no variables (plugin_load_add) can't be compared. */
function differingOptions({
  options,
  picture,
}: ServerState): readonly (readonly [name: string, running: string, wanted: string])[] {
  if (picture.kind !== 'up') return []
  return [...options].flatMap(([name, wanted]) => {
    const running = picture.variables[name]
    if (running === undefined || picture.persisted[name] !== undefined || sameValue(running, wanted))
      return []
    return [[name, running, wanted] as const]
  })
}

function warningsOf(servers: readonly ServerState[]): readonly string[] {
  return servers.flatMap(({ host, options, picture }) => {
    if (picture.kind !== 'up') return []
    return [...options].flatMap(([name, wanted]) => {
      const persisted = picture.persisted[name]
      return persisted !== undefined && !sameValue(persisted, wanted)
        ? [
            `${host}: ${name} is persisted as "${persisted}" (SET PERSIST), which wins over "${wanted}" of the option file.`,
          ]
        : []
    })
  })
}

/** What a restart or reload is needed for; nothing: none. */
function needOf(server: ServerState): readonly Need[] {
  const { picture, served, file, options } = server
  if (picture.kind !== 'up')
    return [{ server, action: 'restart', reasons: [`it does not run (${picture.message})`] }]
  const restart = differingOptions(server).map(
    ([name, running, wanted]) =>
      `${name} is ${running === '' ? 'empty' : running}, the option file says ${wanted}`,
  )
  const reload: string[] = []
  if (file.kind === 'file' && options.has('ssl_cert')) {
    if (file.content instanceof Unknown) reload.push('its certificate is renewed')
    else if (file.content !== undefined) {
      const onDisk = certificateFacts(file.content)
      if (served.kind === 'none') reload.push('it speaks no TLS')
      else if (served.kind === 'down') reload.push(`it shows no certificate (${served.message})`)
      else if (served.fingerprint !== onDisk.fingerprint) {
        const until =
          typeof served.notAfter === 'number'
            ? ` until ${new Date(served.notAfter * 1000).toISOString().slice(0, 10)}`
            : ''
        reload.push(
          `it serves certificate ${showValue(served.serial)} (${served.subject}${until}), on disk is ${onDisk.serial} (${onDisk.subject} until ${new Date(onDisk.notAfter * 1000).toISOString().slice(0, 10)})`,
        )
      }
    }
  }
  if (restart.length > 0) return [{ server, action: 'restart', reasons: [...restart, ...reload] }]
  return reload.length > 0 ? [{ server, action: 'reload', reasons: reload }] : []
}

function stepsOf(
  need: Need,
  args: {
    readonly option_file: string
    readonly section: string
    readonly service: string
    readonly error_log: string
    readonly timeout: number
  },
  login: MysqlLogin,
): readonly Step[] {
  const { server, action } = need
  const { host } = server
  if (action === 'reload') {
    return [
      {
        do: 'sql',
        host,
        login,
        statements: [{ text: 'ALTER INSTANCE RELOAD TLS' }],
        note: `load the certificates on ${host}`,
      },
      {
        do: 'wait',
        host,
        question: { ask: 'mysql_certificate', login },
        until: (answer) => servesFile(answer as MysqlCertificate, server),
        timeout: 10,
        otherwise: `${host} still serves its old certificate.`,
      },
    ]
  }
  const file = shellQuote(args.option_file)
  const previous = shellQuote(args.option_file + PREVIOUS)
  const unit = shellQuote(args.service)
  const validate = `out=$(mysqld --validate-config --user=mysql 2>&1) || { printf '%s\\n' "$out" | grep -i error >&2; exit 1; }`
  const back = `if [ -e ${previous} ]; then cat ${previous} > ${file}; fi`
  const backAndRestart = `if [ -e ${previous} ]; then cat ${previous} > ${file}; systemctl reset-failed ${unit} 2>/dev/null; systemctl restart ${unit}; fi`
  const restart = `systemctl reset-failed ${unit} 2>/dev/null; systemctl restart ${unit} || { grep -h 'ERROR' ${shellQuote(args.error_log)} | tail -n 5 >&2; exit 1; }`
  const undo = (shell: string): readonly Step[] => [
    { do: 'run', host, shell, check: true, note: `give ${host} its previous options back` },
  ]
  const member = roleOf(server) !== undefined && !allStopped(server)
  return [
    { do: 'run', host, shell: validate, check: true, undo: undo(back), note: `check the options of ${host}` },
    // Once: a server that is restarted while it joins its group takes a minute to stop.
    {
      do: 'run',
      host,
      shell: restart,
      check: true,
      undo: undo(backAndRestart),
      note: `restart mysqld on ${host}`,
    },
    {
      do: 'wait',
      host,
      question: { ask: 'mysql_instance', login },
      timeout: args.timeout,
      until: (answer) => runs(answer as MysqlInstance, server, member),
      otherwise: member
        ? `${host} is not back ONLINE in its group.`
        : `mysqld on ${host} does not answer with these options and TLS.`,
      note: `wait for ${host}`,
    },
  ]
}

const shellQuote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

function servesFile(served: MysqlCertificate, { file }: ServerState): boolean {
  if (served.kind !== 'certificate' || file.kind !== 'file' || !Buffer.isBuffer(file.content)) return false
  return served.fingerprint === certificateFacts(file.content).fingerprint
}

/** The server answers, speaks TLS if it has a certificate, and is ONLINE if it was a member of a group. */
function runs(picture: MysqlInstance, server: ServerState, member: boolean): boolean {
  if (picture.kind !== 'up') return false
  if (server.options.has('ssl_cert') && !picture.tls) return false
  return !member || picture.members.some((one) => one.uuid === picture.uuid && one.state === 'ONLINE')
}

/** Check mode: how the server would answer afterwards. */
function predictionsOf({ server }: Need, login: MysqlLogin): readonly Prediction[] {
  const { host, picture, file, options } = server
  const predictions: Prediction[] = []
  if (picture.kind === 'up') {
    const variables: Record<string, string> = { ...picture.variables }
    for (const [name, wanted] of options) if (picture.persisted[name] === undefined) variables[name] = wanted
    const after: MysqlInstance = {
      ...picture,
      variables,
      tls: picture.tls || options.has('ssl_cert'),
      serverId: Number(variables['server_id'] ?? picture.serverId),
      host: variables['report_host'] || picture.host,
      port: Number(variables['report_port'] || picture.port),
    }
    predictions.push({ host, question: { ask: 'mysql_instance', login }, answer: after })
  }
  const certificate = file.kind === 'file' ? certificateAfter(file.content) : undefined
  if (certificate !== undefined)
    predictions.push({ host, question: { ask: 'mysql_certificate', login }, answer: certificate })
  return predictions
}

function certificateAfter(content: Buffer | Unknown | undefined): MysqlCertificate | undefined {
  if (content === undefined) return undefined
  if (Buffer.isBuffer(content)) {
    const { fingerprint, serial, subject, issuer, notAfter } = certificateFacts(content)
    return { kind: 'certificate', fingerprint, serial, subject, issuer, notAfter }
  }
  const known = content.known['certificate']
  if (!isMap(known)) return undefined
  return {
    kind: 'certificate',
    fingerprint: content,
    serial: content,
    subject: showValue(known['subject']),
    issuer: showValue(known['issuer']),
    notAfter: content,
  }
}
