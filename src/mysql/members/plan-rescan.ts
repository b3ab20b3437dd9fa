import type { Difference, Plan } from '../../host/plan.js'
import type { Step } from '../../host/step.js'
import { dropAccount, recoveryUser } from '../account.js'
import { CLUSTERSET_CHANNEL } from '../clusterset/members.js'
import { staleChannels, staleChannelSteps, withoutChannels } from '../clusterset/plan-primary-cluster.js'
import { recoveryAccount } from '../bootstrap.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import { deleteInstance, insertInstance, transaction } from '../metadata/statements.js'
import type { Statement } from '../step.js'
import {
  addressOf,
  attribute,
  recordedAddresses,
  type Cluster,
  type InstanceRow,
  type Server,
  type Topology,
} from '../topology.js'
import { predictPictures, withClusterRow, withInstances, withMetadata } from './after.js'
import { seedSteps } from './group-steps.js'
import { groupAddress, isMultiPrimary, seedsFor } from './members.js'
import { canonical } from './options.js'
import {
  accountInUse,
  accountsOnlyOf,
  amendAccount,
  demands,
  recordedAccount,
  recoveryCredentials,
  requirementOf,
} from './recovery-account.js'
import type { Scan } from './scan.js'

export interface Rescan {
  /** Record members of the group that are not recorded. */
  readonly addUnmanaged: boolean
  /** Forget records of members that are not in the group. */
  readonly removeObsolete: boolean
  /** Name in a new member's certificate, by its address; else the one that its server presents. */
  readonly subjectOf: (server: Server) => string
}

/** Keys of the column addresses. */
const ADDRESSES: readonly string[] = ['grLocal', 'mysqlX']

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Brings the record of a cluster in line with its group: AdminAPI's rescan with its repairs. */
export function planRescan(
  wanted: Rescan,
  scan: Scan,
  cluster: Cluster,
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const { primary } = cluster
  const writer = topology.globalPrimary
  if (primary === undefined || writer === undefined)
    return refuse(
      `Cluster "${cluster.row.name}" has no primary that is ONLINE with quorum and answers: its record can't be compared.`,
    )
  const added = wanted.addUnmanaged ? scan.discovered : []
  const hidden = added.filter(({ server }) => server === undefined)
  if (hidden.length > 0)
    return refuse(
      `${hidden.map(({ address }) => address).join(', ')} runs in the group, but is none of the hosts of this play: add it to the inventory, so that it can be recorded.`,
    )
  const nameless = added.find(
    ({ server }) =>
      server !== undefined && cluster.authType.includes('SUBJECT') && wanted.subjectOf(server) === '',
  )
  if (nameless !== undefined)
    return refuse(
      `Cluster "${cluster.row.name}" uses ${cluster.authType}: give the name in the certificate of ${nameless.address} in cert_subjects.`,
    )
  const removed = wanted.removeObsolete ? scan.unavailable : []
  const rows = cluster.instances.filter((row) => !removed.includes(row))
  const steps: Step[] = []
  const diff: Difference[] = []
  const change = (what: string, before: string, after: string, done: readonly Step[]): void => {
    diff.push({ what, before: before === '' ? '' : `${before}\n`, after: after === '' ? '' : `${after}\n` })
    // Each repair is good by itself: none is taken back because another one fails.
    steps.push(...done.map((step) => ({ pointOfNoReturn: 'end' as const, ...step })))
  }
  const sql = (host: string, note: string, statements: readonly Statement[]): Step => ({
    do: 'sql',
    host,
    login,
    note,
    statements,
    // Of several statements the first ones may be done.
    ...(statements.length > 1 ? { pointOfNoReturn: 'begin' as const } : {}),
  })
  for (const row of removed) {
    const accounts = accountsOnlyOf(row, Number(row.attributes['server_id'] ?? 0), writer, topology)
    change(`record of ${row.address}`, 'a member that is not in the group', '', [
      sql(writer.host, `forget ${row.address}`, [
        ...accounts.map(({ user, host }) => dropAccount(user, host)),
        { text: `DELETE FROM ${METADATA}.instances WHERE mysql_server_uuid = ?`, values: [row.uuid] },
      ]),
    ])
  }
  for (const { address, server } of added)
    if (server !== undefined)
      change(
        `record of ${address}`,
        '',
        'member',
        recordNew(server, cluster, writer, wanted.subjectOf(server), login),
      )
  for (const { row, uuid } of scan.replaced)
    change(`server_uuid of ${row.address}`, row.uuid, uuid, [
      sql(writer.host, `record the new identity of ${row.address}`, [
        {
          text: `UPDATE ${METADATA}.instances SET mysql_server_uuid = ? WHERE mysql_server_uuid = ?`,
          values: [uuid, row.uuid],
        },
      ]),
    ])
  for (const { row, key, before, after } of scan.attributes.filter(({ row: one }) => !removed.includes(one)))
    change(`${key} of ${row.address}`, canonical(before), canonical(after), [
      sql(writer.host, `correct ${key} of ${row.address}`, [
        key === 'address'
          ? {
              text: `UPDATE ${METADATA}.instances SET address = ?, addresses = JSON_SET(addresses, '$.mysqlClassic', ?) WHERE mysql_server_uuid = ?`,
              values: [String(after), String(after), row.uuid],
            }
          : ADDRESSES.includes(key)
            ? {
                text: `UPDATE ${METADATA}.instances SET addresses = JSON_SET(addresses, '$.${key}', ?) WHERE mysql_server_uuid = ?`,
                values: [String(after), row.uuid],
              }
            : {
                text: `UPDATE ${METADATA}.instances SET attributes = JSON_SET(COALESCE(attributes, '{}'), '$.${key}', CAST(? AS JSON)) WHERE mysql_server_uuid = ?`,
                values: [JSON.stringify(after), row.uuid],
              },
      ]),
    ])
  const multi = isMultiPrimary(primary.picture)
  if (scan.modeDiffers)
    change(
      'recorded topology mode',
      multi ? 'single-primary' : 'multi-primary',
      multi ? 'multi-primary' : 'single-primary',
      [
        sql(writer.host, 'correct the recorded mode', [
          {
            text: `UPDATE ${METADATA}.clusters SET primary_mode = ? WHERE cluster_id = ?`,
            values: [multi ? 'mm' : 'pm', cluster.row.id],
          },
        ]),
      ],
    )
  for (const { row, server } of scan.demands.filter(({ row: one }) => !removed.includes(one))) {
    const account = accountInUse(row, cluster, server)
    const requirement = requirementOf(row, cluster)
    change(
      `requirements of ${account.user}`,
      'others',
      `${requirement.authType} ${requirement.issuer} ${requirement.subject}`.trim(),
      [
        recoveryCredentials(server, account.user, requirement, login),
        sql(writer.host, `correct what ${account.user} demands`, [
          amendAccount(account, server, requirement),
        ]),
      ],
    )
  }
  if (scan.unused.length > 0)
    change(
      'unused recovery accounts',
      scan.unused.map(({ user, host }) => `${user}@${host}`).join(', '),
      '',
      [
        sql(
          writer.host,
          'drop recovery accounts that nobody uses',
          scan.unused.map(({ user, host }) => dropAccount(user, host)),
        ),
      ],
    )
  const all = [
    ...rows,
    ...added.flatMap(({ server }) => (server === undefined ? [] : [rowOf(server, cluster, wanted)])),
  ]
  const seeds = seedSteps(cluster.online, all, login)
  if (seeds.length > 0)
    change('addresses that members know', 'others', all.map(groupAddress).join(','), seeds)
  const stale = topology.clusterset?.primaryClusterId === cluster.row.id ? staleChannels(topology) : []
  if (stale.length > 0)
    change(
      `channel ${CLUSTERSET_CHANNEL} of members of the primary cluster`,
      stale.map(({ host }) => host).join(', '),
      '',
      staleChannelSteps(topology, login),
    )
  return {
    steps,
    diff,
    predicts: predictPictures(topology, login, (one) => {
      const seen = withoutChannels(stale, one)
      const picture = withMetadata({ ...one, picture: seen }, (metadata) =>
        withClusterRow(
          withInstances(
            {
              ...metadata,
              instances: [
                ...metadata.instances,
                ...added.flatMap(({ server }) =>
                  server === undefined ? [] : [rowOf(server, cluster, wanted)],
                ),
              ],
            },
            (row) => {
              if (removed.some(({ uuid }) => uuid === row.uuid)) return undefined
              const replaced = scan.replaced.find((each) => each.row.uuid === row.uuid)
              const own = scan.attributes.filter((each) => each.row.uuid === row.uuid)
              return {
                ...row,
                uuid: replaced?.uuid ?? row.uuid,
                attributes: {
                  ...row.attributes,
                  ...Object.fromEntries(
                    own
                      .filter(({ key }) => !['address', ...ADDRESSES].includes(key))
                      .map(({ key, after }) => [key, after]),
                  ),
                },
                ...Object.fromEntries(
                  own.filter(({ key }) => key === 'address').map(({ key, after }) => [key, String(after)]),
                ),
                addresses: {
                  ...row.addresses,
                  ...Object.fromEntries(
                    own
                      .filter(({ key }) => ADDRESSES.includes(key))
                      .map(({ key, after }) => [key, String(after)]),
                  ),
                },
              }
            },
          ),
          cluster.row.id,
          (row) => ({ ...row, primaryMode: multi ? 'mm' : 'pm' }),
        ),
      )
      if (!cluster.online.some(({ host }) => host === one.host)) return picture
      const gone = new Set([
        ...scan.unused.map(({ user, host }) => `${user}@${host}`),
        ...removed.map(
          (row) => `${recordedAccount(row, cluster).user}@${recordedAccount(row, cluster).host}`,
        ),
      ])
      return {
        ...picture,
        accounts: picture.accounts
          .filter(({ user, host }) => !gone.has(`${user}@${host}`))
          .map((account) => {
            const amended = scan.demands.find(
              ({ row, server }) => accountInUse(row, cluster, server).user === account.user,
            )
            return amended === undefined || demands(account, requirementOf(amended.row, cluster))
              ? account
              : { ...account, ...demanded(amended.row, cluster) }
          }),
        variables: {
          ...picture.variables,
          group_replication_group_seeds: seedsFor(picture.uuid, all),
        },
      }
    }),
    warnings: [
      ...(wanted.addUnmanaged
        ? []
        : scan.discovered.map(
            ({ address }) => `${address} runs in the group without a record; add_unmanaged: true records it.`,
          )),
      ...(wanted.removeObsolete
        ? []
        : scan.unavailable.map(
            ({ address }) =>
              `${address} is recorded, but not in the group; bring it back (innodb_cluster_instance), or forget it with remove_obsolete: true.`,
          )),
    ],
  }
}

function demanded(row: InstanceRow, cluster: Cluster) {
  const { authType, issuer, subject } = requirementOf(row, cluster)
  const certificate = authType.startsWith('CERT')
  return {
    sslType: certificate ? 'SPECIFIED' : '',
    issuer: certificate ? issuer : '',
    subject: authType.includes('SUBJECT') ? subject : '',
  }
}

/** The record of a member that has none. */
function rowOf(server: Server, cluster: Cluster, { subjectOf }: Rescan): InstanceRow {
  const local = server.picture.variables['group_replication_local_address'] || addressOf(server)
  return {
    id: 0,
    clusterId: cluster.row.id,
    address: addressOf(server),
    uuid: server.picture.uuid,
    name: addressOf(server),
    addresses: recordedAddresses(server, local),
    attributes: attributesOf(server, cluster, subjectOf(server)),
  }
}

const attributesOf = (server: Server, cluster: Cluster, subject: string) => ({
  server_id: server.picture.serverId,
  opt_certSubject: cluster.authType.includes('SUBJECT') ? subject : '',
  recoveryAccountUser: recoveryUser(server.picture.serverId),
  recoveryAccountHost: cluster.allowedHost,
})

function recordNew(
  server: Server,
  cluster: Cluster,
  writer: Server,
  subject: string,
  login: MysqlLogin,
): readonly Step[] {
  const attributes = attributesOf(server, cluster, subject)
  const requirement = {
    authType: cluster.authType,
    issuer: cluster.issuer,
    subject: attributes.opt_certSubject,
  }
  const local = attribute(server.picture.variables, 'group_replication_local_address') || addressOf(server)
  return [
    ...recoveryAccount(writer, server, login, cluster.allowedHost, requirement),
    recoveryCredentials(server, attributes.recoveryAccountUser, requirement, login),
    {
      do: 'sql',
      host: writer.host,
      login,
      note: `record ${server.host} in cluster "${cluster.row.name}"`,
      statements: transaction([
        deleteInstance(server),
        insertInstance(server, { name: cluster.row.name }, local, attributes),
      ]),
    },
  ]
}
