import { SignetError } from '../errors.js'
import type { Place } from '../source/place.js'

/** More hosts than a pattern is meant to name. */
const MOST_HOSTS = 65_536

/**
 * Writes `db[01:03].example` and `web-[a:c]` out as all the names that they stand for; a step may follow: [0:9:3].
 * @throws SignetError invalid-inventory for a range that is empty or far too long
 */
export function expandRange(pattern: string, place?: Place): readonly string[] {
  const match = /^(.*?)\[(?:(\d*):(\d+)|([a-z]):([a-z])|([A-Z]):([A-Z]))(?::(\d+))?\](.*)$/.exec(pattern)
  if (match === null) return [pattern]
  const [, before = '', from, to, low, high, upperLow, upperHigh, step, after = ''] = match
  const stride = Number(step ?? 1)
  const code = (letter: string | undefined): number => letter?.charCodeAt(0) ?? 0
  const letters = to === undefined
  const first = letters ? code(low ?? upperLow) : Number(from ?? 0)
  const last = letters ? code(high ?? upperHigh) : Number(to)
  const count = Math.floor((last - first) / stride) + 1
  if (count < 1 || count > MOST_HOSTS || stride < 1) {
    throw new SignetError(
      'invalid-inventory',
      `The range "${pattern}" names ${count > MOST_HOSTS ? 'too many hosts' : 'no host'}.`,
      {
        place,
        hint: 'Write [first:last], such as db[01:03].',
      },
    )
  }
  const width = from?.startsWith('0') === true ? from.length : 0
  const name = (at: number): string => (letters ? String.fromCharCode(at) : String(at).padStart(width, '0'))
  return Array.from(
    { length: count },
    (_, index) => `${before}${name(first + index * stride)}${after}`,
  ).flatMap((each) => expandRange(each, place))
}
