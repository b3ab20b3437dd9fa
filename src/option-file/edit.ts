/** Options of one section of a MySQL option file, under their normal names. */
export type Options = ReadonlyMap<string, string>

/** MySQL takes `-` and `_` in names alike; `loose_` and `maximum_` prefixes say how, not what. */
export function normalName(name: string): string {
  return name
    .trim()
    .replaceAll('-', '_')
    .toLowerCase()
    .replace(/^loose_/, '')
}

const sectionOf = (line: string): string | undefined => /^\s*\[([^\]]+)\]/.exec(line)?.[1]?.trim()
const isComment = (line: string): boolean => /^\s*[#;]/.test(line)

interface OptionLine {
  readonly name: string
  readonly value: string | undefined
}

/** Reads `name`, `name=value` and `name = "value" # comment` (MySQL manual, Using Option Files). */
function optionOf(line: string): OptionLine | undefined {
  if (isComment(line) || line.trim() === '' || line.trim().startsWith('!')) return undefined
  const match = /^\s*([^=\s#]+)\s*(?:=\s*(.*))?$/.exec(line)
  if (match?.[1] === undefined) return undefined
  const raw = match[2]?.trim()
  const quoted = raw === undefined ? null : /^(["'])(.*?)\1\s*(?:#.*)?$/.exec(raw)
  return {
    name: normalName(match[1]),
    value: raw === undefined ? undefined : (quoted?.[2] ?? raw.replace(/\s+#.*$/, '')),
  }
}

/** The options of a section; the last one of a name counts. An option without a value is ON. */
export function readOptions(text: string, section: string): Options {
  const options = new Map<string, string>()
  let current: string | undefined
  for (const line of text.split('\n')) {
    current = sectionOf(line) ?? current
    const option = current === section && sectionOf(line) === undefined ? optionOf(line) : undefined
    if (option !== undefined) options.set(option.name, option.value ?? 'ON')
  }
  return options
}

/**
 * Gives options of a section new values, or takes them out (undefined). Comments, order, blank lines, other sections
 * and the spelling of names that are there already stay. Further lines of the same option are removed.
 */
export function editOptions(
  text: string,
  section: string,
  wanted: ReadonlyMap<string, string | undefined>,
): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const seen = new Set<string>()
  const result: string[] = []
  let current: string | undefined
  let lastOfSection = -1
  for (const line of lines) {
    const begins = sectionOf(line)
    current = begins ?? current
    const option = current === section && begins === undefined ? optionOf(line) : undefined
    const name = option?.name
    if (name !== undefined && wanted.has(name)) {
      const value = wanted.get(name)
      if (value === undefined || seen.has(name)) continue
      seen.add(name)
      result.push(
        sameValue(option?.value ?? 'ON', value)
          ? line
          : `${/^\s*[^=\s#]+/.exec(line)?.[0] ?? name} = ${quoted(value)}`,
      )
    } else result.push(line)
    if (current === section && line.trim() !== '') lastOfSection = result.length - 1
  }
  const missing = [...wanted]
    .filter(([name, value]) => value !== undefined && !seen.has(name))
    .map(([name, value]) => `${name} = ${quoted(value ?? '')}`)
  if (missing.length > 0) {
    if (lastOfSection >= 0) result.splice(lastOfSection + 1, 0, ...missing)
    else result.push(...(result.length > 0 ? [''] : []), `[${section}]`, ...missing)
  }
  return result.length === 0 ? '' : `${result.join('\n')}\n`
}

const quoted = (value: string): string => (/[#\s]/.test(value) && !/^["']/.test(value) ? `"${value}"` : value)

/** Whether two values mean the same to the server: ON and 1, sizes with K, M and G, quotes. */
export function sameValue(a: string, b: string): boolean {
  const normal = (value: string): string => {
    const bare = value.trim().replace(/^(["'])(.*)\1$/, '$2')
    if (/^(on|true|yes)$/i.test(bare)) return '1'
    if (/^(off|false|no)$/i.test(bare)) return '0'
    const size = /^(\d+)([kmg])$/i.exec(bare)
    if (size?.[1] !== undefined)
      return String(Number(size[1]) * 1024 ** ('kmg'.indexOf((size[2] ?? 'k').toLowerCase()) + 1))
    return bare
  }
  return normal(a) === normal(b) || normal(a).toLowerCase() === normal(b).toLowerCase()
}
