import { gtidState } from '../mysql/gtid-state.js'
import { planRecordedMember } from '../mysql/members/plan-recorded-member.js'
import { planRemoveInstance } from '../mysql/members/plan-remove.js'
import { planAddInstance } from '../mysql/plan-add-instance.js'
import { refuseCertificate } from '../mysql/refusals.js'
import { clusterNamed, clusterOfServer } from '../mysql/topology.js'
import { heard, presented, viewCluster } from './cluster-probe.js'
import { defineModule, type Plan } from './module.js'
import { ADDRESS_ARGS, givenSettings, MEMBER_ARGS, RECOVERY_ARGS } from './member-args.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'

export const innodb_cluster_instance = defineModule({
  name: 'innodb_cluster_instance',
  aliases: [],
  summary:
    "Keeps the task's server a member of an InnoDB Cluster, or removes it: AdminAPI's addInstance, rejoinInstance, setInstanceOption and removeInstance. A server that is no member is added, one that is OFFLINE or failed is brought back, the options given are kept. Before a server is added, both sides first log in to each other as they will have to; if that fails, nothing is left behind and the message says which side refused what. Several servers join or leave one after another: give the task throttle: 1.",
  args: {
    cluster: { type: 'string', required: true, description: 'Name of the cluster.' },
    cert_subject: {
      type: 'string',
      default: '',
      description: "Name in this server's certificate in slash form: /CN=s2. Needed with CERT_SUBJECT types.",
    },
    state: {
      type: 'string',
      enum: ['present', 'absent'],
      default: 'present',
      description: 'Whether the server is to be a member.',
    },
    force: {
      type: 'boolean',
      default: false,
      description: 'With state absent: remove also a member that does not answer or is not ONLINE.',
    },
    address: {
      type: 'string',
      description:
        "With state absent: address or label of the member to remove, such as s3:3306 (default: the task's server). For a member that is gone: run the task on another one.",
    },
    label: { type: 'string', description: 'Name of the member in the record (default: kept).' },
    tags: { type: 'map', description: 'Tags of the member in the record, all of them (default: kept).' },
    members: {
      type: 'strings',
      description: 'Inventory names of servers to find the cluster through (default: all hosts of the play).',
    },
    ...RECOVERY_ARGS,
    ...ADDRESS_ARGS,
    ...MEMBER_ARGS,
    ...LOGIN_ARGS,
  },
  returns: { cluster: 'Name of the cluster.', address: 'Address of the member.' },
  examples: [
    { description: 'A second member', args: { cluster: 'primary', cert_subject: '/CN=s2' } },
    {
      description: 'A member that gets all data as a copy; what it had is lost',
      args: { cluster: 'primary', cert_subject: '/CN=s2', recovery_method: 'clone' },
    },
    {
      description: 'A member that is preferred as primary',
      args: { cluster: 'primary', cert_subject: '/CN=s3', member_weight: 80 },
    },
    { description: 'No member any more', args: { cluster: 'primary', state: 'absent' } },
    {
      description: 'A member that is gone for good',
      args: { cluster: 'primary', state: 'absent', address: 's3:3306', force: true },
    },
  ],
  probe: async (host, args, task) => {
    const login = loginOf(args)
    const view = await viewCluster(host, args.members ?? task.playHosts, login)
    const cluster = clusterNamed(view.topology, args.cluster)
    const member = clusterOfServer(view.topology, view.server) !== undefined
    const donor = member ? undefined : cluster?.primary
    return { view, gtid: gtidState(view.server, donor, cluster?.online) }
  },
  plan: (args, { view, gtid }): Plan => {
    const cluster = clusterNamed(view.topology, args.cluster)
    const login = loginOf(args)
    if (args.state === 'absent')
      return heard(
        planRemoveInstance(
          { cluster: args.cluster, address: args.address, force: args.force },
          view.server,
          view.topology,
          login,
        ),
        view.silent,
      )
    const recorded = cluster?.instances.find(({ uuid }) => uuid === view.server.picture.uuid)
    if (cluster !== undefined && recorded !== undefined) {
      const options = { label: args.label, tags: args.tags, given: givenSettings(args) }
      return heard(
        planRecordedMember(view.server, recorded, cluster, options, view.topology, login),
        view.silent,
      )
    }
    if (cluster !== undefined && clusterOfServer(view.topology, view.server) === undefined) {
      const wish = {
        sslMode: 'REQUIRED' as const,
        authType: cluster.authType,
        issuer: cluster.issuer,
        subject: args.cert_subject,
      }
      const refusal =
        args.cert_subject === ''
          ? undefined
          : refuseCertificate(
              wish,
              view.server,
              view.certificates.get(view.server.host) ?? { kind: 'none' },
              view.facts,
            )
      if (refusal !== undefined) return { steps: [], diff: [], failure: refusal }
    }
    const plan = planAddInstance(
      {
        cluster: args.cluster,
        subject: args.cert_subject,
        recoveryMethod: args.recovery_method,
        cloneDonor: args.clone_donor,
        localAddress: args.local_address,
        given: givenSettings(args),
      },
      view.server,
      view.topology,
      loginOf(args),
      gtid,
      (host) => presented(view, host),
    )
    return heard(plan, view.silent)
  },
  result: (args, { view }) => ({
    cluster: args.cluster,
    address: args.address ?? `${view.server.picture.host}:${view.server.picture.port}`,
  }),
})
