import type { Step } from '../../host/step.js'
import type { Plan } from '../../modules/module.js'
import { dropAccount } from '../account.js'
import { removeChannel } from '../channel.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import type { Statement } from '../step.js'
import { addressOf, type Server } from '../topology.js'
import { replicationUser } from './account.js'
import { FENCE } from './channel.js'
import { asRemoved, predict, seesMetadata, withoutAccounts, type Foreseen } from './predict.js'
import { waitForTransactions } from './primary-steps.js'
import {
  CHANNEL,
  channelOf,
  isReadOnly,
  leftBehindBy,
  replicasetNamed,
  type ReplicaSet,
} from './replicaset.js'

export interface Dissolve {
  readonly name: string
  readonly force: boolean
  /** Seconds that a member may take to catch up; 0: as long as it takes. */
  readonly timeout: number
}

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/**
 * Dissolves a ReplicaSet. Secondaries come first, and forget it outside their binary logs; the primary's metadata goes
 * last, so that a run that died is completed by the next.
 */
export function planDissolve(
  wanted: Dissolve,
  server: Server,
  sets: readonly ReplicaSet[],
  servers: readonly Server[],
  login: MysqlLogin,
): Plan {
  const set = replicasetNamed(sets, wanted.name)
  if (set === undefined) return planLeftBehind(wanted.name, leftBehindBy(wanted.name, servers), login)
  const primary = set.primary?.server
  if (primary === undefined)
    return refuse(
      `The primary ${set.primary?.row.address ?? ''} of ReplicaSet "${set.name}" is not among the servers that answer to ${server.host}; it is needed to dissolve it. Bring it back, or let another member take over (innodb_replicaset_primary with force).`,
    )
  const silent = set.members.filter((member) => member.server === undefined).map(({ row }) => row.address)
  if (silent.length > 0 && !wanted.force)
    return refuse(
      `${silent.join(', ')} of ReplicaSet "${set.name}" is not among the servers that answer. Bring it back, or dissolve with force: true and take care yourself that it does not go on replicating.`,
    )
  const secondaries = set.members.flatMap((member) =>
    member.server === undefined || member.server.host === primary.host ? [] : [member.server],
  )
  const steps: Step[] = []
  for (const secondary of secondaries) {
    if (channelOf(secondary) === undefined) continue
    const wait = waitForTransactions(secondary, primary, login, wanted.timeout)
    steps.push(wanted.force ? { ...wait, bestEffort: true } : wait)
  }
  for (const secondary of secondaries) {
    if (channelOf(secondary) === undefined && secondary.picture.metadata === undefined) continue
    steps.push(takeOut(secondary, set.name, login, true))
  }
  steps.push({
    do: 'sql',
    host: primary.host,
    login,
    note: `forget ReplicaSet "${set.name}" on ${primary.host}`,
    pointOfNoReturn: 'begin',
    statements: [{ text: 'SET GLOBAL super_read_only = OFF' }, ...forget(primary)],
  })
  const gone = (one: Server): Foreseen => [
    one,
    withoutAccounts(usersOf(one)),
    seesMetadata(undefined),
    ...(one.host === primary.host ? [] : [asRemoved]),
  ]
  return {
    steps,
    predicts: predict(login, [gone(primary), ...secondaries.map(gone)]),
    diff: [
      {
        what: `ReplicaSet ${set.name}`,
        before: set.members.map(({ row, role }) => `${row.address} ${role}\n`).join(''),
        after: '',
      },
    ],
    warnings: silent.map((address) => `${address} did not answer and is left as it is.`),
  }
}

/** Servers that were away when their ReplicaSet was dissolved, and are back: they forget it, too. */
function planLeftBehind(name: string, servers: readonly Server[], login: MysqlLogin): Plan {
  if (servers.length === 0) return { steps: [], diff: [] }
  return {
    steps: servers.map((server) => takeOut(server, name, login, isFollower(server))),
    predicts: predict(
      login,
      servers.map((server): Foreseen => [
        server,
        withoutAccounts(usersOf(server)),
        seesMetadata(undefined),
        ...(isFollower(server) ? [asRemoved] : []),
      ]),
    ),
    diff: [
      {
        what: `ReplicaSet ${name}`,
        before: servers
          .map((server) => `dissolved, but ${addressOf(server)} was not there and remembers it\n`)
          .join(''),
        after: '',
      },
    ],
  }
}

/** Whether a server's channel is one that a ReplicaSet gave it. */
const isFollower = (server: Server): boolean =>
  channelOf(server)?.user === replicationUser(server.picture.serverId)

/**
 * A secondary forgets its ReplicaSet outside its binary log, and stays closed for writes.
 * @param follows whether its channel is the ReplicaSet's, and goes, too
 */
function takeOut(server: Server, name: string, login: MysqlLogin, follows: boolean): Step {
  const { host } = server
  return {
    do: 'sql',
    host,
    login,
    note: `take ${host} out of ReplicaSet "${name}"`,
    pointOfNoReturn: 'begin',
    statements: [
      ...(follows ? removeChannel(CHANNEL) : []),
      { text: 'SET SESSION sql_log_bin = 0' },
      { text: 'SET GLOBAL super_read_only = OFF' },
      ...forget(server),
      ...(follows || isReadOnly(server) ? FENCE : []),
    ],
  }
}

const accountsOf = ({ picture }: Server) =>
  picture.accounts.filter(({ user }) => user.startsWith('mysql_innodb_rs_'))
const usersOf = (server: Server): readonly string[] => accountsOf(server).map(({ user }) => user)

/** Accounts first: whoever finds metadata finds it whole. */
function forget(server: Server): readonly Statement[] {
  return [
    ...accountsOf(server).map(({ user, host }) => dropAccount(user, host)),
    { text: `DROP SCHEMA IF EXISTS ${METADATA}` },
  ]
}
