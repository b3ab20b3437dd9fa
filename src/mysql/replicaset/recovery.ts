import type { Step } from '../../host/step.js'
import { cloneSteps, settingsBeforeClone } from '../clone.js'
import { isWithin, parseGtidSet } from '../gtid-set.js'
import { isBeingCloned, wasCloned, wasCutShort } from '../received-clone.js'
import { refuseClone } from '../recovery-method.js'
import type { Server } from '../topology.js'
import { replicationPassword, replicationUser } from './account.js'
import type { MemberTask } from './plan-instance.js'
import { waitForTransactions } from './primary-steps.js'
import { errantOf, errantText, executedOf } from './replicaset.js'
import { stateOf } from './state.js'

/** The server to clone, if any; or why data can't come to the server as it was asked. */
export type Recovery = { readonly donor: Server | undefined } | { readonly refusal: string }

/** How data comes to a server. Its own are replaced only when that was asked for. @param always clone even where the binary log would do */
export function recoveryOf(task: MemberTask, always: boolean): Recovery {
  const { wanted, server, primary, set } = task
  const errant = errantOf(server, primary).size > 0
  const purged = !isWithin(parseGtidSet(primary.picture.gtidPurged), executedOf(server))
  // What it gets, or has got, is a copy: nothing of its own is left to be lost, nor has it to be copied again.
  if (isBeingCloned(server) || (!errant && !purged && (!always || wasCloned(server))))
    return { donor: undefined }
  if (errant && wanted.recoveryMethod !== 'clone')
    return {
      refusal: `${server.host} has transactions that the primary ${primary.host} of ReplicaSet "${set.name}" lacks (${errantText(server, primary)}): they would make its data differ for good. Bring them into the primary, or let recovery_method: clone replace the data of ${server.host}.`,
    }
  if (wanted.recoveryMethod === 'incremental')
    return {
      refusal: `${primary.host} has purged binary logs that ${server.host} would need (${primary.picture.gtidPurged}): it can't get the missing transactions. recovery_method: clone would do.`,
    }
  const donor = donorOf(task)
  const obstacle =
    donor === undefined
      ? `${wanted.cloneDonor ?? 'none'} is no member of ReplicaSet "${set.name}" that is ONLINE`
      : refuseClone(donor, server)
  return obstacle === undefined
    ? { donor }
    : { refusal: `${server.host} would have to be cloned, which is not possible: ${obstacle}.` }
}

/** The member that was asked for; else one that is ONLINE, a secondary rather than the primary. */
function donorOf({ wanted, server, set, primary }: MemberTask): Server | undefined {
  const online = set.members.flatMap((member) =>
    member.server !== undefined && member.server.host !== server.host && stateOf(member, set) === 'ONLINE'
      ? [member.server]
      : [],
  )
  if (wanted.cloneDonor !== undefined) return online.find(({ host }) => host === wanted.cloneDonor)
  return online.find(({ host }) => host !== primary.host) ?? online[0]
}

/** Clones the donor, by the account that the server will replicate with; it may do so only meanwhile. */
export function cloneFrom(
  { server, primary, set, login }: MemberTask,
  donor: Server | undefined,
): readonly Step[] {
  if (donor === undefined) return []
  const user = replicationUser(server.picture.serverId)
  const revoke: Step = {
    do: 'sql',
    host: primary.host,
    login,
    statements: [
      {
        text: 'REVOKE IF EXISTS BACKUP_ADMIN ON *.* FROM ?@? IGNORE UNKNOWN USER',
        values: [user, set.allowedHost],
      },
    ],
  }
  return [
    {
      do: 'sql',
      host: primary.host,
      login,
      statements: [{ text: 'GRANT BACKUP_ADMIN ON *.* TO ?@?', values: [user, set.allowedHost] }],
      undo: [revoke],
      note: `let ${user} clone`,
    },
    ...(donor.host === primary.host ? [] : [waitForTransactions(donor, primary, login, 0)]),
    ...cloneSteps({
      recipient: server,
      donor,
      user,
      sslMode: set.sslMode,
      authType: set.authType,
      login,
      password: replicationPassword(server),
      group: false,
    }),
  ]
}

/** Takes back what was for the clone only, the right to clone first: of this run, or of one that was cut short. */
export function afterClone(
  { server, primary, set, login }: MemberTask,
  donor: Server | undefined,
): readonly Step[] {
  const cloned = donor !== undefined
  if (!cloned && !wasCutShort(server.picture)) return []
  const user = replicationUser(server.picture.serverId)
  return [
    {
      do: 'sql',
      host: primary.host,
      login,
      statements: [
        {
          text: 'REVOKE IF EXISTS BACKUP_ADMIN ON *.* FROM ?@? IGNORE UNKNOWN USER',
          values: [user, set.allowedHost],
        },
      ],
      note: `let ${user} clone no longer`,
    },
    ...settingsBeforeClone(server, login, { cloned, inSet: false }),
  ]
}
