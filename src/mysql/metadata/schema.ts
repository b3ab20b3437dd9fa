import { atLeast } from '../version.js'
import { PROCEDURES } from './procedures.js'
import { GUIDELINES_TABLE, ROUTER_STATS_TABLE, TABLES } from './tables.js'
import { VIEWS } from './views.js'

/** Name of AdminAPI's metadata schema. */
export const METADATA = 'mysql_innodb_cluster_metadata'

/**
 * The version of the schema that the MySQL Shell of a server's own series writes: 2.2.0 up to 9.1, 2.3.0 from 9.2,
 * 2.4.0 from 9.6. A Shell manages servers up to its own version only, so every Shell that may meet the server knows
 * this schema; Shells from 9.2 on refuse schemas newer than theirs. MySQL Router needs 2.x.
 */
export function metadataVersion(serverVersion: string): '2.2.0' | '2.3.0' | '2.4.0' {
  if (atLeast(serverVersion, '9.6.0')) return '2.4.0'
  return atLeast(serverVersion, '9.2.0') ? '2.3.0' : '2.2.0'
}

/** The statements that make the schema anew. What an earlier attempt left is dropped first. */
export function createMetadataSchema(serverVersion: string): readonly string[] {
  const version = metadataVersion(serverVersion)
  return [
    'SET names utf8mb4',
    `DROP SCHEMA IF EXISTS ${METADATA}`,
    `CREATE DATABASE ${METADATA} DEFAULT CHARACTER SET utf8mb4`,
    `USE ${METADATA}`,
    ...TABLES,
    ...(version === '2.2.0' ? [] : [GUIDELINES_TABLE]),
    ...(version === '2.4.0' ? [ROUTER_STATS_TABLE] : []),
    ...VIEWS,
    ...PROCEDURES,
    // Last: whoever finds the version finds everything.
    `CREATE SQL SECURITY INVOKER VIEW schema_version (major, minor, patch) AS SELECT ${version.replaceAll('.', ', ')}`,
    'USE mysql',
  ]
}
