import type { Step } from '../../host/step.js'
import type { Difference, Plan } from '../../host/plan.js'
import type { Value } from '../../value/value.js'
import type { Setting } from '../group-variables.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import type { Cluster, InstanceRow, Server, Topology } from '../topology.js'
import { predictPictures, withInstances, withMetadata, withVariables } from './after.js'
import {
  attributeStatements,
  canonical,
  differing,
  differingAttributes,
  settingDifferences,
  settingSteps,
  valuesOf,
  withAttributes,
} from './options.js'

export interface InstanceOptions {
  /** Name in the record; undefined: kept. */
  readonly label: string | undefined
  /** All tags; undefined: kept. */
  readonly tags: Readonly<Record<string, Value>> | undefined
  readonly given: readonly Setting[]
}

/** Keeps the options of a member that is ONLINE: AdminAPI's setInstanceOption. */
export function planInstanceOptions(
  wanted: InstanceOptions,
  server: Server,
  row: InstanceRow,
  cluster: Cluster,
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const { label } = wanted
  const writer = topology.globalPrimary
  const stack = server.picture.variables['group_replication_communication_stack']
  if (stack === 'MYSQL' && wanted.given.some(([name]) => name === 'group_replication_ip_allowlist'))
    return {
      steps: [],
      diff: [],
      failure: `ip_allowlist is not possible with communication_stack MYSQL: accounts decide who may connect.`,
    }
  const twin = cluster.instances.find((other) => other.uuid !== row.uuid && other.name === label)
  if (twin !== undefined)
    return {
      steps: [],
      diff: [],
      failure: `The label "${twin.name}" belongs to ${twin.address} already; labels are unique in a cluster.`,
    }
  const relabelled = label !== undefined && label !== row.name
  const changes = wanted.tags === undefined ? [] : differingAttributes(row.attributes, { tags: wanted.tags })
  const target = { table: 'instances', column: 'mysql_server_uuid', value: row.uuid } as const
  const rename = (to: string) => ({
    text: `UPDATE ${METADATA}.instances SET instance_name = ? WHERE mysql_server_uuid = ?`,
    values: [to, row.uuid],
  })
  const records = relabelled || changes.length > 0
  if (records && writer === undefined)
    return {
      steps: [],
      diff: [],
      failure: `No primary that is ONLINE with quorum answers: the record of ${server.host} can't be changed.`,
    }
  const steps: Step[] = [...settingSteps(server, wanted.given, login)]
  if (records && writer !== undefined)
    steps.push({
      do: 'sql',
      host: writer.host,
      login,
      note: `change the record of ${server.host}`,
      statements: [...(relabelled ? [rename(label)] : []), ...attributeStatements(target, changes)],
      undo: [
        {
          do: 'sql',
          host: writer.host,
          login,
          statements: [
            ...(relabelled ? [rename(row.name)] : []),
            ...attributeStatements(target, changes, 'before'),
          ],
        },
      ],
    })
  const diff: readonly Difference[] = [
    ...settingDifferences(server, wanted.given),
    ...(relabelled
      ? [{ what: `label of ${server.host}`, before: `${row.name}\n`, after: `${label}\n` }]
      : []),
    ...changes.map(({ key, before, after }) => ({
      what: `${key} of ${server.host}`,
      before: `${canonical(before)}\n`,
      after: `${canonical(after)}\n`,
    })),
  ]
  const values = valuesOf(differing(server, wanted.given))
  return {
    steps,
    diff,
    predicts: predictPictures(topology, login, (one) => {
      const picture = records
        ? withMetadata(one, (metadata) =>
            withInstances(metadata, (each) =>
              each.uuid === row.uuid
                ? {
                    ...each,
                    name: label ?? each.name,
                    attributes: withAttributes(each.attributes, changes),
                  }
                : each,
            ),
          )
        : one.picture
      return one.host === server.host ? withVariables(picture, values) : picture
    }),
  }
}
