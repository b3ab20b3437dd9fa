import type { Plan } from '../../modules/module.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import { setAttribute, transaction } from '../metadata/statements.js'
import type { Statement } from '../step.js'
import { attribute } from '../topology.js'
import { replicationUser } from './account.js'
import { predict, seesMetadata } from './predict.js'
import type { Member, ReplicaSet } from './replicaset.js'

const userOf = ({ row }: Member): string =>
  attribute(row.attributes, 'replicationAccountUser') ||
  replicationUser(Number(attribute(row.attributes, 'server_id', '0')))

/**
 * Changes the host part of all members' accounts: AdminAPI's setOption("replicationAllowedHost"). Renamed accounts
 * keep password, requirement and grants, so that no channel has to be touched.
 */
export function planAllowedHost(host: string, set: ReplicaSet, login: MysqlLogin): Plan {
  const primary = set.primary?.server
  if (set.allowedHost === host) return { steps: [], diff: [] }
  if (primary === undefined)
    return {
      steps: [],
      diff: [],
      failure: `The primary of ReplicaSet "${set.name}" does not answer: replication_allowed_host can't be changed.`,
    }
  const renames = set.members.flatMap((member): readonly Statement[] => {
    const user = userOf(member)
    const account = primary.picture.accounts.find((one) => one.user === user)
    return account === undefined || account.host === host
      ? []
      : [{ text: 'RENAME USER ?@? TO ?@?', values: [user, account.host, user, host] }]
  })
  const back = set.members.flatMap((member): readonly Statement[] => {
    const user = userOf(member)
    const account = primary.picture.accounts.find((one) => one.user === user)
    return account === undefined || account.host === host
      ? []
      : [{ text: 'RENAME USER ?@? TO ?@?', values: [user, host, user, account.host], tolerate: [1396] }]
  })
  const metadata = {
    ...set.metadata,
    clusters: set.metadata.clusters.map((row) =>
      row.id === set.row.id
        ? { ...row, attributes: { ...row.attributes, opt_replicationAllowedHost: host } }
        : row,
    ),
  }
  return {
    diff: [
      {
        what: `replicationAllowedHost of ReplicaSet ${set.name}`,
        before: `${set.allowedHost}\n`,
        after: `${host}\n`,
      },
    ],
    predicts: predict(
      login,
      set.members.flatMap(({ server }) =>
        server === undefined
          ? []
          : [
              [
                server,
                seesMetadata(metadata),
                (picture) => ({
                  ...picture,
                  accounts: picture.accounts.map((account) =>
                    account.user.startsWith('mysql_innodb_rs_') ? { ...account, host } : account,
                  ),
                }),
              ] as const,
            ],
      ),
    ),
    steps: [
      {
        do: 'sql',
        host: primary.host,
        login,
        note: `let the members' accounts of ReplicaSet "${set.name}" log in from ${host}`,
        undo: [{ do: 'sql', host: primary.host, login, statements: back }],
        statements: [
          ...renames,
          ...transaction([
            setAttribute(
              'clusters',
              { column: 'cluster_id', value: set.row.id },
              'opt_replicationAllowedHost',
              host,
            ),
            {
              text: `UPDATE ${METADATA}.instances SET attributes = JSON_SET(attributes, '$.replicationAccountHost', ?) WHERE cluster_id = ?`,
              values: [host, set.row.id],
            },
          ]),
        ],
      },
    ],
  }
}
