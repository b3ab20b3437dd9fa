import { sql, tryShell, quote, type TestLab } from './servers.js'

/** What a server has executed, and the hosts whose transactions come to it. */
interface Standing {
  readonly host: string
  readonly executed: string
  /** The group as it sees it: host, state and role of each member; none when it is in no group. */
  readonly group: readonly string[]
  readonly sources: readonly string[]
  /** A channel to one of the hosts is being connected. */
  readonly connecting: boolean
  /** The hosts whose group a channel follows: it goes over to its primary by itself. */
  readonly follows: readonly string[]
}

const EXECUTED = "SELECT 'executed', REPLACE(@@global.gtid_executed, '\\n', '')"
const MEMBERS =
  "SELECT 'member', MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members ORDER BY MEMBER_HOST"
const CHANNELS =
  "SELECT SERVICE_STATE, HOST, SOURCE_CONNECTION_AUTO_FAILOVER FROM performance_schema.replication_connection_status JOIN performance_schema.replication_connection_configuration USING (CHANNEL_NAME) WHERE SERVICE_STATE <> 'OFF' AND HOST NOT IN ('', '<NULL>')"

/**
 * How long channels may take to connect, and members to agree on their group, in milliseconds; those that can't are not
 * waited for any longer.
 */
const SETTLES_IN = 20_000
/** How long transactions may be on their way, in seconds. */
const ARRIVES_IN = 120

/**
 * Waits until the members of each group see it alike, and every host of the lab whose server answers has executed what
 * those it replicates from have, directly or by way of others: members of its group, and sources of its channels. Throws
 * when transactions take longer than two minutes.
 */
export async function arrived(lab: TestLab): Promise<void> {
  const deadline = Date.now() + SETTLES_IN
  let standings = await stand(lab)
  while (isMoving(standings) && Date.now() < deadline) standings = await stand(lab)
  const byHost = new Map(standings.map((standing) => [standing.host, standing]))
  await Promise.all(
    standings.map(async ({ host }) => {
      const sets = [...upstream(host, byHost)].map((name) => byHost.get(name)?.executed ?? '').filter(Boolean)
      if (sets.length === 0) return
      const [late] = await sql(
        lab.name,
        host,
        `SELECT WAIT_FOR_EXECUTED_GTID_SET('${sets.join(',')}', ${ARRIVES_IN})`,
      )
      if (late !== '0') throw new Error(`${host} has not executed what came before: ${sets.join(',')}`)
    }),
  )
}

/**
 * A channel is being connected or leads to a former primary, a member recovers, or members of a group have not heard the
 * same of it yet.
 */
function isMoving(standings: readonly Standing[]): boolean {
  const groups = new Map(standings.map(({ host, group }) => [host, group.join('\n')]))
  return standings.some(
    ({ group, connecting, follows }) =>
      connecting ||
      follows.some((from) => /\tSECONDARY$/m.test(ownRow(from, groups.get(from)))) ||
      group.some((member) => {
        const [host = '', state = ''] = member.split('\t')
        const theirs = groups.get(host)
        return state === 'RECOVERING' || (theirs !== undefined && theirs !== group.join('\n'))
      }),
  )
}

const ownRow = (host: string, group = ''): string =>
  group.split('\n').find((row) => row.startsWith(`${host}\tONLINE`)) ?? ''

async function stand(lab: TestLab): Promise<readonly Standing[]> {
  const standings = await Promise.all(lab.hosts.map((host) => standingOf(lab, host)))
  return standings.flatMap((standing) => standing ?? [])
}

/** Undefined when the server does not answer. */
async function standingOf(lab: TestLab, host: string): Promise<Standing | undefined> {
  const queries = [EXECUTED, MEMBERS, CHANNELS].join('; ')
  const { code, text } = await tryShell(lab.name, host, `mysql -N -B -e ${quote(queries)} 2>/dev/null`)
  if (code !== 0) return undefined
  const rows = text.split('\n').map((row) => row.split('\t'))
  const members = rows.filter(([kind, name]) => kind === 'member' && name !== '')
  const online = members.filter(([, , state]) => state === 'ONLINE').map(([, name = '']) => name)
  const channels = rows.filter(
    ([kind = '', from = '']) => !['executed', 'member', ''].includes(kind) && lab.hosts.includes(from),
  )
  return {
    host,
    executed: rows.find(([kind]) => kind === 'executed')?.[1] ?? '',
    // One that is in no group is told as OFFLINE by its own server.
    group: members.filter(([, , state]) => state !== 'OFFLINE').map((row) => row.slice(1).join('\t')),
    sources: [...online, ...channels.map(([, from = '']) => from)].filter(
      (from) => from !== host && lab.hosts.includes(from),
    ),
    follows: channels.flatMap(([, from = '', failover]) => (failover === '1' ? [from] : [])),
    connecting: channels.some(([state]) => state === 'CONNECTING'),
  }
}

/** All hosts whose transactions come to this one. */
function upstream(host: string, standings: ReadonlyMap<string, Standing>): ReadonlySet<string> {
  const found = new Set<string>()
  const waiting = [host]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop())
    for (const source of standings.get(name)?.sources ?? [])
      if (!found.has(source) && source !== host) {
        found.add(source)
        waiting.push(source)
      }
  return found
}
