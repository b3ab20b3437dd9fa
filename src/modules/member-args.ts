import type { Setting } from '../mysql/group-variables.js'

/** Options of a member that are written only when given; AdminAPI's names in snake_case. */
export const MEMBER_ARGS = {
  exit_state_action: {
    type: 'string',
    enum: ['ABORT_SERVER', 'OFFLINE_MODE', 'READ_ONLY'],
    description: 'What a member does that is expelled.',
  },
  member_weight: {
    type: 'integer',
    minimum: 0,
    maximum: 100,
    description: 'The heaviest becomes primary first.',
  },
  consistency: {
    type: 'string',
    enum: ['EVENTUAL', 'BEFORE_ON_PRIMARY_FAILOVER', 'BEFORE', 'AFTER', 'BEFORE_AND_AFTER'],
    description: 'Consistency that the group guarantees.',
  },
  expel_timeout: {
    type: 'integer',
    minimum: 0,
    maximum: 3600,
    description: 'Seconds before a member that is suspected is expelled.',
  },
  auto_rejoin_tries: {
    type: 'integer',
    minimum: 0,
    maximum: 2016,
    description: 'How often an expelled member tries to come back.',
  },
} as const

/** Where a member is reached, and by whom. */
export const ADDRESS_ARGS = {
  local_address: {
    type: 'string',
    description:
      "HOST:PORT of the member in its group (default: report_host and the server's port; with XCOM ten times the port plus one).",
  },
  ip_allowlist: {
    type: 'string',
    description: 'Addresses and networks that may connect to the group, with commas. Only with XCOM.',
  },
} as const

/** How data comes to a new member. */
export const RECOVERY_ARGS = {
  recovery_method: {
    type: 'string',
    enum: ['auto', 'incremental', 'clone'],
    default: 'auto',
    description:
      'How data comes to the server. incremental replays binary logs. clone replaces all its data by a copy of a member. auto is incremental where the server has no transactions of its own and no log that it needs is gone, else clone if that loses nothing.',
  },
  clone_donor: {
    type: 'string',
    description: 'Inventory name or address of the member that is cloned (default: the primary).',
  },
} as const

export interface MemberOptions {
  readonly ip_allowlist?: string
  readonly exit_state_action?: string
  readonly member_weight?: number
  readonly consistency?: string
  readonly expel_timeout?: number
  readonly auto_rejoin_tries?: number
}

/** The variables of the options that were given. */
export function givenSettings(options: MemberOptions): readonly Setting[] {
  const list: readonly (readonly [string, string | number | undefined])[] = [
    ['group_replication_ip_allowlist', options.ip_allowlist],
    ['group_replication_exit_state_action', options.exit_state_action],
    ['group_replication_member_weight', options.member_weight],
    ['group_replication_consistency', options.consistency],
    ['group_replication_member_expel_timeout', options.expel_timeout],
    ['group_replication_autorejoin_tries', options.auto_rejoin_tries],
  ]
  return list.flatMap(([name, value]): readonly Setting[] => (value === undefined ? [] : [[name, value]]))
}
