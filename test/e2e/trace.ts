import { recap, type Run } from '../lab/signet.js'
import type { TaskResult } from '../../src/report/events.js'

/** What happened in a run, in the few words in which test/e2e/ansible/callback/trace.py tells it of ansible-playbook. */
export function trace(run: Run): string {
  const lines: string[] = []
  let play: string | undefined
  let title: string | undefined
  let results: string[] = []
  const begin = (next: string | undefined): void => {
    if (title?.startsWith('PLAY') === true) play = title
    else if (title !== undefined && results.length > 0) {
      if (play !== undefined) lines.push(play)
      play = undefined
      lines.push(title, ...results.sort().map((line) => `  ${line}`))
    }
    title = next
    results = []
  }
  for (const event of run.events) {
    switch (event.event) {
      case 'play_start':
        begin(`PLAY ${event.name}`)
        break
      case 'task_start':
        begin(`${event.handler ? 'HANDLER' : 'TASK'} ${event.name}`)
        break
      case 'item_result':
        results.push(words(event.host, `item ${event.result.status}`, event.result))
        break
      case 'task_result':
        results.push(words(event.host, event.result.ignored ? 'ignored' : event.result.status, event.result))
        break
      default:
    }
  }
  begin(undefined)
  for (const [host, counts] of Object.entries(recap(run)).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { ok, changed, unreachable, failed, skipped, rescued, ignored } = counts
    lines.push(
      `RECAP ${host} ok=${ok} changed=${changed} unreachable=${unreachable} failed=${failed} skipped=${skipped} rescued=${rescued} ignored=${ignored}`,
    )
  }
  return [...lines, `EXIT ${run.code ?? run.signal ?? ''}`, ''].join('\n')
}

/** Host, status and, for what debug showed, the text. */
function words(host: string, status: string, { values }: TaskResult): string {
  const shown = values['_verbose_always'] === true ? ` ${pythonJson(values['msg'])}` : ''
  return `${host} ${status}${shown}`
}

/** JSON as Python's json.dumps writes it, keys sorted. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`
  if (value !== null && typeof value === 'object')
    return `{${Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => `${JSON.stringify(key)}: ${pythonJson(each)}`)
      .join(', ')}}`
  return JSON.stringify(value ?? null)
}
