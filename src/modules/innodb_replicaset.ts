import { planCreateReplicaSet } from '../mysql/replicaset/plan-create.js'
import { replicasetNamed } from '../mysql/replicaset/replicaset.js'
import { planDissolve } from '../mysql/replicaset/plan-dissolve.js'
import { refuseCertificate } from '../mysql/refusals.js'
import { AUTH_TYPES } from '../mysql/step.js'
import { presented } from './cluster-probe.js'
import { defineModule, type Plan } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { MEMBERS_ARG } from './replicaset-args.js'
import { viewReplicaSets } from './replicaset-probe.js'

export const innodb_replicaset = defineModule({
  name: 'innodb_replicaset',
  aliases: [],
  summary:
    "Creates an InnoDB ReplicaSet with the task's server as its primary (AdminAPI's createReplicaSet), sets its options, or dissolves it. Completes what an earlier run began; undoes what it did when a step fails, or says what stays.",
  args: {
    name: { type: 'string', required: true, description: 'Name of the ReplicaSet.' },
    state: {
      type: 'string',
      enum: ['present', 'absent'],
      default: 'present',
      description:
        'absent dissolves it: channels, accounts and metadata of all members are removed; their data stays, and secondaries stay read-only.',
    },
    replication_ssl_mode: {
      type: 'string',
      enum: ['AUTO', 'DISABLED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'],
      default: 'AUTO',
      description:
        'How the channels are encrypted and verified. AUTO: REQUIRED if the server speaks TLS. It can not be changed later.',
    },
    member_auth_type: {
      type: 'string',
      enum: AUTH_TYPES,
      description:
        'How members authenticate to the primary (default: PASSWORD for a new ReplicaSet, else what it is). It can not be changed later.',
    },
    cert_issuer: {
      type: 'string',
      default: '',
      description: 'Name of the authority of all members in slash form: /CN=MyName.',
    },
    cert_subject: {
      type: 'string',
      default: '',
      description: "Name in this server's certificate in slash form: /CN=s1.",
    },
    replication_allowed_host: {
      type: 'string',
      description:
        'Host part of the accounts (default: % for a new ReplicaSet, else what it is). When it changes, the accounts are renamed; passwords and requirements stay.',
    },
    tags: { type: 'map', description: 'Tags of the ReplicaSet in the record, all of them (default: kept).' },
    gtid_set_is_complete: {
      type: 'boolean',
      default: false,
      description: 'All data of the server went through its binary log.',
    },
    force: {
      type: 'boolean',
      default: false,
      description:
        'Dissolve although a member does not answer or does not catch up. One that does not answer is left as it is; when it is back, the same task lets it forget the ReplicaSet, too.',
    },
    timeout: {
      type: 'integer',
      minimum: 0,
      default: 60,
      description: 'Seconds to wait for members to catch up before it is dissolved; 0: no limit.',
    },
    ...MEMBERS_ARG,
    ...LOGIN_ARGS,
  },
  returns: { replicaset: 'Name.', primary: 'Address of the primary; empty if there is none.' },
  examples: [
    {
      description: 'Encrypted, verified, authenticated by certificate, without passwords',
      args: {
        name: 'replicaset',
        replication_ssl_mode: 'VERIFY_IDENTITY',
        member_auth_type: 'CERT_SUBJECT',
        cert_issuer: '/CN=MyName',
        cert_subject: '/CN=s1',
      },
    },
    { description: 'Dissolve it', args: { name: 'replicaset', state: 'absent' } },
  ],
  probe: (host, args, task) => viewReplicaSets(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view): Plan => {
    const { server, sets } = view
    const login = loginOf(args)
    if (args.state === 'absent')
      return planDissolve(
        { name: args.name, force: args.force, timeout: args.timeout },
        server,
        sets,
        view.topology.servers,
        login,
      )
    const existing = replicasetNamed(sets, args.name)
    const authType = args.member_auth_type ?? existing?.authType ?? 'PASSWORD'
    if (existing === undefined) {
      const wish = {
        sslMode: 'REQUIRED' as const,
        authType,
        issuer: args.cert_issuer,
        subject: args.cert_subject,
      }
      const complete = args.cert_issuer !== '' && (args.cert_subject !== '' || !authType.includes('SUBJECT'))
      const served = view.certificates.get(server.host) ?? { kind: 'none' as const }
      const refusal = refuseCertificate(wish, server, served, view.facts)
      // What is missing altogether is said by the plan, in better words.
      if (refusal !== undefined && complete && args.replication_ssl_mode !== 'DISABLED')
        return { steps: [], diff: [], failure: refusal }
    }
    return planCreateReplicaSet(
      {
        name: args.name,
        sslMode: args.replication_ssl_mode === 'AUTO' ? undefined : args.replication_ssl_mode,
        authType,
        issuer: args.cert_issuer,
        subject: args.cert_subject,
        allowedHost: args.replication_allowed_host,
        tags: args.tags,
        gtidSetIsComplete: args.gtid_set_is_complete,
      },
      server,
      sets,
      login,
      presented(view, server.host),
    )
  },
  result: (args, { server, sets }) => {
    const set = replicasetNamed(sets, args.name)
    return {
      replicaset: args.name,
      primary:
        args.state === 'absent'
          ? ''
          : set === undefined
            ? `${server.picture.host}:${server.picture.port}`
            : (set.primary?.row.address ?? ''),
    }
  },
})
