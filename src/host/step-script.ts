import { quote, quoteAll } from '../connection/quote.js'
import { SignetError } from '../errors.js'
import { Secret } from '../value/secret.js'
import { Unknown } from '../value/unknown.js'
import type {
  GroupStep,
  MakeDirectory,
  MakeLink,
  PackageStep,
  SetAttributes,
  Step,
  Touch,
  UserStep,
  WriteFile,
} from './step.js'

/** Content above this is uploaded on a channel of its own, in bytes. */
export const INLINE_LIMIT = 256 * 1024

/**
 * The shell lines of a step that is done by a script; undefined for steps that are done otherwise. Every script
 * fails (exit code not 0) when any of its commands does.
 * @param uploaded path of the content on the host, when it was uploaded
 */
export function stepScript(step: Step, uploaded?: string): string | undefined {
  switch (step.do) {
    case 'write_file':
      return writeFile(step, uploaded)
    case 'make_directory':
      return makeDirectory(step)
    case 'set_attributes':
      return attributes(step, quote(step.path))
    case 'make_link':
      return makeLink(step)
    case 'touch':
      return touch(step)
    case 'remove':
      return `rm -rf -- ${quote(step.path)}`
    case 'service':
      return serviceScript(step.name, step.action)
    case 'daemon_reload':
      return 'systemctl daemon-reload'
    case 'packages':
      return packages(step)
    case 'user':
      return user(step)
    case 'group':
      return group(step)
    case 'run':
    case 'wait':
    case 'sql':
    case 'copy_accounts':
    case 'check_connectivity':
    case 'catch_up':
    case 'parallel':
    case 'make_authority':
    case 'issue_certificate':
      return undefined
  }
}

/** The bytes of a file to be written. */
export function bytesOf(content: WriteFile['content']): Buffer {
  if (content instanceof Unknown)
    throw new SignetError('task-failed', `This content is not known: ${content.cause}.`)
  return content instanceof Secret ? Buffer.from(content.reveal()) : content
}

/**
 * A new file beside the target, made exclusively with mode 0600, gets content, owner and mode and is renamed. The
 * content travels on standard input; it is never an argument.
 */
function writeFile(step: WriteFile, uploaded: string | undefined): string {
  const lines = [
    'set -e; umask 077',
    `p=${quote(step.path)}`,
    // A link is written through, as long as it points to something.
    'if [ -h "$p" ] && [ -e "$p" ]; then p=$(readlink -f -- "$p"); fi',
    'd=$(dirname -- "$p"); [ -d "$d" ] || { echo "there is no directory $d; make it first" >&2; exit 1; }',
    't=$(mktemp -- "$d/.signet.XXXXXXXXXX")',
    uploaded === undefined
      ? `trap 'rm -f -- "$t"' EXIT`
      : `u=${quote(uploaded)}; trap 'rm -f -- "$t" "$u"' EXIT`,
    uploaded === undefined
      ? `base64 -d > "$t" <<'SIGNET_EOF'\n${(
          bytesOf(step.content)
            .toString('base64')
            .match(/.{1,76}/g) ?? []
        ).join('\n')}\nSIGNET_EOF`
      : 'cat -- "$u" > "$t"; rm -f -- "$u"',
    'o=root:root; m=0644; [ "$(id -u)" = 0 ] || o=',
    'if [ -e "$p" ]; then m=$(stat -c %a -- "$p"); [ -z "$o" ] || o=$(stat -c %u:%g -- "$p"); fi',
  ]
  if (step.mode !== undefined) lines.push(`m=${step.mode.toString(8)}`)
  lines.push('[ -z "$o" ] || chown -- "$o" "$t"')
  if (step.owner !== undefined || step.group !== undefined) lines.push(`chown -- ${ownership(step)} "$t"`)
  lines.push('chmod -- "$m" "$t"')
  if (step.validate !== undefined)
    lines.push(
      `${step.validate.replaceAll('%s', '"$t"')} >&2 || { echo "the command that validates the file refused it: ${step.validate.replaceAll(/["`$\\]/g, '')}" >&2; exit 1; }`,
    )
  if (step.backup === true)
    lines.push(
      // A second backup within one second keeps the first.
      'if [ -e "$p" ]; then s=$(date +%Y-%m-%d@%H:%M:%S); b="$p.$s~"; n=1',
      'while [ -e "$b" ]; do n=$((n+1)); b="$p.$s.$n~"; done; cp -p -- "$p" "$b"; echo "backup $b"; fi',
    )
  lines.push('sync -- "$t" 2>/dev/null || sync', 'mv -fT -- "$t" "$p"', 'trap - EXIT')
  return lines.join('\n')
}

function ownership(step: { readonly owner?: string; readonly group?: string }): string {
  return quote(`${step.owner ?? ''}${step.group === undefined ? '' : `:${step.group}`}`)
}

function attributes(step: Pick<SetAttributes, 'mode' | 'owner' | 'group'>, path: string): string {
  const lines = ['set -e']
  if (step.owner !== undefined || step.group !== undefined)
    lines.push(`chown -h -- ${ownership(step)} ${path}`)
  if (step.mode !== undefined) lines.push(`[ -h ${path} ] || chmod -- ${step.mode.toString(8)} ${path}`)
  return lines.join('; ')
}

function makeDirectory(step: MakeDirectory): string {
  const path = quote(step.path)
  // From the start no more open than it shall be.
  const make =
    step.mode === undefined
      ? `mkdir -p -- ${path}`
      : `mkdir -p -- "$(dirname -- ${path})"; [ -d ${path} ] || mkdir -m ${(step.mode & 0o700).toString(8).padStart(4, '0')} -- ${path}`
  return `set -e; ${make}; ${attributes(step, path)}`
}

function makeLink(step: MakeLink): string {
  const flags = step.hard === true ? '-fT' : '-sfnT'
  return `set -e; ln ${flags} -- ${quote(step.target)} ${quote(step.path)}; ${attributes(step, quote(step.path))}`
}

function touch(step: Touch): string {
  return `set -e; touch -- ${quote(step.path)}; ${attributes(step, quote(step.path))}`
}

function serviceScript(name: string, action: string): string {
  const unit = quote(name)
  if (!['start', 'restart', 'reload'].includes(action)) return `systemctl ${action} -- ${unit}`
  // A unit that keeps failing is refused by the start limit until it is reset.
  const tail = `{ c=$?; systemctl status --no-pager -l -n 5 -- ${unit} 2>&1 | tail -n 8 >&2; exit $c; }`
  return `systemctl reset-failed -- ${unit} 2>/dev/null; systemctl ${action} -- ${unit} || ${tail}`
}

function packages(step: PackageStep): string {
  const names = quoteAll(step.names)
  switch (step.manager) {
    case 'apt': {
      const apt =
        'DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold'
      if (step.action === 'update_cache') return `${apt} update`
      if (step.action === 'remove') return `${apt} remove ${names}`
      return step.action === 'upgrade' ? `${apt} install --only-upgrade ${names}` : `${apt} install ${names}`
    }
    case 'apk':
      return {
        install: `apk add ${names}`,
        remove: `apk del ${names}`,
        upgrade: `apk upgrade ${names}`,
        update_cache: 'apk update',
      }[step.action]
    default: {
      const verb = { install: 'install', remove: 'remove', upgrade: 'upgrade', update_cache: 'makecache' }[
        step.action
      ]
      return `${step.manager === 'zypper' ? 'zypper -n' : `${step.manager} -y`} ${step.manager === 'zypper' && verb === 'makecache' ? 'refresh' : verb} ${names}`
    }
  }
}

function user(step: UserStep): string {
  const name = quote(step.name)
  if (step.action === 'remove') return `userdel ${step.removeHome === true ? '-r ' : ''}${name}`
  const words: string[] = []
  const add = (flag: string, value: string | number | undefined): void => {
    if (value !== undefined) words.push(flag, quote(String(value)))
  }
  add('-u', step.uid)
  add('-g', step.group)
  if (step.groups !== undefined && (step.groups.length > 0 || step.append !== true)) {
    if (step.append === true && step.action === 'modify') words.push('-a')
    words.push('-G', quote(step.groups.join(',')))
  }
  add('-d', step.home)
  add('-s', step.shell)
  add('-c', step.comment)
  if (step.action === 'modify') return `usermod ${words.join(' ')} ${name}`
  if (step.system === true) words.push('-r')
  words.push(step.createHome === false ? '-M' : '-m')
  return `useradd ${words.join(' ')} ${name}`
}

function group(step: GroupStep): string {
  const id = step.gid === undefined ? '' : `-g ${step.gid} `
  switch (step.action) {
    case 'add':
      return `groupadd ${step.system === true ? '-r ' : ''}${id}${quote(step.name)}`
    case 'modify':
      return `groupmod ${id}${quote(step.name)}`
    case 'remove':
      return `groupdel ${quote(step.name)}`
  }
}
