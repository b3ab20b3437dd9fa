import type { Writable } from 'node:stream'
import { showPlace } from '../source/place.js'
import { Secret, HIDDEN } from '../value/secret.js'
import { isList } from '../value/shape.js'
import { Unknown } from '../value/unknown.js'
import type { Value } from '../value/value.js'
import type { Event, Listener, TaskResult } from './events.js'
import type { Masks } from './masks.js'
import { recapText } from './recap.js'
import { unifiedDiff } from './unified-diff.js'

const COLOURS = {
  ok: 32,
  changed: 33,
  skipped: 36,
  failed: 31,
  unreachable: 31,
  unknown: 35,
  dim: 2,
  bold: 1,
} as const

export interface TerminalOptions {
  readonly stdout: Writable
  readonly colour: boolean
  readonly verbosity: number
  readonly masks: Masks
  readonly width: number
}

interface Failure {
  readonly host: string
  readonly task: string
  readonly result: TaskResult
}

/** Shows a run as ansible-playbook does; failures are shown again at the end, where they can't be missed. */
export function terminal(options: TerminalOptions): Listener {
  const { colour, verbosity, masks, width } = options
  const failures: Failure[] = []
  const paint = (name: keyof typeof COLOURS, text: string): string =>
    colour ? `\x1b[${COLOURS[name]}m${text}\x1b[0m` : text
  const write = (text: string): void => void options.stdout.write(masks.mask(text))
  const heading = (text: string): void =>
    write(`\n${paint('bold', text)} ${'*'.repeat(Math.max(3, Math.min(width, 100) - text.length - 1))}\n`)

  const line = (host: string, result: TaskResult, item?: string): void => {
    const label =
      item === undefined ? '' : ` => (item=${item.length > 120 ? `${item.slice(0, 117)}…` : item})`
    switch (result.status) {
      case 'ok':
      case 'changed':
        write(paint(result.status, `${result.status}: [${host}]${label}`) + details(result) + '\n')
        break
      case 'skipped':
        write(
          paint('skipped', `skipping: [${host}]${label}`) +
            (verbosity > 0 && result.message !== undefined ? paint('dim', ` (${result.message})`) : '') +
            '\n',
        )
        break
      case 'unknown':
        write(paint('unknown', `unknown: [${host}]${label}`) + ` ${result.message ?? ''}\n`)
        break
      case 'failed':
      case 'unreachable': {
        const word = result.status === 'failed' ? 'fatal' : 'unreachable'
        write(paint('failed', `${word}: [${host}]${label}: ${result.message ?? 'failed'}`) + '\n')
        const more = outputs(result)
        if (more !== '') write(`${more}\n`)
        if (result.ignored) write(paint('skipped', '...ignoring') + '\n')
      }
    }
    for (const difference of result.diff) write(diffText(difference, paint) + '\n')
    for (const warning of result.warnings) write(paint('changed', `  warning: ${warning}`) + '\n')
  }

  const details = (result: TaskResult): string => {
    if (result.noLog) return ''
    const { msg } = result.values
    const always = result.values['_verbose_always'] === true
    if (always) return ` => ${indented(msg ?? null)}`
    if (verbosity > 0) return ` => ${indented(result.values)}`
    return ''
  }

  return (event: Event): void => {
    switch (event.event) {
      case 'run_start':
        if (event.check) write(paint('bold', 'Check mode: nothing is changed.') + '\n')
        break
      case 'play_start': {
        heading(`PLAY [${event.name}]`)
        return
      }
      case 'task_start': {
        heading(`${event.handler ? 'RUNNING HANDLER' : 'TASK'} [${event.name}]`)
        return
      }
      case 'item_result': {
        line(event.host, event.result, event.result.item ?? '')
        return
      }
      case 'task_result': {
        const { result } = event
        const host = event.delegate === undefined ? event.host : `${event.host} -> ${event.delegate}`
        // The items of a loop were shown one by one.
        if (!isList(result.values['results']) || result.status === 'unreachable') line(host, result)
        if ((result.status === 'failed' && !result.ignored) || result.status === 'unreachable')
          failures.push({ host, task: event.task, result })
        break
      }
      case 'output':
        if (verbosity > 2) write(paint('dim', event.text.replace(/^/gm, `  ${event.host}| `)) + '\n')
        break
      case 'note':
        if (verbosity > 0) write(paint('dim', `  ${event.host}: ${event.text}`) + '\n')
        break
      case 'waiting':
        write(paint('dim', `  … [${event.host}] ${event.task}, ${event.seconds} s`) + '\n')
        break
      case 'warning':
        write(
          paint('changed', `warning: ${event.place ? `${showPlace(event.place)}: ` : ''}${event.text}`) +
            '\n',
        )
        break
      case 'no_hosts_left': {
        heading('NO MORE HOSTS LEFT')
        return
      }
      case 'run_end':
        heading('PLAY RECAP')
        write(recapText(event.recap, paint))
        if (verbosity > 1)
          for (const [host, { traffic }] of Object.entries(event.recap))
            write(
              paint(
                'dim',
                `${host}: ${traffic.roundTrips} round trips, ${traffic.statements} statements, ${traffic.bytesSent} bytes sent, ${traffic.bytesReceived} received`,
              ) + '\n',
            )
        write(`\n${event.elapsed.toFixed(1)} s\n`)
        for (const failure of failures) {
          // What a rescue section took care of is no failure of the run.
          const counts = event.recap[failure.host.split(' -> ')[0] ?? '']
          if (counts === undefined || counts.failed + counts.unreachable > 0)
            write(failureText(failure, paint))
        }
    }
  }
}

type Paint = (name: keyof typeof COLOURS, text: string) => string

function failureText({ host, task, result }: Failure, paint: Paint): string {
  const place = result.place === undefined ? '' : `${showPlace(result.place)}: `
  const hint = result.hint === undefined ? '' : `  → ${result.hint}\n`
  return `\n${paint('failed', `${result.status}: [${host}] ${task}`)}\n  ${place}${(result.message ?? '').replaceAll('\n', '\n  ')}\n${hint}`
}

/** What a failed command wrote. */
function outputs(result: TaskResult): string {
  if (result.noLog) return ''
  return (['stdout', 'stderr'] as const)
    .flatMap((name) => {
      const text = result.values[name]
      return typeof text === 'string' && text.trim() !== '' && !(result.message ?? '').includes(text.trim())
        ? [text.trim().replace(/^/gm, `  ${name}: `)]
        : []
    })
    .join('\n')
}

/** A value as indented JSON; long texts keep their lines. */
function indented(value: Value): string {
  return JSON.stringify(
    value,
    (_key, each: unknown) =>
      each instanceof Secret ? HIDDEN : each instanceof Unknown ? each.toString() : each,
    4,
  )
}

function diffText(difference: TaskResult['diff'][number], paint: Paint): string {
  const show = (side: string | Secret | Unknown): string =>
    typeof side === 'string' ? side : `${side.toString()}\n`
  const { before, after, what } = difference
  if (before instanceof Secret || after instanceof Secret) {
    const changed =
      before instanceof Secret && after instanceof Secret && before.reveal() === after.reveal()
        ? 'unchanged'
        : `${HIDDEN}, changed`
    return `--- ${what}\n+++ ${what}\n  ${changed}`
  }
  return unifiedDiff(what, show(before), show(after))
    .split('\n')
    .map((line) =>
      line.startsWith('+')
        ? paint('ok', line)
        : line.startsWith('-')
          ? paint('failed', line)
          : line.startsWith('@@')
            ? paint('skipped', line)
            : line,
    )
    .join('\n')
}
