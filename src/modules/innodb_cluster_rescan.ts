import { planRescan } from '../mysql/members/plan-rescan.js'
import { scanCluster } from '../mysql/members/scan.js'
import { addressOf, clusterNamed, clusterOfServer, type Server } from '../mysql/topology.js'
import { presented, viewCluster, type ClusterView } from './cluster-probe.js'
import { MEMBERS_ARGS } from './members-args.js'
import { defineModule } from './module.js'
import { LOGIN_ARGS, loginOf } from './mysql-login-args.js'

const clusterOf = (view: ClusterView, name: string | undefined) =>
  name === undefined ? clusterOfServer(view.topology, view.server) : clusterNamed(view.topology, name)

export const innodb_cluster_rescan = defineModule({
  name: 'innodb_cluster_rescan',
  aliases: [],
  summary:
    "Brings the record of an InnoDB Cluster in line with its group: AdminAPI's rescan. Mends addresses, identities, recovery accounts and their requirements, seeds and the recorded mode; members come and go only when asked for. Once for a cluster: give the task run_once.",
  args: {
    cluster: { type: 'string', description: 'Name of the cluster (default: the one that the server is in).' },
    add_unmanaged: {
      type: 'boolean',
      default: false,
      description: 'Record members of the group that have no record.',
    },
    remove_obsolete: {
      type: 'boolean',
      default: false,
      description: 'Forget members that are recorded but not in the group.',
    },
    cert_subjects: {
      type: 'map',
      default: {},
      description:
        "Names in the certificates of members to be recorded, by inventory name or address (default: as the server's certificate says).",
    },
    ...MEMBERS_ARGS,
    ...LOGIN_ARGS,
  },
  returns: {
    newly_discovered_instances: 'Addresses of members without a record.',
    unavailable_instances: 'Addresses of records without a member.',
    updated_instances: 'Addresses that belong to another server now.',
    unused_accounts: 'Recovery accounts of no member.',
    topology_mode_differs: 'Whether the recorded mode was wrong.',
  },
  examples: [
    { description: 'Mend what can be mended, report the rest', args: {} },
    { description: 'Forget members that are gone', args: { cluster: 'primary', remove_obsolete: true } },
    {
      description: 'Record members that joined by hand',
      args: { add_unmanaged: true, cert_subjects: { s3: '/CN=s3' } },
    },
  ],
  probe: (host, args, task) => viewCluster(host, args.members ?? task.playHosts, loginOf(args)),
  plan: (args, view) => {
    const cluster = clusterOf(view, args.cluster)
    if (cluster === undefined)
      return { steps: [], diff: [], failure: `${view.server.host} belongs to no cluster.` }
    const scan = scanCluster(cluster, view.topology)
    if (scan === undefined)
      return {
        steps: [],
        diff: [],
        failure: `Cluster "${cluster.row.name}" has no primary that is ONLINE with quorum and answers: its record can't be compared.`,
      }
    const subjectOf = (server: Server): string => {
      const given = args.cert_subjects[server.host] ?? args.cert_subjects[addressOf(server)]
      return typeof given === 'string' ? given : (presented(view, server.host)?.subject ?? '')
    }
    return planRescan(
      { addUnmanaged: args.add_unmanaged, removeObsolete: args.remove_obsolete, subjectOf },
      scan,
      cluster,
      view.topology,
      loginOf(args),
    )
  },
  result: (args, view) => {
    const cluster = clusterOf(view, args.cluster)
    const scan = cluster === undefined ? undefined : scanCluster(cluster, view.topology)
    return {
      newly_discovered_instances: scan?.discovered.map(({ address }) => address) ?? [],
      unavailable_instances: scan?.unavailable.map(({ address }) => address) ?? [],
      updated_instances: scan?.replaced.map(({ row }) => row.address) ?? [],
      unused_accounts: scan?.unused.map(({ user, host }) => `${user}@${host}`) ?? [],
      topology_mode_differs: scan?.modeDiffers ?? false,
    }
  },
})
