import type { Difference, Plan } from '../../host/plan.js'
import type { Value } from '../../value/value.js'
import type { MysqlLogin } from '../login.js'
import {
  attributeStatements,
  canonical,
  differingAttributes,
  withAttributes,
  type AttributeChange,
} from '../members/options.js'
import { METADATA } from '../metadata/schema.js'
import { transaction } from '../metadata/statements.js'
import type { Statement } from '../step.js'
import { attribute, type Server } from '../topology.js'
import { replicationUser } from './account.js'
import { predict, type Foreseen } from './predict.js'
import type { Member, ReplicaSet } from './replicaset.js'

/** Options of a whole ReplicaSet; what is undefined is kept as it is. */
export interface ReplicaSetOptions {
  /** Host part of the members' accounts. */
  readonly allowedHost: string | undefined
  readonly tags: Readonly<Record<string, Value>> | undefined
}

interface Move {
  readonly user: string
  readonly from: string
}

/**
 * Sets options of a ReplicaSet: AdminAPI's setOption. Renamed accounts keep password, requirement and grants, so that no
 * channel has to be touched.
 */
export function planReplicaSetOptions(wanted: ReplicaSetOptions, set: ReplicaSet, login: MysqlLogin): Plan {
  const allowedHost = wanted.allowedHost ?? set.allowedHost
  const changes = differingAttributes(set.row.attributes, {
    ...(allowedHost === set.allowedHost ? {} : { opt_replicationAllowedHost: allowedHost }),
    ...(wanted.tags === undefined ? {} : { tags: wanted.tags }),
  })
  if (changes.length === 0) return { steps: [], diff: [] }
  const primary = set.primary?.server
  if (primary === undefined)
    return {
      steps: [],
      diff: [],
      failure: `The primary of ReplicaSet "${set.name}" does not answer: its options can't be changed.`,
    }
  const moves = allowedHost === set.allowedHost ? [] : movesOf(set, primary, allowedHost)
  const target = { table: 'clusters', column: 'cluster_id', value: set.row.id } as const
  const { host } = primary
  return {
    diff: changes.map(({ key, before, after }): Difference => ({
      what: `${key.replace('opt_', '')} of ReplicaSet ${set.name}`,
      before: `${before === undefined ? '' : canonical(before)}\n`,
      after: `${canonical(after)}\n`,
    })),
    predicts: predict(login, foreseen(set, allowedHost, changes)),
    steps: [
      {
        do: 'sql',
        host,
        login,
        note:
          moves.length === 0
            ? `record options of ReplicaSet "${set.name}"`
            : `let the members' accounts of ReplicaSet "${set.name}" log in from ${allowedHost}`,
        undo: [
          {
            do: 'sql',
            host,
            login,
            statements: moves.map(({ user, from }) => ({
              text: 'RENAME USER ?@? TO ?@?',
              values: [user, allowedHost, user, from],
              tolerate: [1396],
            })),
          },
        ],
        statements: [
          ...moves.map(({ user, from }): Statement => ({
            text: 'RENAME USER ?@? TO ?@?',
            values: [user, from, user, allowedHost],
          })),
          ...transaction([
            ...attributeStatements(target, changes),
            {
              text: `UPDATE ${METADATA}.instances SET attributes = JSON_SET(attributes, '$.replicationAccountHost', ?) WHERE cluster_id = ?`,
              values: [allowedHost, set.row.id],
            },
          ]),
        ],
      },
    ],
  }
}

const userOf = ({ row }: Member): string =>
  attribute(row.attributes, 'replicationAccountUser') ||
  replicationUser(Number(attribute(row.attributes, 'server_id', '0')))

/** The accounts that have another host part. */
function movesOf(set: ReplicaSet, primary: Server, allowedHost: string): readonly Move[] {
  return set.members.flatMap((member) => {
    const user = userOf(member)
    const account = primary.picture.accounts.find((one) => one.user === user)
    return account === undefined || account.host === allowedHost ? [] : [{ user, from: account.host }]
  })
}

function foreseen(
  set: ReplicaSet,
  allowedHost: string,
  changes: readonly AttributeChange[],
): readonly Foreseen[] {
  const metadata = {
    ...set.metadata,
    clusters: set.metadata.clusters.map((row) =>
      row.id === set.row.id ? { ...row, attributes: withAttributes(row.attributes, changes) } : row,
    ),
    instances: set.metadata.instances.map((row) =>
      row.clusterId === set.row.id
        ? { ...row, attributes: { ...row.attributes, replicationAccountHost: allowedHost } }
        : row,
    ),
  }
  return set.members.flatMap(({ server }): readonly Foreseen[] =>
    server === undefined
      ? []
      : [
          [
            server,
            (picture) => ({
              ...picture,
              metadata,
              accounts: picture.accounts.map((account) =>
                account.user.startsWith('mysql_innodb_rs_') ? { ...account, host: allowedHost } : account,
              ),
            }),
          ],
        ],
  )
}
