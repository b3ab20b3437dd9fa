import { planMember } from '../mysql/replicaset/plan-instance.js'
import { planRemoveMember } from '../mysql/replicaset/plan-remove.js'
import { memberOf, replicasetNamed } from '../mysql/replicaset/replicaset.js'
import { refuseCertificate } from '../mysql/refusals.js'
import { channelArgs, DEFAULT, givenChannelOptions } from './channel-args.js'
import { presented } from './cluster-probe.js'
import { defineModule, type Plan } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { MEMBERS_ARG } from './replicaset-args.js'
import { viewReplicaSets } from './replicaset-probe.js'

/** Of the arguments for the options of the member's channel. */
const PREFIX = 'replication'

export const innodb_replicaset_instance = defineModule({
  name: 'innodb_replicaset_instance',
  aliases: [],
  summary:
    "Makes the task's server a member of an InnoDB ReplicaSet that follows its primary: AdminAPI's addInstance, or rejoinInstance when it is one that does not follow, and setInstanceOption. Both sides first log in to each other as they will have to; if that fails, nothing is left behind and the message says which side refused what. Several servers join one after another: give the task throttle: 1.",
  args: {
    replicaset: { type: 'string', required: true, description: 'Name of the ReplicaSet.' },
    state: {
      type: 'string',
      enum: ['present', 'absent'],
      default: 'present',
      description:
        'absent removes the member: its record, its account and its channel. It keeps its data and stays read-only.',
    },
    instance: {
      type: 'string',
      description:
        "With state absent: address (s2 or s2:3306), label or server_uuid of the member to remove, when it is not the task's server, because that one is gone.",
    },
    cert_subject: {
      type: 'string',
      default: '',
      description:
        "Name in this server's certificate in slash form: /CN=s2. Needed with CERT_SUBJECT types; for a member, default is the recorded one.",
    },
    label: { type: 'string', description: 'Name of the member in the record (default: kept).' },
    tags: {
      type: 'map',
      description:
        'Tags of the member in the record, all of them (default: kept). Router leaves a member alone that has _hidden: true.',
    },
    recovery_method: {
      type: 'string',
      enum: ['auto', 'incremental', 'clone'],
      default: 'auto',
      description:
        'How data comes to the server. auto replays binary logs, and clones where logs that the server would need are gone; it throws no transactions away. clone replaces all data of a new member, and of a member that has transactions of its own or can not follow otherwise; one that is well is left alone.',
    },
    clone_donor: {
      type: 'string',
      description: 'Inventory name of the member to clone (default: one that is ONLINE, rather a secondary).',
    },
    force: {
      type: 'boolean',
      default: false,
      description: 'Remove a member that does not answer or does not catch up.',
    },
    timeout: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Seconds to wait until the server has the transactions of the primary; 0: no limit.',
    },
    ...channelArgs(PREFIX, {}, [DEFAULT]),
    ...MEMBERS_ARG,
    ...LOGIN_ARGS,
  },
  returns: {
    replicaset: 'Name of the ReplicaSet.',
    address: 'Address of the member.',
    primary: 'Address of the primary; empty if there is none.',
  },
  examples: [
    { description: 'A member', args: { replicaset: 'replicaset', cert_subject: '/CN=s2' } },
    {
      description: 'A member that connects again every 10 s',
      args: { replicaset: 'replicaset', cert_subject: '/CN=s3', replication_connect_retry: 10 },
    },
    {
      description: 'Forget a member that is gone, on any other member',
      args: { replicaset: 'replicaset', instance: 's3:3306', state: 'absent', force: true },
    },
  ],
  probe: (host, args, task) => viewReplicaSets(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view): Plan => {
    const { server, sets, silent } = view
    const login = loginOf(args)
    if (args.state === 'absent')
      return planRemoveMember(
        { replicaset: args.replicaset, instance: args.instance, force: args.force, timeout: args.timeout },
        server,
        sets,
        login,
      )
    const set = replicasetNamed(sets, args.replicaset)
    if (set !== undefined && args.cert_subject !== '' && set.sslMode !== 'DISABLED') {
      const wish = {
        sslMode: set.sslMode,
        authType: set.authType,
        issuer: set.issuer,
        subject: args.cert_subject,
      }
      const served = view.certificates.get(server.host) ?? { kind: 'none' as const }
      const refusal = refuseCertificate(wish, server, served, view.facts)
      if (refusal !== undefined) return { steps: [], diff: [], failure: refusal }
    }
    const channel = givenChannelOptions(PREFIX, args)
    const plan = planMember(
      {
        replicaset: args.replicaset,
        subject: args.cert_subject,
        recoveryMethod: args.recovery_method,
        cloneDonor: args.clone_donor,
        options: channel.set,
        resets: channel.reset,
        label: args.label,
        tags: args.tags,
        timeout: args.timeout,
      },
      server,
      sets,
      login,
      (host) => presented(view, host),
    )
    return plan.failure !== undefined && silent.length > 0
      ? { ...plan, failure: `${plan.failure} No answer from ${silent.join('; ')}.` }
      : plan
  },
  result: (args, { server, sets }) => {
    const set = replicasetNamed(sets, args.replicaset)
    const member = set === undefined ? undefined : memberOf(set, server)
    return {
      replicaset: args.replicaset,
      address: args.instance ?? member?.row.address ?? `${server.picture.host}:${server.picture.port}`,
      primary: set?.primary?.row.address ?? '',
    }
  },
})
