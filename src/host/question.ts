import type { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'
import type { MysqlQuestions } from '../mysql/question.js'

/**
 * All that a probe may ask a host: a closed list. A question is plain data, so that it can be batched with
 * others, kept, compared (its JSON text is its identity) and answered by check mode's overlay.
 */
export interface Questions extends MysqlQuestions {
  file: { question: FileQuestion; answer: FileState }
  directory: { question: DirectoryQuestion; answer: DirectoryState }
  service: { question: ServiceQuestion; answer: ServiceState }
  package: { question: PackageQuestion; answer: PackageState }
  user: { question: UserQuestion; answer: UserState }
  group: { question: GroupQuestion; answer: GroupState }
  port: { question: PortQuestion; answer: PortState }
  facts: { question: FactsQuestion; answer: Readonly<Record<string, Value>> }
}

export type QuestionKind = keyof Questions
export type Question = Questions[QuestionKind]['question']
export type AnswerTo<Q extends Question> = Questions[Q['ask']]['answer']

/** Bytes: a file that is larger is not read when only its difference is to be shown. */
export const SHOWN_LIMIT = 200_000

/**
 * How a path stands. `content` also reads the bytes of a regular file; `hash` its SHA-256; `shown` the bytes of one
 * that is not larger than SHOWN_LIMIT. The hash is always there with the bytes.
 */
export interface FileQuestion {
  readonly ask: 'file'
  readonly path: string
  readonly read?: 'hash' | 'content' | 'shown'
  /** Look at what a symbolic link points to. Default: at the link itself. */
  readonly follow?: boolean
}

export type FileState = AbsentFile | PresentFile

export interface AbsentFile {
  readonly kind: 'absent'
}

export interface PresentFile {
  readonly kind: 'file' | 'directory' | 'link' | 'other'
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number
  readonly owner: string
  readonly group: string
  readonly uid: number
  readonly gid: number
  /** Bytes. */
  readonly size: number
  /** Seconds since 1970. */
  readonly mtime: number
  readonly inode?: number
  readonly links?: number
  /** Where a symbolic link points. */
  readonly target?: string
  /** SHA-256 in lower-case hex, if asked and a regular file. */
  readonly hash?: string | Unknown
  /** The bytes, if asked and a regular file. Unknown in check mode when an earlier task would generate them. */
  readonly content?: Buffer | Unknown
}

/** Names directly in a directory; with `recurse`, every path below it with its state. */
export interface DirectoryQuestion {
  readonly ask: 'directory'
  readonly path: string
  readonly recurse?: boolean
  /** Also the SHA-256 of every regular file. */
  readonly hash?: boolean
}

export interface DirectoryState {
  readonly exists: boolean
  /** Keyed by path relative to the directory asked for, sorted. */
  readonly entries: Readonly<Record<string, PresentFile>>
}

export interface ServiceQuestion {
  readonly ask: 'service'
  /** systemd unit name; `.service` may be left out. */
  readonly name: string
}

export interface ServiceState {
  readonly exists: boolean
  /** systemd's ActiveState: active, reloading, inactive, failed, activating, deactivating. */
  readonly active: string
  readonly substate: string
  /** systemd's UnitFileState: enabled, disabled, static, masked, alias, …; empty if there is no unit file. */
  readonly enabled: string
  readonly mainPid: number
  /** When it last became active, microseconds of the monotonic clock; 0 if never. */
  readonly activeSince: number
  /** Check mode: there is no such unit yet, but packages that an earlier task would install may bring it. */
  readonly pending?: Unknown
}

export interface PackageQuestion {
  readonly ask: 'package'
  readonly name: string
}

export interface PackageState {
  readonly installed: boolean
  readonly version?: string
  /** Version that would be installed, when the package manager knows one. */
  readonly candidate?: string
  /** apt, dnf, yum, zypper, apk; empty if none was found. */
  readonly manager: string
}

export interface UserQuestion {
  readonly ask: 'user'
  readonly name: string
}

export interface UserState {
  readonly exists: boolean
  readonly uid?: number
  readonly group?: string
  readonly groups?: readonly string[]
  readonly home?: string
  readonly shell?: string
  readonly comment?: string
}

export interface GroupQuestion {
  readonly ask: 'group'
  readonly name: string
}

export interface GroupState {
  readonly exists: boolean
  readonly gid?: number
}

/** Does something accept TCP connections there, seen from the host? */
export interface PortQuestion {
  readonly ask: 'port'
  readonly address: string
  readonly port: number
}

export interface PortState {
  readonly open: boolean
}

/** Facts as the setup module names them (`ansible_hostname`, …), gathered by a shell script. */
export interface FactsQuestion {
  readonly ask: 'facts'
}
