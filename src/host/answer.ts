import { SignetError } from '../errors.js'
import { quote } from '../connection/quote.js'
import { factsOf, FACTS_SCRIPT } from './facts.js'
import { SHOWN_LIMIT } from './question.js'
import type {
  AnswerTo,
  DirectoryQuestion,
  DirectoryState,
  FileQuestion,
  FileState,
  GroupState,
  PackageState,
  PresentFile,
  Question,
  Questions,
  ServiceState,
  UserState,
} from './question.js'

/** The questions that a shell script on the host answers. */
export type ShellKind = 'file' | 'directory' | 'service' | 'package' | 'user' | 'group' | 'facts'

interface ShellQuestion<K extends ShellKind> {
  /** Shell lines that print the answer. Functions of PRELUDE may be used. */
  script(question: Questions[K]['question']): string
  parse(text: string, question: Questions[K]['question']): Questions[K]['answer']
}

/** What the scripts know of reading a file: nothing else comes into their text. */
const READINGS: readonly string[] = ['hash', 'content', 'shown']

/** Functions that the scripts share. */
export const PRELUDE = `
F='%F|%a|%U|%G|%u|%g|%s|%Y|%i|%h'
q_stat() { if [ "$2" = L ]; then stat -L -c "$F" -- "$1" 2>&1; else stat -c "$F" -- "$1" 2>&1; fi; }
q_file() { q_stat "$1" "$2"; if [ -h "$1" ]; then printf 'target '; readlink -- "$1"; fi
  if [ -f "$1" ] && { [ "$2" = L ] || [ ! -h "$1" ]; }; then r=$3
    if [ $r = shown ]; then r=hash; [ "$(stat -Lc %s -- "$1")" -gt ${SHOWN_LIMIT} ] || r=content; fi
    case $r in hash|content) printf 'hash '; sha256sum < "$1";; esac
    case $r in content) echo content; base64 < "$1";; esac; fi; }
`

const TABLE: { readonly [K in ShellKind]: ShellQuestion<K> } = {
  file: {
    script: ({ path, follow, read }) =>
      `q_file ${quote(path)} ${follow === true ? 'L' : 'P'} ${read !== undefined && READINGS.includes(read) ? read : 'no'}`,
    parse: parseFile,
  },
  directory: { script: directoryScript, parse: parseDirectory },
  service: {
    script: ({ name }) =>
      `systemctl show -p LoadState,ActiveState,SubState,UnitFileState,MainPID,ActiveEnterTimestampMonotonic -- ${quote(name)} 2>&1`,
    parse: parseService,
  },
  package: {
    script: ({ name }) =>
      `if command -v dpkg-query >/dev/null; then echo manager apt; dpkg-query -W -f '\${db:Status-Status} \${Version}\\n' -- ${quote(name)} 2>/dev/null
elif command -v dnf >/dev/null; then echo manager dnf; rpm -q --qf 'installed %{VERSION}-%{RELEASE}\\n' ${quote(name)}
elif command -v apk >/dev/null; then echo manager apk; apk info -e -v ${quote(name)} | sed 's/^/installed /'
elif command -v zypper >/dev/null; then echo manager zypper; rpm -q --qf 'installed %{VERSION}-%{RELEASE}\\n' ${quote(name)}; fi`,
    parse: parsePackage,
  },
  user: {
    script: ({ name }) =>
      `getent passwd ${quote(name)} && { id -gn -- ${quote(name)}; id -Gn -- ${quote(name)}; }`,
    parse: parseUser,
  },
  group: { script: ({ name }) => `getent group ${quote(name)}`, parse: parseGroup },
  facts: { script: () => FACTS_SCRIPT, parse: (text) => factsOf(text) },
}

export function isShellQuestion(question: Question): question is Questions[ShellKind]['question'] {
  return Object.hasOwn(TABLE, question.ask)
}

/** Shell lines that print the answer to a question. */
export function scriptOf(question: Questions[ShellKind]['question']): string {
  const entry = TABLE[question.ask] as ShellQuestion<ShellKind>
  return entry.script(question)
}

/** Reads what the script of a question printed. @throws SignetError task-failed when the host could not tell */
export function parseAnswer<Q extends Questions[ShellKind]['question']>(
  text: string,
  question: Q,
): AnswerTo<Q> {
  const entry = TABLE[question.ask] as ShellQuestion<ShellKind>
  return entry.parse(text, question)
}

const KINDS: Readonly<Record<string, PresentFile['kind']>> = {
  'regular file': 'file',
  'regular empty file': 'file',
  directory: 'directory',
  'symbolic link': 'link',
}

function parseStat(line: string): PresentFile | undefined {
  const [kind, mode, owner, group, uid, gid, size, mtime, inode, links] = line.split('|')
  if (kind === undefined || links === undefined) return undefined
  return {
    kind: KINDS[kind] ?? 'other',
    mode: parseInt(mode ?? '0', 8),
    owner: owner ?? '',
    group: group ?? '',
    uid: Number(uid),
    gid: Number(gid),
    size: Number(size),
    mtime: Number(mtime),
    inode: Number(inode),
    links: Number(links),
  }
}

function parseFile(text: string, question: FileQuestion): FileState {
  const lines = text.split('\n')
  const [first = ''] = lines
  const state = parseStat(first)
  if (state === undefined) {
    if (/No such file or directory|Not a directory|Too many levels/.test(first)) return { kind: 'absent' }
    throw new SignetError(
      'task-failed',
      `${question.path} can not be looked at: ${first.replace(/^stat: /, '')}.`,
      { hint: 'Does the user have the right to? Try become.' },
    )
  }
  const target = lines.find((line) => line.startsWith('target '))?.slice(7)
  const hash = lines.find((line) => line.startsWith('hash '))?.slice(5, 69)
  if (question.read !== undefined && state.kind === 'file' && !/^[0-9a-f]{64}$/.test(hash ?? '')) {
    throw new SignetError('task-failed', `${question.path} can not be read.`, {
      hint: 'Does the user have the right to? Try become.',
    })
  }
  const at = lines.indexOf('content')
  return {
    ...state,
    ...(target === undefined ? {} : { target }),
    ...(hash === undefined ? {} : { hash }),
    ...(at < 0 ? {} : { content: Buffer.from(lines.slice(at + 1).join(''), 'base64') }),
  }
}

function directoryScript(question: DirectoryQuestion): string {
  const path = quote(question.path)
  const depth = question.recurse === true ? '' : '-maxdepth 1'
  const hashes =
    question.hash === true ? `; echo hashes; find . -mindepth 1 ${depth} -type f -exec sha256sum {} +` : ''
  return `if [ -d ${path} ]; then cd ${path} || exit; echo exists; find . -mindepth 1 ${depth} -exec stat -c "$F|%n" {} +${hashes}; fi`
}

function parseDirectory(text: string): DirectoryState {
  const lines = text.split('\n')
  if (lines[0] !== 'exists') return { exists: false, entries: {} }
  const entries: Record<string, PresentFile> = {}
  const at = lines.indexOf('hashes')
  const hashes = new Map(
    (at < 0 ? [] : lines.slice(at + 1)).map((line) => [line.slice(68), line.slice(0, 64)]),
  )
  for (const line of lines.slice(1, at < 0 ? undefined : at)) {
    const name = line.split('|').slice(10).join('|').replace(/^\.\//, '')
    const state = parseStat(line)
    if (state === undefined || name === '') continue
    const hash = hashes.get(name)
    entries[name] = { ...state, ...(hash === undefined ? {} : { hash }) }
  }
  return {
    exists: true,
    entries: Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

function parseService(text: string): ServiceState {
  const field = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? ''
  if (field('LoadState') === '')
    throw new SignetError('task-failed', `systemctl does not work: ${text.trim().split('\n')[0] ?? ''}.`, {
      hint: 'signet manages services of systemd only.',
    })
  return {
    exists: field('LoadState') !== 'not-found',
    active: field('ActiveState'),
    substate: field('SubState'),
    enabled: field('UnitFileState'),
    mainPid: Number(field('MainPID')),
    activeSince: Number(field('ActiveEnterTimestampMonotonic')),
  }
}

function parsePackage(text: string): PackageState {
  const manager = /^manager (\w+)$/m.exec(text)?.[1] ?? ''
  const version = /^installed (\S+)$/m.exec(text)?.[1]
  return { installed: version !== undefined, manager, ...(version === undefined ? {} : { version }) }
}

function parseUser(text: string): UserState {
  const [entry = '', group = '', groups = ''] = text.trim().split('\n')
  const [, , uid, , comment, home, shell] = entry.split(':')
  if (uid === undefined) return { exists: false }
  return {
    exists: true,
    uid: Number(uid),
    group,
    groups: groups.split(' ').filter((each) => each !== group),
    comment: comment ?? '',
    home: home ?? '',
    shell: shell ?? '',
  }
}

function parseGroup(text: string): GroupState {
  const gid = text.split(':')[2]
  return gid === undefined ? { exists: false } : { exists: true, gid: Number(gid) }
}
