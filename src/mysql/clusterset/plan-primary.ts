import type { Plan } from '../../modules/module.js'
import type { Step } from '../../host/step.js'
import type { MysqlLogin } from '../login.js'
import { METADATA } from '../metadata/schema.js'
import type { Topology } from '../topology.js'
import { alignReplica } from './align-replica.js'
import { failOverSteps, refuseOutdated } from './fail-over.js'
import { fenceSteps } from './fence.js'
import { channelOf, isOpen } from './members.js'
import { switchedPictures } from './predictions.js'
import { roleInClusterSet } from '../members/clusterset-role.js'
import { channelRemoval, limitSteps, promoteSteps } from './promote.js'
import { replicaOf, switchSteps, type Change } from './switch-over.js'
import { rolesOf, type SetPrimaryCluster } from './wanted-primary.js'

const refuse = (failure: string): Plan => ({ steps: [], diff: [], failure })

/** What has to be done until a cluster is the primary one of its ClusterSet and all others replicate from it. */
export function planSetPrimaryCluster(
  wanted: SetPrimaryCluster,
  topology: Topology,
  silent: readonly string[],
  login: MysqlLogin,
): Plan {
  const roles = rolesOf(wanted, topology, silent)
  if (typeof roles === 'string') return refuse(roles)
  const { target, current } = roles
  const promoted = target.primary
  if (promoted === undefined) return refuse(`Cluster "${target.row.name}" has no primary.`)
  const change: Change = { wanted, roles, topology, login, promoted }
  if (current === target) {
    if (!isOpen(target) && channelOf(promoted) === undefined)
      return {
        steps: [],
        diff: [],
        warnings: [
          `Cluster "${target.row.name}" is the primary cluster, but fenced: its primary ${promoted.host} has super_read_only=ON. ${roleInClusterSet(target, topology) === 'unknown' ? 'Another cluster may have been made primary meanwhile, for not each of them answers: make sure that none was, then unfence' : 'Unfence'} it for writes (innodb_cluster_fence).`,
        ],
      }
    return outcome(change, finishSteps(change), 'primary, unfinished')
  }
  if (current.primary !== undefined)
    return outcome(change, switchSteps(change, current.primary), `primary is ${current.row.name}`)
  const refusal = refuseOutdated(change)
  if (refusal !== undefined) return refuse(refusal)
  const plan = outcome(change, failOverSteps(change), `primary is ${current.row.name}, which is lost`)
  return {
    ...plan,
    warnings: [
      `Cluster "${current.row.name}" is left behind: what it had not replicated is lost. Should it still run where it can't be reached, it takes writes: fence it (innodb_cluster_fence) before clients find it.`,
    ],
  }
}

/** What an earlier run left to do; and clusters that were left behind are closed for writes as soon as they are seen. */
function finishSteps(change: Change): readonly Step[] {
  const { roles, topology, login, promoted, wanted } = change
  const { target, replicas, clusterset, invalidated } = roles
  const recorded = clusterset.primaryClusterId === target.row.id
  return [
    ...invalidated.flatMap(({ primary, row }) =>
      primary === undefined || primary.picture.variables['super_read_only'] === 'ON'
        ? []
        : fenceSteps(
            primary,
            login,
            wanted.timeout,
            `close the invalidated cluster "${row.name}" for writes`,
          ),
    ),
    ...limitSteps(target, topology, login),
    ...promoteSteps(
      target,
      login,
      recorded
        ? []
        : [
            {
              text: `CALL ${METADATA}.v2_cs_primary_changed(?, ?, '{}')`,
              values: [clusterset.id, target.row.id],
            },
          ],
    ),
    ...replicas.flatMap((replica) => alignReplica(replicaOf(replica, change, promoted))),
    ...channelRemoval(target, topology, login),
  ]
}

function outcome(change: Change, steps: readonly Step[], before: string): Plan {
  if (steps.length === 0) return { steps: [], diff: [] }
  const { roles, promoted } = change
  return {
    steps,
    predicts: switchedPictures(change),
    diff: [
      {
        what: `ClusterSet ${roles.clusterset.domainName}`,
        before: `${before}\n`,
        after: `primary is ${roles.target.row.name}, writes go to ${promoted.picture.host}:${promoted.picture.port}\n`,
      },
    ],
  }
}
