import { planDissolve } from '../mysql/members/plan-dissolve.js'
import { planExistingCluster } from '../mysql/members/plan-existing-cluster.js'
import { planCreateCluster } from '../mysql/plan-create-cluster.js'
import { refuseCertificate } from '../mysql/refusals.js'
import { AUTH_TYPES, type SslMode } from '../mysql/step.js'
import { clusterOfServer } from '../mysql/topology.js'
import { heard, presented, viewCluster } from './cluster-probe.js'
import { defineModule, type Plan } from './module.js'
import { ADDRESS_ARGS, givenSettings, MEMBER_ARGS } from './member-args.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'

export const innodb_cluster = defineModule({
  name: 'innodb_cluster',
  aliases: [],
  summary:
    "Creates an InnoDB Cluster with the task's server as its first member, keeps its options, or dissolves it: AdminAPI's createCluster, setOption, switchToSinglePrimaryMode, switchToMultiPrimaryMode and dissolve. Completes what an earlier run began; undoes what it did when a step fails, or says what stays.",
  args: {
    name: { type: 'string', required: true, description: 'Name of the cluster.' },
    state: {
      type: 'string',
      enum: ['present', 'absent'],
      default: 'present',
      description:
        'Whether there is to be such a cluster. absent: all members leave it and forget its accounts and metadata; data stay.',
    },
    previous_name: {
      type: 'string',
      description: 'The cluster is renamed if it still has this name.',
    },
    tags: { type: 'map', description: 'Tags of the cluster in the record, all of them (default: kept).' },
    member_ssl_mode: {
      type: 'string',
      enum: ['AUTO', 'DISABLED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'],
      default: 'AUTO',
      description:
        'How connections between members are encrypted and verified. AUTO: REQUIRED if the server speaks TLS.',
    },
    member_auth_type: {
      type: 'string',
      enum: AUTH_TYPES,
      description:
        'How members authenticate to each other (default: PASSWORD for a new cluster, else what it is). It can not be changed later.',
    },
    cert_issuer: {
      type: 'string',
      default: '',
      description:
        'Name of the authority of all members in slash form: /CN=MyName. Needed with CERT types for a new cluster.',
    },
    cert_subject: {
      type: 'string',
      default: '',
      description:
        "Name in this server's certificate in slash form: /CN=s1. Needed with CERT_SUBJECT types for a new cluster.",
    },
    communication_stack: {
      type: 'string',
      enum: ['MYSQL', 'XCOM'],
      description:
        "How members talk to each other: through MySQL's own port and accounts (the default), or a port of the group's own.",
    },
    group_name: {
      type: 'string',
      pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
      description: 'UUID of the group (default: a new one).',
    },
    multi_primary: {
      type: 'boolean',
      description:
        "Every member takes writes; a new cluster needs force for it (default: one primary, or kept). Changed while the cluster runs; with false the task's server becomes the only primary.",
    },
    replication_allowed_host: {
      type: 'string',
      description: 'Host part of the accounts of members (default: %, or kept).',
    },
    manual_start_on_boot: {
      type: 'boolean',
      default: false,
      description: 'Do not join the group when mysqld starts.',
    },
    gtid_set_is_complete: {
      type: 'boolean',
      default: false,
      description: 'All data of the server went through its binary log.',
    },
    disable_clone: {
      type: 'boolean',
      description: 'Never copy the data of a member to a new one as a whole (default: no, or kept).',
    },
    transaction_size_limit: {
      type: 'integer',
      minimum: 0,
      maximum: 2_147_483_647,
      description: 'Largest transaction that the group accepts, in bytes; 0: no limit.',
    },
    paxos_single_leader: {
      type: 'boolean',
      description: 'Only the primary leads the consensus of the group.',
    },
    adopt_from_gr: {
      type: 'boolean',
      default: false,
      description:
        'Take over a running group that was made by hand. Its settings stay; all its members must be among `members`.',
    },
    members: {
      type: 'strings',
      description: 'Inventory names of all servers of the cluster (default: all hosts of the play).',
    },
    force: {
      type: 'boolean',
      default: false,
      description:
        'Accept multi_primary for a new cluster, and channels of replication that the server has already. With state absent: go on although members do not answer or are not ONLINE.',
    },
    ...ADDRESS_ARGS,
    ...MEMBER_ARGS,
    ...LOGIN_ARGS,
  },
  returns: { cluster: 'Name.', primary: 'Address of this server.', member_ssl_mode: 'SSL mode in use.' },
  examples: [
    {
      description: 'Encrypted, verified, authenticated by certificate and password',
      args: {
        name: 'primary',
        member_ssl_mode: 'VERIFY_IDENTITY',
        member_auth_type: 'CERT_SUBJECT_PASSWORD',
        cert_issuer: '/CN=MyName',
        cert_subject: '/CN=s1',
      },
    },
    {
      description: 'Without a password',
      args: {
        name: 'primary',
        member_ssl_mode: 'VERIFY_CA',
        member_auth_type: 'CERT_SUBJECT',
        cert_issuer: '/CN=MyName',
        cert_subject: '/CN=s1',
      },
    },
    {
      description: 'A group of its own port, every member writable',
      args: { name: 'primary', communication_stack: 'XCOM', multi_primary: true, force: true },
    },
    {
      description: 'A group that runs already is taken over',
      args: { name: 'primary', adopt_from_gr: true },
    },
    {
      description: 'Another name and options for all members',
      args: { name: 'shop', previous_name: 'primary', expel_timeout: 10, tags: { owner: 'web' } },
    },
    { description: 'No cluster any more', args: { name: 'primary', state: 'absent' } },
  ],
  probe: (host, args, task) => viewCluster(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view): Plan => {
    const login = loginOf(args)
    if (args.state === 'absent')
      return heard(planDissolve({ name: args.name, force: args.force }, view.topology, login), view.silent)
    const existing = clusterOfServer(view.topology, view.server)
    const known = [args.name, args.previous_name].some(
      (name) => name?.toLowerCase() === existing?.row.name.toLowerCase(),
    )
    const sslMode = sslModeOf(args.member_ssl_mode, view.server.picture.tls)
    const authType = args.member_auth_type ?? existing?.authType ?? 'PASSWORD'
    const wish = {
      sslMode,
      authType,
      issuer: args.cert_issuer,
      subject: args.cert_subject,
    }
    if (existing === undefined) {
      const served = view.certificates.get(view.server.host) ?? { kind: 'none' as const }
      const refusal = refuseCertificate(wish, view.server, served, view.facts)
      // What is missing altogether is said by the plan, in better words.
      const complete = args.cert_issuer !== '' && (args.cert_subject !== '' || !authType.includes('SUBJECT'))
      if (refusal !== undefined && complete) return { steps: [], diff: [], failure: refusal }
    }
    const created = planCreateCluster(
      {
        name: existing !== undefined && known ? existing.row.name : args.name,
        wish,
        autoSslMode: args.member_ssl_mode === 'AUTO',
        communicationStack: args.communication_stack,
        groupName: args.group_name,
        localAddress: args.local_address,
        allowedHost: args.replication_allowed_host ?? '%',
        // How many primaries a cluster has is changed below; one that is made has what is given.
        multiPrimary: existing === undefined ? args.multi_primary : undefined,
        manualStartOnBoot: args.manual_start_on_boot,
        gtidSetIsComplete: args.gtid_set_is_complete,
        disableClone: args.disable_clone ?? false,
        transactionSizeLimit: args.transaction_size_limit,
        paxosSingleLeader: args.paxos_single_leader,
        adopt: args.adopt_from_gr,
        force: args.force,
        given: givenSettings(args),
      },
      view.server,
      view.topology,
      loginOf(args),
      presented(view, view.server.host),
    )
    if (existing === undefined || created.failure !== undefined) return created
    return planExistingCluster(
      {
        name: args.name,
        allowedHost: args.replication_allowed_host,
        multiPrimary: args.multi_primary,
        disableClone: args.disable_clone,
        transactionSizeLimit: args.transaction_size_limit,
        tags: args.tags,
        given: givenSettings(args),
      },
      view.server,
      existing,
      view.topology,
      login,
    )
  },
  result: (args, view) => ({
    cluster: args.name,
    primary: `${view.server.picture.host}:${view.server.picture.port}`,
    member_ssl_mode:
      clusterOfServer(view.topology, view.server) === undefined && !args.adopt_from_gr
        ? sslModeOf(args.member_ssl_mode, view.server.picture.tls)
        : (view.server.picture.variables['group_replication_ssl_mode'] ?? 'DISABLED'),
  }),
})

/** AUTO is REQUIRED where there is TLS. */
export function sslModeOf(mode: 'AUTO' | SslMode, tls: boolean): SslMode {
  return mode === 'AUTO' ? (tls ? 'REQUIRED' : 'DISABLED') : mode
}
