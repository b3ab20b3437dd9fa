import type { Plan } from '../../host/plan.js'
import type { Step } from '../../host/step.js'
import type { Setting } from '../group-variables.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import type { Cluster, Server, Topology } from '../topology.js'
import { predictPictures, withClusterRow, withMembers, withMetadata, withVariables } from './after.js'
import { waitForPicture } from './group-steps.js'
import { isMultiPrimary, membersOf } from './members.js'
import { settingSteps } from './options.js'

/** AdminAPI's rule: with several primaries each counts AUTO_INCREMENT in steps of its own, seven apart or more. */
function autoIncrement(multi: boolean, size: number, serverId: number): readonly Setting[] {
  const increment = multi ? Math.max(7, size) : 1
  return [
    ['auto_increment_increment', increment],
    ['auto_increment_offset', multi ? 1 + (serverId % increment) : 2],
  ]
}

/**
 * One primary or several: AdminAPI's switchToSinglePrimaryMode and switchToMultiPrimaryMode. Group, settings of all
 * members and record are looked at one by one, so that what an earlier run left is completed.
 * @param server the primary to be in single-primary mode
 */
export function planTopologyMode(
  multi: boolean,
  server: Server,
  cluster: Cluster,
  topology: Topology,
  login: MysqlLogin,
): Plan {
  const { name } = cluster.row
  const { primary } = cluster
  const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })
  if (primary === undefined)
    return refuse(`Cluster "${name}" has no primary that is ONLINE with quorum and answers.`)
  const steps: Step[] = []
  const switching = isMultiPrimary(primary.picture) !== multi
  if (switching) {
    if (topology.clusterset !== undefined && cluster.row.clustersetId !== null)
      return refuse(
        `Cluster "${name}" belongs to ClusterSet "${topology.clusterset.domainName}": clusters of a set have one primary.`,
      )
    const away = membersOf(cluster, topology).filter(
      ({ seen, server: one }) => seen !== 'ONLINE' || one === undefined,
    )
    if (away.length > 0)
      return refuse(
        `To change how many primaries cluster "${name}" has, all members must be ONLINE and answer; ${away.map(({ row, seen }) => `${row.address} is ${seen}`).join(', ')}.`,
      )
    steps.push(...switchSteps(multi, server, primary, login))
  }
  const settings = (one: Server): readonly Setting[] =>
    autoIncrement(multi, cluster.instances.length, one.picture.serverId)
  const due = cluster.online
  for (const one of due) steps.push(...settingSteps(one, settings(one), login))
  const mode = multi ? 'mm' : 'pm'
  const writer = multi ? primary : switching ? server : (topology.globalPrimary ?? primary)
  const recorded = cluster.row.primaryMode === mode
  const record = (value: string) => ({
    do: 'sql' as const,
    host: writer.host,
    login,
    statements: [
      {
        text: `UPDATE ${METADATA}.clusters SET primary_mode = ? WHERE cluster_id = ?`,
        values: [value, cluster.row.id],
      },
    ],
  })
  if (!recorded)
    steps.push({
      ...record(mode),
      note: `record how many primaries cluster "${name}" has`,
      undo: [record(cluster.row.primaryMode ?? (multi ? 'pm' : 'mm'))],
      atomic: true,
    })
  return {
    steps,
    diff:
      steps.length === 0
        ? []
        : [
            {
              what: `topology mode of cluster ${name}`,
              before: `${switching === multi ? 'single-primary' : 'multi-primary'}\n`,
              after: `${multi ? 'multi-primary' : 'single-primary'}\n`,
            },
          ],
    predicts: predictPictures(topology, login, (one) => {
      if (!cluster.online.some(({ host }) => host === one.host)) return one.picture
      const writable = multi || one.host === server.host || (!switching && one.host === primary.host)
      const recordedPicture = withMetadata(one, (metadata) =>
        withClusterRow(metadata, cluster.row.id, (row) => ({ ...row, primaryMode: mode })),
      )
      const group = withMembers(recordedPicture, (member) => ({
        ...member,
        role: multi || member.uuid === server.picture.uuid ? 'PRIMARY' : 'SECONDARY',
      }))
      const after = {
        ...(switching ? group : recordedPicture),
        variables: {
          ...one.picture.variables,
          group_replication_single_primary_mode: multi ? 'OFF' : 'ON',
          group_replication_enforce_update_everywhere_checks: multi ? 'ON' : 'OFF',
          super_read_only: writable ? 'OFF' : 'ON',
        },
      }
      return due.includes(one)
        ? withVariables(after, Object.fromEntries(settings(one).map(([key, value]) => [key, Number(value)])))
        : after
    }),
  }
}

function switchSteps(multi: boolean, server: Server, primary: Server, login: MysqlLogin): readonly Step[] {
  const toMulti = { text: 'SELECT group_replication_switch_to_multi_primary_mode()' }
  const toSingle = (one: Server) => ({
    text: 'SELECT group_replication_switch_to_single_primary_mode(?)',
    values: [one.picture.uuid],
  })
  return [
    {
      do: 'sql',
      host: server.host,
      login,
      timeout: 600,
      note: multi ? 'let every member take writes' : `make ${server.host} the only primary`,
      statements: [multi ? toMulti : toSingle(server)],
      undo: [
        {
          do: 'sql',
          host: server.host,
          login,
          timeout: 600,
          statements: [multi ? toSingle(primary) : toMulti],
        },
      ],
    },
    waitForPicture(server, login, {
      timeout: 120,
      until: (picture) => isMultiPrimary(picture) === multi && picture.variables['super_read_only'] === 'OFF',
      otherwise: `The group of ${server.host} has not changed its mode.`,
      note: 'wait for the new mode',
    }),
  ]
}
