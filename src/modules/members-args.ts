/** Where the servers are that a module looks at, besides the task's own. */
export const MEMBERS_ARGS = {
  members: {
    type: 'strings',
    description: 'Inventory names of the servers of the cluster (default: all hosts of the play).',
  },
} as const
