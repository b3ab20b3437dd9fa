import type { HostRecap } from './events.js'

const COLUMNS = [
  'ok',
  'changed',
  'unreachable',
  'failed',
  'skipped',
  'rescued',
  'ignored',
  'unknown',
] as const
type Colour = 'ok' | 'changed' | 'failed' | 'unknown'

/** One line for each host, in ansible-playbook's form; `unknown` only where there is any. */
export function recapText(
  recap: Readonly<Record<string, HostRecap>>,
  paint: (colour: Colour, text: string) => string,
): string {
  const hosts = Object.keys(recap)
  const width = Math.max(20, ...hosts.map((host) => host.length))
  const anyUnknown = hosts.some((host) => (recap[host]?.unknown ?? 0) > 0)
  return hosts
    .map((host) => {
      const counts = recap[host]
      if (counts === undefined) return ''
      const columns = COLUMNS.filter((column) => column !== 'unknown' || anyUnknown).map(
        (column) => `${column}=${String(counts[column]).padEnd(4)}`,
      )
      const colour: Colour =
        counts.failed > 0 || counts.unreachable > 0
          ? 'failed'
          : counts.unknown > 0
            ? 'unknown'
            : counts.changed > 0
              ? 'changed'
              : 'ok'
      return `${paint(colour, host.padEnd(width))} : ${columns.join(' ').trimEnd()}\n`
    })
    .join('')
}
