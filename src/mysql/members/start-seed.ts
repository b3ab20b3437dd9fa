import type { Step } from '../../host/step.js'
import { BOOTSTRAP, waitForState } from '../bootstrap.js'
import type { MysqlLogin } from '../login.js'
import type { Server } from '../topology.js'
import { letClientsIn, readOnlyAsBefore, waitForPicture } from './group-steps.js'

/** Errors of START GROUP_REPLICATION: not configured, in a wrong state, no applier, no communication layer. */
const FAILED_STARTS = [3092, 3094, 3095, 3096, 3097]

/** Starts the group of a cluster that is down, with this member. Once it runs it is not stopped again, whatever becomes of the others. */
export function startSeed(seed: Server, readOnly: boolean, login: MysqlLogin): readonly Step[] {
  const { host, picture } = seed
  const action = 'mysql_disable_super_read_only_if_primary'
  const memberAction = (change: 'enable' | 'disable') => [
    { text: 'SET GLOBAL super_read_only = OFF' },
    {
      text: `SELECT group_replication_${change}_member_action(?, 'AFTER_PRIMARY_ELECTION')`,
      values: [action],
    },
    ...(picture.variables['super_read_only'] === 'OFF' ? [] : [{ text: 'SET GLOBAL super_read_only = ON' }]),
  ]
  return [
    ...letClientsIn(seed, login),
    ...(readOnly && picture.memberActions[action] !== false
      ? [
          {
            do: 'sql',
            host,
            login,
            note: `keep ${host} read-only`,
            statements: memberAction('disable'),
            undo: [{ do: 'sql', host, login, statements: memberAction('enable') }],
          } as const,
        ]
      : []),
    {
      do: 'sql',
      host,
      login,
      timeout: 180,
      note: `start the group on ${host}`,
      statements: [
        { text: `SET GLOBAL ${BOOTSTRAP} = ON` },
        { text: 'START GROUP_REPLICATION', tolerate: FAILED_STARTS },
        // In any case: a member that keeps it would found a second group at its next start.
        { text: `SET GLOBAL ${BOOTSTRAP} = OFF` },
        // It runs already (3093), or the first attempt failed: then the server says why.
        { text: 'START GROUP_REPLICATION', tolerate: [3093] },
      ],
      undo: [
        {
          do: 'sql',
          host,
          login,
          timeout: 180,
          statements: [
            { text: `SET GLOBAL ${BOOTSTRAP} = OFF` },
            { text: 'STOP GROUP_REPLICATION' },
            ...readOnlyAsBefore(picture),
          ],
        },
      ],
    },
    { ...waitForState(seed, login, 'ONLINE'), pointOfNoReturn: 'begin' },
    ...(readOnly || picture.memberActions[action] === false
      ? []
      : [
          waitForPicture(seed, login, {
            timeout: 900,
            until: ({ variables }) => variables['super_read_only'] === 'OFF',
            otherwise: `${host} stays read-only.`,
            note: `wait until ${host} takes writes`,
          }),
        ]),
  ]
}
