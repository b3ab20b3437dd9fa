import { readOptions } from '../option-file/edit.js'

/** What a Router shall be bootstrapped with. Texts that are empty are left to Router. */
export interface RouterWish {
  readonly directory: string
  readonly name: string
  readonly user: string
  readonly account: string
  readonly bootstrapUser: string
  readonly reportHost: string
  readonly sslMode: string
  readonly sslCa: string
  /** Shown while bootstrapping only: a Router that runs shows none of its own. */
  readonly sslCert: string
  readonly sslKey: string
  readonly serverSslMode: string
  readonly serverSslVerify: string
  readonly clientSslMode: string
  readonly clientSslCert: string
  readonly clientSslKey: string
  readonly basePort: number
  readonly bindAddress: string
  readonly xProtocol: boolean
  readonly rest: boolean
  /** `primary`, `current`, or the name of a cluster of the ClusterSet; empty: Router's default. */
  readonly targetCluster: string
  /** `section.option` and value. */
  readonly options: Readonly<Record<string, string>>
}

/** Where a Router belongs: as the topology says, or as its state file says. */
export interface RoutedTo {
  readonly kind: 'clusterset' | 'cluster' | 'replicaset'
  /** Name of the ClusterSet, cluster or ReplicaSet. */
  readonly name: string
  /** Id of the ClusterSet or ReplicaSet, or name of the group. */
  readonly id: string
}

/** Sessions in which clients' TLS is passed on untouched can't be shared, so that there is no read-write splitting. */
const splits = (wish: RouterWish): boolean => wish.clientSslMode !== 'PASSTHROUGH'

/**
 * Options that are set one by one. The section of read-write splitting has modes of its own (PREFERRED), which would
 * let sessions to servers go without TLS.
 */
function overrides(wish: RouterWish): readonly (readonly [option: string, value: string])[] {
  const split = 'routing:bootstrap_rw_split'
  return [
    ...(splits(wish) && wish.serverSslMode !== ''
      ? [[`${split}.server_ssl_mode`, wish.serverSslMode] as const]
      : []),
    ...(splits(wish) && wish.clientSslMode !== ''
      ? [[`${split}.client_ssl_mode`, wish.clientSslMode] as const]
      : []),
    ...Object.entries(wish.options),
  ]
}

/** The words of `mysqlrouter --bootstrap`; passwords are asked for on standard input. */
export function bootstrapWords(
  wish: RouterWish,
  { kind }: Pick<RoutedTo, 'kind'>,
  server: string,
  force: boolean,
): readonly string[] {
  const given = (option: string, value: string): readonly string[] =>
    value === '' ? [] : [`--${option}=${value}`]
  return [
    'mysqlrouter',
    `--bootstrap=${wish.bootstrapUser}@${server}`,
    `--directory=${wish.directory}`,
    `--user=${wish.user}`,
    `--account=${wish.account}`,
    '--account-create=never',
    '--strict',
    `--name=${wish.name}`,
    ...given('report-host', wish.reportHost),
    ...given('ssl-mode', wish.sslMode),
    ...given('ssl-ca', wish.sslCa),
    ...given('ssl-cert', wish.sslCert),
    ...given('ssl-key', wish.sslKey),
    ...given('server-ssl-mode', wish.serverSslMode),
    ...given('server-ssl-verify', wish.serverSslVerify),
    ...given(
      'server-ssl-ca',
      wish.serverSslVerify === '' || wish.serverSslVerify === 'DISABLED' ? '' : wish.sslCa,
    ),
    ...given('client-ssl-mode', wish.clientSslMode),
    ...given('client-ssl-cert', wish.clientSslCert),
    ...given('client-ssl-key', wish.clientSslKey),
    `--conf-base-port=${wish.basePort}`,
    ...given('conf-bind-address', wish.bindAddress),
    ...(wish.targetCluster === ''
      ? []
      : wish.targetCluster === 'primary' || wish.targetCluster === 'current'
        ? [`--conf-target-cluster=${wish.targetCluster}`]
        : [`--conf-target-cluster-by-name=${wish.targetCluster}`]),
    ...(wish.xProtocol ? [] : ['--conf-skip-x-protocol']),
    // Notifications of groups come through the X protocol; without them Router looks more often.
    ...(wish.xProtocol || kind === 'replicaset' ? [] : ['--conf-use-gr-notifications=0']),
    ...(wish.rest ? [] : ['--disable-rest']),
    ...(splits(wish) ? [] : ['--disable-rw-split']),
    ...overrides(wish).map(([option, value]) => `--conf-set-option=${option}=${value}`),
    ...(force ? ['--force'] : []),
  ]
}

/** What the state file says that the Router belongs to; empty if it can't be read. */
export function stateId(state: string): string {
  try {
    const cache = (JSON.parse(state) as { 'metadata-cache'?: Readonly<Record<string, unknown>> })[
      'metadata-cache'
    ]
    const id = cache?.['clusterset-id'] ?? cache?.['group-replication-id']
    return typeof id === 'string' ? id : ''
  } catch {
    return ''
  }
}

/** How a configuration that bootstrapping left differs from the wish; a line each. None: it is as wanted. */
export function differences(
  wish: RouterWish,
  to: RoutedTo,
  configuration: string,
  state: string,
): readonly string[] {
  const lines: string[] = []
  const compare = (section: string, option: string, wanted: string): void => {
    if (wanted === '') return
    const found = readOptions(configuration, section).get(option)
    if (found !== wanted)
      lines.push(`${option} of [${section}] is ${found ?? 'not set'}, wanted is ${wanted}`)
  }
  compare('DEFAULT', 'name', wish.name)
  compare('DEFAULT', 'user', wish.user)
  compare('DEFAULT', 'server_ssl_mode', wish.serverSslMode)
  compare('DEFAULT', 'server_ssl_verify', wish.serverSslVerify)
  compare('DEFAULT', 'client_ssl_mode', wish.clientSslMode)
  compare('DEFAULT', 'client_ssl_cert', wish.clientSslCert)
  compare('DEFAULT', 'client_ssl_key', wish.clientSslKey)
  compare('metadata_cache:bootstrap', 'user', wish.account)
  compare('metadata_cache:bootstrap', 'ssl_mode', wish.sslMode)
  compare('metadata_cache:bootstrap', 'ssl_ca', wish.sslCa)
  compare('routing:bootstrap_rw', 'bind_port', String(wish.basePort))
  compare('routing:bootstrap_rw', 'bind_address', wish.bindAddress)
  compare('routing:bootstrap_rw', 'destinations', `metadata-cache://${to.name}/?role=PRIMARY`)
  for (const [option, value] of overrides(wish)) {
    const dot = option.lastIndexOf('.')
    compare(option.slice(0, dot), option.slice(dot + 1), value)
  }
  const has = (section: string): boolean => readOptions(configuration, section).size > 0
  for (const [section, wanted] of [
    ['routing:bootstrap_x_rw', wish.xProtocol],
    ['routing:bootstrap_rw_split', splits(wish)],
    ['http_server', wish.rest],
  ] as const)
    if (has(section) !== wanted) lines.push(`[${section}] is ${wanted ? 'missing' : 'there'}`)
  const id = stateId(state)
  if (to.id !== '' && id !== to.id)
    lines.push(`it belongs to ${id === '' ? 'nothing' : id}, ${to.name} is ${to.id}`)
  return lines
}
