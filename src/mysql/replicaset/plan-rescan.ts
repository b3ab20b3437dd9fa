import type { Plan } from '../../host/plan.js'
import { dropAccount } from '../account.js'
import type { MysqlLogin } from '../login.js'
import { transaction } from '../metadata/statements.js'
import type { Presented } from '../step.js'
import { addressOf, type Server } from '../topology.js'
import { planAddMember } from './plan-add.js'
import { planRemoveMember } from './plan-remove.js'
import { predict, predictedPicture, seesMetadata, withMoved, withoutAccounts } from './predict.js'
import { replicasetNamed, replicasetsOf, type ReplicaSet } from './replicaset.js'
import { scanReplicaSet, type ReplicaSetScan } from './scan.js'
import { moveMember } from './statements.js'

export interface ReplicaSetRescan {
  /** Make members of servers that follow the primary without a record. */
  readonly addUnmanaged: boolean
  /** Forget members that do not answer or do not follow the primary; not those that a failover invalidated. */
  readonly removeObsolete: boolean
  /** Name in a new member's certificate. */
  readonly subjectOf: (server: Server) => string
}

/** A plan made from pictures of servers. */
type Stage = (set: ReplicaSet, primary: Server, servers: readonly Server[]) => Plan

/** Brings the record of a ReplicaSet in line with the servers that replicate: AdminAPI's rescan. */
export function planReplicaSetRescan(
  wanted: ReplicaSetRescan,
  set: ReplicaSet,
  servers: readonly Server[],
  login: MysqlLogin,
  presented: (host: string) => Presented | undefined,
): Plan {
  const primary = set.primary?.server
  if (primary === undefined)
    return {
      steps: [],
      diff: [],
      failure: `The primary ${set.primary?.row.address ?? ''} of ReplicaSet "${set.name}" is not among the servers that answer: its record can't be compared. Bring it back, or let another member take over (innodb_replicaset_primary with force).`,
    }
  const scan = scanReplicaSet(set, primary, servers)
  const removed = wanted.removeObsolete ? scan.unavailable.filter(({ role }) => role !== 'INVALIDATED') : []
  const added = wanted.addUnmanaged ? scan.discovered : []
  const plan = inSequence(set, servers, [
    (now, at) => planMoves(scan, now, at, login),
    ...removed.map(
      ({ row }): Stage =>
        (now, at) =>
          planRemoveMember(
            {
              replicaset: now.name,
              instance: now.members.find((one) => one.row.id === row.id)?.row.name,
              force: true,
              timeout: 0,
            },
            at,
            [now],
            login,
          ),
    ),
    ...added.map(
      (server): Stage =>
        (now, at) =>
          planAddMember({
            wanted: {
              replicaset: now.name,
              subject: wanted.subjectOf(server),
              recoveryMethod: 'incremental',
              cloneDonor: undefined,
              options: {},
              resets: [],
              label: undefined,
              tags: undefined,
              timeout: 0,
            },
            server,
            set: now,
            primary: at,
            login,
            presented,
          }),
    ),
    (now, at) => planUnused(scan, now, at, login),
  ])
  return { ...plan, warnings: [...(plan.warnings ?? []), ...leftOver(wanted, scan)] }
}

function leftOver(wanted: ReplicaSetRescan, scan: ReplicaSetScan): readonly string[] {
  const unmanaged = wanted.addUnmanaged ? [] : scan.discovered
  const obsolete = scan.unavailable.filter(({ role }) => !wanted.removeObsolete || role === 'INVALIDATED')
  return [
    ...unmanaged.map(
      (server) =>
        `${addressOf(server)} follows the primary without a record; add_unmanaged: true makes it a member.`,
    ),
    ...obsolete.map(({ row, role, server }) =>
      role === 'INVALIDATED'
        ? `${row.address} was invalidated by a failover: let it rejoin, or remove it (innodb_replicaset_instance).`
        : `${row.address} is recorded, but ${server === undefined ? 'does not answer' : 'does not follow the primary'}; bring it back (innodb_replicaset_instance), or forget it with remove_obsolete: true.`,
    ),
  ]
}

/** One plan after another, each made from the pictures that the ones before predict. */
function inSequence(set: ReplicaSet, servers: readonly Server[], stages: readonly Stage[]): Plan {
  const plans: Plan[] = []
  let now = servers
  for (const stage of stages) {
    const current = replicasetNamed(replicasetsOf(now), set.name)
    const primary = current?.primary?.server
    if (current === undefined || primary === undefined) break
    const plan = stage(current, primary, now)
    if (plan.failure !== undefined) return plan
    plans.push(plan)
    now = now.map((server) => {
      const picture = predictedPicture(plan.predicts ?? [], server.host)
      return picture === undefined ? server : { ...server, picture }
    })
  }
  const predicted = new Map(
    plans.flatMap(({ predicts }) => (predicts ?? []).map((one) => [one.host, one] as const)),
  )
  return {
    steps: plans.flatMap(({ steps }) => steps),
    diff: plans.flatMap(({ diff }) => diff),
    predicts: [...predicted.values()],
    warnings: plans.flatMap(({ warnings }) => warnings ?? []),
  }
}

function planMoves({ moved }: ReplicaSetScan, set: ReplicaSet, primary: Server, login: MysqlLogin): Plan {
  if (moved.length === 0) return { steps: [], diff: [] }
  const text = (address: string, uuid: string, id: unknown): string =>
    `${address}, server_uuid ${uuid}, server_id ${String(id)}\n`
  const metadata = moved.reduce(
    (before, { member, server }) => withMoved(before, member.row.id, server),
    set.metadata,
  )
  return {
    diff: moved.map(({ member: { row }, server }) => ({
      what: `record of ${row.address}`,
      before: text(row.address, row.uuid, row.attributes['server_id']),
      after: text(addressOf(server), server.picture.uuid, server.picture.serverId),
    })),
    predicts: predict(
      login,
      [...set.members.flatMap(({ server }) => server ?? []), ...moved.map(({ server }) => server)].map(
        (server) => [server, seesMetadata(metadata)] as const,
      ),
    ),
    steps: [
      {
        do: 'sql',
        host: primary.host,
        login,
        pointOfNoReturn: 'end',
        note: `correct the record of ${moved.map(({ member }) => member.row.address).join(', ')}`,
        statements: transaction(
          moved.flatMap(({ member, server }) => moveMember(set.row.id, member.row, server)),
        ),
      },
    ],
  }
}

function planUnused({ unused }: ReplicaSetScan, set: ReplicaSet, primary: Server, login: MysqlLogin): Plan {
  // What a stage before has dropped with its member is gone already.
  const left = unused.filter(({ user, host }) =>
    primary.picture.accounts.some((account) => account.user === user && account.host === host),
  )
  if (left.length === 0) return { steps: [], diff: [] }
  return {
    diff: [
      {
        what: `unused accounts of ReplicaSet ${set.name}`,
        before: `${left.map(({ user, host }) => `${user}@${host}`).join(', ')}\n`,
        after: '',
      },
    ],
    predicts: predict(
      login,
      set.members.flatMap(({ server }) =>
        server === undefined ? [] : [[server, withoutAccounts(left.map(({ user }) => user))] as const],
      ),
    ),
    steps: [
      {
        do: 'sql',
        host: primary.host,
        login,
        note: 'drop accounts that nobody uses',
        pointOfNoReturn: 'begin',
        statements: left.map(({ user, host }) => dropAccount(user, host)),
      },
    ],
  }
}
