/**
 * Where variables come from, lowest precedence first: Ansible's order ("Understanding variable precedence" in its
 * user guide). Magic variables can't be overridden and stand at the end.
 */
export const PRECEDENCE = [
  'role defaults',
  'inventory group vars',
  'inventory group_vars/all',
  'playbook group_vars/all',
  'inventory group_vars/*',
  'playbook group_vars/*',
  'inventory host vars',
  'inventory host_vars/*',
  'playbook host_vars/*',
  'facts',
  'play vars',
  'play vars_prompt',
  'play vars_files',
  'role vars',
  'block and task vars',
  'include_vars',
  'set_fact and registered vars',
  'role params',
  'loop variables',
  'extra vars',
  'magic variables',
] as const

export type Level = (typeof PRECEDENCE)[number]
