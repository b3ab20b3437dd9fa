import type { Plan } from '../host/plan.js'
import type { Step } from '../host/step.js'
import { recoveryUser } from './account.js'
import { accountOf, recoveryCredentials, recoveryAccount } from './bootstrap.js'
import { waitForAccount } from './clusterset/waits.js'
import { persistedAsBefore, restore } from './group-variables.js'
import type { MysqlLogin } from './login.js'
import type { CreateCluster } from './plan-create-cluster.js'
import { NO_METADATA, withCluster, withInstance } from './predict.js'
import { recordSteps, type NewRecord } from './record-cluster.js'
import { addressOf, ownState, type Server, type Topology } from './topology.js'
import { needsViewChangeUuid } from './version.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** Whether a running group without a record is what an interrupted creation left: its member has the account of ours. */
export function isUnfinished(server: Server): boolean {
  const { channels, metadata, uuid } = server.picture
  const channel = channels.find(({ name }) => name === 'group_replication_recovery')
  return (
    server.picture.members.length === 1 &&
    metadata?.instances.some((row) => row.uuid === uuid) !== true &&
    (channel === undefined || channel.user === recoveryUser(server.picture.serverId))
  )
}

/**
 * Takes over a running group that was made by hand: AdminAPI's adoptFromGR. Every member gets a recovery account of its
 * own with a password; the group's own settings stay as they are.
 */
export function planAdoptGroup(
  wanted: CreateCluster,
  server: Server,
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const { members } = server.picture
  const servers = members.flatMap(
    (member) => topology.servers.find(({ picture }) => picture.uuid === member.uuid) ?? [],
  )
  const missing = members.filter(({ uuid }) => !servers.some(({ picture }) => picture.uuid === uuid))
  if (missing.length > 0)
    return refuse(
      `The group of ${server.host} has members that are not among the servers of this play: ${missing.map(({ host, port }) => `${host}:${port}`).join(', ')}. Every member is given an account: name them all in "members", or in the hosts of the play.`,
    )
  const offline = members.filter(({ state }) => state !== 'ONLINE')
  if (offline.length > 0)
    return refuse(
      `Not all members of the group are ONLINE: ${offline.map(({ host, state }) => `${host} is ${state}`).join(', ')}. Bring them back, or let them leave the group, before it is adopted.`,
    )
  const writer =
    ownState(server).role === 'PRIMARY' ? server : servers.find((one) => ownState(one).role === 'PRIMARY')
  if (writer === undefined) return refuse(`The group of ${server.host} has no primary.`)
  const { variables } = writer.picture
  const requirement = { authType: 'PASSWORD', issuer: '', subject: '' } as const
  const localAddress = (one: Server): string =>
    one.picture.variables['group_replication_local_address'] || addressOf(one)
  const record: NewRecord = {
    name: wanted.name,
    groupName: variables['group_replication_group_name'] ?? '',
    multiPrimary: variables['group_replication_single_primary_mode'] === 'OFF',
    viewChangeUuid: needsViewChangeUuid(writer.picture.version),
    attributes: {
      adopted: 1,
      opt_replicationAllowedHost: wanted.allowedHost,
      capabilities: {
        communicationStack: {
          value: variables['group_replication_communication_stack'] ?? 'XCOM',
          allow: [],
        },
      },
      opt_gtidSetIsComplete: wanted.gtidSetIsComplete,
      opt_manualStartOnBoot: wanted.manualStartOnBoot,
      default: true,
      opt_transactionSizeLimit: Number(variables['group_replication_transaction_size_limit'] ?? 150_000_000),
      opt_memberAuthType: 'PASSWORD',
      opt_certIssuer: '',
    },
    members: servers.map((one) => ({
      server: one,
      localAddress: localAddress(one),
      attributes: {
        server_id: one.picture.serverId,
        opt_certSubject: '',
        ...accountOf(one, wanted.allowedHost),
      },
    })),
  }
  const steps: Step[] = servers.flatMap((one): readonly Step[] => [
    // No undo: members that use the account by now would lose it. A later run makes it anew.
    ...recoveryAccount(writer, one, login, wanted.allowedHost, requirement).map((step) => ({
      ...step,
      undo: [],
      leaves: step.leaves ?? `the account ${recoveryUser(one.picture.serverId)} is made and stays`,
    })),
    waitForAccount(one, recoveryUser(one.picture.serverId), login),
    {
      do: 'sql',
      host: one.host,
      login,
      note: `set the recovery credentials of ${one.host}`,
      statements: [
        recoveryCredentials(one, 'PASSWORD'),
        {
          text: 'SET PERSIST group_replication_group_seeds = ?',
          values: [
            servers
              .filter((other) => other !== one)
              .map(localAddress)
              .join(','),
          ],
        },
        {
          text: 'SET PERSIST group_replication_start_on_boot = ?',
          values: [wanted.manualStartOnBoot ? 'OFF' : 'ON'],
        },
        { text: 'SET PERSIST_ONLY super_read_only = ON' },
      ],
      // The password that the group recovered with before is known to nobody.
      leaves: `${one.host} recovers with the account ${recoveryUser(one.picture.serverId)}`,
      undo: [
        {
          do: 'sql',
          host: one.host,
          login,
          statements: [
            ...restore(
              [
                ['group_replication_group_seeds', ''],
                ['group_replication_start_on_boot', ''],
              ],
              one.picture,
            ),
            ...persistedAsBefore('super_read_only', one.picture.persisted),
          ],
        },
      ],
    },
  ])
  steps.push(...recordSteps(writer, record, login))
  const rows = record.members.reduce(
    (metadata, { server: one, attributes }) => withInstance(metadata, 'new', one, attributes),
    withCluster(
      NO_METADATA,
      {
        id: 'new',
        name: wanted.name,
        primaryMode: record.multiPrimary ? 'mm' : 'pm',
        attributes: { ...record.attributes, group_replication_group_name: record.groupName },
      },
      writer,
      {},
    ),
  )
  return {
    steps,
    diff: [
      {
        what: `cluster ${wanted.name}`,
        before: `group of ${servers.map(addressOf).join(', ')} without metadata\n`,
        after: `adopted, primary ${addressOf(writer)}, memberAuthType PASSWORD\n`,
      },
    ],
    predicts: servers.map((one) => ({
      host: one.host,
      question: { ask: 'mysql_instance', login },
      answer: { ...one.picture, metadata: rows },
    })),
  }
}
