import type { Step } from '../../host/step.js'
import { removeChannel } from '../channel.js'
import { waitForState, waitUntilSeen } from '../bootstrap.js'
import { restore } from '../group-variables.js'
import { restoreThreshold, thresholdAsBefore, withoutOwnClone } from '../clone-threshold.js'
import type { InstancePicture, MysqlInstance } from '../instance.js'
import type { MysqlLogin } from '../login.js'
import type { Statement } from '../step.js'
import { ownState, type InstanceRow, type Server } from '../topology.js'
import { sameSeeds, seedsFor } from './members.js'

/** Steps on single members of a group, each with its undo. */

/** As writable as a server was. */
export const readOnlyAsBefore = ({ variables }: InstancePicture): readonly Statement[] =>
  variables['super_read_only'] === 'ON'
    ? [{ text: 'SET GLOBAL super_read_only = ON' }]
    : [{ text: 'SET GLOBAL super_read_only = OFF' }, { text: 'SET GLOBAL read_only = OFF' }]

/** Waits until the picture of a server that answers is as it shall be. */
export function waitForPicture(
  server: Server,
  login: MysqlLogin,
  wait: {
    readonly until: (picture: InstancePicture) => boolean
    /** Seconds. */
    readonly timeout: number
    readonly otherwise: string
    readonly note: string
  },
): Step {
  return {
    do: 'wait',
    host: server.host,
    question: { ask: 'mysql_instance', login },
    timeout: wait.timeout,
    interval: 0.05,
    until: (answer) => {
      const picture = answer as MysqlInstance
      return picture.kind === 'up' && wait.until(picture)
    },
    otherwise: wait.otherwise,
    note: wait.note,
  }
}

/** Takes back the offline_mode of a member that was fenced off from all traffic, or expelled itself. */
export function letClientsIn({ host, picture }: Server, login: MysqlLogin): readonly Step[] {
  if (picture.variables['offline_mode'] !== 'ON') return []
  return [
    {
      do: 'sql',
      host,
      login,
      note: `let clients in on ${host} again`,
      statements: [{ text: 'SET GLOBAL offline_mode = OFF' }],
      undo: [{ do: 'sql', host, login, statements: [{ text: 'SET GLOBAL offline_mode = ON' }] }],
    },
  ]
}

/** Stops Group Replication on a member that failed or was left behind. */
export function stopGroup(server: Server, login: MysqlLogin): Step {
  const { state } = ownState(server)
  return {
    do: 'sql',
    host: server.host,
    ...(state === 'OFFLINE' ? {} : { leaves: `${server.host}, which was ${state} in its group, is stopped` }),
    login,
    timeout: 180,
    statements: [{ text: 'STOP GROUP_REPLICATION' }],
    note: `stop Group Replication on ${server.host}`,
  }
}

/**
 * Starts Group Replication and waits until the member is ONLINE; a failed start is stopped again.
 * @param primary of the group
 */
export function startGroup(server: Server, primary: Server, login: MysqlLogin): readonly Step[] {
  const { host } = server
  const undo: readonly Step[] = [
    {
      do: 'sql',
      host,
      login,
      timeout: 180,
      statements: [
        { text: 'STOP GROUP_REPLICATION' },
        ...thresholdAsBefore(server),
        ...readOnlyAsBefore(server.picture),
      ],
    },
  ]
  return [
    {
      do: 'sql',
      host,
      login,
      timeout: 180,
      undo,
      note: `start Group Replication on ${host}`,
      // 3093: its own attempt after a reboot, which this one had to wait for, has come through.
      statements: [...withoutOwnClone(server), { text: 'START GROUP_REPLICATION', tolerate: [3093] }],
    },
    waitForState(server, login, 'ONLINE'),
    waitUntilSeen(server, primary, login),
    ...restoreThreshold(server, login),
  ]
}

/**
 * Variables that a member forgets when it leaves its group for good. Before it stops those that tell it from one that was
 * only stopped, should the run end there; last the one that tells that it is not finished.
 */
const BEFORE: readonly (readonly [name: string, value: string])[] = [
  ['group_replication_start_on_boot', 'OFF'],
  ['group_replication_group_seeds', 'DEFAULT'],
]
const AFTER: typeof BEFORE = [
  ['group_replication_enforce_update_everywhere_checks', 'OFF'],
  ['group_replication_bootstrap_group', 'DEFAULT'],
  ['group_replication_local_address', 'DEFAULT'],
]
const FORGOTTEN = [...BEFORE, ...AFTER]

const forgets = (variables: typeof BEFORE): readonly Statement[] =>
  variables.map(([name, value]) =>
    value === 'DEFAULT'
      ? { text: `SET PERSIST ${name} = DEFAULT` }
      : { text: `SET PERSIST ${name} = ?`, values: [value] },
  )

/** Whether a server still is, or would be after its next start, in a group. */
export function isLeftover({ host, picture }: Server): boolean {
  const set = (name: string): boolean => (picture.variables[`group_replication_${name}`] ?? '') !== ''
  return (
    picture.plugins.includes('group_replication') &&
    (ownState({ host, picture }).state !== 'OFFLINE' ||
      picture.variables['group_replication_start_on_boot'] === 'ON' ||
      set('group_seeds') ||
      set('local_address'))
  )
}

/** Whether a run ended while it took a server out of its group: it has stopped, and will not find the group again. */
export function isLeaving(server: Server): boolean {
  const { variables } = server.picture
  return (
    isLeftover(server) &&
    ownState(server).state === 'OFFLINE' &&
    variables['group_replication_start_on_boot'] === 'OFF' &&
    variables['group_replication_group_seeds'] === ''
  )
}

/**
 * Takes a member out of its group for good: AdminAPI's leave_cluster. Undone by starting it again; the channels' accounts
 * are forgotten by {@link forgetChannels}, later, when there is no way back.
 */
export function leaveGroup(server: Server, login: MysqlLogin, resetActions: boolean): Step {
  const { host, picture } = server
  const running = ownState(server).state !== 'OFFLINE'
  return {
    do: 'sql',
    host,
    login,
    timeout: 180,
    note: `take ${host} out of its group`,
    undo: [
      {
        do: 'sql',
        host,
        login,
        timeout: 180,
        statements: [
          ...restore(FORGOTTEN, picture),
          ...(running ? [{ text: 'START GROUP_REPLICATION', tolerate: [3092, 3093] }] : []),
        ],
      },
      ...(running ? [waitForState(server, login, 'ONLINE')] : []),
    ],
    statements: [
      ...forgets(BEFORE),
      { text: 'STOP GROUP_REPLICATION' },
      // The server demands an open door for it; clients stay out.
      ...(resetActions
        ? [
            { text: 'SET GLOBAL read_only = ON' },
            { text: 'SET GLOBAL super_read_only = OFF' },
            { text: 'SELECT group_replication_reset_member_actions()' },
            { text: 'SET GLOBAL super_read_only = ON' },
          ]
        : []),
      ...forgets(AFTER),
    ],
  }
}

/** Whether a channel of a group is configured, running or not. */
export const hasGroupChannels = ({ picture }: Server): boolean =>
  picture.channels.some(({ name, user }) => name === 'group_replication_recovery' && user !== '')

/** Forgets the channels of a group that a server has left. */
export function forgetChannels(server: Server, login: MysqlLogin): Step {
  return {
    do: 'sql',
    host: server.host,
    login,
    note: `forget the group's channels on ${server.host}`,
    pointOfNoReturn: 'begin',
    statements: [
      ...removeChannel('group_replication_applier'),
      ...removeChannel('group_replication_recovery'),
    ],
  }
}

/** The picture of a server that has left its group. */
export function left(picture: InstancePicture): InstancePicture {
  const { uuid, host, port } = picture
  const forgotten = Object.fromEntries(
    FORGOTTEN.map(([name, value]) => [name, value === 'DEFAULT' ? '' : value]),
  )
  return {
    ...picture,
    members: [{ uuid, host, port, state: 'OFFLINE', role: '' }],
    channels: picture.channels.filter(({ name }) => !name.startsWith('group_replication_')),
    variables: { ...picture.variables, ...forgotten, super_read_only: 'ON' },
    persisted: { ...picture.persisted, ...forgotten },
  }
}

/** Tells servers the addresses of the other members where they have another list. */
export function seedSteps(
  servers: readonly Server[],
  rows: readonly InstanceRow[],
  login: MysqlLogin,
): readonly Step[] {
  return servers.flatMap((server): readonly Step[] => {
    const { host, picture } = server
    const seeds = seedsFor(picture.uuid, rows)
    const name = 'group_replication_group_seeds'
    if (sameSeeds(picture.variables[name] ?? '', seeds)) return []
    return [
      {
        do: 'sql',
        host,
        login,
        note: `tell ${host} the addresses of the other members`,
        statements: [{ text: `SET PERSIST ${name} = ?`, values: [seeds] }],
        undo: [{ do: 'sql', host, login, statements: restore([[name, seeds]], picture) }],
      },
    ]
  })
}
