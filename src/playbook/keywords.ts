/** Where a keyword may stand. */
export type Level = 'play' | 'role' | 'block' | 'task' | 'handler' | 'vars_prompt'

/** What a keyword's value may be, checked before templates are evaluated. */
export type KeywordType =
  | 'text'
  | 'boolean'
  | 'integer'
  | 'number'
  | 'texts'
  | 'list'
  | 'map'
  | 'maps'
  | 'condition'
  | 'items'
  | 'any'

export interface Keyword {
  readonly name: string
  readonly levels: readonly Level[]
  readonly type: KeywordType
  /** What it does, for docs/keywords.md and editors. */
  readonly summary: string
  /** Set for keywords of Ansible's that signet refuses rather than ignores: why, and what to use instead. */
  readonly refused?: string
}

const ALL: readonly Level[] = ['play', 'role', 'block', 'task', 'handler']
const TASKS: readonly Level[] = ['task', 'handler']
const PROMPT: readonly Level[] = ['vars_prompt']
const INNER: readonly Level[] = ['role', 'block', 'task', 'handler']

/** Every keyword of Ansible's: honoured or refused, never ignored. docs/keywords.md is made from this table. One line each. */
// prettier-ignore
export const KEYWORDS: readonly Keyword[] = [
  { name: 'name', levels: ALL, type: 'text', summary: 'Shown while it runs; a handler is notified by it.' },
  { name: 'name', levels: PROMPT, type: 'text', summary: 'The variable that is asked for.' },
  { name: 'prompt', levels: PROMPT, type: 'text', summary: 'The question (default: the name).' },
  { name: 'default', levels: PROMPT, type: 'any', summary: 'Value when nothing is answered, or nobody is there to answer.' },
  { name: 'private', levels: PROMPT, type: 'boolean', summary: 'Hide what is typed, and mask it everywhere (default: yes).' },
  { name: 'confirm', levels: PROMPT, type: 'boolean', summary: 'Ask twice, until both answers are the same.' },
  { name: 'unsafe', levels: PROMPT, type: 'boolean', summary: 'Accepted; an answer never is a template.' },
  { name: 'hosts', levels: ['play'], type: 'texts', summary: 'Host pattern: which hosts of the inventory the play is for.' },
  { name: 'vars', levels: ALL, type: 'map', summary: 'Variables.' },
  { name: 'vars_prompt', levels: ['play'], type: 'list', summary: 'Variables to ask for at the terminal before anything runs; one that is given with -e is not asked for.' },
  { name: 'vars_files', levels: ['play'], type: 'texts', summary: 'Files of variables, relative to the playbook.' },
  { name: 'gather_facts', levels: ['play'], type: 'boolean', summary: 'Gather facts before the first task (default: yes).' },
  { name: 'pre_tasks', levels: ['play'], type: 'items', summary: 'Tasks before the roles.' },
  { name: 'roles', levels: ['play'], type: 'list', summary: 'Roles, each a name or a mapping with `role` and its parameters.' },
  { name: 'tasks', levels: ['play'], type: 'items', summary: 'Tasks after the roles.' },
  { name: 'post_tasks', levels: ['play'], type: 'items', summary: 'Tasks at the end.' },
  { name: 'handlers', levels: ['play'], type: 'items', summary: 'Tasks that run once when notified by a task that changed something.' },
  { name: 'serial', levels: ['play'], type: 'any', summary: 'Hosts at a time: a number, a percentage, or a list of both.' },
  { name: 'max_fail_percentage', levels: ['play'], type: 'number', summary: 'Give the batch up when more hosts than this fail.' },
  { name: 'any_errors_fatal', levels: ALL, type: 'boolean', summary: 'A failure on one host ends the play on all.' },
  { name: 'force_handlers', levels: ['play'], type: 'boolean', summary: 'Run notified handlers on hosts that failed, too.' },
  { name: 'strategy', levels: ['play'], type: 'text', summary: 'Only `linear`: all hosts finish a task before the next begins.' },
  { name: 'remote_user', levels: ['play'], type: 'text', summary: 'User to log in as.' },
  { name: 'port', levels: ['play'], type: 'integer', summary: 'Port of sshd.' },
  { name: 'connection', levels: ['play'], type: 'text', summary: '`ssh` or `local`.' },
  { name: 'become', levels: ALL, type: 'boolean', summary: 'Become another user.' },
  { name: 'become_user', levels: ALL, type: 'text', summary: 'The user to become (default: root).' },
  { name: 'become_method', levels: ALL, type: 'text', summary: '`sudo` or `su`.' },
  { name: 'environment', levels: ALL, type: 'any', summary: 'Environment variables for commands.' },
  { name: 'tags', levels: ALL, type: 'texts', summary: 'Tags for --tags and --skip-tags; inherited.' },
  { name: 'no_log', levels: ALL, type: 'boolean', summary: 'Show nothing of the result but its status.' },
  { name: 'ignore_errors', levels: ALL, type: 'boolean', summary: 'Go on after a failure.' },
  { name: 'ignore_unreachable', levels: ALL, type: 'boolean', summary: 'Go on after a host could not be reached.' },
  { name: 'check_mode', levels: ALL, type: 'boolean', summary: 'Always (yes) or never (no) only look.' },
  { name: 'diff', levels: ALL, type: 'boolean', summary: 'Show differences.' },
  { name: 'run_once', levels: ALL, type: 'boolean', summary: 'Run on the first host only; the result counts for all.' },
  { name: 'throttle', levels: ALL, type: 'integer', summary: 'At most so many hosts at a time.' },
  { name: 'timeout', levels: ALL, type: 'integer', summary: 'Seconds that a task may take on a host.' },
  { name: 'role', levels: ['role'], type: 'text', summary: 'Name of the role.' },
  { name: 'when', levels: INNER, type: 'condition', summary: 'Conditions that must all hold.' },
  { name: 'delegate_to', levels: INNER, type: 'text', summary: 'Do it on another host, with the variables of this one.' },
  { name: 'delegate_facts', levels: INNER, type: 'boolean', summary: 'Facts are set for the host that it is delegated to.' },
  { name: 'block', levels: ['block'], type: 'items', summary: 'Tasks that share keywords.' },
  { name: 'rescue', levels: ['block'], type: 'items', summary: 'Tasks to run when one of the block failed.' },
  { name: 'always', levels: ['block'], type: 'items', summary: 'Tasks to run in any case.' },
  { name: 'notify', levels: ['block', 'task', 'handler'], type: 'texts', summary: 'Handlers to run when this changed something.' },
  { name: 'listen', levels: ['handler'], type: 'texts', summary: 'Topics that notify this handler.' },
  { name: 'action', levels: TASKS, type: 'any', summary: 'The module, written the long way.' },
  { name: 'local_action', levels: TASKS, type: 'any', summary: 'Like action, delegated to localhost.' },
  { name: 'args', levels: TASKS, type: 'map', summary: 'Further arguments of the module.' },
  { name: 'loop', levels: TASKS, type: 'any', summary: 'Run once for each item of a list.' },
  { name: 'loop_control', levels: TASKS, type: 'map', summary: 'loop_var, index_var, label, pause, extended.' },
  { name: 'with_items', levels: TASKS, type: 'any', summary: 'Like loop; nested lists are flattened one level.' },
  { name: 'with_list', levels: TASKS, type: 'any', summary: 'Like loop.' },
  { name: 'with_dict', levels: TASKS, type: 'any', summary: 'Loop over key and value of a mapping.' },
  { name: 'with_flattened', levels: TASKS, type: 'any', summary: 'Like loop; nested lists are flattened wholly.' },
  { name: 'with_together', levels: TASKS, type: 'list', summary: 'Loop over several lists side by side.' },
  { name: 'with_nested', levels: TASKS, type: 'list', summary: 'Loop over all combinations of several lists.' },
  { name: 'with_cartesian', levels: TASKS, type: 'list', summary: 'Another name of with_nested.' },
  { name: 'with_indexed_items', levels: TASKS, type: 'any', summary: 'Loop over pairs of position and item.' },
  { name: 'with_sequence', levels: TASKS, type: 'any', summary: 'Loop over numbers: `start=1 end=9 stride=2 format=host%02d`, or `count=5`.' },
  { name: 'with_fileglob', levels: TASKS, type: 'texts', summary: 'Loop over the files of the controller that match a pattern.' },
  { name: 'with_first_found', levels: TASKS, type: 'any', summary: 'The first of these files of the controller that exists.' },
  { name: 'register', levels: TASKS, type: 'text', summary: 'Keep the result in a variable.' },
  { name: 'changed_when', levels: TASKS, type: 'condition', summary: 'Decides whether the task changed something.' },
  { name: 'failed_when', levels: TASKS, type: 'condition', summary: 'Decides whether the task failed.' },
  { name: 'until', levels: TASKS, type: 'condition', summary: 'Repeat until it holds.' },
  { name: 'retries', levels: TASKS, type: 'integer', summary: 'How often to repeat for until (default: 3).' },
  { name: 'delay', levels: TASKS, type: 'number', summary: 'Seconds between two tries (default: 5).' },
  { name: 'with_subelements', levels: TASKS, type: 'any', summary: 'Loop over a list in each item of a list.', refused: 'Loop in a file of tasks with include_tasks, once for each item.' },
  { name: 'with_lines', levels: TASKS, type: 'any', summary: "Loop over the lines of a command's output.", refused: 'Register the command and loop over its stdout_lines.' },
  { name: 'with_file', levels: TASKS, type: 'any', summary: 'Loop over the contents of files.', refused: "Write loop: [\"{{ lookup('file', 'a') }}\"]." },
  { name: 'with_inventory_hostnames', levels: TASKS, type: 'any', summary: 'Loop over hosts of a pattern.', refused: "Write loop: \"{{ groups['NAME'] }}\"." },
  { name: 'with_random_choice', levels: TASKS, type: 'any', summary: 'One item by chance.', refused: 'Write \"{{ list | random }}\".' },
  { name: 'port', levels: INNER, type: 'integer', summary: 'Port of sshd.', refused: 'Set it for the play, or as ansible_port for the host.' },
  { name: 'remote_user', levels: INNER, type: 'text', summary: 'User to log in as.', refused: 'Set it for the play, or ansible_user for the host; become another user with become_user.' },
  { name: 'connection', levels: INNER, type: 'text', summary: '`ssh` or `local`.', refused: 'Set it for the play; a task runs on the controller with delegate_to: localhost.' },
  { name: 'async', levels: TASKS, type: 'any', summary: 'Run in the background.', refused: 'Tasks can not run in the background; give the task a timeout instead.' },
  { name: 'poll', levels: TASKS, type: 'any', summary: 'How often to look at a background task.', refused: 'Tasks can not run in the background.' },
  { name: 'become_flags', levels: ALL, type: 'text', summary: 'Flags for sudo.', refused: 'The flags of sudo and su are fixed.' },
  { name: 'become_exe', levels: ALL, type: 'text', summary: 'Path of sudo.', refused: 'sudo and su are found by PATH.' },
  { name: 'collections', levels: ALL, type: 'texts', summary: 'Collections to look for modules in.', refused: 'All modules are built in; remove it.' },
  { name: 'debugger', levels: ALL, type: 'text', summary: 'Debugger.', refused: 'There is no task debugger; use -v and the debug module.' },
  { name: 'module_defaults', levels: ALL, type: 'any', summary: 'Defaults for module arguments.', refused: 'Write the arguments at the tasks, or use variables.' },
  { name: 'gather_subset', levels: ['play'], type: 'texts', summary: 'Which facts to gather.', refused: 'All facts are gathered in one round trip.' },
  { name: 'gather_timeout', levels: ['play'], type: 'integer', summary: 'Time limit for facts.', refused: 'Use timeout.' },
  { name: 'fact_path', levels: ['play'], type: 'text', summary: 'Directory of local facts.', refused: 'Local facts are read from /etc/ansible/facts.d only.' },
  { name: 'order', levels: ['play'], type: 'text', summary: 'Order of the hosts.', refused: 'Hosts run in the order of the inventory.' },
  { name: 'encrypt', levels: PROMPT, type: 'text', summary: 'Hash the answer.', refused: 'Ask for the hash itself, made with `mkpasswd` or `openssl passwd -6`.' },
  { name: 'salt', levels: PROMPT, type: 'text', summary: 'Salt of the hash.', refused: 'Ask for the hash itself.' },
  { name: 'salt_size', levels: PROMPT, type: 'integer', summary: 'Size of the salt.', refused: 'Ask for the hash itself.' },
  { name: 'validate_argspec', levels: ['play'], type: 'any', summary: 'Validate variables.', refused: 'Not supported yet.' },
]

/** Ansible's loops over lookups that have no line in the table. */
export const REFUSED_LOOPS = /^with_\w+$/

const byLevel = new Map<Level, ReadonlyMap<string, Keyword>>()

/** The keywords that may stand at a level, by name. */
export function keywordsAt(level: Level): ReadonlyMap<string, Keyword> {
  const known = byLevel.get(level)
  if (known) return known
  const found = new Map(
    KEYWORDS.filter((keyword) => keyword.levels.includes(level)).map((keyword) => [keyword.name, keyword]),
  )
  byLevel.set(level, found)
  return found
}
