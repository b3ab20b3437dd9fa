import { sameValue } from '../option-file/edit.js'
import type { InstancePicture } from './instance.js'
import { atLeast } from './version.js'

/** A variable that InnoDB Cluster asks for. Facts: AdminAPI's checks of an instance's configuration. */
interface Rule {
  readonly name: string
  /** What is accepted; the first is what is set. */
  readonly accepted: readonly string[]
  /** Takes effect at the next start only. */
  readonly restart: boolean
  /** Versions that have it: from, and up to but without. */
  readonly from?: string
  readonly until?: string
  /** It can't be persisted by SQL: the option file has to be edited. */
  readonly file?: true
}

const RULES: readonly Rule[] = [
  { name: 'log_bin', accepted: ['ON'], restart: true, file: true },
  { name: 'performance_schema', accepted: ['ON'], restart: true, file: true },
  { name: 'binlog_format', accepted: ['ROW'], restart: false },
  // Before gtid_mode: a server that starts with GTIDs only needs it.
  { name: 'enforce_gtid_consistency', accepted: ['ON'], restart: true },
  { name: 'gtid_mode', accepted: ['ON'], restart: true },
  { name: 'log_replica_updates', accepted: ['ON'], restart: true },
  { name: 'master_info_repository', accepted: ['TABLE'], restart: true, until: '8.3.0' },
  { name: 'relay_log_info_repository', accepted: ['TABLE'], restart: true, until: '8.3.0' },
  {
    name: 'transaction_write_set_extraction',
    accepted: ['XXHASH64', 'MURMUR32'],
    restart: true,
    until: '8.3.0',
  },
  {
    name: 'replica_parallel_type',
    accepted: ['LOGICAL_CLOCK'],
    restart: false,
    from: '8.0.23',
    until: '8.3.0',
  },
  { name: 'replica_preserve_commit_order', accepted: ['ON'], restart: false, from: '8.0.23' },
  {
    name: 'binlog_transaction_dependency_tracking',
    accepted: ['WRITESET'],
    restart: false,
    from: '8.0.23',
    until: '8.4.0',
  },
  { name: 'group_replication_tls_source', accepted: ['mysql_main'], restart: false, from: '8.0.21' },
]

/** The rules that let a replica apply in parallel. */
const PARALLEL_APPLIER: readonly string[] = [
  'transaction_write_set_extraction',
  'replica_parallel_type',
  'replica_preserve_commit_order',
  'binlog_transaction_dependency_tracking',
]

/** What has to be done about a setting; AdminAPI's words. */
export type Action = 'server_update' | 'server_update+restart' | 'restart' | 'config_update+restart'

/** A setting that is not as it has to be. Field names as in AdminAPI's report. */
export interface ConfigError {
  readonly option: string
  readonly current: string
  readonly required: string
  readonly action: Action
  /** What is persisted, where that differs from what runs. */
  readonly persisted?: string
}

const has = (rule: Rule, version: string): boolean =>
  (rule.from === undefined || atLeast(version, rule.from)) &&
  (rule.until === undefined || !atLeast(version, rule.until))

/** Variables that are not as InnoDB Cluster needs them, in the order in which they have to be set. */
export function configErrors(
  picture: Pick<InstancePicture, 'version' | 'variables' | 'persisted'>,
): readonly ConfigError[] {
  const { version, variables, persisted } = picture
  const fits = (rule: Rule, value: string): boolean => rule.accepted.some((one) => sameValue(value, one))
  const found = RULES.flatMap((rule): readonly ConfigError[] => {
    const current = variables[rule.name]
    if (!has(rule, version) || current === undefined) return []
    const kept = persisted[rule.name]
    const runs = fits(rule, current)
    if (runs && (kept === undefined || fits(rule, kept))) return []
    const action: Action =
      rule.file === true
        ? 'config_update+restart'
        : !rule.restart || runs
          ? 'server_update'
          : kept !== undefined && fits(rule, kept)
            ? 'restart'
            : 'server_update+restart'
    const [required = ''] = rule.accepted
    return [
      { option: rule.name, current, required, action, ...(kept === undefined ? {} : { persisted: kept }) },
    ]
  })
  const { port, report_port: reported } = variables
  return port === undefined || reported === undefined || reported === port
    ? found
    : [
        ...found,
        { option: 'report_port', current: reported, required: port, action: 'config_update+restart' },
      ]
}

/** Settings for applying in parallel that are not as AdminAPI asks for; those that are only persisted otherwise are left out. */
export function parallelApplierErrors(
  picture: Pick<InstancePicture, 'version' | 'variables'>,
): readonly ConfigError[] {
  return configErrors({ ...picture, persisted: {} }).filter(({ option }) => PARALLEL_APPLIER.includes(option))
}

/** Channels that members of a cluster have. */
const OWN_CHANNELS = [
  'group_replication_applier',
  'group_replication_recovery',
  'mysqlsh.test',
  'clusterset_replication',
]

/** Channels of replication that AdminAPI did not make. */
export function foreignChannels(picture: InstancePicture): readonly string[] {
  return picture.channels.map(({ name }) => name).filter((name) => !OWN_CHANNELS.includes(name))
}
