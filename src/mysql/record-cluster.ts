import type { Step } from '../host/step.js'
import type { MysqlLogin } from './login.js'
import { createMetadataSchema, METADATA } from './metadata/schema.js'
import { insertCluster, insertInstance, transaction } from './metadata/statements.js'
import type { MysqlRows } from './question.js'
import type { Generated } from './step.js'
import type { Server } from './topology.js'

/** A member of a new cluster as its row is to be. */
export interface NewMember {
  readonly server: Server
  readonly localAddress: string
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A new cluster as its rows are to be. */
export interface NewRecord {
  readonly name: string
  readonly groupName: string | Generated
  readonly multiPrimary: boolean
  readonly attributes: Readonly<Record<string, unknown>>
  readonly members: readonly NewMember[]
  /** The group has a UUID for view changes, which belongs to the attributes. */
  readonly viewChangeUuid: boolean
}

/** Makes the metadata schema and writes the rows of the first cluster in one transaction, once the server takes writes. */
export function recordSteps(at: Server, record: NewRecord, login: MysqlLogin): readonly Step[] {
  const { host } = at
  return [
    {
      do: 'wait',
      host,
      question: { ask: 'mysql_rows', login, statement: 'SELECT @@global.super_read_only r' },
      timeout: 900,
      interval: 0.05,
      until: (answer) => isWritable(answer as MysqlRows),
      otherwise: `${host} stays read-only.`,
      note: `wait until ${host} takes writes`,
    },
    {
      do: 'sql',
      host,
      login,
      statements: createMetadataSchema(at.picture.version).map((text) => ({ text })),
      undo: [{ do: 'sql', host, login, statements: [{ text: `DROP SCHEMA IF EXISTS ${METADATA}` }] }],
      note: `make the metadata schema on ${host}`,
    },
    {
      do: 'sql',
      host,
      login,
      note: `record cluster "${record.name}"`,
      statements: transaction([
        ...insertCluster({
          id: { generate: 'uuid', name: 'cluster' },
          name: record.name,
          groupName: record.groupName,
          multiPrimary: record.multiPrimary,
          attributes: record.attributes,
        }),
        ...record.members.map((member) =>
          insertInstance(member.server, { name: record.name }, member.localAddress, member.attributes),
        ),
        ...(record.viewChangeUuid
          ? [
              {
                text: `UPDATE ${METADATA}.clusters SET attributes = JSON_SET(attributes, '$.group_replication_view_change_uuid', @@group_replication_view_change_uuid)`,
              },
            ]
          : []),
      ]),
    },
  ]
}

function isWritable(answer: MysqlRows): boolean {
  return answer.kind === 'rows' && Number(answer.rows[0]?.['r']) === 0
}
