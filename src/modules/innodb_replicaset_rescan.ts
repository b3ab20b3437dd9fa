import { planReplicaSetRescan } from '../mysql/replicaset/plan-rescan.js'
import { replicasetNamed, replicasetOfServer } from '../mysql/replicaset/replicaset.js'
import { scanReplicaSet } from '../mysql/replicaset/scan.js'
import { addressOf, type Server } from '../mysql/topology.js'
import { presented } from './cluster-probe.js'
import { defineModule } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'
import { MEMBERS_ARG } from './replicaset-args.js'
import { viewReplicaSets, type ReplicaSetView } from './replicaset-probe.js'

const setOf = ({ sets, server }: ReplicaSetView, name: string | undefined) =>
  name === undefined ? replicasetOfServer(sets, server) : replicasetNamed(sets, name)

export const innodb_replicaset_rescan = defineModule({
  name: 'innodb_replicaset_rescan',
  aliases: [],
  summary:
    "Brings the record of an InnoDB ReplicaSet in line with the servers that replicate: AdminAPI's rescan. Corrects identities and addresses of members and drops accounts of nobody; members come and go only when asked for. Once for a ReplicaSet: give the task run_once. A member whose channel or account is not as it shall be is mended by innodb_replicaset_instance.",
  args: {
    replicaset: {
      type: 'string',
      description: 'Name of the ReplicaSet (default: the one that the server is in).',
    },
    add_unmanaged: {
      type: 'boolean',
      default: false,
      description: 'Make members of servers that follow the primary without a record.',
    },
    remove_obsolete: {
      type: 'boolean',
      default: false,
      description:
        'Forget members that do not answer or do not follow the primary. Members that a failover invalidated stay recorded, as with AdminAPI.',
    },
    cert_subjects: {
      type: 'map',
      default: {},
      description:
        "Names in the certificates of members to be recorded, by inventory name or address (default: as the server's certificate says).",
    },
    ...MEMBERS_ARG,
    ...LOGIN_ARGS,
  },
  returns: {
    newly_discovered_instances: 'Addresses of servers that follow the primary without a record.',
    unavailable_instances: 'Addresses of members that do not answer or do not follow the primary.',
    updated_instances: 'Recorded addresses of members that are another server, or one somewhere else, now.',
    unused_accounts: 'Accounts of no member.',
  },
  examples: [
    { description: 'Correct what can be corrected, report the rest', args: {} },
    {
      description: 'Forget members that are gone',
      args: { replicaset: 'replicaset', remove_obsolete: true },
    },
    {
      description: 'Make members of servers that were made replicas by hand',
      args: { add_unmanaged: true, cert_subjects: { s3: '/CN=s3' } },
    },
  ],
  probe: (host, args, task) => viewReplicaSets(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view) => {
    const set = setOf(view, args.replicaset)
    if (set === undefined)
      return {
        steps: [],
        diff: [],
        failure:
          args.replicaset === undefined
            ? `${view.server.host} is a member of no ReplicaSet.`
            : `There is no ReplicaSet "${args.replicaset}" among the servers of this play.`,
      }
    const subjectOf = (server: Server): string => {
      const given = args.cert_subjects[server.host] ?? args.cert_subjects[addressOf(server)]
      return typeof given === 'string' ? given : (presented(view, server.host)?.subject ?? '')
    }
    return planReplicaSetRescan(
      { addUnmanaged: args.add_unmanaged, removeObsolete: args.remove_obsolete, subjectOf },
      set,
      view.topology.servers,
      loginOf(args),
      (host) => presented(view, host),
    )
  },
  result: (args, view) => {
    const set = setOf(view, args.replicaset)
    const primary = set?.primary?.server
    const scan =
      set === undefined || primary === undefined
        ? undefined
        : scanReplicaSet(set, primary, view.topology.servers)
    return {
      newly_discovered_instances: scan?.discovered.map(addressOf) ?? [],
      unavailable_instances: scan?.unavailable.map(({ row }) => row.address) ?? [],
      updated_instances: scan?.moved.map(({ member }) => member.row.address) ?? [],
      unused_accounts: scan?.unused.map(({ user, host }) => `${user}@${host}`) ?? [],
    }
  },
})
