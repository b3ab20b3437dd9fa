import { readdir, readFile } from 'node:fs/promises'
import { SignetError } from '../errors.js'

/** An archive as apt's configuration names it. */
export interface AptSource {
  readonly uri: string
  readonly suites: readonly string[]
}

/** Reads one-line `deb` entries and deb822 stanzas (sources.list(5)). */
export function parseAptSources(text: string): readonly AptSource[] {
  const sources: AptSource[] = []
  for (const line of text.split('\n')) {
    const entry = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/.exec(line)
    if (entry?.[1] && entry[2]) sources.push({ uri: entry[1], suites: [entry[2]] })
  }
  for (const stanza of text.split(/\n\s*\n/)) {
    const field = (name: string): readonly string[] => {
      const value = new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t].*)*)`, 'im').exec(stanza)?.[1]
      return value?.split(/\s+/).filter((word) => word !== '') ?? []
    }
    if (!field('Types').includes('deb')) continue
    for (const uri of field('URIs')) sources.push({ uri, suites: field('Suites') })
  }
  return sources
}

/** The archive that holds Debian's own suites, not its security or backports one. */
export function debianMirror(sources: readonly AptSource[]): string | undefined {
  const candidates = sources.filter(
    (source) =>
      /debian/i.test(source.uri) &&
      !/security|ubuntu/i.test(source.uri) &&
      /^(https?|file|copy):/.test(source.uri),
  )
  return candidates[0]?.uri.replace(/\/+$/, '')
}

/**
 * Where to fetch Debian packages from: SIGNET_DEBIAN_MIRROR, else this machine's own apt configuration.
 * @throws SignetError lab-unsupported when neither names a Debian archive
 */
export async function findDebianMirror(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  if (env['SIGNET_DEBIAN_MIRROR']) return env['SIGNET_DEBIAN_MIRROR']
  const directory = '/etc/apt/sources.list.d'
  const names = await readdir(directory).catch(() => [])
  const files = [
    '/etc/apt/sources.list',
    ...names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => `${directory}/${name}`),
  ]
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  const mirror = debianMirror(texts.flatMap((text) => parseAptSources(text)))
  if (mirror === undefined) {
    throw new SignetError(
      'lab-unsupported',
      "This machine's apt sources name no Debian archive to build the lab's hosts from.",
      {
        hint: 'Set SIGNET_DEBIAN_MIRROR to the URI of a Debian mirror that carries the suite sid.',
      },
    )
  }
  return mirror
}
