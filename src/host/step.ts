import type { Secret } from '../value/secret.js'
import type { Unknown } from '../value/unknown.js'
import type { CertificateStep } from '../certificates/step.js'
import type { MysqlStep } from '../mysql/step.js'
import type { Question, Questions } from './question.js'

/**
 * Every change that signet can make to a host: plain data, performed by one exhaustive switch
 * (perform-step.ts) and predicted by check mode's overlay.
 */
export type Step = (
  | WriteFile
  | MakeDirectory
  | SetAttributes
  | MakeLink
  | Touch
  | Remove
  | ServiceStep
  | DaemonReload
  | RunCommand
  | PackageStep
  | UserStep
  | GroupStep
  | Wait
  | Parallel
  | CertificateStep
  | MysqlStep
) &
  StepOptions

/** What any step may carry. */
export interface StepOptions {
  /** Inventory name of another host to do it on. Default: the task's host. */
  readonly host?: string
  /** How to undo it when a later step of the same plan fails. Performed in reverse order of the steps done. */
  readonly undo?: readonly Step[]
  /** A server that refuses it has changed nothing: then it needs no undoing itself. */
  readonly atomic?: true
  /** What undoing does not take back once it is done, for the error: "s2 keeps what it received from the group". */
  readonly leaves?: string
  /**
   * Once it is begun, or once it is done or may have been, nothing of this plan is undone any more, whatever fails
   * later: the next run completes it.
   */
  readonly pointOfNoReturn?: 'begin' | 'end'
  /** What the user reads while it runs and in errors: "start Group Replication on s2". */
  readonly note?: string
}

/**
 * Replaces a file atomically: a new file beside it, created exclusively with mode 0600, gets its content, owner
 * and mode, is synced and renamed. Owner and mode left out keep those of the existing file, else root and 0644.
 */
export interface WriteFile {
  readonly do: 'write_file'
  readonly path: string
  readonly content: Buffer | Secret | Unknown
  readonly mode?: number
  readonly owner?: string
  readonly group?: string
  /** Keep the old file beside it, with a time stamp in its name. */
  readonly backup?: boolean
  /** A command with `%s` for the new file's path; the file is replaced only when it exits 0. */
  readonly validate?: string
}

/** Makes a directory and its missing parents; owner and mode apply to the last one only. */
export interface MakeDirectory {
  readonly do: 'make_directory'
  readonly path: string
  readonly mode?: number
  readonly owner?: string
  readonly group?: string
}

export interface SetAttributes {
  readonly do: 'set_attributes'
  readonly path: string
  readonly mode?: number
  readonly owner?: string
  readonly group?: string
}

export interface MakeLink {
  readonly do: 'make_link'
  readonly path: string
  readonly target: string
  readonly hard?: boolean
  readonly owner?: string
  readonly group?: string
}

export interface Touch {
  readonly do: 'touch'
  readonly path: string
  readonly mode?: number
  readonly owner?: string
  readonly group?: string
}

/** Removes a file, link or whole directory. */
export interface Remove {
  readonly do: 'remove'
  readonly path: string
}

export interface ServiceStep {
  readonly do: 'service'
  readonly name: string
  readonly action: 'start' | 'stop' | 'restart' | 'reload' | 'enable' | 'disable' | 'mask' | 'unmask'
}

export interface DaemonReload {
  readonly do: 'daemon_reload'
}

/** Runs a command; `argv` without a shell, `shell` through /bin/sh or `executable`. */
export interface RunCommand {
  readonly do: 'run'
  readonly argv?: readonly string[]
  readonly shell?: string
  readonly executable?: string
  readonly chdir?: string
  readonly stdin?: string | Secret
  readonly environment?: Readonly<Record<string, string | Secret>>
  /** Seconds; 0 or absent: no limit. */
  readonly timeout?: number
  /** Anything but exit code 0 is an error of the step; otherwise the module judges. */
  readonly check?: boolean
}

export interface PackageStep {
  readonly do: 'packages'
  readonly action: 'install' | 'remove' | 'upgrade' | 'update_cache'
  readonly names: readonly string[]
  readonly manager: string
}

export interface UserStep {
  readonly do: 'user'
  readonly action: 'add' | 'modify' | 'remove'
  readonly name: string
  readonly uid?: number
  readonly group?: string
  readonly groups?: readonly string[]
  readonly append?: boolean
  readonly home?: string
  readonly createHome?: boolean
  readonly shell?: string
  readonly comment?: string
  readonly system?: boolean
  readonly removeHome?: boolean
}

export interface GroupStep {
  readonly do: 'group'
  readonly action: 'add' | 'modify' | 'remove'
  readonly name: string
  readonly gid?: number
  readonly system?: boolean
}

/** Asks a question again and again until the test holds. Changes nothing. Fails after `timeout` seconds. */
export interface Wait {
  readonly do: 'wait'
  readonly question: Question
  readonly until: (answer: Questions[keyof Questions]['answer']) => boolean
  /** Seconds. */
  readonly timeout: number
  /** Seconds between two looks; default 0.2. */
  readonly interval?: number
  /** Seconds before the first look; they count for the timeout. */
  readonly delay?: number
  /** Seconds for which a MySQL server that is asked may be down; default: as long as the wait lasts. */
  readonly silence?: number
  /** The error's sentence when time runs out. */
  readonly otherwise: string
  /** Why it can't come true any more: gives up at once with this sentence. */
  readonly hopeless?: (answer: Questions[keyof Questions]['answer']) => string | undefined
  /** How far it is, told whenever that changes. */
  readonly tells?: (answer: Questions[keyof Questions]['answer']) => string | undefined
  /** The servers change by themselves meanwhile: nothing that was read of them before counts any more. */
  readonly byThemselves?: true
}

/** Sequences of steps that are done side by side; each may be for another host. Fails when one of them did, after all ended. */
export interface Parallel {
  readonly do: 'parallel'
  readonly branches: readonly (readonly Step[])[]
}

/** How a remote command ended: exactly one of four. */
export type CommandEnd =
  | { readonly end: 'exited'; readonly code: number }
  | { readonly end: 'killed'; readonly signal: string }
  | { readonly end: 'lost' }
  | { readonly end: 'timed out' }

export interface CommandResult {
  readonly how: CommandEnd
  readonly stdout: string
  readonly stderr: string
  /** Seconds. */
  readonly elapsed: number
}

/** What performing a step brought to light. Only `run`, `mysql_query` and the like have something to tell. */
export interface Outcome {
  readonly command?: CommandResult
  readonly rows?: readonly (readonly Readonly<Record<string, string | number | null>>[])[]
  /** Rows that each SQL statement returned or changed. */
  readonly counts?: readonly number[]
  /** Name of the copy that `backup` kept. */
  readonly backup?: string
  /** Seconds that a wait took. */
  readonly waited?: number
}
