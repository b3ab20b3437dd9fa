import type { MysqlVariables } from '../mysql/question.js'
import { sameValue } from '../option-file/edit.js'
import { defineModule, type Plan } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { silentServer } from './mysql-silent.js'

export const mysql_variables = defineModule({
  name: 'mysql_variables',
  aliases: ['community.mysql.mysql_variables'],
  summary: 'Sees to a global variable of a MySQL server, running and persisted; without a value it tells it.',
  args: {
    variable: {
      type: 'string',
      required: true,
      description: 'Name of the variable.',
      pattern: '^[A-Za-z0-9_]+(\\.[A-Za-z0-9_]+)?$',
    },
    value: {
      type: 'string',
      description: 'Its value; ON and 1 mean the same, as do 1G and 1073741824.',
    },
    mode: {
      type: 'string',
      enum: ['global', 'persist', 'persist_only'],
      default: 'global',
      description:
        'global: until mysqld is restarted. persist: also afterwards. persist_only: only from the next restart on; for variables that can not be changed while it runs.',
    },
    ...LOGIN_ARGS,
  },
  returns: {
    variable: 'Name.',
    value: 'Its running value; with a value given, that which it has or would have.',
    persisted: 'What mysqld-auto.cnf says; empty if nothing.',
  },
  examples: [
    { description: 'How many connections?', args: { variable: 'max_connections' } },
    {
      description: 'More connections, also after a restart',
      args: { variable: 'max_connections', value: '500', mode: 'persist' },
    },
    {
      description: 'From the next restart on',
      args: { variable: 'back_log', value: '200', mode: 'persist_only' },
    },
  ],
  contract: [
    { args: { variable: 'version' } },
    {
      args: { variable: 'max_connections', value: '333', mode: 'global' },
      after: 'mysql -e "SET GLOBAL max_connections = DEFAULT"',
    },
    {
      args: { variable: 'innodb_print_all_deadlocks', value: 'yes', mode: 'persist' },
      after: 'mysql -e "RESET PERSIST; SET GLOBAL innodb_print_all_deadlocks = DEFAULT"',
    },
    {
      args: { variable: 'back_log', value: '99', mode: 'persist_only' },
      after: 'mysql -e "RESET PERSIST"',
    },
    {
      args: { variable: 'innodb_log_write_ahead_size', value: '4K', mode: 'persist' },
      after: 'mysql -e "RESET PERSIST; SET GLOBAL innodb_log_write_ahead_size = DEFAULT"',
    },
    {
      args: { variable: 'init_connect', value: "SET @a = 'x'", mode: 'persist' },
      after: 'mysql -e "RESET PERSIST; SET GLOBAL init_connect = DEFAULT"',
    },
    {
      args: { variable: 'init_connect', value: `SET @a = '${'x'.repeat(1500)}'`, mode: 'persist' },
      after: 'mysql -e "RESET PERSIST; SET GLOBAL init_connect = DEFAULT"',
    },
  ],
  probe: (host, args) => host.ask({ ask: 'mysql_variables', login: loginOf(args) }),
  plan: (args, state): Plan => {
    if (state.kind !== 'up') return silentServer(state)
    const name = args.variable.toLowerCase()
    const { running, persisted } = valuesOf(name, state)
    if (running === undefined)
      return { steps: [], diff: [], failure: `The server has no variable "${args.variable}".` }
    if (args.value === undefined) return { steps: [], diff: [], message: running }
    const wanted = wantedText(args.value, running)
    const same = (is: string | undefined): boolean => is !== undefined && sameValue(is, wanted)
    const differs = {
      global: !same(running),
      persist: !same(running) || !same(persisted),
      persist_only: !same(persisted),
    }[args.mode]
    if (!differs) return { steps: [], diff: [] }
    const keyword = args.mode.toUpperCase()
    const show = (value: string, kept: string | undefined): string =>
      args.mode === 'global'
        ? `running: ${value}\n`
        : `running: ${value}\npersisted: ${kept ?? '(nothing)'}\n`
    const after = args.mode === 'persist_only' ? running : wanted
    return {
      steps: [
        {
          do: 'sql',
          login: loginOf(args),
          statements: [{ text: `SET ${keyword} ${name} = ?`, values: [sqlValue(wanted, running)] }],
          note: `set ${name}`,
        },
      ],
      diff: [{ what: name, before: show(running, persisted), after: show(after, wanted) }],
      predicts: [
        {
          question: { ask: 'mysql_variables', login: loginOf(args) },
          answer: {
            ...state,
            running: { ...state.running, [name]: after },
            persisted: args.mode === 'global' ? state.persisted : { ...state.persisted, [name]: wanted },
          },
        },
      ],
    }
  },
  result: (args, state) => {
    const name = args.variable.toLowerCase()
    const { running = '', persisted = '' } = state.kind === 'up' ? valuesOf(name, state) : {}
    const wanted = args.value === undefined ? undefined : wantedText(args.value, running)
    return {
      variable: args.variable,
      value: args.mode === 'persist_only' ? running : (wanted ?? running),
      persisted: args.mode === 'global' ? persisted : (wanted ?? persisted),
    }
  },
})

function valuesOf(
  name: string,
  state: Extract<MysqlVariables, { kind: 'up' }>,
): { readonly running?: string; readonly persisted?: string } {
  const running = state.running[name]
  const persisted = state.persisted[name]
  return {
    ...(running === undefined ? {} : { running }),
    ...(persisted === undefined ? {} : { persisted }),
  }
}

const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?$/.test(text)

/** The value as the server writes it: ON and OFF for YAML's booleans, sizes in bytes. */
function wantedText(value: string, running: string): string {
  if (/^(ON|OFF)$/.test(running)) {
    if (/^(true|yes|on|1)$/i.test(value)) return 'ON'
    if (/^(false|no|off|0)$/i.test(value)) return 'OFF'
  }
  const size = /^(\d+)([kmg])$/i.exec(value)
  if (size?.[1] !== undefined && size[2] !== undefined && isNumber(running))
    return String(Number(size[1]) * 1024 ** ('kmg'.indexOf(size[2].toLowerCase()) + 1))
  return value
}

/** Numbers are sent as numbers where the server has one: it refuses '200' for an integer. */
const sqlValue = (wanted: string, running: string): string | number =>
  isNumber(wanted) && isNumber(running) ? Number(wanted) : wanted
