import { editOptions, normalName, readOptions } from '../option-file/edit.js'
import { Unknown } from '../value/unknown.js'
import { showValue } from '../value/shape.js'
import { ATTRIBUTE_ARGS } from './attributes.js'
import { askForText, planText, textOfFile } from './edited-file.js'
import { defineModule, type Plan } from './module.js'

/** Beside an option file, the version before its last change: what mysql_server goes back to. */
export const PREVIOUS = '.signet-previous'

export const mysql_option_file = defineModule({
  name: 'mysql_option_file',
  aliases: ['mysql_options'],
  summary:
    'Sees to options in a MySQL option file; comments, order and everything else stay. The version before the last change is kept for mysql_server to go back to.',
  args: {
    path: {
      type: 'string',
      required: true,
      description: 'Absolute path of the option file.',
      aliases: ['dest'],
    },
    section: { type: 'string', default: 'mysqld', description: 'Section, without brackets.' },
    options: {
      type: 'map',
      required: true,
      description: 'Options and their values; - and _ in names mean the same. null takes an option out.',
    },
    state: {
      type: 'string',
      enum: ['present', 'absent'],
      default: 'present',
      description: 'absent takes all these options out.',
    },
    backup: {
      type: 'boolean',
      default: false,
      description: 'Also keep the file as it was, with a time stamp in its name.',
    },
    ...ATTRIBUTE_ARGS,
  },
  returns: { path: 'Path.', options: 'The options of the section afterwards.' },
  examples: [
    {
      description: 'TLS with certificates of our own',
      args: {
        path: '/etc/mysql/mysql.conf.d/zz-tls.cnf',
        options: { ssl_ca: '/etc/mysql/ssl/ca.pem', require_secure_transport: 'ON' },
      },
    },
    {
      description: 'No slow log',
      args: {
        path: '/etc/mysql/mysql.conf.d/mysqld.cnf',
        options: { slow_query_log: null },
        state: 'absent',
      },
    },
  ],
  contract: [
    {
      args: {
        path: '/root/contract.cnf',
        options: { 'max-connections': 200, require_secure_transport: true },
      },
      before:
        'printf "# c\\n[mysqld]\\nmax_connections=100 # few\\n[client]\\nport=3306\\n" > /root/contract.cnf',
      after: 'rm -f /root/contract.cnf*',
    },
    {
      args: { path: '/root/contract.cnf', options: { server_id: 3 }, mode: '0640' },
      after: 'rm -f /root/contract.cnf*',
    },
  ],
  probe: (host, args) => askForText(host, args.path),
  plan: (args, file): Plan => {
    const text = textOfFile(args.path, file)
    if (text instanceof Unknown) return { steps: [], diff: [], unknown: text }
    const plan = planText(args.path, file, editOptions(text ?? '', args.section, wantedOptions(args)), args)
    const writes = plan.steps.some((step) => step.do === 'write_file')
    if (!writes) return plan
    return {
      ...plan,
      steps: [
        { do: 'write_file', path: `${args.path}${PREVIOUS}`, content: Buffer.from(text ?? ''), mode: 0o644 },
        ...plan.steps,
      ],
    }
  },
  result: (args, file) => {
    const text = textOfFile(args.path, file)
    const after = text instanceof Unknown ? text : editOptions(text ?? '', args.section, wantedOptions(args))
    return {
      path: args.path,
      options: after instanceof Unknown ? after : Object.fromEntries(readOptions(after, args.section)),
    }
  },
})

function wantedOptions(args: {
  readonly options: Readonly<Record<string, unknown>>
  readonly state: 'present' | 'absent'
}): ReadonlyMap<string, string | undefined> {
  return new Map(
    Object.entries(args.options).map(([name, value]) => {
      const text = value === true ? 'ON' : value === false ? 'OFF' : showValue(value as never)
      return [normalName(name), args.state === 'absent' || value === null ? undefined : text]
    }),
  )
}
