/** Where the servers are that a ReplicaSet module looks at. */
export const MEMBERS_ARG = {
  members: {
    type: 'strings',
    description: 'Inventory names of the servers to look at (default: all hosts of the play).',
  },
} as const
