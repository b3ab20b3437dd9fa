import { METADATA } from './metadata/schema.js'
import { atLeast } from './version.js'

/** Privileges on one object; `object` is `*.*`, `schema.*` or `schema.table`. */
export interface Grant {
  readonly object: string
  readonly privileges: readonly string[]
  readonly withGrantOption: boolean
}

const ADMIN_GLOBAL: readonly (readonly [privilege: string, since: string])[] = [
  ['RELOAD', ''],
  ['SHUTDOWN', ''],
  ['PROCESS', ''],
  ['FILE', ''],
  ['SELECT', ''],
  ['REPLICATION SLAVE', ''],
  ['REPLICATION CLIENT', ''],
  ['CREATE USER', ''],
  ['SYSTEM_VARIABLES_ADMIN', ''],
  ['PERSIST_RO_VARIABLES_ADMIN', ''],
  ['REPLICATION_APPLIER', '8.0.18'],
  ['EXECUTE', '8.0.17'],
  ['CLONE_ADMIN', '8.0.17'],
  ['REPLICATION_SLAVE_ADMIN', ''],
  ['GROUP_REPLICATION_ADMIN', ''],
  ['ROLE_ADMIN', ''],
  ['CONNECTION_ADMIN', ''],
  ['TRANSACTION_GTID_TAG', '8.3.0'],
]

const METADATA_PRIVILEGES = [
  'ALTER',
  'ALTER ROUTINE',
  'CREATE',
  'CREATE ROUTINE',
  'CREATE TEMPORARY TABLES',
  'CREATE VIEW',
  'DELETE',
  'DROP',
  'EVENT',
  'EXECUTE',
  'INDEX',
  'INSERT',
  'LOCK TABLES',
  'REFERENCES',
  'SHOW VIEW',
  'TRIGGER',
  'UPDATE',
]

/** What AdminAPI's setupAdminAccount grants on a server of that version, all with the right to hand it on. */
export function adminGrants(serverVersion: string): readonly Grant[] {
  const global = ADMIN_GLOBAL.filter(([, since]) => since === '' || atLeast(serverVersion, since))
  return [
    { object: '*.*', privileges: global.map(([privilege]) => privilege), withGrantOption: true },
    // The two others are where MySQL Shell keeps copies while it upgrades the schema.
    ...[METADATA, `${METADATA}_bkp`, `${METADATA}_previous`].map((schema) => ({
      object: `${schema}.*`,
      privileges: METADATA_PRIVILEGES,
      withGrantOption: true,
    })),
    { object: 'mysql.*', privileges: ['INSERT', 'UPDATE', 'DELETE'], withGrantOption: true },
  ]
}

const ROUTER: readonly (readonly [object: string, privileges: readonly string[]])[] = [
  [`${METADATA}.*`, ['SELECT', 'EXECUTE']],
  ['performance_schema.replication_group_members', ['SELECT']],
  ['performance_schema.replication_group_member_stats', ['SELECT']],
  ['performance_schema.global_variables', ['SELECT']],
  [`${METADATA}.routers`, ['INSERT', 'UPDATE', 'DELETE']],
  [`${METADATA}.v2_routers`, ['INSERT', 'UPDATE', 'DELETE']],
  [`${METADATA}.clusters`, ['UPDATE']],
  [`${METADATA}.clustersets`, ['UPDATE']],
  [`${METADATA}.v2_gr_clusters`, ['UPDATE']],
  [`${METADATA}.v2_ar_clusters`, ['UPDATE']],
  [`${METADATA}.v2_cs_clustersets`, ['UPDATE']],
]

/** What AdminAPI's setupRouterAccount grants, for the metadata schema of that version. */
export function routerGrants(metadataVersion: string): readonly Grant[] {
  const stats: typeof ROUTER = atLeast(metadataVersion, '2.4.0')
    ? [[`${METADATA}.router_stats`, ['INSERT', 'UPDATE']]]
    : []
  return [...ROUTER, ...stats].map(([object, privileges]) => ({ object, privileges, withGrantOption: false }))
}
