import type { HostReader } from '../host/host.js'
import type { MysqlLogin } from '../mysql/login.js'
import type { GtidState } from '../mysql/plan-add-instance.js'
import type { Server } from '../mysql/topology.js'

/** How the transactions of a server stand to those of the one it would get the rest from; the donor computes it. */
export async function gtidState(
  host: HostReader,
  joiner: Server,
  donor: Server | undefined,
  login: MysqlLogin,
  others: readonly Server[] = [],
): Promise<GtidState> {
  if (donor === undefined || (joiner.picture.gtidExecuted === '' && donor.picture.gtidPurged === ''))
    return { within: true, complete: true }
  const reader = donor.host === host.host ? host : host.peer(donor.host)
  const purged = [donor, ...others.filter(({ host: name }) => name !== donor.host)].map(
    ({ picture }) => picture.gtidPurged,
  )
  const answer = await reader.ask({
    ask: 'mysql_rows',
    login,
    // Logs that one donor has purged may still be with another: Group Replication tries them all.
    statement: `SELECT GTID_SUBSET(?, @@global.gtid_executed) w, ${purged.map(() => 'GTID_SUBSET(?, ?)').join(' OR ')} c`,
    values: [joiner.picture.gtidExecuted, ...purged.flatMap((set) => [set, joiner.picture.gtidExecuted])],
  })
  if (answer.kind !== 'rows') return { within: true, complete: true }
  return { within: Number(answer.rows[0]?.['w']) === 1, complete: Number(answer.rows[0]?.['c']) === 1 }
}
