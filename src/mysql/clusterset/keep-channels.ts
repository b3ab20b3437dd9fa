import type { Step } from '../../host/step.js'
import type { MysqlLogin } from '../login.js'
import type { Server } from '../topology.js'

/** Channels of members of a ClusterSet never start by themselves: the group starts that of its primary. */
export function keepChannels({ host, picture }: Server, login: MysqlLogin): readonly Step[] {
  if (picture.persisted['skip_replica_start'] === 'ON') return []
  return [
    {
      do: 'sql',
      host,
      login,
      statements: [{ text: 'SET PERSIST_ONLY skip_replica_start = ON' }],
      undo: [
        { do: 'sql', host, login, statements: [{ text: 'RESET PERSIST IF EXISTS skip_replica_start' }] },
      ],
      note: `keep channels of ${host} from starting by themselves`,
    },
  ]
}
