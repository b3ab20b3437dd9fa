import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { arrived } from './arrived.js'
import { serverState, sql, type TestLab } from './servers.js'
import { PROJECT, transcript, type Run } from './signet.js'
import { resultOf } from './task.js'

/** A statement that was sent; those that were broken with the name of their server. */
export interface SentStatement {
  readonly sql: string
  readonly host?: string
}

/** Environment of a run that writes its statements down, one of which may fail (fault-at.mjs). */
export const failing = (lab: TestLab, fault?: string): Record<string, string> => ({
  NODE_OPTIONS: `--import=${join(PROJECT, 'test/lab/fault-at.mjs')}`,
  SIGNET_TEST_STATEMENTS: statementsFile(lab),
  ...(fault === undefined ? {} : { SIGNET_TEST_FAULT: fault }),
})

const statementsFile = (lab: TestLab): string => join(lab.directory, 'statements')

/** What the last run sent. */
export async function sentStatements(lab: TestLab): Promise<readonly SentStatement[]> {
  const lines = (await readFile(statementsFile(lab), 'utf8')).split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as SentStatement)
}

/** Everything of each server that a task which failed has to leave as it was, its plugins, too; all changes have arrived. */
export async function serverStates(lab: TestLab): Promise<readonly string[]> {
  await arrived(lab)
  return Promise.all(
    lab.hosts.map(async (host) => {
      const [state, plugins] = await Promise.all([
        serverState(lab.name, host),
        sql(
          lab.name,
          host,
          "SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE PLUGIN_NAME IN ('clone', 'group_replication') ORDER BY 1",
        ),
      ])
      return `${state}\n--\nplugins ${plugins.join(' ')}`
    }),
  )
}

/** Persisted variables, channels, group, read-only flags and plugins: what a server has besides its data. */
export function besidesData(state: string): string {
  const parts = state.split(/^--$/m)
  return [...parts.slice(4, 8), parts.at(-1)].join('--')
}

/** What is wrong about the report of a run one of whose statements failed. @param own the task's host */
export async function badReport(
  lab: TestLab,
  own: string,
  done: Run,
  fault: string,
): Promise<readonly string[]> {
  const { message = '' } = resultOf(done)
  const statements = await sentStatements(lab)
  // Side by side, another than the first may be told.
  const hosts = statements.flatMap(({ host }) => host ?? [])
  const told = fault.startsWith('refuse')
    ? /^\S.*: injected \(1644\) on: \S/
    : /^\S.*: .*(closed|lost|connection).* on: \S/i
  const all = `${done.stdout}${done.stderr}${JSON.stringify(done.events)}`
  return [
    ...(done.code === 2 ? [] : [`exit code ${done.code ?? '?'}: ${transcript(done)}`]),
    ...(told.test(message) || /did not begin: the connection was lost/.test(message)
      ? []
      : [`no purpose or no answer of the server: ${message}`]),
    ...(hosts.some((host) => host === own || new RegExp(`\\b${host}\\b`).test(message))
      ? []
      : [`${hosts[0] ?? 'its server'} is not named: ${message}`]),
    ...secretsOf(statements)
      .filter((secret) => all.includes(secret))
      .map((secret) => `a secret is shown: ${secret}`),
  ]
}

/** Passwords, and what they are stored as, in statements. */
function secretsOf(statements: readonly SentStatement[]): readonly string[] {
  const all = statements.map(({ sql: text }) => text).join('\n')
  const found = all.matchAll(/(?:IDENTIFIED BY|SOURCE_PASSWORD=|BY) ?'([^']{8,})'|\b(0x[0-9a-f]{16,})/gi)
  return [...new Set([...found].map((match) => match[1] ?? match[2] ?? ''))]
}
