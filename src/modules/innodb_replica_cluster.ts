import { CHANNEL_DEFAULTS } from '../mysql/clusterset/channel.js'
import { planCreateReplicaCluster } from '../mysql/clusterset/create-replica.js'
import { planRejoinCluster } from '../mysql/clusterset/plan-rejoin.js'
import { planRemoveCluster } from '../mysql/clusterset/plan-remove.js'
import { gtidState } from '../mysql/gtid-state.js'
import { refuseCertificate } from '../mysql/refusals.js'
import type { SslMode } from '../mysql/step.js'
import { clusterOfServer } from '../mysql/topology.js'
import { channelArgs, DEFAULT, givenChannelOptions } from './channel-args.js'
import { heard, presented, viewCluster } from './cluster-probe.js'
import { givenSettings, MEMBER_ARGS, RECOVERY_ARGS } from './member-args.js'
import { defineModule, type Plan } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'

/** Of the arguments for the options of the channel between clusters. */
const PREFIX = 'cluster_set_replication'

export const innodb_replica_cluster = defineModule({
  name: 'innodb_replica_cluster',
  aliases: [],
  summary:
    "Makes the task's server the first member of a replica cluster of a ClusterSet: AdminAPI's createReplicaCluster. It never takes writes, not for an instant. SSL mode and authentication are the ClusterSet's.",
  args: {
    name: { type: 'string', required: true, description: 'Name of the replica cluster.' },
    cert_subject: {
      type: 'string',
      default: '',
      description: "Name in this server's certificate in slash form: /CN=s3. Needed with CERT_SUBJECT types.",
    },
    members: {
      type: 'strings',
      description:
        'Inventory names of servers to find the ClusterSet through (default: all hosts of the play).',
    },
    state: {
      type: 'string',
      enum: ['present', 'absent'],
      default: 'present',
      description:
        'present: it exists and replicates; one that was invalidated, or whose channel is not as it shall be, rejoins (rejoinCluster), unless it has transactions that the others lack. absent: it is taken out of the ClusterSet and dissolved, its servers stay read-only with their data (removeCluster).',
    },
    force: {
      type: 'boolean',
      default: false,
      description: 'With state absent: also when the cluster can not be reached or does not replicate.',
    },
    timeout: {
      type: 'integer',
      default: 120,
      minimum: 1,
      description: 'Seconds to wait for transactions to arrive.',
    },
    ...RECOVERY_ARGS,
    ...channelArgs(PREFIX, CHANNEL_DEFAULTS, [DEFAULT]),
    ...MEMBER_ARGS,
    ...LOGIN_ARGS,
  },
  returns: {
    cluster: 'Name of the replica cluster.',
    source: 'Address that it replicates from; empty if there is no primary.',
  },
  examples: [
    { description: 'A replica cluster', args: { name: 'replica', cert_subject: '/CN=s3' } },
    {
      description: 'A replica cluster whose first member is a copy of a secondary of the primary cluster',
      args: { name: 'replica', cert_subject: '/CN=s3', recovery_method: 'clone', clone_donor: 's2' },
    },
    { description: 'No more', args: { name: 'replica', state: 'absent' } },
  ],
  probe: async (host, args, task) => {
    const login = loginOf(args)
    const view = await viewCluster(host, args.members ?? task.playHosts, login)
    const member = clusterOfServer(view.topology, view.server) !== undefined
    return { view, gtid: gtidState(view.server, member ? undefined : view.topology.globalPrimary) }
  },
  plan: (args, { view, gtid }): Plan => {
    const { topology, silent } = view
    const { clusterset } = topology
    if (args.state === 'absent')
      return planRemoveCluster(
        { name: args.name, force: args.force, timeout: args.timeout },
        topology,
        silent,
        loginOf(args),
      )
    const mine = clusterOfServer(topology, view.server)
    if (
      clusterset !== undefined &&
      mine?.row.name.toLowerCase() === args.name.toLowerCase() &&
      [...clusterset.memberIds, ...clusterset.invalidatedIds].includes(mine.row.id)
    )
      return heard(
        planRejoinCluster(
          { channel: givenChannelOptions(PREFIX, args), timeout: args.timeout },
          mine,
          topology,
          clusterset,
          loginOf(args),
        ),
        silent,
      )
    if (
      clusterset !== undefined &&
      args.cert_subject !== '' &&
      clusterOfServer(view.topology, view.server) === undefined
    ) {
      const wish = {
        sslMode: clusterset.sslMode as SslMode,
        authType: clusterset.authType,
        issuer: clusterset.issuer,
        subject: args.cert_subject,
      }
      const refusal = refuseCertificate(
        wish,
        view.server,
        view.certificates.get(view.server.host) ?? { kind: 'none' },
        view.facts,
      )
      if (refusal !== undefined) return { steps: [], diff: [], failure: refusal }
    }
    const plan = planCreateReplicaCluster(
      {
        name: args.name,
        subject: args.cert_subject,
        recoveryMethod: args.recovery_method,
        cloneDonor: args.clone_donor,
        given: givenSettings(args),
        channel: givenChannelOptions(PREFIX, args),
      },
      view.server,
      view.topology,
      loginOf(args),
      gtid,
      (host) => presented(view, host),
    )
    return heard(plan, silent)
  },
  result: (args, { view }) => {
    const source = view.topology.globalPrimary
    return {
      cluster: args.name,
      source: source === undefined ? '' : `${source.picture.host}:${source.picture.port}`,
    }
  },
})
