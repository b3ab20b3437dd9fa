import { createTwoFilesPatch } from 'diff'

/** A unified diff of two texts with three lines of context. */
export function unifiedDiff(what: string, before: string, after: string): string {
  const end = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)
  const patch = createTwoFilesPatch(
    what,
    what,
    end(before),
    end(after),
    before === '' ? 'absent' : undefined,
    after === '' ? 'absent' : undefined,
    { context: 3 },
  )
  return patch.replace(/^(Index: .*\n)?=+\n/, '').trimEnd()
}
