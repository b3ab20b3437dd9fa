import { isWithin, parseGtidSet } from './gtid-set.js'
import type { Server } from './topology.js'

/** What is known of the transactions of a joiner: is its set within the donor's, and has some donor purged nothing that it lacks. */
export interface GtidState {
  readonly within: boolean
  readonly complete: boolean
}

/**
 * How the transactions of a server stand to those of the one it would get the rest from.
 * @param others further donors: logs that one has purged may still be with another, and Group Replication tries them all
 */
export function gtidState(
  joiner: Server,
  donor: Server | undefined,
  others: readonly Server[] = [],
): GtidState {
  if (donor === undefined) return { within: true, complete: true }
  const own = parseGtidSet(joiner.picture.gtidExecuted)
  return {
    within: isWithin(own, parseGtidSet(donor.picture.gtidExecuted)),
    complete: [donor, ...others].some(({ picture }) => isWithin(parseGtidSet(picture.gtidPurged), own)),
  }
}
