import { needsCertificate } from './account.js'
import type { InstancePicture } from './instance.js'
import type { AuthType, Generated, SslMode, Statement } from './step.js'

/** A variable to be persisted. DEFAULT stands for the server's default. */
export type Setting = readonly [name: string, value: string | number | Generated]

/** How a group and its member are to be set up. */
export interface GroupSettings {
  readonly groupName: string | Generated
  readonly sslMode: SslMode
  readonly authType: AuthType
  readonly localAddress: string
  readonly communicationStack: 'MYSQL' | 'XCOM'
  readonly seeds?: string
  readonly startOnBoot: boolean
  readonly multiPrimary?: boolean
  /** Members that the group will have; decides how far apart their numbers of AUTO_INCREMENT are. Default 1. */
  readonly groupSize?: number
  readonly transactionSizeLimit?: string
  readonly paxosSingleLeader?: string
  readonly viewChangeUuid?: string | Generated
  /** Options that are only written when given: variable and value. */
  readonly given: readonly Setting[]
}

/** The variables of a member in the order in which AdminAPI writes them. */
export function groupVariables(settings: GroupSettings, server: InstancePicture): readonly Setting[] {
  const { variables } = server
  const list: Setting[] = [
    ['super_read_only', 'ON'],
    ['group_replication_group_name', settings.groupName],
    ...(settings.viewChangeUuid === undefined
      ? []
      : [['group_replication_view_change_uuid', settings.viewChangeUuid] as const]),
    // The server refuses the other order.
    ...(settings.multiPrimary === true
      ? ([
          ['group_replication_single_primary_mode', 'OFF'],
          ['group_replication_enforce_update_everywhere_checks', 'ON'],
        ] as const)
      : ([
          ['group_replication_enforce_update_everywhere_checks', 'OFF'],
          ['group_replication_single_primary_mode', 'ON'],
        ] as const)),
  ]
  const recovery = (name: string, value: string): void => {
    const variable = `group_replication_recovery_${name}`
    // What an earlier group of this server left must not stay.
    const left = (variables[variable] ?? '') !== '' || (server.persisted[variable] ?? '') !== ''
    if (value !== '') list.push([variable, value])
    else if (left) list.push([variable, 'DEFAULT'])
  }
  const certificate = needsCertificate(settings.authType)
  recovery('ssl_cert', certificate ? (variables['ssl_cert'] ?? '') : '')
  recovery('ssl_key', certificate ? (variables['ssl_key'] ?? '') : '')
  if (settings.sslMode === 'DISABLED')
    list.push(
      ['group_replication_recovery_get_public_key', 'ON'],
      ['group_replication_recovery_use_ssl', 'OFF'],
    )
  else {
    list.push(
      ['group_replication_recovery_use_ssl', 'ON'],
      [
        'group_replication_recovery_ssl_verify_server_cert',
        settings.sslMode === 'VERIFY_IDENTITY' ? 'ON' : 'OFF',
      ],
    )
    for (const name of ['ssl_ca', 'ssl_capath', 'ssl_cipher', 'ssl_crl', 'ssl_crlpath', 'tls_version']) {
      recovery(name, settings.sslMode === 'REQUIRED' ? '' : (variables[name] ?? ''))
    }
  }
  list.push(
    ['group_replication_ssl_mode', settings.sslMode],
    ['group_replication_local_address', settings.localAddress],
  )
  if (settings.seeds !== undefined) list.push(['group_replication_group_seeds', settings.seeds])
  list.push(...settings.given)
  list.push(
    ['group_replication_start_on_boot', settings.startOnBoot ? 'ON' : 'OFF'],
    ['group_replication_communication_stack', settings.communicationStack],
  )
  if (settings.transactionSizeLimit !== undefined)
    list.push(['group_replication_transaction_size_limit', Number(settings.transactionSizeLimit)])
  list.push(['group_replication_paxos_single_leader', settings.paxosSingleLeader ?? 'DEFAULT'])
  list.push(...autoIncrement(settings.multiPrimary === true, settings.groupSize ?? 1, server.serverId))
  return list
}

/** AdminAPI's rule: in multi-primary mode every member counts in steps of its own, seven apart or more. */
export function autoIncrement(
  multiPrimary: boolean,
  groupSize: number,
  serverId: number,
): readonly Setting[] {
  const increment = multiPrimary ? Math.max(7, groupSize) : 1
  return [
    ['auto_increment_increment', increment],
    ['auto_increment_offset', multiPrimary ? 1 + (serverId % increment) : 2],
  ]
}

/** How the server shows those of them whose value is known beforehand. */
export function asSet(settings: readonly Setting[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    settings.flatMap(([name, value]) =>
      typeof value === 'object' || value === 'DEFAULT' ? [] : [[name, String(value)]],
    ),
  )
}

/** SET PERSIST for each. */
export function persist(settings: readonly Setting[]): readonly Statement[] {
  return settings.map(([name, value]) =>
    value === 'DEFAULT'
      ? { text: `SET PERSIST ${name} = DEFAULT` }
      : { text: `SET PERSIST ${name} = ?`, values: [value] },
  )
}

/** The statements that bring variables back to what a server had, running and persisted. */
export function restore(settings: readonly Setting[], server: InstancePicture): readonly Statement[] {
  const names = [...new Set(settings.map(([name]) => name))].reverse()
  // super_read_only has switched read_only on as well, and does not switch it off.
  const wasWritable = server.variables['read_only'] === 'OFF'
  const writable: readonly Statement[] =
    names.includes('super_read_only') && wasWritable ? [{ text: 'SET GLOBAL read_only = OFF' }] : []
  return [...names.flatMap(back), ...writable]

  function back(name: string): readonly Statement[] {
    const persisted = server.persisted[name]
    const running = server.variables[name]
    const value = (text: string): Statement['values'] => [/^-?\d+$/.test(text) ? Number(text) : text]
    // What the plugin brings may be unknown again by now (1193), or have no default to go back to (1229, 1231, 1238).
    // What can't be set while the group runs (3093) is as it was if the group was never stopped.
    const tolerate = [1193, 1229, 1231, 1238, 3093, 3615]
    if (persisted !== undefined)
      return [{ text: `SET PERSIST ${name} = ?`, values: value(persisted) ?? [], tolerate }]
    const global: Statement =
      running === undefined
        ? { text: `SET GLOBAL ${name} = DEFAULT`, tolerate }
        : { text: `SET GLOBAL ${name} = ?`, values: value(running) ?? [], tolerate }
    return [{ text: `RESET PERSIST IF EXISTS ${name}`, tolerate }, global]
  }
}

/** A persisted value of a variable whose running one stays. */
export function persistedAsBefore(
  name: string,
  persisted: Readonly<Record<string, string>>,
): readonly Statement[] {
  const value = persisted[name]
  return [
    value === undefined
      ? { text: `RESET PERSIST IF EXISTS ${name}` }
      : { text: `SET PERSIST_ONLY ${name} = ?`, values: [value] },
  ]
}
