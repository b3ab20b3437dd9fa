import type { GtidState } from './gtid-state.js'
import { isBeingCloned, wasCloned } from './received-clone.js'
import { addressOf, type Server } from './topology.js'
import { atLeast, series } from './version.js'

/** AdminAPI's recoveryMethod. */
export type RecoveryMethod = 'auto' | 'incremental' | 'clone'

/** How data will come to a server, or why it can't. */
export type Recovery = { readonly method: 'incremental' | 'clone' } | { readonly refusal: string }

/**
 * Chooses how data comes to a server. `auto` replays binary logs where the server's own transactions are all known to
 * the donor; it clones where logs that the server would need are gone, and never throws transactions away.
 * @param cloneDisabled the cluster's disableClone
 */
export function chooseRecovery(
  wanted: RecoveryMethod,
  joiner: Server,
  donor: Server,
  gtid: GtidState,
  cloneDisabled: boolean,
): Recovery {
  // What it gets, or has got, is a copy: nothing of its own is left to be lost, nor has it to be copied again.
  if (isBeingCloned(joiner) || (wasCloned(joiner) && gtid.within && gtid.complete))
    return { method: 'incremental' }
  const noClone = cloneDisabled ? 'the cluster has disable_clone set' : refuseClone(donor, joiner)
  if (wanted === 'clone')
    return noClone === undefined
      ? { method: 'clone' }
      : { refusal: `recovery_method clone is not possible for ${joiner.host}: ${noClone}.` }
  if (!gtid.within)
    return {
      refusal: `${joiner.host} has transactions that ${donor.host} lacks (${joiner.picture.gtidExecuted}); joining would lose them. Bring its data into the cluster first, empty the server, or set recovery_method: clone, which throws all its data away.`,
    }
  if (gtid.complete) return { method: 'incremental' }
  if (wanted === 'auto' && noClone === undefined) return { method: 'clone' }
  return {
    refusal: `${donor.host} has purged binary logs that ${joiner.host} would need; incremental recovery is not possible${wanted === 'auto' ? `, and neither is a clone: ${noClone ?? ''}` : ', but recovery_method: clone is'}.`,
  }
}

/** The member that is cloned: the one that was named by inventory name or address, else the first choice. */
export function donorOf(
  wanted: string | undefined,
  members: readonly Server[],
  first: Server,
): Server | undefined {
  if (wanted === undefined) return first
  return members.find((server) => server.host === wanted || addressOf(server) === wanted)
}

/** Why one server can't be a copy of another; AdminAPI's rules for donors. */
export function refuseClone(donor: Server, recipient: Server): string | undefined {
  const [from, to] = [donor.picture, recipient.picture]
  const os = (server: Server): string => server.picture.variables['version_compile_os'] ?? ''
  if (os(donor) !== os(recipient))
    return `${donor.host} runs on ${os(donor)}, ${recipient.host} on ${os(recipient)}; clone needs the same operating system`
  if (!isCompatible(from.version, to.version))
    return `${donor.host} has version ${from.version}, ${recipient.host} ${to.version}; clone needs the same version, or the same series from 8.0.37 and 8.4 on`
  if (from.host.includes(':'))
    return `the address of ${donor.host} is ${from.host}, and clone takes no IPv6 address; give it a name as report_host`
  return undefined
}

function isCompatible(donor: string, recipient: string): boolean {
  const plain = (version: string): string => /^[\d.]+/.exec(version)?.[0] ?? version
  if (plain(donor) === plain(recipient)) return true
  if (series(donor) !== series(recipient)) return false
  return atLeast(donor, '8.4.0') || (atLeast(donor, '8.0.37') && atLeast(recipient, '8.0.37'))
}
