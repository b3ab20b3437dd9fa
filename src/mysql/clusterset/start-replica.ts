import type { Step } from '../../host/step.js'
import { dropAccount, recoveryUser } from '../account.js'
import { bootstrapGroup, configureMember, recoveryAccount } from '../bootstrap.js'
import { cloneSteps } from '../clone.js'
import { checkBothWays } from '../connectivity-steps.js'
import type { MysqlLogin } from '../login.js'
import type { Wish } from '../refusals.js'
import type { Presented } from '../step.js'
import type { Server } from '../topology.js'
import type { CreateReplicaCluster } from './create-replica.js'
import { waitForAccount } from './waits.js'

/** What is known when the group of a replica cluster is started. */
export interface Start {
  readonly wanted: CreateReplicaCluster
  readonly server: Server
  readonly source: Server
  readonly wish: Wish
  readonly allowedHost: string
  readonly groupName: string | { readonly generate: 'uuid'; readonly name: string }
  readonly localAddress: string
  readonly login: MysqlLogin
  readonly sourceSubject: string
  /** The member of the primary cluster whose data are copied; undefined: binary logs are replayed. */
  readonly cloneDonor: Server | undefined
  readonly presented: (host: string) => Presented | undefined
}

/** Checks, accounts and settings of the first member, and its group, which never takes writes. */
export function startSteps(start: Start): readonly Step[] {
  const {
    wanted,
    server,
    source,
    wish,
    allowedHost,
    groupName,
    localAddress,
    login,
    sourceSubject,
    presented,
  } = start
  const { host, picture } = server
  const requirement = { authType: wish.authType, issuer: wish.issuer, subject: wish.subject }
  const own = { user: recoveryUser(picture.serverId), host: allowedHost }
  return [
    ...checkBothWays(
      { server, requirement, presented: presented(host) },
      {
        server: source,
        requirement: { ...requirement, subject: sourceSubject },
        presented: presented(source.host),
      },
      wish.sslMode,
      login,
    ),
    ...recoveryAccount(source, server, login, allowedHost, requirement),
    ...(start.cloneDonor === undefined
      ? []
      : [
          waitForAccount(start.cloneDonor, own.user, login),
          ...cloneSteps({
            recipient: server,
            donor: start.cloneDonor,
            user: own.user,
            sslMode: wish.sslMode,
            authType: wish.authType,
            login,
          }),
        ]),
    {
      do: 'copy_accounts',
      host,
      login,
      from: source.host,
      accounts: [own],
      note: `bring the recovery account to ${host}`,
      undo: [
        {
          do: 'sql',
          host,
          login,
          statements: [
            { text: 'SET SESSION sql_log_bin = 0' },
            { text: 'SET GLOBAL super_read_only = OFF' },
            dropAccount(own.user, own.host),
            ...(picture.variables['super_read_only'] === 'ON'
              ? [{ text: 'SET GLOBAL super_read_only = ON' }]
              : []),
          ],
        },
      ],
    },
    ...configureMember(server, login, {
      groupName,
      sslMode: wish.sslMode,
      authType: wish.authType,
      localAddress,
      communicationStack: 'MYSQL',
      startOnBoot: true,
      transactionSizeLimit: '0',
      given: wanted.given,
    }),
    {
      // The group must not become writable for an instant: what is written to it would never leave it.
      do: 'sql',
      host,
      login,
      note: `keep the group of ${host} read-only`,
      statements: [
        { text: 'SET GLOBAL super_read_only = OFF' },
        { text: 'SELECT group_replication_reset_member_actions()' },
        {
          text: "SELECT group_replication_disable_member_action('mysql_disable_super_read_only_if_primary', 'AFTER_PRIMARY_ELECTION')",
        },
        {
          text: "SELECT group_replication_enable_member_action('mysql_start_failover_channels_if_primary', 'AFTER_PRIMARY_ELECTION')",
        },
        { text: 'SET GLOBAL super_read_only = ON' },
      ],
      undo: [
        {
          do: 'sql',
          host,
          login,
          statements: [
            { text: 'SET GLOBAL super_read_only = OFF' },
            { text: 'SELECT group_replication_reset_member_actions()' },
            ...(picture.variables['super_read_only'] === 'ON'
              ? [{ text: 'SET GLOBAL super_read_only = ON' }]
              : [{ text: 'SET GLOBAL read_only = OFF' }]),
          ],
        },
      ],
    },
    ...bootstrapGroup(server, login),
  ]
}
