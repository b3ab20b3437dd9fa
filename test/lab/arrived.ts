import { sql, type TestLab } from './servers.js'

/** What a server has executed, and the hosts whose transactions come to it. */
interface Standing {
  readonly host: string
  readonly executed: string
  readonly sources: readonly string[]
  /** A channel to one of the hosts is being connected. */
  readonly connecting: boolean
}

const EXECUTED = "SELECT 'executed', REPLACE(@@global.gtid_executed, '\\n', '')"
const MEMBERS =
  "SELECT 'ON', MEMBER_HOST FROM performance_schema.replication_group_members WHERE MEMBER_STATE = 'ONLINE'"
const CHANNELS =
  "SELECT SERVICE_STATE, HOST FROM performance_schema.replication_connection_status JOIN performance_schema.replication_connection_configuration USING (CHANNEL_NAME) WHERE SERVICE_STATE <> 'OFF' AND HOST NOT IN ('', '<NULL>')"

/** How long a channel may take to connect, in milliseconds; one that can't is not waited for any longer. */
const CONNECTS_IN = 10_000
/** How long transactions may be on their way, in seconds. */
const ARRIVES_IN = 60

/**
 * Waits until every host of the lab has executed what those it replicates from have, directly or by way of others:
 * members of its group, and sources of its channels. Throws when it takes longer than a minute.
 */
export async function arrived(lab: TestLab): Promise<void> {
  const deadline = Date.now() + CONNECTS_IN
  let standings = await stand(lab)
  while (standings.some(({ connecting }) => connecting) && Date.now() < deadline) standings = await stand(lab)
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

function stand(lab: TestLab): Promise<readonly Standing[]> {
  return Promise.all(
    lab.hosts.map(async (host) => {
      const rows = await sql(lab.name, host, [EXECUTED, MEMBERS, CHANNELS].join('; '))
      const pairs = rows.map((row) => row.split('\t'))
      const links = pairs.filter(([state, from]) => state !== 'executed' && lab.hosts.includes(from ?? ''))
      return {
        host,
        executed: pairs.find(([state]) => state === 'executed')?.[1] ?? '',
        sources: links.flatMap(([, from]) => from ?? []).filter((from) => from !== host),
        connecting: links.some(([state]) => state === 'CONNECTING'),
      }
    }),
  )
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
