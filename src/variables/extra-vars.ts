import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SignetError } from '../errors.js'
import type { VarsSource } from '../inventory/inventory.js'
import { splitKeyValues } from '../playbook/key-value.js'
import { parseYaml, shownPath } from '../source/read-yaml.js'
import { isMap } from '../value/shape.js'

/**
 * The values of -e: `name=value …`, JSON or YAML of a mapping, or `@FILE`.
 * @throws SignetError bad-option, file-not-found, yaml-syntax
 */
export async function parseExtraVars(texts: readonly string[], cwd: string): Promise<readonly VarsSource[]> {
  return Promise.all(texts.map((text) => parseOne(text.trim(), cwd)))
}

async function parseOne(text: string, cwd: string): Promise<VarsSource> {
  if (text.startsWith('@')) {
    const path = resolve(cwd, text.slice(1))
    const content = await readFile(path, 'utf8').catch(() => {
      throw new SignetError('file-not-found', `The file of variables ${text.slice(1)} can not be read.`)
    })
    return mapping(content, shownPath(path, cwd))
  }
  if (/^[[{]/.test(text) || /^\w+:\s/.test(text)) return mapping(text, '-e')
  const { pairs, rest } = splitKeyValues(text)
  if (rest !== '')
    throw new SignetError('bad-option', `-e "${text}" is not understood: "${rest}" has no "=".`, {
      hint: 'Write -e name=value, -e \'{"name": "value"}\' or -e @FILE.',
    })
  return { origin: '-e', values: pairs }
}

function mapping(text: string, origin: string): VarsSource {
  const { data } = parseYaml(text, origin)
  if (data === null) return { origin, values: {} }
  if (!isMap(data)) throw new SignetError('bad-option', `${origin} must hold a mapping of variables.`)
  return { origin, values: data }
}
