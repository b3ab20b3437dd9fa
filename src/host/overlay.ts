import { dirname } from 'node:path'
import type { Plan } from './plan.js'
import { Secret } from '../value/secret.js'
import { Unknown } from '../value/unknown.js'
import { createHash } from 'node:crypto'
import type { HostReader } from './host.js'
import { identity } from './hosts.js'
import type {
  AnswerTo,
  DirectoryState,
  FileQuestion,
  FileState,
  GroupState,
  PackageState,
  PresentFile,
  Question,
  ServiceState,
  UserState,
} from './question.js'
import type { SetAttributes, Step } from './step.js'

/** What would be known of a file after the planned steps. */
interface FileFuture {
  readonly kind: 'absent' | PresentFile['kind']
  readonly mode?: number
  readonly owner?: string
  readonly group?: string
  readonly target?: string
  readonly content?: Buffer | Unknown
}

/** The future of one host, as far as planned steps tell. */
interface Future {
  readonly files: Map<string, FileFuture>
  readonly services: Map<string, Partial<ServiceState>>
  readonly packages: Map<string, Partial<PackageState>>
  readonly users: Map<string, Partial<UserState>>
  readonly groups: Map<string, Partial<GroupState>>
  readonly answers: Map<string, unknown>
}

/**
 * Check mode's memory: answers questions as if the steps planned so far were done. It only reads; the readers that
 * it hands out have no way to a connection but to ask.
 */
export class Overlay {
  readonly #futures = new Map<string, Future>()
  readonly #unforeseen = new Map<string, Unknown>()

  reader(inner: HostReader): HostReader {
    return new OverlayReader(inner, this)
  }

  /** Remembers what a plan would do. */
  predict(host: string, plan: Pick<Plan, 'steps' | 'predicts'>): void {
    for (const step of plan.steps) this.#step(step.host ?? host, step)
    for (const { host: other, question, answer } of plan.predicts ?? [])
      this.future(other ?? host).answers.set(identity(question), answer)
  }

  /** Remembers that a task of a host may do what can't be known; the first such cause is kept. */
  couldNotForesee(host: string, cause: Unknown): void {
    if (!this.#unforeseen.has(host)) this.#unforeseen.set(host, cause)
  }

  /** Why the future of a host is not wholly known; undefined if it is. */
  unforeseen(host: string): Unknown | undefined {
    return this.#unforeseen.get(host)
  }

  future(host: string): Future {
    const known = this.#futures.get(host)
    if (known) return known
    const made: Future = {
      files: new Map(),
      services: new Map(),
      packages: new Map(),
      users: new Map(),
      groups: new Map(),
      answers: new Map(),
    }
    this.#futures.set(host, made)
    return made
  }

  #step(host: string, step: Step): void {
    const future = this.future(host)
    const file = (path: string, change: FileFuture): void => {
      future.files.set(path, { ...future.files.get(path), ...change })
    }
    const owned = (
      one: Pick<SetAttributes, 'mode' | 'owner' | 'group'>,
    ): Pick<FileFuture, 'mode' | 'owner' | 'group'> => ({
      ...(one.mode === undefined ? {} : { mode: one.mode }),
      ...(one.owner === undefined ? {} : { owner: one.owner }),
      ...(one.group === undefined ? {} : { group: one.group }),
    })
    switch (step.do) {
      case 'write_file': {
        const content = step.content instanceof Secret ? Buffer.from(step.content.reveal()) : step.content
        file(step.path, { kind: 'file', content, ...owned(step) })
        const unit = /^\/(?:etc|usr\/lib|lib)\/systemd\/system\/([^/]+)\.service$/.exec(step.path)?.[1]
        if (unit !== undefined) future.services.set(unit, { ...future.services.get(unit), exists: true })
        return
      }
      case 'make_directory': {
        file(step.path, { kind: 'directory', ...owned(step) })
        return
      }
      case 'set_attributes': {
        const before = future.files.get(step.path)
        future.files.set(step.path, {
          ...(before ?? { kind: 'other' }),
          ...(before ? {} : { kind: 'other' }),
          ...owned(step),
        })
        return
      }
      case 'make_link': {
        file(step.path, { kind: step.hard === true ? 'file' : 'link', target: step.target, ...owned(step) })
        return
      }
      case 'touch': {
        file(step.path, {
          kind: 'file',
          ...(future.files.get(step.path)?.content ? {} : { content: Buffer.alloc(0) }),
          ...owned(step),
        })
        return
      }
      case 'remove':
        for (const path of [...future.files.keys()])
          if (path.startsWith(`${step.path}/`)) future.files.delete(path)
        future.files.set(step.path, { kind: 'absent' })
        return
      case 'service': {
        const change: Partial<ServiceState> =
          step.action === 'stop'
            ? { active: 'inactive', substate: 'dead' }
            : step.action === 'enable' || step.action === 'unmask'
              ? { enabled: 'enabled' }
              : step.action === 'disable'
                ? { enabled: 'disabled' }
                : step.action === 'mask'
                  ? { enabled: 'masked' }
                  : { active: 'active', substate: 'running' }
        future.services.set(step.name, { ...future.services.get(step.name), ...change })
        return
      }
      case 'packages':
        for (const name of step.names) future.packages.set(name, { installed: step.action !== 'remove' })
        return
      case 'user':
        future.users.set(
          step.name,
          step.action === 'remove'
            ? { exists: false }
            : {
                ...future.users.get(step.name),
                exists: true,
                ...pick(step, ['uid', 'group', 'groups', 'home', 'shell', 'comment']),
              },
        )
        return
      case 'group':
        future.groups.set(
          step.name,
          step.action === 'remove' ? { exists: false } : { exists: true, ...pick(step, ['gid']) },
        )
        return
      case 'make_authority':
      case 'issue_certificate': {
        const cause = `${step.certificatePath} is yet to be made`
        const subject = step.subject
        const certificate =
          step.do === 'make_authority'
            ? { subject, issuer: subject, dns_names: [], ip_addresses: [], authority: true }
            : {
                subject,
                issuer: '',
                dns_names: step.dnsNames,
                ip_addresses: step.ipAddresses,
                authority: false,
              }
        file(step.keyPath, { kind: 'file', mode: 0o600, content: new Unknown(cause, { fresh: true }) })
        file(step.certificatePath, {
          kind: 'file',
          mode: 0o644,
          content: new Unknown(cause, { fresh: true, known: { certificate } }),
        })
        return
      }
      case 'parallel':
        for (const branch of step.branches) for (const one of branch) this.#step(one.host ?? host, one)
        return
      // A command that was not run, a wait and SQL: their plans carry predictions where there is something to predict.
      case 'daemon_reload':
      case 'run':
      case 'wait':
      case 'sql':
      case 'copy_accounts':
      case 'check_connectivity':
      case 'catch_up':
        return
    }
  }
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(
    keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]),
  ) as Partial<Pick<T, K>>
}

class OverlayReader implements HostReader {
  readonly host: string
  readonly #inner: HostReader
  readonly #overlay: Overlay

  constructor(inner: HostReader, overlay: Overlay) {
    this.host = inner.host
    this.#inner = inner
    this.#overlay = overlay
  }

  peer(host: string): HostReader {
    return this.#overlay.reader(this.#inner.peer(host))
  }

  async ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>> {
    const future = this.#overlay.future(this.host)
    const predicted = future.answers.get(identity(question))
    if (predicted !== undefined) return predicted as AnswerTo<Q>
    return await this.#answer(question, future)
  }

  async #answer(question: Question, future: Future): Promise<AnswerTo<Question>> {
    switch (question.ask) {
      case 'file':
        return this.#file(question, future)
      case 'directory': {
        const before: DirectoryState = parentAbsent(future, question.path)
          ? { exists: false, entries: {} }
          : await this.#inner.ask(question)
        return directoryAfter(question.path, question.recurse === true, before, future)
      }
      case 'service': {
        const now = await this.#inner.ask(question)
        return {
          ...now,
          ...(now.exists ? {} : broughtBy(future.packages)),
          ...(future.services.get(question.name) ??
            future.services.get(question.name.replace(/\.service$/, ''))),
        }
      }
      case 'package':
        return { ...(await this.#inner.ask(question)), ...future.packages.get(question.name) }
      case 'user':
        return { ...(await this.#inner.ask(question)), ...future.users.get(question.name) }
      case 'group':
        return { ...(await this.#inner.ask(question)), ...future.groups.get(question.name) }
      default:
        return this.#inner.ask(question)
    }
  }

  async #file(question: FileQuestion, future: Future): Promise<FileState> {
    const change = future.files.get(question.path)
    if (change?.kind === 'link' && question.follow === true && change.target !== undefined) {
      return this.#file(
        {
          ...question,
          path: change.target.startsWith('/') ? change.target : `${dirname(question.path)}/${change.target}`,
        },
        future,
      )
    }
    if (change?.kind === 'absent') return { kind: 'absent' }
    const gone = parentAbsent(future, question.path)
    const before: FileState = gone ? { kind: 'absent' } : await this.#inner.ask(question)
    if (change === undefined) return before
    const base: PresentFile =
      before.kind === 'absent'
        ? { kind: 'file', mode: 0o644, owner: 'root', group: 'root', uid: 0, gid: 0, size: 0, mtime: 0 }
        : before
    const { content, ...attributes } = change
    const kind = change.kind === 'other' ? base.kind : change.kind
    const after: PresentFile = { ...base, ...attributes, kind }
    if (content === undefined)
      return before.kind === 'absent' && kind === 'directory' && change.mode === undefined
        ? { ...after, mode: 0o755 }
        : after
    const known = Buffer.isBuffer(content)
    return {
      ...after,
      size: known ? content.length : 0,
      ...(question.read === undefined
        ? {}
        : { hash: known ? createHash('sha256').update(content).digest('hex') : content }),
      ...(question.read === 'content' || question.read === 'shown' ? { content } : {}),
    }
  }
}

/** A unit that is not there may come with a package that would be installed: which units those bring is not known. */
function broughtBy(packages: Future['packages']): Pick<ServiceState, 'pending'> {
  const coming = [...packages].filter(([, state]) => state.installed === true).map(([name]) => name)
  return coming.length === 0
    ? {}
    : { pending: new Unknown(`the packages ${coming.join(', ')} were not installed`) }
}

/** Whether a directory above a path would have been removed, or replaced, by an earlier step. */
function parentAbsent(future: Future, path: string): boolean {
  for (let parent = dirname(path); parent !== '/' && parent !== '.'; parent = dirname(parent)) {
    const change = future.files.get(parent)
    if (change?.kind === 'absent') return true
    if (change?.kind === 'directory') return false
  }
  return false
}

function directoryAfter(
  path: string,
  recurse: boolean,
  before: DirectoryState,
  future: Future,
): DirectoryState {
  const own = future.files.get(path)
  if (own?.kind === 'absent') return { exists: false, entries: {} }
  const entries: Record<string, PresentFile> = { ...before.entries }
  for (const [file, change] of future.files) {
    if (!file.startsWith(`${path}/`)) continue
    const name = file.slice(path.length + 1)
    if (!recurse && name.includes('/')) continue
    if (change.kind === 'absent') Reflect.deleteProperty(entries, name)
    else {
      const { content, ...attributes } = change
      const base: PresentFile = entries[name] ?? {
        kind: 'file',
        mode: 0o644,
        owner: 'root',
        group: 'root',
        uid: 0,
        gid: 0,
        size: 0,
        mtime: 0,
      }
      const hash =
        content === undefined
          ? undefined
          : Buffer.isBuffer(content)
            ? createHash('sha256').update(content).digest('hex')
            : content
      entries[name] = {
        ...base,
        ...attributes,
        kind: change.kind === 'other' ? base.kind : change.kind,
        ...(hash === undefined ? {} : { hash }),
      }
    }
  }
  return { exists: before.exists || own?.kind === 'directory', entries }
}
