import type { Place } from './source/place.js'

/**
 * Exit codes of the program. 0, 1, 2, 4, 5, 99 and 250 are ansible-playbook's own numbers, so that scripts
 * carry over; documented in docs/exit-codes.md.
 */
export const EXIT = {
  done: 0,
  error: 1,
  failed: 2,
  unreachable: 4,
  usage: 5,
  interrupted: 99,
  bug: 250,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What each exit code tells, for docs/exit-codes.md. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'Everything was done, or looked at; nothing failed.',
  error: 'A mistake in a playbook, role or inventory, or on this machine. No task was run.',
  failed:
    'A task failed on one host or more, or `signet cluster verify` found a problem, or nothing to verify. What it could not decide is no problem.',
  unreachable: 'One host or more could not be reached or refused the login; no task failed.',
  usage: 'The command line was wrong. Nothing was done.',
  interrupted: 'Interrupted by Ctrl-C or SIGTERM.',
  bug: 'A bug of signet.',
}

/** What every error of one kind has in common. */
interface ErrorKind {
  /** Exit code when nothing else decides it. */
  readonly exit: ExitCode
  /** What went wrong, in general: the sentence of docs/errors.md. */
  readonly summary: string
  /** What to do next; an error may carry a more exact hint of its own. */
  readonly hint: string
}

/** Every error that signet expects, once. docs/errors.md is compared with this table by a test. */
export const ERRORS = {
  'bad-option': {
    exit: EXIT.usage,
    summary: 'An option or argument on the command line is wrong.',
    hint: 'See `signet help COMMAND`.',
  },
  'file-not-found': {
    exit: EXIT.error,
    summary: 'A file that the run needs does not exist or can not be read.',
    hint: 'Check the path; relative paths are looked up beside the file that names them.',
  },
  'yaml-syntax': {
    exit: EXIT.error,
    summary: 'A file is not valid YAML.',
    hint: 'Mend the YAML at the place shown. Indent with blanks, and quote values that begin with {{ or contain ": ".',
  },
  'vault-locked': {
    exit: EXIT.error,
    summary: 'An encrypted value or file can not be decrypted.',
    hint: 'Give the password with --vault-password-file FILE.',
  },
  'unknown-keyword': {
    exit: EXIT.error,
    summary: 'A play, block, task or role has a keyword that does not exist there.',
    hint: 'See docs/keywords.md for what is allowed where.',
  },
  'unsupported-keyword': {
    exit: EXIT.error,
    summary: "A keyword of Ansible's that signet knows but does not honour.",
    hint: 'Remove it: signet refuses what it would otherwise silently ignore.',
  },
  'unknown-module': {
    exit: EXIT.error,
    summary: 'A task names a module that does not exist.',
    hint: 'See `signet doc` for the modules there are.',
  },
  'invalid-playbook': {
    exit: EXIT.error,
    summary: 'A playbook, role or task file does not have the required structure.',
    hint: 'See docs/playbooks.md.',
  },
  'invalid-argument': {
    exit: EXIT.error,
    summary: "A module's argument is missing, unknown, of the wrong type or contradicts another.",
    hint: 'See `signet doc MODULE`.',
  },
  'role-not-found': {
    exit: EXIT.error,
    summary: 'A role is in none of the places where roles are looked for.',
    hint: 'Roles are looked for in roles/ beside the playbook and in the directories of --roles-path.',
  },
  'invalid-inventory': {
    exit: EXIT.error,
    summary: 'An inventory can not be understood.',
    hint: 'See docs/inventories.md.',
  },
  'no-hosts': {
    exit: EXIT.error,
    summary: 'A host pattern or --limit matches no host.',
    hint: 'See the hosts there are with `signet play PLAYBOOK -i INVENTORY --list-hosts`.',
  },
  'undefined-variable': {
    exit: EXIT.failed,
    summary: 'A template uses a variable that is not defined.',
    hint: 'Define it, give it with -e NAME=VALUE, or write a default: {{ name | default(...) }}.',
  },
  'template-syntax': {
    exit: EXIT.error,
    summary: 'A template or condition is not valid Jinja.',
    hint: 'Mend the expression at the place shown.',
  },
  'template-failed': {
    exit: EXIT.failed,
    summary: 'A template is valid but can not be evaluated with the values at hand.',
    hint: 'Look at the values with the debug module.',
  },
  'task-failed': {
    exit: EXIT.failed,
    summary: 'A task failed on a host.',
    hint: 'Run again with -v for details; tasks that are already done are not repeated.',
  },
  unreachable: {
    exit: EXIT.unreachable,
    summary: 'A host can not be reached by ssh.',
    hint: 'Check address, port and that sshd runs: ssh -v HOST.',
  },
  'login-refused': {
    exit: EXIT.unreachable,
    summary: 'A host refused the login.',
    hint: 'Check ansible_user and the key (ansible_ssh_private_key_file, --private-key, ssh-agent).',
  },
  'unknown-host-key': {
    exit: EXIT.unreachable,
    summary: "A host's key is not in known_hosts.",
    hint: 'Verify the fingerprint and add it with ssh-keyscan, or use --host-key-checking accept-new.',
  },
  'changed-host-key': {
    exit: EXIT.unreachable,
    summary:
      "A host's key differs from the one in known_hosts: the host was rebuilt, or someone is in between.",
    hint: 'If the host was rebuilt, remove the old key with ssh-keygen -R HOST, and verify the new one.',
  },
  'become-failed': {
    exit: EXIT.failed,
    summary: 'Becoming another user on a host was refused.',
    hint: 'Check that the login user may use sudo without a password, or give --ask-become-pass.',
  },
  'connection-lost': {
    exit: EXIT.unreachable,
    summary: 'The connection to a host broke during the run.',
    hint: 'Run again: tasks that are already done are not repeated.',
  },
  'mysql-unreachable': {
    exit: EXIT.failed,
    summary: 'A MySQL server does not answer or refused the login.',
    hint: 'Check that mysqld runs on the host and that login_user may log in (root through the unix socket by default).',
  },
  'mysql-failed': {
    exit: EXIT.failed,
    summary: 'A MySQL server refused a statement.',
    hint: "The server's own message is shown; see docs/failed-steps.md for the usual causes.",
  },
  'lab-unsupported': {
    exit: EXIT.error,
    summary: 'The embedded lab can not run on this machine.',
    hint: 'It needs Linux and root. Elsewhere use Vagrant: see docs/labs.md.',
  },
  'lab-failed': {
    exit: EXIT.error,
    summary: 'The embedded lab could not be built, started or stopped.',
    hint: 'See the log that is named; `signet lab down` followed by `signet lab up` starts afresh.',
  },
  interrupted: {
    exit: EXIT.interrupted,
    summary: 'The run was interrupted.',
    hint: 'Run again: tasks that are already done are not repeated.',
  },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERRORS

interface ErrorDetails {
  /** Where in a file the cause stands. */
  readonly place?: Place | undefined
  /** Inventory name of the host it happened on. */
  readonly host?: string | undefined
  /** A hint more exact than the table's. */
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/** An error that signet expects and explains. Anything else that is thrown is a bug. */
export class SignetError extends Error {
  readonly code: ErrorCode
  readonly place: Place | undefined
  readonly host: string | undefined
  readonly hint: string

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'SignetError'
    this.code = code
    this.place = details.place
    this.host = details.host
    this.hint = details.hint ?? ERRORS[code].hint
  }

  get exit(): ExitCode {
    return ERRORS[this.code].exit
  }
}

/** Several expected errors found at once, such as all mistakes of a playbook. `errors` is never empty. */
export class SignetErrors extends Error {
  readonly errors: readonly SignetError[]

  constructor(errors: readonly SignetError[]) {
    super(errors.map((error) => error.message).join('\n'))
    this.name = 'SignetErrors'
    this.errors = errors
  }
}
