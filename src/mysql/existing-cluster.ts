import type { Plan } from '../host/plan.js'
import type { MysqlLogin } from './login.js'
import { convergeSettings } from './member-settings.js'
import type { CreateCluster } from './plan-create-cluster.js'
import { attribute, type Cluster, type Server } from './topology.js'

/** A cluster that is there: what can be changed while it runs is brought in line, the rest must be as wanted. */
export function planExistingCluster(
  wanted: CreateCluster,
  cluster: Cluster,
  server: Server,
  login: MysqlLogin,
): Plan {
  const { variables } = server.picture
  const { wish } = wanted
  const certificate = wish.authType.startsWith('CERT')
  const multiPrimary = variables['group_replication_single_primary_mode'] === 'OFF'
  const subject = attribute(
    cluster.instances.find((row) => row.uuid === server.picture.uuid)?.attributes ?? {},
    'opt_certSubject',
  )
  const rules: readonly (readonly [option: string, is: string, wanted: string | undefined])[] = [
    // AUTO took what was possible when the cluster was made.
    [
      'memberSslMode',
      variables['group_replication_ssl_mode'] ?? '',
      wanted.autoSslMode ? undefined : wish.sslMode,
    ],
    ['memberAuthType', cluster.authType, wanted.adopt ? undefined : wish.authType],
    // A name that is not given is kept.
    ['certIssuer', cluster.issuer, certificate && wish.issuer !== '' ? wish.issuer : undefined],
    [
      'certSubject',
      subject,
      wish.authType.includes('SUBJECT') && wish.subject !== '' ? wish.subject : undefined,
    ],
    [
      'communicationStack',
      variables['group_replication_communication_stack'] ?? 'MYSQL',
      wanted.communicationStack,
    ],
    [
      'multiPrimary',
      String(multiPrimary),
      wanted.multiPrimary === undefined ? undefined : String(wanted.multiPrimary),
    ],
    ['groupName', cluster.groupName, wanted.groupName?.toLowerCase()],
    ['localAddress', variables['group_replication_local_address'] ?? '', wanted.localAddress],
  ]
  const differences = rules.flatMap(([option, is, value]) =>
    value === undefined || value === is ? [] : [`${option} is ${show(is)}, not ${show(value)}`],
  )
  if (differences.length > 0)
    return {
      steps: [],
      diff: [],
      failure: `Cluster "${wanted.name}" exists with other settings, which can't be changed by creating it again: ${differences.join('; ')}.`,
    }
  return convergeSettings(server, wanted.given, login)
}

const show = (value: string): string => (/^[A-Z_]+$|^(true|false)$/.test(value) ? value : `"${value}"`)
