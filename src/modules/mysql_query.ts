import type { Outcome } from '../host/step.js'
import type { MysqlRows } from '../mysql/question.js'
import { isReadOnly } from '../mysql/read-only.js'
import { writtenStatement, type WrittenStatement } from '../mysql/written-statement.js'
import { Secret } from '../value/secret.js'
import { Unknown } from '../value/unknown.js'
import type { Value, ValueMap } from '../value/value.js'
import { defineModule, type Plan } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { silentServer } from './mysql-silent.js'
import type { Arguments } from './schema.js'

const ARGS = {
  query: {
    type: 'list',
    required: true,
    description: 'One statement or several, without delimiters; %s and %(name)s stand for values.',
  },
  positional_args: { type: 'list', description: 'Values for %s, in order.' },
  named_args: { type: 'map', description: 'Values for %(name)s.' },
  login_db: { type: 'string', description: 'Schema to use.' },
  single_transaction: {
    type: 'boolean',
    default: false,
    description: 'All statements or none (DDL statements commit by themselves).',
  },
  ...LOGIN_ARGS,
} as const

type Args = Arguments<typeof ARGS>

export const mysql_query = defineModule({
  name: 'mysql_query',
  aliases: ['community.mysql.mysql_query'],
  summary:
    'Runs SQL statements. Those that only read are answered in check mode, too, and change nothing; of others, check mode can not know what they would do.',
  args: ARGS,
  freeForm: 'query',
  effect: 'any',
  rules: { mutuallyExclusive: [['positional_args', 'named_args']] },
  returns: {
    executed_queries: 'The statements, with placeholders instead of values.',
    query_result:
      'Rows of each statement, as mappings: integers as numbers (as texts beyond 2^53), DECIMAL and times as texts.',
    rowcount: 'Number of rows that each statement returned or changed.',
  },
  examples: [
    { description: 'A question', args: { query: 'SELECT @@version AS version' } },
    {
      description: 'A schema and a table',
      args: {
        query: [
          'CREATE DATABASE IF NOT EXISTS shop',
          'CREATE TABLE IF NOT EXISTS shop.orders (id INT PRIMARY KEY, customer VARCHAR(50))',
        ],
      },
    },
    {
      description: 'A row, with values',
      args: {
        login_db: 'shop',
        query: 'REPLACE INTO orders (id, customer) VALUES (%s, %s)',
        positional_args: [1, "O'Neill"],
      },
    },
    {
      description: 'The rows of a customer',
      args: {
        login_db: 'shop',
        query: 'SELECT id FROM orders WHERE customer = %(customer)s',
        named_args: { customer: "O'Neill" },
      },
    },
  ],
  contract: [
    { args: { query: ['SELECT 1 AS one, NULL AS nothing', 'SHOW DATABASES'] } },
    {
      args: {
        query: 'SELECT User FROM user WHERE User = %s AND "?" <> %s',
        login_db: 'mysql',
        positional_args: ['root', '%s'],
      },
    },
    {
      args: { query: 'CREATE DATABASE contract_query' },
      after: 'mysql -e "DROP DATABASE contract_query"',
    },
  ],
  probe: async (host, args): Promise<readonly MysqlRows[] | undefined> => {
    const statements = statementsOf(args)
    if (!statements.every(({ text }) => isReadOnly(text))) return undefined
    return Promise.all(
      statements.map(({ text, values }) =>
        host.ask({
          ask: 'mysql_rows',
          login: queryLogin(args),
          statement: text,
          values: values.map((value) => (value instanceof Secret ? value.reveal() : value)),
          numbers: true,
        }),
      ),
    )
  },
  plan: (args, answers): Plan => {
    if (answers !== undefined) {
      const bad = answers.find((answer) => answer.kind !== 'rows')
      if (bad === undefined) return { steps: [], diff: [] }
      return bad.kind === 'down' || bad.errno === undefined
        ? silentServer(bad)
        : { steps: [], diff: [], failure: `${bad.message} (${bad.errno})` }
    }
    const statements = statementsOf(args)
    return {
      steps: [
        {
          do: 'sql',
          login: queryLogin(args),
          statements: args.single_transaction
            ? [{ text: 'START TRANSACTION' }, ...statements, { text: 'COMMIT' }]
            : statements,
          numbers: true,
          foreign: true,
        },
      ],
      diff: [],
    }
  },
  changed: (args, outcomes) => {
    const counts = countsOf(args, outcomes)
    return statementsOf(args).some(
      ({ text }, index) => !isReadOnly(text) && ((counts[index] ?? 0) > 0 || !isManipulation(text)),
    )
  },
  result: (args, answers, _plan, outcomes) => {
    const statements = statementsOf(args)
    const about = { executed_queries: statements.map(({ text }) => text) }
    if (answers !== undefined) {
      const rows = answers.map((answer) => (answer.kind === 'rows' ? answer.rows : []))
      return { ...about, query_result: rows.map(rowValues), rowcount: rows.map((each) => each.length) }
    }
    if (outcomes === undefined) {
      const unknown = new Unknown('the statements were not run')
      return { ...about, query_result: unknown, rowcount: unknown }
    }
    const rows = inner(args, outcomes[0]?.rows ?? [])
    return {
      ...about,
      query_result: statements.map((_, index) => rowValues(rows[index] ?? [])),
      rowcount: countsOf(args, outcomes),
    }
  },
})

const statementsOf = (args: Args): readonly WrittenStatement[] =>
  args.query.map((each) => writtenStatement(each, args.positional_args, args.named_args))

const queryLogin = (args: Args) => ({
  ...loginOf(args),
  ...(args.login_db === undefined ? {} : { database: args.login_db }),
})

/** Statements whose count of rows tells whether they changed anything; of others every success is a change. */
const isManipulation = (text: string): boolean => /^\s*(INSERT|UPDATE|DELETE|REPLACE|WITH)\b/i.test(text)

/** What belongs to the statements of the task, without those around them. */
const inner = <T>(args: Args, list: readonly T[]): readonly T[] =>
  args.single_transaction ? list.slice(1, -1) : list

const countsOf = (args: Args, outcomes: readonly Outcome[]): readonly number[] =>
  inner(args, outcomes[0]?.counts ?? [])

/** Rows as data: bytes as text, as they are in UTF-8. */
function rowValues(rows: readonly Readonly<Record<string, unknown>>[]): readonly ValueMap[] {
  const value = (each: unknown): Value => (Buffer.isBuffer(each) ? each.toString() : (each as Value))
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, each]): [string, Value] => [name, value(each)])),
  )
}
